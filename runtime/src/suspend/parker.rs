//! The waiter of a plain OS thread: what a task's header is to a task.

#![allow(unsafe_code, reason = "keeps thread waiters alive by hand")]

use core::ptr::NonNull;
use std::cell::OnceCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

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

thread_local! {
    static PARKER: OnceCell<Box<Parker>> = const { OnceCell::new() };
}

impl Parker {
    /// The parker of this thread. The reference is for this thread only, which has it for as long as it may wait.
    #[cold]
    #[inline(never)]
    pub(super) fn of_this_thread() -> &'static Parker {
        match PARKER.try_with(|kept| NonNull::from(&**kept.get_or_init(|| Box::new(Parker::new())))) {
            // SAFETY: parker-lives — the thread keeps it until it ends, in a box that is not moved out of.
            Ok(parker) => unsafe { parker.as_ref() },
            // The thread's locals are being destroyed: a few last waits, with parkers that stay behind.
            Err(_) => Box::leak(Box::new(Parker::new())),
        }
    }

    fn new() -> Parker {
        Parker {
            // SAFETY: `wake_thread` is made for parkers' waiters, and callable from any thread.
            waiter: unsafe { Waiter::new(wake_thread) },
            woken: AtomicBool::new(false),
            thread: thread::current(),
            limits: Limits::new(true),
        }
    }

    pub(super) fn waiter(&self) -> &Waiter {
        &self.waiter
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Parks until the word is fired, or takes it back when `deadline_ns` has passed.
    pub(super) fn wait(&self, deadline_ns: Option<u64>) -> Reason {
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
