//! Suspending: the one way anything of this crate blocks, from a task or from a plain OS thread.
//!
//! A blocking operation asks who it is ([`Party::current`]), arms the party's word, links a node under the
//! lock of what it waits for, unlocks, and calls [`Party::wait`]. What it does about the answer is its own.

#![allow(unsafe_code, reason = "switches stacks; keeps thread waiters alive by hand")]

use core::ptr::NonNull;
use std::cell::RefCell;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use crate::context::{self, local::Local};
use crate::sys::clock;
use crate::task::cell::CancelUnwind;
use crate::task::header::Header;
use crate::wait::waiter::{Urgency, Waiter};
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
#[derive(Clone)]
pub(crate) enum Party {
    Task(TaskParty),
    Thread(Arc<Parker>),
}

/// The running task, on its worker's thread.
#[derive(Clone, Copy)]
pub(crate) struct TaskParty {
    local: &'static Local,
    task: &'static Header,
}

impl Party {
    /// The party that runs on this thread.
    #[inline]
    pub(crate) fn current() -> Self {
        match context::current() {
            Some((local, task)) => Party::Task(TaskParty { local, task }),
            None => Party::Thread(Parker::of_this_thread()),
        }
    }

    /// The party that runs on this thread, as it begins an operation that may wait.
    ///
    /// # Errors
    /// [`Cancelled`]: the party is being cancelled, so the operation must not begin.
    #[inline]
    pub(crate) fn enter() -> Result<Self, Cancelled> {
        let party = Self::current();
        match &party {
            Party::Task(task) if task.is_told_to_stop() => Err(Cancelled),
            _ => Ok(party),
        }
    }

    /// The party has done an operation without waiting: after many of them in a row, others get a turn.
    #[inline]
    pub(crate) fn has_not_waited(&self) {
        if let Party::Task(party) = self
            && party.local.is_turn_over()
        {
            party.step_aside();
        }
    }

    /// Gives way to others in a loop that no cancel may end.
    pub(crate) fn let_others_run() {
        if let Party::Task(party) = Party::current() {
            party.step_aside();
        }
    }

    /// The party's waiter.
    #[inline]
    pub(crate) fn waiter(&self) -> &Waiter {
        match self {
            Party::Task(party) => party.task.waiter(),
            Party::Thread(parker) => &parker.waiter,
        }
    }

    /// Suspends the party, whose word is armed, until somebody fires the word or `deadline_ns` passes.
    ///
    /// # Suspends
    /// Always, except in a task that is being cancelled: that is told so at once.
    #[inline]
    pub(crate) fn wait(&self, deadline_ns: Option<u64>) -> Reason {
        match self {
            Party::Task(party) => party.wait(deadline_ns),
            Party::Thread(parker) => parker.wait(deadline_ns),
        }
    }

    /// Suspends the party, whose word is armed, though it may be in the middle of being cancelled: for a wait
    /// that others rely on, and that the caller therefore begins again until it is fired. A cancel that comes
    /// now still ends it, once.
    ///
    /// # Suspends
    /// Always.
    pub(crate) fn wait_once_more(&self) -> Reason {
        match self {
            Party::Task(party) => {
                party.switch_out();
                party.task.waiter().word().take()
            }
            Party::Thread(parker) => parker.wait(None),
        }
    }
}

impl TaskParty {
    #[inline]
    fn wait(self, deadline_ns: Option<u64>) -> Reason {
        let word = self.task.waiter().word();
        if self.is_told_to_stop() && word.disarm() {
            return Reason::Cancelled;
        }
        match deadline_ns {
            None => self.switch_out(),
            Some(deadline_ns) => {
                let timer = self.local.arm_timer(deadline_ns, self.task);
                self.switch_out();
                self.local.disarm_timer(timer);
            }
        }
        word.take()
    }

    /// Cancellation is sticky: swallowed, it comes again at the next wait. But a task that is unwinding must
    /// be let through, or a destructor that waits would unwind a second time and abort the process.
    #[inline]
    fn is_told_to_stop(self) -> bool {
        self.task.cancelled.get() && !self.is_unwinding()
    }

    /// Whether the task is unwinding. The standard library counts unwinds by thread, so a neighbour that
    /// waits in a destructor as it unwinds is counted here, too: then we know only of unwinds begun by us.
    #[inline]
    fn is_unwinding(self) -> bool {
        thread::panicking() && (!self.local.has_waiter_in_unwind() || self.task.unwound.get())
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
    let Some((local, task)) = context::current() else {
        thread::yield_now();
        return Ok(());
    };
    let party = TaskParty { local, task };
    if party.is_told_to_stop() {
        return Err(Cancelled);
    }
    party.step_aside();
    Ok(())
}

/// Suspends until `deadline_ns`.
pub(crate) fn sleep_until(deadline_ns: u64) -> Result<(), Cancelled> {
    let party = Party::current();
    party.waiter().word().arm();
    match party.wait(Some(deadline_ns)) {
        Reason::TimedOut => Ok(()),
        Reason::Cancelled => Err(Cancelled),
        Reason::Arm(_) => unreachable!("a sleeper links no node"),
    }
}

/// Ends the running task because it is being cancelled: unwinds silently to its root, running destructors.
///
/// Returns in one case: while the task is unwinding already, when a second unwind would abort the process.
/// The caller then reports the wait as ended by whatever error it has.
#[cold]
pub(crate) fn unwind_cancelled() {
    let Some((local, task)) = context::current() else { return };
    if !(TaskParty { local, task }).is_unwinding() {
        task.unwound.set(true);
        resume_unwind(Box::new(CancelUnwind));
    }
}

/// The waiter of an OS thread.
///
/// INVARIANT(parker-lives): the thread keeps its parker until it ends, and it does not return from a wait
/// before `woken` is set; the waker clones what it needs before it sets that.
pub(crate) struct Parker {
    waiter: Waiter,
    woken: AtomicBool,
    thread: Thread,
}

// SAFETY: the waiter is reached by others as its own contract says; the rest is `Sync` by itself.
unsafe impl Sync for Parker {}
// SAFETY: as above.
unsafe impl Send for Parker {}

thread_local! {
    static PARKER: RefCell<Option<Arc<Parker>>> = const { RefCell::new(None) };
}

impl Parker {
    fn of_this_thread() -> Arc<Parker> {
        let kept = PARKER.try_with(|kept| Arc::clone(kept.borrow_mut().get_or_insert_with(Parker::new)));
        // While the thread's locals are being destroyed, a parker for this one wait will do.
        kept.unwrap_or_else(|_| Parker::new())
    }

    fn new() -> Arc<Parker> {
        Arc::new(Parker {
            // SAFETY: `wake_thread` is made for parkers' waiters, and callable from any thread.
            waiter: unsafe { Waiter::new(wake_thread) },
            woken: AtomicBool::new(false),
            thread: thread::current(),
        })
    }

    fn wait(&self, deadline_ns: Option<u64>) -> Reason {
        loop {
            // ORDER: Acquire; pairs with the Release in `wake_thread`: what was handed over is visible now.
            if self.woken.swap(false, Ordering::Acquire) {
                return self.waiter.word().take();
            }
            match deadline_ns.map(|at| at.saturating_sub(clock::now_ns())) {
                None => thread::park(),
                Some(0) => {
                    if self.waiter.word().disarm() {
                        return Reason::TimedOut;
                    }
                    // Somebody has fired us: the wake is on its way, and it beats the timeout.
                    thread::park();
                }
                Some(left_ns) => thread::park_timeout(Duration::from_nanos(left_ns)),
            }
        }
    }
}

/// # Safety
/// The waiter is a parker's, and was fired; this is the one wake for that.
unsafe fn wake_thread(waiter: NonNull<Waiter>, _urgency: Urgency) {
    // SAFETY: the waiter is a field of a parker, at this offset.
    let parker = unsafe { waiter.byte_sub(core::mem::offset_of!(Parker, waiter)) }.cast::<Parker>();
    // SAFETY: parker-lives — the thread does not leave its wait before the store below.
    let parker = unsafe { parker.as_ref() };
    let thread = parker.thread.clone();
    // ORDER: Release; pairs with the Acquire in `Parker::wait`; publishes what was handed over.
    parker.woken.store(true, Ordering::Release);
    thread.unpark();
}
