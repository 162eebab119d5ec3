//! A worker's loop: pick a task, run it, round after round; search and sleep when there is none.

#![allow(unsafe_code, reason = "resumes coroutines and follows counted task pointers")]

use std::ptr::NonNull;

use crossbeam_deque::Steal;

use super::lookout::Lookout;
use super::worker::{self, Worker};
use crate::config::Pace;
use crate::context;
use crate::coroutine::{Coroutine, Resumed, Suspender};
use crate::reactor::slot;
use crate::stack::StackCache;
use crate::sys::clock;
use crate::sys::poller::Events;
use crate::task::header::{Header, Migration, TaskRef};

/// How often an idle worker looks into its inbox, with a processor's pause in between, before it looks once at the
/// queues of others: about a microsecond.
const LOOKS_AT_INBOX: u32 = 64;

/// The loop of one worker, with what only the loop uses.
pub(crate) struct Rounds<'a> {
    worker: &'a Worker,
    events: Events,
    stacks: StackCache,
    /// How many trims this cache has been through.
    stack_trims: usize,
    random: fastrand::Rng,
    pace: Pace,
    /// Counted as searching by a producer that woke us, or by ourselves.
    searching: bool,
    next_in_a_row: u32,
    started_in_a_row: u32,
    since_inbox: u32,
    since_upkeep: u32,
    upkeep_interval: u32,
    last_upkeep_ns: u64,
    /// How long to look around before sleeping; see [`Pace::patience_ns`].
    patience_ns: u64,
    /// How many more times to sleep at once instead; see [`Pace::shy_sleeps`].
    shy_sleeps: u32,
}

impl<'a> Rounds<'a> {
    /// The loop of `worker`.
    pub(crate) fn new(worker: &'a Worker) -> Self {
        let pace = Pace::DEFAULT;
        Self {
            worker,
            events: Events::new(),
            stacks: StackCache::new(worker.shared.stacks.clone()),
            stack_trims: worker.shared.stack_trims(),
            random: fastrand::Rng::new(),
            pace,
            searching: false,
            next_in_a_row: 0,
            started_in_a_row: 0,
            since_inbox: 0,
            since_upkeep: 0,
            upkeep_interval: pace.upkeep_interval,
            last_upkeep_ns: clock::now_ns(),
            patience_ns: pace.patience_ns.0,
            shy_sleeps: 0,
        }
    }

    /// Runs tasks until the worker is told to stop and has none left.
    pub(crate) fn run(mut self) {
        loop {
            match self.pick() {
                Some(task) => self.run_task(task),
                None => {
                    self.upkeep();
                    if self.is_done() {
                        return;
                    }
                    if self.worker.local.has_no_ready_task() && self.worker.deques.fresh.is_empty() {
                        self.search_or_sleep();
                    }
                }
            }
        }
    }

    // ── picking ─────────────────────────────────────────────────────────────────────────────────────────

    /// The task to run next: the one just handed something, else started and unstarted ones in turn.
    #[inline]
    fn pick(&mut self) -> Option<NonNull<Header>> {
        self.since_upkeep += 1;
        if self.since_upkeep >= self.upkeep_interval || self.worker.local.take_upkeep_due() {
            self.upkeep();
        }
        self.since_inbox += 1;
        if self.since_inbox >= self.pace.inbox_interval {
            self.look_into_inbox();
        }
        if let Some(task) = self.worker.local.take_next() {
            self.next_in_a_row += 1;
            if self.next_in_a_row <= self.pace.next_in_a_row {
                return Some(task);
            }
            self.worker.local.push(task);
        }
        self.next_in_a_row = 0;
        self.started_in_a_row += 1;
        if self.started_in_a_row <= self.pace.started_per_fresh
            && let Some(task) = self.worker.local.pop()
        {
            return Some(task);
        }
        self.started_in_a_row = 0;
        self.pick_rarer()
    }

    /// An unstarted task, else any started one, else whatever has arrived from elsewhere.
    fn pick_rarer(&mut self) -> Option<NonNull<Header>> {
        if let Some(task) = self.pop_fresh() {
            return Some(task.into_raw());
        }
        if let Some(task) = self.worker.local.pop() {
            return Some(task);
        }
        self.look_into_inbox();
        self.worker.local.pop().or_else(|| self.pop_fork())
    }

    /// A fork of a task that has suspended before it came back to it: the last resort.
    fn pop_fork(&self) -> Option<NonNull<Header>> {
        self.worker.adopt(self.worker.deques.forks.pop()?);
        self.pop_fresh().map(TaskRef::into_raw)
    }

    fn pop_fresh(&self) -> Option<TaskRef> {
        let home = self.worker.local.home();
        // A claimed task was started by whoever joins it: the queue lets go of its reference.
        core::iter::from_fn(|| self.worker.deques.fresh.pop()).find(|task| task.claim(home))
    }

    #[inline]
    fn look_into_inbox(&mut self) {
        self.since_inbox = 0;
        if self.worker.local.home().inbox().has_news() {
            self.worker.local.drain_inbox();
        }
    }

    // ── running ─────────────────────────────────────────────────────────────────────────────────────────

    #[inline]
    fn run_task(&mut self, task: NonNull<Header>) {
        // SAFETY: queued-ref — a ready task is kept by its place in the queue, which is ours now.
        let header = unsafe { task.as_ref() };
        // SAFETY: home-thread — this is its home, and nobody holds a reference into the cell.
        if unsafe { &*header.coroutine.as_ptr() }.is_none() && !self.start(task, header) {
            return;
        }
        self.resume(task, header);
    }

    #[inline(always)]
    fn resume(&mut self, task: NonNull<Header>, header: &Header) {
        let local = &self.worker.local;
        if local.storm().rages() {
            local.storm().end_wait(header);
        }
        local.begin_turn(task, header.info().id);
        // SAFETY: home-thread — while it runs, the task uses every part of its header but this cell.
        let coroutine = unsafe { &mut *header.coroutine.as_ptr() };
        let resumed = coroutine.as_mut().map(Coroutine::resume);
        local.end_turn();
        let is_panicking = std::thread::panicking();
        if resumed == Some(Resumed::Finished) {
            self.finish(task);
        } else if is_panicking {
            local.storm().begin_wait(header);
        }
        let local = &self.worker.local;
        if local.storm().rages() && !is_panicking {
            local.end_storm(clock::now_ns());
        }
    }

    /// Gives an unstarted task its stack, and this worker as its home; false if there is no stack.
    #[cold]
    #[inline(never)]
    fn start(&mut self, task: NonNull<Header>, header: &Header) -> bool {
        if header.is_migratable() {
            self.run_migratable(task, header);
            return false;
        }
        let local = &self.worker.local;
        if !self.equip(task, header) {
            return false;
        }
        local.own(task);
        true
    }

    /// Gives a task that starts its stack; false if there is none, and the task has ended by that.
    fn equip(&mut self, task: NonNull<Header>, header: &Header) -> bool {
        let local = &self.worker.local;
        let stack = match self.stacks.take(header.info().stack_class) {
            Ok(stack) => stack,
            Err(error) => {
                count_out(header);
                // SAFETY: body-starter — we were to start the task, and do not.
                unsafe { (header.vtable().refuse)(header, error) };
                Self::let_go(task);
                return false;
            }
        };
        header.stack_limit.set(stack.guard_range().start);
        // The order to stop may not have been looked at yet, but what starts after it is not to run.
        if header.is_cancelled() || local.is_stopping() || local.home().is_stopping() {
            header.limits.cancel();
        }
        // SAFETY: the header stays until the task has finished; `enter_task` does not unwind.
        let coroutine = unsafe { Coroutine::new(stack, enter_task, task.cast()) };
        header.coroutine.set(Some(coroutine));
        local.counters().started.add(1);
        true
    }

    fn finish(&mut self, task: NonNull<Header>) {
        let local = &self.worker.local;
        local.counters().finished.add(1);
        // SAFETY: queued-ref — the task has just run, and still holds the scheduler's reference.
        let header = unsafe { task.as_ref() };
        if header.is_migratable() {
            self.leave_migratables(header);
        } else {
            local.disown(task);
        }
        if let Some(coroutine) = header.coroutine.take() {
            let mut stack = coroutine.into_stack();
            if let Some(table) = &self.worker.shared.stack_usage {
                table.measure(header.info().name.as_deref(), &mut stack);
            }
            self.stacks.give(stack);
        }
        Self::let_go(task);
    }

    /// Workers that stop wait for all migratable tasks: any of them may come to any worker.
    #[cold]
    fn leave_migratables(&self, task: &Header) {
        let shared = &self.worker.shared;
        if shared.migratables.leave(task) && self.worker.local.home().is_stopping() {
            shared.homes.iter().for_each(|home| home.notify());
        }
    }

    /// Runs a migratable task, or offers it to others if that is better.
    fn run_migratable(&mut self, task: NonNull<Header>, header: &Header) {
        let Worker { shared, local, deques, .. } = self.worker;
        let is_bound = header.has_timer.get() || header.waits_in_unwind.get() != 0;
        let suspended = shared.migratables.take(header);
        match suspended {
            Some(coroutine)
                if header.migration.replace(Migration::Possible) != Migration::Offered
                    && !is_bound
                    && !local.has_no_ready_task()
                    && shared.idle.is_anyone_free() =>
            {
                shared.migratables.keep(header, coroutine);
                header.migration.set(Migration::Offered);
                // What this worker knew of its unwinds means nothing elsewhere.
                header.unwinds.set(0);
                header.give_up();
                // SAFETY: counted — the scheduler's reference moves to the queue.
                deques.fresh.push(unsafe { TaskRef::from_raw(task) });
                shared.task_published();
                return;
            }
            Some(coroutine) => {
                if header.is_cancelled() {
                    header.limits.cancel();
                }
                header.coroutine.set(Some(coroutine));
            }
            None if !self.equip(task, header) => return,
            None => self.worker.shared.migratables.enter(header),
        }
        // It may end, and nobody else may want it.
        let kept = header.to_ref();
        self.resume(task, &kept);
        if let Some(coroutine) = kept.coroutine.take() {
            self.worker.shared.migratables.keep(&kept, coroutine);
        }
    }

    /// Drops the scheduler's reference to a task that has ended.
    fn let_go(task: NonNull<Header>) {
        // SAFETY: queued-ref — the task is in no queue any more: the reference is ours.
        drop(unsafe { TaskRef::from_raw(task) });
    }

    // ── upkeep ──────────────────────────────────────────────────────────────────────────────────────────

    /// What is not looked at in every round: the clock, the injector, the orders to stop and to trim.
    fn upkeep(&mut self) {
        let local = &self.worker.local;
        let now_ns = clock::now_ns();
        self.adapt_interval(now_ns);
        local.fire_timers(now_ns);
        if local.home().is_stopping() && !local.is_stopping() {
            local.begin_stopping(now_ns);
            for task in self.worker.shared.migratables.all() {
                context::cancel(&task);
            }
        }
        local.obey_orders(now_ns);
        self.look_at_descriptors();
        if let Steal::Success(task) = self.worker.shared.injector.steal() {
            self.worker.deques.fresh.push(task);
        }
        let stack_trims = self.worker.shared.stack_trims();
        if self.stack_trims != stack_trims {
            self.stack_trims = stack_trims;
            self.stacks.trim();
        }
    }

    /// Wakes those who wait for descriptors of which there is something to tell; true if there is.
    fn look_at_descriptors(&mut self) -> bool {
        let poller = self.worker.local.home().poller();
        poller.is_watching() && poller.wait(&mut self.events, Some(0)).map(slot::tell).count() != 0
    }

    /// Sets the interval so that the next look at the clock comes in about `upkeep_period_ns`.
    fn adapt_interval(&mut self, now_ns: u64) {
        let run_ns = (now_ns - self.last_upkeep_ns) / u64::from(self.since_upkeep.max(1));
        let rounds = self.pace.upkeep_period_ns / run_ns.max(1);
        self.upkeep_interval = rounds.clamp(1, u64::from(self.pace.upkeep_interval)) as u32;
        self.last_upkeep_ns = now_ns;
        self.since_upkeep = 0;
    }

    /// Whether the worker may end: told to stop, no task left here, none waiting to be taken.
    fn is_done(&self) -> bool {
        let local = &self.worker.local;
        local.is_stopping()
            && local.owns_nothing()
            && local.has_no_ready_task()
            && self.worker.deques.fresh.is_empty()
            && self.worker.shared.injector.is_empty()
            && self.worker.shared.migratables.is_empty()
            && !local.home().inbox().has_news()
    }

    // ── searching and sleeping ──────────────────────────────────────────────────────────────────────────

    fn search_or_sleep(&mut self) {
        let idle_since_ns = clock::now_ns();
        let rewarded = self.look_around(idle_since_ns) || {
            let had_news = self.sleep();
            if self.searching {
                self.search();
            }
            had_news && clock::now_ns() - idle_since_ns < self.pace.short_sleep_ns
        };
        let (least, most) = self.pace.patience_ns;
        let patience_ns = if rewarded { self.patience_ns * 2 } else { self.patience_ns / 2 };
        self.patience_ns = patience_ns.clamp(least, most);
    }

    /// Looks for work for as long as patience lasts; true if there is some.
    fn look_around(&mut self, since_ns: u64) -> bool {
        if self.shy_sleeps > 0 {
            self.shy_sleeps -= 1;
            return false;
        }
        let mut looked_ns = since_ns;
        loop {
            // The inbox is ours to look at. The queues of others are theirs: each look at one costs its owner a
            // cache miss at the next spawn.
            for _ in 0..LOOKS_AT_INBOX {
                if self.worker.local.home().inbox().has_news() {
                    return true;
                }
                core::hint::spin_loop();
            }
            if self.look_at_descriptors() || self.worker.shared.has_stealable() && self.search() {
                return true;
            }
            let now_ns = clock::now_ns();
            if now_ns - looked_ns >= self.pace.lost_processor_ns {
                // Somebody else had the processor: those for whom we wait may want it, too.
                self.shy_sleeps = self.pace.shy_sleeps;
                return false;
            }
            if now_ns - since_ns >= self.patience_ns || self.is_timer_due(now_ns) {
                return false;
            }
            looked_ns = now_ns;
        }
    }

    fn is_timer_due(&self, now_ns: u64) -> bool {
        self.worker.local.next_deadline().is_some_and(|deadline_ns| deadline_ns <= now_ns)
    }

    /// Looks for unstarted tasks elsewhere; what is found goes to our own fresh queue. True if there is some.
    fn search(&mut self) -> bool {
        let shared = &self.worker.shared;
        if !self.searching && !shared.idle.start_search() {
            return false;
        }
        let found = self.steal();
        self.searching = false;
        let was_last = shared.idle.stop_search();
        if found && was_last && shared.has_stealable() {
            shared.task_published();
        }
        found
    }

    fn steal(&mut self) -> bool {
        let Worker { deques, shared, local, .. } = self.worker;
        let fresh = &deques.fresh;
        let workers = shared.stealers.len();
        let first = self.random.usize(..workers);
        let own = self.worker.index();
        let victims = (first..first + workers).map(|index| index % workers).filter(|&victim| victim != own);
        let mut victims = victims.map(|victim| &shared.stealers[victim]);
        let from_workers = victims.any(|victim| {
            let forked = retry(|| victim.forks.steal());
            forked.map(|forked| self.worker.adopt(forked)).is_some()
                || retry(|| victim.fresh.steal_batch(fresh)).is_some()
        });
        let stolen = from_workers || retry(|| shared.injector.steal_batch(fresh)).is_some();
        if stolen {
            local.counters().stolen.add(fresh.len() as u64);
        }
        stolen
    }

    /// Sleeps until the next timer, a wake, or news from a producer; true if it was not the timer.
    fn sleep(&mut self) -> bool {
        let Worker { shared, local, .. } = self.worker;
        let index = self.worker.index();
        let timeout_ns = local.next_deadline().map(|at| at.saturating_sub(clock::now_ns()));
        if timeout_ns == Some(0) {
            return false;
        }
        shared.idle.announce_sleep(index);
        // A stopping worker that was not done for a task in the injector is done once another has taken it: of that
        // nobody tells.
        if !shared.has_stealable() && !self.is_done() && local.home().inbox().doze() {
            local.counters().parks.add(1);
            let watched = shared.lookout.as_ref().map(Lookout::worker_sleeps);
            let events = local.home().poller().wait(&mut self.events, timeout_ns);
            drop(watched);
            events.for_each(slot::tell);
        }
        let had_news = local.home().inbox().has_news();
        local.drain_inbox();
        self.searching |= shared.idle.retract_sleep(index);
        had_news
    }
}

/// Steals until the answer is definite: what was stolen, if anything.
fn retry<T>(mut steal: impl FnMut() -> Steal<T>) -> Option<T> {
    loop {
        match steal() {
            Steal::Success(stolen) => return Some(stolen),
            Steal::Empty => return None,
            Steal::Retry => core::hint::spin_loop(),
        }
    }
}

/// The first frame of every task's stack.
///
/// # Safety
/// `task` is the header of a task that is being started, on its coroutine's stack.
unsafe fn enter_task(task: NonNull<()>, suspender: Suspender) {
    // SAFETY: the header stays until the task has finished, which is after this frame.
    let header = unsafe { task.cast::<Header>().as_ref() };
    header.suspender.set(Some(suspender));
    // SAFETY: the vtable belongs to this header, and the task runs once.
    unsafe { (header.vtable().run)(header, count_out) };
}

/// Counts a task of this worker out, before its outcome is delivered: who has joined it finds its place free.
fn count_out(header: &Header) {
    if let Some(worker) = worker::current() {
        worker.shared.discharge(header.info());
    }
}
