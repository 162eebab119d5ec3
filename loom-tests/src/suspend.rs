//! Suspending for models: a party is a loom thread, and its deadline passes at any moment loom likes.
//!
//! As in the runtime, a party is woken by a flag with Release and Acquire, and times out by taking its own
//! word back, on its own thread: that is how plain threads do it, and how workers fire their own timers.

use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::Arc;

use crate::primitive::atomic::{AtomicUsize, Ordering};
use crate::primitive::relax;
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

/// The party that runs on this loom thread, for one operation.
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

    /// Nobody cancels: every operation may begin.
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

/// What a sleeper sleeps on: every ring ends one wait, now or later.
///
/// The last to use a bell frees it, by a plain `Arc` of which loom knows nothing: so no drop to check.
pub(crate) struct Bell(ManuallyDrop<AtomicUsize>);

impl Default for Bell {
    fn default() -> Self {
        Self(ManuallyDrop::new(AtomicUsize::new(0)))
    }
}

impl Bell {
    pub(crate) fn ring(&self) {
        // ORDER: Release; pairs with the Acquire in `wait`: the sleeper comes after whoever has rung.
        self.0.fetch_add(1, Ordering::Release);
    }

    pub(crate) fn wait(&self) {
        let mut round = 0;
        // ORDER: Relaxed; the subtraction below synchronizes.
        while self.0.load(Ordering::Relaxed) == 0 {
            relax(&mut round);
        }
        // ORDER: Acquire; pairs with the Release in `ring`. Only the sleeper subtracts, so it was not zero.
        self.0.fetch_sub(1, Ordering::Acquire);
    }
}
