//! Suspending: the one way anything of this crate blocks, from a task or from a plain OS thread.
//!
//! A blocking operation asks who it is ([`Party::enter`]), arms the party's word, links a node under the
//! lock of what it waits for, unlocks, and calls [`Party::wait`]. What it does about the answer is its own.

#![allow(unsafe_code, reason = "switches stacks")]

mod parker;

use core::ptr::NonNull;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind, set_hook, take_hook};
use std::sync::Once;
use std::thread;

use self::parker::Parker;

use crate::context::{self, local::Local};
use crate::sys::clock;
use crate::task::cell::CancelUnwind;
use crate::task::header::{Header, TaskRef};
use crate::task::limits::{End, Limits};
use crate::wait::waiter::Waiter;
use crate::wait::word::Reason;

/// The wait was ended because the task is being cancelled.
///
/// # Examples
/// ```
/// use moonfleet::foreign;
/// use std::time::Instant;
///
/// // Outside a shutdown nobody cancels, so the wait ends in time.
/// assert_eq!(moonfleet::run(|| foreign::sleep_until(Instant::now())), Ok(()));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancelled;

impl std::fmt::Display for Cancelled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the task was cancelled while it waited")
    }
}

impl std::error::Error for Cancelled {}

/// Who blocks: a task, or an OS thread that runs none.
///
/// Two words that are passed by value: an operation keeps them in registers.
#[derive(Clone, Copy)]
pub(crate) enum Party {
    Task(TaskParty),
    Thread(&'static Parker),
}

/// The running task, on its worker's thread.
#[derive(Clone, Copy)]
pub(crate) struct TaskParty {
    local: &'static Local,
    task: &'static Header,
}

impl Party {
    /// The party that runs on this thread.
    #[inline(always)]
    pub(crate) fn current() -> Self {
        match context::current() {
            Some((local, task)) => Party::Task(TaskParty { local, task }),
            None => Party::Thread(Parker::of_this_thread()),
        }
    }

    /// The party that runs on this thread, as it begins an operation that may wait.
    ///
    /// # Errors
    /// [`Cancelled`]: the party is being cancelled, or a deadline around the call has passed. So the operation
    /// must not begin: this makes every operation that may wait a cancellation point, whether it waits or not.
    #[inline(always)]
    pub(crate) fn enter() -> Result<Self, Cancelled> {
        let party = Self::current();
        if party.is_unlimited() || !party.is_interrupted() { Ok(party) } else { Err(Cancelled) }
    }

    /// The party has done an operation without waiting: after many of them in a row, others get a turn.
    #[inline]
    pub(crate) fn has_not_waited(self) {
        self.has_done(1);
    }

    /// The same, for something that takes as long as so many operations.
    #[inline]
    pub(crate) fn has_done(self, operations: u32) {
        if let Party::Task(party) = self
            && party.local.is_turn_over(operations)
        {
            party.step_aside();
        }
    }

    /// Keeps the party's limits over code of the user's, which may hold a coroutine of another kind that outlives
    /// the task it was begun in.
    fn keep(self) -> Option<TaskRef> {
        match self {
            Party::Task(party) => Some(party.task.to_ref()),
            Party::Thread(_) => None,
        }
    }

    /// As [`catch`], for a party that is kept.
    fn catch<R>(self, body: impl FnOnce() -> R) -> thread::Result<R> {
        let was_unwinding = self.is_unwinding();
        let result = self.limits().catching(|| catch_unwind(AssertUnwindSafe(body)));
        // Asked again: a migratable task may be elsewhere by now.
        if let Party::Task(party) = Party::current()
            && !was_unwinding
        {
            party.local.storm().note_calm(party.task);
        }
        result
    }

    /// The party's waiter.
    #[inline]
    pub(crate) fn waiter(self) -> &'static Waiter {
        match self {
            Party::Task(party) => party.task.waiter(),
            Party::Thread(parker) => parker.waiter(),
        }
    }

    /// Suspends the party, whose word is armed, until somebody fires the word, `deadline_ns` passes, or a limit
    /// of the party interrupts it.
    ///
    /// # Suspends
    /// Always. Call it in an operation that began with [`Party::enter`].
    #[inline]
    pub(crate) fn wait(self, deadline_ns: Option<u64>) -> Reason {
        if self.limits().is_unlimited() {
            self.wait_until(deadline_ns)
        } else {
            self.wait_within_limits(deadline_ns)
        }
    }

    #[inline]
    fn wait_until(self, deadline_ns: Option<u64>) -> Reason {
        match self {
            Party::Task(party) => party.wait(deadline_ns),
            Party::Thread(parker) => parker.wait(deadline_ns),
        }
    }

    /// The nearest deadline ends the wait: the operation's own, or that of a scope around it.
    #[cold]
    #[inline(never)]
    fn wait_within_limits(self, deadline_ns: Option<u64>) -> Reason {
        if self.limits().end_at_once(self.waiter().word(), self.is_unwinding()) {
            return Reason::Cancelled;
        }
        let limit_ns = self.limits().nearest_ns(self.is_unwinding());
        let is_limit_nearer = limit_ns.is_some_and(|limit| deadline_ns.is_none_or(|own| limit < own));
        match self.wait_until(if is_limit_nearer { limit_ns } else { deadline_ns }) {
            Reason::TimedOut if is_limit_nearer => Reason::Cancelled,
            reason => reason,
        }
    }

    /// Whether nothing may interrupt an operation that begins now. A cancel counts at once, told or not: who
    /// cancels a task and then lets it go on can be sure that it ends at its next suspension point.
    #[inline(always)]
    fn is_unlimited(self) -> bool {
        match self {
            Party::Task(party) => party.task.limits.is_unlimited() && !party.task.is_cancelled(),
            Party::Thread(parker) => parker.limits().is_unlimited(),
        }
    }

    #[inline(always)]
    fn limits(self) -> &'static Limits {
        match self {
            Party::Task(party) => &party.task.limits,
            Party::Thread(parker) => parker.limits(),
        }
    }

    /// Interruptions are sticky: swallowed, they come again at the next operation. But a party that is
    /// unwinding must be let through, or a destructor that waits would unwind a second time and abort: unless
    /// the limit is one of the destructor's own.
    #[cold]
    #[inline(never)]
    fn is_interrupted(self) -> bool {
        if let Party::Task(party) = self
            && party.task.is_cancelled()
        {
            party.task.limits.cancel();
        }
        self.limits().is_interrupted(self.is_unwinding(), clock::now_ns())
    }

    fn is_unwinding(self) -> bool {
        match self {
            Party::Task(party) => party.is_unwinding(),
            Party::Thread(_) => thread::panicking(),
        }
    }
}

impl TaskParty {
    #[inline]
    fn wait(self, deadline_ns: Option<u64>) -> Reason {
        match deadline_ns {
            None => self.switch_out(),
            Some(deadline_ns) => {
                let timer = self.local.arm_timer(deadline_ns, self.task);
                // Until the timer is disarmed, the task does not leave its home.
                self.task.has_timer.set(true);
                self.switch_out();
                self.task.has_timer.set(false);
                self.local.disarm_timer(timer);
            }
        }
        self.task.waiter().word().take()
    }

    fn begin_unwind(self) {
        self.task.limits.begin_unwind();
        self.local.storm().note_unwind(self.task);
    }

    /// Whether the task is unwinding. The standard library counts unwinds by thread: while a neighbour waits in a
    /// destructor as it unwinds, only what we know of the task itself counts.
    #[inline]
    fn is_unwinding(self) -> bool {
        thread::panicking() && self.local.storm().unwinds(self.task)
    }

    /// Goes to the end of the ring.
    fn step_aside(self) {
        self.local.push(NonNull::from(self.task));
        self.switch_out();
    }

    #[inline]
    fn switch_out(self) {
        let suspender = self.task.suspender.get().expect("a running task has a suspender");
        // SAFETY: pinned — this is the current task of this thread, so we run on its coroutine's stack.
        unsafe { suspender.suspend() };
    }
}

/// Lets the other ready tasks of this worker run first. On a plain thread: yields to the kernel.
#[inline]
pub(crate) fn yield_now() -> Result<(), Cancelled> {
    match Party::enter()? {
        Party::Task(party) => party.step_aside(),
        Party::Thread(_) => thread::yield_now(),
    }
    Ok(())
}

/// The same at the end of a turn that has lasted long: whose time has come meanwhile runs first, too.
pub(crate) fn end_long_turn() -> Result<(), Cancelled> {
    if let Party::Task(party) = Party::enter()? {
        // Before the task goes to the end of the ring itself.
        party.local.catch_up(clock::now_ns());
    }
    yield_now()
}

/// Suspends until `deadline_ns`.
pub(crate) fn sleep_until(deadline_ns: u64) -> Result<(), Cancelled> {
    let party = Party::enter()?;
    party.waiter().word().arm();
    match party.wait(Some(deadline_ns)) {
        Reason::TimedOut => Ok(()),
        Reason::Cancelled => Err(Cancelled),
        Reason::Arm(_) => unreachable!("a sleeper links no node"),
    }
}

/// A cancellation point that does nothing else.
pub(crate) fn check() -> Result<(), Cancelled> {
    Party::enter().map(drop)
}

/// Whether the running party is unwinding, whatever its neighbours do.
pub(crate) fn is_unwinding() -> bool {
    Party::current().is_unwinding()
}

/// Runs `body` so that every operation in it that may wait is interrupted once `end` has come.
///
/// # Errors
/// [`Cancelled`]: it has come, and `body` was unwound.
pub(crate) fn within<R>(end: End, body: impl FnOnce() -> R) -> Result<R, Cancelled> {
    let party = Party::current();
    let _kept = party.keep();
    let limits = party.limits();
    limits.within(end, party.is_unwinding(), |scope| match party.catch(body) {
        Ok(result) => Ok(result),
        Err(payload) if payload.is::<CancelUnwind>() && limits.stops_at(scope, clock::now_ns()) => {
            Err(Cancelled)
        }
        Err(payload) => resume(payload),
    })
}

/// Runs `body`, and gives the payload of the panic or cancel that ends it.
pub(crate) fn catch<R>(body: impl FnOnce() -> R) -> thread::Result<R> {
    let party = Party::current();
    let _kept = party.keep();
    party.catch(body)
}

/// Unwinds: by a cancel, or by a panic that was caught and goes on.
pub(crate) fn resume(payload: Box<dyn Any + Send>) -> ! {
    match Party::current() {
        Party::Task(party) => party.begin_unwind(),
        Party::Thread(parker) => parker.limits().begin_unwind(),
    }
    resume_unwind(payload)
}

/// Has the panic hook tell us of panics, from now on: in a storm there is no other way to know of them.
pub(crate) fn watch_panics() {
    static WATCH: Once = Once::new();
    // A thread that is panicking may not touch the hook; another runtime will.
    if !thread::panicking() {
        WATCH.call_once(|| {
            let before = take_hook();
            set_hook(Box::new(move |panic| {
                if let Some((local, task)) = context::current() {
                    TaskParty { local, task }.begin_unwind();
                }
                before(panic);
            }));
        });
    }
}

/// Runs `body` so that nothing outside of it interrupts its waits.
pub(crate) fn masked<R>(body: impl FnOnce() -> R) -> R {
    let party = Party::current();
    let _kept = party.keep();
    party.limits().within(End::Mask, party.is_unwinding(), |_| body())
}

/// Ends the running operation because the party is interrupted: unwinds silently to the scope that is over, or
/// to the root of the task, running destructors.
///
/// Returns in one case: while the party is unwinding already, when a second unwind would abort the process,
/// unless a scope inside the destructor stops it. The caller then reports the wait as ended by whatever error
/// it has.
#[cold]
pub(crate) fn unwind_cancelled() {
    let party = Party::current();
    if !party.is_unwinding() || party.is_interrupted() {
        resume(Box::new(CancelUnwind));
    }
}

/// Ends the running task as cancelled. It is not unwinding.
pub(crate) fn end_as_cancelled() -> ! {
    resume(Box::new(CancelUnwind))
}
