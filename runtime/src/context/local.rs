//! What a worker keeps for itself: run queues, timers, its list of started tasks, counters. No atomics.
//!
//! INVARIANT(home-thread): a `Local` is used by the thread of its worker alone (it is `!Sync`, and found
//! through a thread-local). Its cells are borrowed for single statements that call nothing of the user's.

#![allow(unsafe_code, reason = "short exclusive borrows of owner-only cells, and counted task pointers")]

use core::cell::{Cell, UnsafeCell};
use core::ptr::NonNull;
use std::collections::VecDeque;
use std::sync::Arc;

use super::counters::Counters;
use super::storm::Storm;
use crate::config;
use crate::home::Home;
use crate::task::header::{Header, TaskRef};
use crate::timer::{TimerHeap, TimerKey};
use crate::wait::waiter::{Urgency, Waiter};
use crate::wait::word::Reason;

/// A worker's own data.
///
/// INVARIANT(queued-ref): every pointer in `next` and `ring` stands for a task that is kept: by the
/// reference its queueing carries if it is unstarted, by its own suspension if it is started.
#[derive(Debug)]
pub(crate) struct Local {
    home: &'static Home,
    current: Cell<Option<NonNull<Header>>>,
    /// The task to run next, ahead of the ring.
    next: Cell<Option<NonNull<Header>>>,
    /// Tasks that are ready to run here, oldest first.
    ring: UnsafeCell<VecDeque<NonNull<Header>>>,
    timers: UnsafeCell<TimerHeap<NonNull<Header>>>,
    /// The newest started task; the others follow by `Header::owned`.
    owned: Cell<Option<NonNull<Header>>>,
    stopping: Cell<bool>,
    storm: Storm,
    /// Operations that the running task may still do without waiting.
    operations_left: Cell<u32>,
    /// A turn has lasted long: the clock and the orders are to be looked at before the next one.
    upkeep_due: Cell<bool>,
    counters: Arc<Counters>,
}

impl Local {
    /// The empty queues of the worker at `home`.
    pub(crate) fn new(home: &'static Home, counters: Arc<Counters>) -> Self {
        Self {
            home,
            current: Cell::new(None),
            next: Cell::new(None),
            ring: UnsafeCell::new(VecDeque::with_capacity(256)),
            timers: UnsafeCell::new(TimerHeap::new()),
            owned: Cell::new(None),
            stopping: Cell::new(false),
            storm: Storm::new(),
            operations_left: Cell::new(0),
            upkeep_due: Cell::new(false),
            counters,
        }
    }

    /// The shared face of the worker.
    #[inline]
    pub(crate) fn home(&self) -> &'static Home {
        self.home
    }

    /// The worker's counters.
    #[inline]
    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The task that runs.
    #[inline]
    pub(crate) fn current(&self) -> Option<NonNull<Header>> {
        self.current.get()
    }

    /// The turn of `task`, whose id is `id`, begins.
    #[inline]
    pub(crate) fn begin_turn(&self, task: NonNull<Header>, id: u64) {
        self.current.set(Some(task));
        self.operations_left.set(config::OPERATIONS_PER_TURN);
        self.counters.running.set(id);
    }

    /// The turn of the task is over: the worker's loop runs.
    #[inline]
    pub(crate) fn end_turn(&self) {
        self.current.set(None);
        self.counters.running.set(0);
    }

    /// Counts operations of the running task that did not wait; true when its turn is over.
    #[inline]
    pub(crate) fn is_turn_over(&self, operations: u32) -> bool {
        let left = self.operations_left.get().saturating_sub(operations);
        self.operations_left.set(left);
        left == 0
    }

    /// Queues the tasks whose wait has ended during a long turn, and has the worker look at everything else.
    pub(crate) fn catch_up(&self, now_ns: u64) {
        self.fire_timers(now_ns);
        self.drain_inbox();
        self.upkeep_due.set(true);
    }

    /// Whether a long turn has ended since this was last asked.
    #[inline]
    pub(crate) fn take_upkeep_due(&self) -> bool {
        self.upkeep_due.replace(false)
    }

    /// Which tasks of this worker unwind.
    #[inline]
    pub(crate) fn storm(&self) -> &Storm {
        &self.storm
    }

    /// The thread is not panicking, so the storm is over: who was thought to unwind, and was left in peace, is
    /// interrupted now.
    #[cold]
    pub(crate) fn end_storm(&self, now_ns: u64) {
        self.storm.end();
        self.for_each_owned(|task| self.look_at_limits(task, now_ns));
    }

    /// Whether the worker is ending its tasks.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.get()
    }

    // ── run queues ──────────────────────────────────────────────────────────────────────────────────────

    /// Queues a task of this worker that was woken by code of this worker.
    #[inline]
    pub(crate) fn wake(&self, task: NonNull<Header>, urgency: Urgency) {
        self.counters.wakes_local.add(1);
        match urgency {
            Urgency::Queued => self.push(task),
            Urgency::Next => {
                if let Some(displaced) = self.next.replace(Some(task)) {
                    self.push(displaced);
                }
            }
        }
    }

    /// Wakes a task of this worker that waits for nothing but this call; false if its wait has ended.
    #[inline]
    pub(crate) fn wake_unshared(&self, task: NonNull<Header>, urgency: Urgency) -> bool {
        // SAFETY: home-thread — the caller vouches that the task has not ended, and it lives here.
        let fired = unsafe { task.as_ref() }.waiter().word().fire_unshared(Reason::Arm(0));
        if fired {
            self.wake(task, urgency);
        }
        fired
    }

    /// Queues a task at the end of the ring.
    #[inline]
    pub(crate) fn push(&self, task: NonNull<Header>) {
        // SAFETY: home-thread — one statement, which calls nothing of the user's.
        unsafe { &mut *self.ring.get() }.push_back(task);
    }

    /// The oldest task of the ring.
    #[inline]
    pub(crate) fn pop(&self) -> Option<NonNull<Header>> {
        // SAFETY: home-thread — one statement.
        unsafe { &mut *self.ring.get() }.pop_front()
    }

    /// The task to run next, if one was handed something fresh.
    #[inline]
    pub(crate) fn take_next(&self) -> Option<NonNull<Header>> {
        self.next.take()
    }

    /// Whether no task is ready to run.
    #[inline]
    pub(crate) fn has_no_ready_task(&self) -> bool {
        // SAFETY: home-thread — one statement.
        self.next.get().is_none() && unsafe { &*self.ring.get() }.is_empty()
    }

    /// Moves the news from the inbox to the ring.
    #[inline]
    pub(crate) fn drain_inbox(&self) {
        for link in self.home.inbox().drain() {
            // SAFETY: only links of task headers are delivered to an inbox.
            self.push(unsafe { Header::of_link(link) });
        }
    }

    // ── timers ──────────────────────────────────────────────────────────────────────────────────────────

    /// Arms a timer that ends the wait of `task` at `deadline_ns`.
    #[inline]
    pub(crate) fn arm_timer(&self, deadline_ns: u64, task: &Header) -> TimerKey {
        // SAFETY: home-thread — one statement.
        unsafe { &mut *self.timers.get() }.insert(deadline_ns, NonNull::from(task))
    }

    /// Disarms a timer, if it has not gone off.
    #[inline]
    pub(crate) fn disarm_timer(&self, key: TimerKey) {
        // SAFETY: home-thread — one statement.
        unsafe { &mut *self.timers.get() }.remove(key);
    }

    /// When the next timer goes off.
    #[inline]
    pub(crate) fn next_deadline(&self) -> Option<u64> {
        // SAFETY: home-thread — one statement.
        unsafe { &*self.timers.get() }.next_deadline()
    }

    /// Ends the waits whose deadline has passed at `now_ns`.
    pub(crate) fn fire_timers(&self, now_ns: u64) {
        // SAFETY: home-thread — one statement per round.
        while let Some(task) = unsafe { &mut *self.timers.get() }.pop_due(now_ns) {
            self.end_wait(task, Reason::TimedOut);
        }
    }

    // ── started tasks ───────────────────────────────────────────────────────────────────────────────────

    /// Adds a task that starts here.
    pub(crate) fn own(&self, task: NonNull<Header>) {
        // SAFETY: home-thread, queued-ref — the task is being started by this worker.
        let owned = unsafe { &task.as_ref().owned };
        let newest = self.owned.replace(Some(task));
        owned.next.set(newest);
        if let Some(newest) = newest {
            // SAFETY: home-thread — it is in our list, so it has started and not finished.
            unsafe { newest.as_ref() }.owned.prev.set(Some(task));
        }
    }

    /// Removes a task that has finished.
    pub(crate) fn disown(&self, task: NonNull<Header>) {
        // SAFETY: home-thread — it has finished on this worker, whose loop still keeps it.
        let owned = unsafe { &task.as_ref().owned };
        let (prev, next) = (owned.prev.take(), owned.next.take());
        match prev {
            // SAFETY: home-thread — it is in our list, so it has started and not finished.
            Some(prev) => unsafe { prev.as_ref() }.owned.next.set(next),
            None => self.owned.set(next),
        }
        if let Some(next) = next {
            // SAFETY: home-thread — as above.
            unsafe { next.as_ref() }.owned.prev.set(prev);
        }
    }

    /// Whether no started task is left.
    pub(crate) fn owns_nothing(&self) -> bool {
        self.owned.get().is_none()
    }

    /// Calls `each` for every started task.
    pub(crate) fn for_each_owned(&self, mut each: impl FnMut(&Header)) {
        let mut next = self.owned.get();
        while let Some(task) = next {
            // SAFETY: home-thread — it is in our list, so it has started and not finished.
            let task = unsafe { task.as_ref() };
            next = task.owned.next.get();
            each(task);
        }
    }

    /// Begins to end all tasks: whoever waits is woken to unwind, and nobody suspends from now on.
    pub(crate) fn begin_stopping(&self, now_ns: u64) {
        self.stopping.set(true);
        self.for_each_owned(|task| {
            task.limits.cancel();
            self.interrupt(task, now_ns);
        });
    }

    /// Looks at the limits of the tasks that others have said to look at.
    pub(crate) fn obey_orders(&self, now_ns: u64) {
        if !self.home.orders().has_news() {
            return;
        }
        for link in self.home.orders().drain() {
            // SAFETY: the link comes from the orders, as `of_order` demands.
            let task = unsafe { TaskRef::of_order(link) };
            if task.is_at(self.home) {
                self.look_at_limits(&task, now_ns);
            } else {
                // It has moved since the order was given.
                super::look_at_limits(&task);
            }
        }
    }

    /// Ends the wait of a task of this worker if its limits say so.
    pub(crate) fn look_at_limits(&self, task: &Header, now_ns: u64) {
        if task.is_cancelled() {
            task.limits.cancel();
        }
        self.interrupt(task, now_ns);
    }

    /// A destructor in an unwind waits undisturbed, but by limits of its own.
    fn interrupt(&self, task: &Header, now_ns: u64) {
        if task.limits.is_interrupted(self.storm.waits_in_unwind(task), now_ns) {
            self.end_wait(NonNull::from(task), Reason::Cancelled);
        }
    }

    /// Ends the wait of a task of this worker for a reason of the worker's own, unless it has just ended.
    fn end_wait(&self, task: NonNull<Header>, reason: Reason) {
        // SAFETY: home-thread — a task with a timer, or in our list, is kept by its suspension.
        let waiter = NonNull::from(unsafe { task.as_ref() }.waiter());
        // SAFETY: waiter-lives — we are the thread that its owner belongs to.
        if unsafe { Waiter::fire(waiter, reason) }.is_some() {
            // The owed wake, without the detour: the task's home is here.
            self.push(task);
        }
    }
}
