//! Suspending for models: a party is a loom thread, and its deadline passes at any moment loom likes.
//!
//! As in the runtime, a party is woken by a flag with Release and Acquire, and times out by taking its own
//! word back, on its own thread: that is how plain threads do it, and how workers fire their own timers. A party that
//! is a task's does not park: it is its own worker, which looks into its inbox and obeys its orders until the task is
//! ready.

#[path = "../../runtime/src/suspend/parker.rs"]
pub(crate) mod parker;

use std::panic::resume_unwind;
use std::ptr::NonNull;
use std::sync::Arc;
use std::thread;

use crate::bell::Bell;
use crate::context::{self, local::Local};
use crate::task::header::Header;
use crate::task::limits::End;
use crate::wait::waiter::{Urgency, Waiter};
use crate::wait::word::Reason;

/// The wait was ended because the task is being cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancelled;

/// Never called: models of tasks that are cancelled call what does not unwind.
pub(crate) fn unwind_cancelled() {
    unreachable!("no model unwinds");
}

/// No model unwinds, but by its failure.
pub(crate) fn is_unwinding() -> bool {
    false
}

/// Runs `body` in a scope of the running task. It ends by itself.
pub(crate) fn within<R>(end: End, body: impl FnOnce() -> R) -> Result<R, Cancelled> {
    let (_, task) = context::current().expect("only tasks have scopes");
    Ok(task.limits.within(end, false, |_| body()))
}

/// Runs `body` so that no cancel interrupts its waits.
pub(crate) fn masked<R>(body: impl FnOnce() -> R) -> R {
    match context::current() {
        Some((_, task)) => task.limits.within(End::Mask, false, |_| body()),
        None => body(),
    }
}

/// Catches nothing: no closure of a model panics, so what does is the model's failure, which must get out.
pub(crate) fn catch<R>(body: impl FnOnce() -> R) -> thread::Result<R> {
    Ok(body())
}

pub(crate) fn resume(payload: Box<dyn std::any::Any + Send>) -> ! {
    resume_unwind(payload)
}

/// The party that runs on this loom thread, for one wait.
pub(crate) enum Party {
    Thread(Box<Parker>),
    Task(&'static Header),
}

/// INVARIANT(parker-lives): the party drops its parker after a wait has ended; if it was fired, that is
/// after the bell has rung.
#[repr(C)]
pub(crate) struct Parker {
    /// First, so that its address is the parker's.
    waiter: Waiter,
    bell: Arc<Bell>,
}

impl Party {
    pub(crate) fn current() -> Self {
        if let Some((_, task)) = context::current() {
            return Self::Task(task);
        }
        // SAFETY: `ring_parker` is made for parkers' waiters, and callable from any thread.
        let waiter = unsafe { Waiter::new(ring_parker) };
        Self::Thread(Box::new(Parker { waiter, bell: Arc::new(Bell::default()) }))
    }

    /// As the runtime's.
    pub(crate) fn enter() -> Result<Self, Cancelled> {
        let party = Self::current();
        if let Self::Task(task) = party {
            if task.is_cancelled() {
                task.limits.cancel();
            }
            if task.limits.is_interrupted(false, 0) {
                return Err(Cancelled);
            }
        }
        Ok(party)
    }

    /// Turns are the scheduler's business: a model has none.
    pub(crate) fn has_not_waited(&self) {}

    pub(crate) fn waiter(&self) -> &Waiter {
        match self {
            Self::Thread(parker) => &parker.waiter,
            Self::Task(task) => task.waiter(),
        }
    }

    /// Waits until the word is fired. With a deadline, it passes before the party is fired, if loom likes.
    pub(crate) fn wait(&self, deadline_ns: Option<u64>) -> Reason {
        if let Self::Task(task) = self
            && !task.limits.is_unlimited()
            && task.limits.end_at_once(task.waiter().word(), false)
        {
            return Reason::Cancelled;
        }
        if deadline_ns.is_some() && self.waiter().word().disarm() {
            return Reason::TimedOut;
        }
        match self {
            Self::Thread(parker) => parker.bell.wait(),
            // Asked again: the task may have moved since the operation began.
            Self::Task(_) => run_until_ready(context::local().expect("a task has a worker")),
        }
        self.waiter().word().take()
    }
}

/// The rounds of a worker that has one task, which waits.
fn run_until_ready(local: &Local) {
    loop {
        local.drain_inbox();
        local.obey_orders(0);
        if local.pop().is_some() {
            return;
        }
        if local.home().inbox().doze() {
            local.home().poller().wait();
        }
    }
}

/// # Safety
/// The waiter is a parker's, and was fired; this is the one wake for that.
unsafe fn ring_parker(waiter: NonNull<Waiter>, _urgency: Urgency) {
    // SAFETY: the waiter is the first field of a parker; parker-lives — it was fired and is not woken yet.
    let parker = unsafe { waiter.cast::<Parker>().as_ref() };
    // The parker may be gone before `ring` returns.
    let bell = Arc::clone(&parker.bell);
    bell.ring();
}
