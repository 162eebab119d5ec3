//! Suspending for models: a party is a loom thread, and its deadline passes at any moment loom likes.
//!
//! As in the runtime, a party is woken by a flag with Release and Acquire, and times out by taking its own
//! word back, on its own thread: that is how plain threads do it, and how workers fire their own timers.

use std::ptr::NonNull;
use std::sync::Arc;

use crate::bell::Bell;
use crate::context;
use crate::task::limits::End;
use crate::wait::waiter::{Urgency, Waiter};
use crate::wait::word::Reason;

/// The wait was ended because the task is being cancelled. No model cancels: to the protocols a cancel is a
/// timeout with another name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancelled;

/// Never called: see [`Cancelled`].
pub(crate) fn unwind_cancelled() {
    unreachable!("no model cancels");
}

/// Runs `body` in a scope of the running task. It ends by itself: no model unwinds.
pub(crate) fn within<R>(end: End, body: impl FnOnce() -> R) -> Result<R, Cancelled> {
    let (_, task) = context::current().expect("only tasks have scopes");
    Ok(task.limits().within(end, false, |_| body()))
}

/// Nobody interrupts a model's waits anyway.
pub(crate) fn masked<R>(body: impl FnOnce() -> R) -> R {
    body()
}

/// The party that runs on this loom thread, for one wait.
pub(crate) struct Party(Box<Parker>);

/// INVARIANT(parker-lives): the party drops its parker after a wait has ended; if it was fired, that is
/// after the bell has rung.
#[repr(C)]
struct Parker {
    /// First, so that its address is the parker's.
    waiter: Waiter,
    bell: Arc<Bell>,
}

impl Party {
    pub(crate) fn current() -> Self {
        // SAFETY: `ring_parker` is made for parkers' waiters, and callable from any thread.
        let waiter = unsafe { Waiter::new(ring_parker) };
        Self(Box::new(Parker { waiter, bell: Arc::new(Bell::default()) }))
    }

    /// No model cancels: nobody is refused.
    pub(crate) fn enter() -> Result<Self, Cancelled> {
        Ok(Self::current())
    }

    /// Turns are the scheduler's business: a model has none.
    pub(crate) fn has_not_waited(&self) {}

    pub(crate) fn waiter(&self) -> &Waiter {
        &self.0.waiter
    }

    /// Waits until the word is fired. With a deadline, it passes before the party is fired, if loom likes.
    pub(crate) fn wait(&self, deadline_ns: Option<u64>) -> Reason {
        if deadline_ns.is_some() && self.0.waiter.word().disarm() {
            return Reason::TimedOut;
        }
        self.0.bell.wait();
        self.0.waiter.word().take()
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
