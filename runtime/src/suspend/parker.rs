//! The waiter of a plain OS thread: what a task's header is to a task.
//!
//! Models: parker.

#![allow(unsafe_code, reason = "keeps thread waiters alive by hand")]

use core::ptr::NonNull;
use std::time::Duration;

use crate::primitive::atomic::{AtomicBool, Ordering};
use crate::primitive::thread::{self, Thread};
use crate::sys::clock;
use crate::task::limits::Limits;
use crate::wait::waiter::{Urgency, Waiter};
use crate::wait::word::Reason;

/// The waiter of an OS thread.
///
/// INVARIANT(parker-lives): the thread keeps its parker until it ends, and it does not return from a wait
/// before `woken` is set; the waker clones what it needs before it sets that.
pub(crate) struct Parker {
    waiter: Waiter,
    woken: AtomicBool,
    thread: Thread,
    /// The thread alone uses them.
    limits: Limits,
}

// SAFETY: the waiter is reached by others as its own contract says, `limits` by nobody; the rest is `Sync`.
unsafe impl Sync for Parker {}
// SAFETY: as above.
unsafe impl Send for Parker {}

impl Parker {
    /// The parker of the thread that calls this.
    pub(crate) fn new() -> Parker {
        Parker {
            // SAFETY: `wake_thread` is made for parkers' waiters, and callable from any thread.
            waiter: unsafe { Waiter::new(wake_thread) },
            woken: AtomicBool::new(false),
            thread: thread::current(),
            limits: Limits::new(true),
        }
    }

    pub(crate) fn waiter(&self) -> &Waiter {
        &self.waiter
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Parks until the word is fired, or takes it back when `deadline_ns` has passed.
    pub(crate) fn wait(&self, deadline_ns: Option<u64>) -> Reason {
        loop {
            // RE-CHECK: `park` returns for other reasons, too, such as the unpark of an earlier wait that came late.
            // ORDER: Acquire; pairs with the Release in `wake_thread`: what was handed over is visible now.
            if self.woken.load(Ordering::Acquire) {
                // ORDER: Relaxed; each wait is woken once, and this one was: nobody stores before the next.
                self.woken.store(false, Ordering::Relaxed);
                return self.waiter.word().take();
            }
            match deadline_ns.map(|at| at.saturating_sub(clock::now_ns())) {
                None => thread::park(),
                Some(0) => {
                    // RE-CHECK: whoever has fired us meanwhile has handed over what is ours: that beats the timeout.
                    if self.waiter.word().disarm() {
                        return Reason::TimedOut;
                    }
                    // The wake is on its way.
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
