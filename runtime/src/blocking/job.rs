//! A job: a closure as a pool thread sees it, in the frame of whoever waits for it, or on its own.
//!
//! Nothing is allocated for a *lent* job: it is a pointer into the frame that holds the [`Slot`], and the function
//! that knows the slot's type. What makes that sound is that the frame stays. An *owned* job is a box, and whoever
//! made it may leave it behind: a look-up of a name that hangs is given up so.
//!
//! Models: blocking.

#![allow(unsafe_code, reason = "a job is an uncounted pointer to its slot")]

use core::ptr::NonNull;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use crate::primitive::UnsafeCell;
use crate::wait::one::One;
use crate::wait::waiter::{Urgency, wake_if_any};

/// A closure that waits to be run elsewhere, and the cell in which its result, or its panic, arrives.
///
/// INVARIANT(slot-stays): once its job was made, a slot is neither moved nor dropped until the outcome has
/// arrived, or the job was dropped without being run. Until then `body` is the job's alone.
#[derive(Debug)]
pub(crate) struct Slot<F, T> {
    body: UnsafeCell<Option<F>>,
    outcome: One<thread::Result<T>>,
}

impl<F, T> Slot<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    /// A slot around `body`.
    pub(crate) fn new(body: F) -> Self {
        Self { body: UnsafeCell::new(Some(body)), outcome: One::new() }
    }

    /// The job that runs the closure.
    ///
    /// # Safety
    /// The caller keeps slot-stays, and makes one job of a slot.
    pub(crate) unsafe fn job(&self) -> Job {
        Job(Kind::Lent { slot: NonNull::from(self).cast(), run: run::<F, T> })
    }

    /// Where the outcome arrives.
    pub(crate) fn outcome(&self) -> &One<thread::Result<T>> {
        &self.outcome
    }

    /// The closure, if it was not run.
    pub(crate) fn into_body(self) -> Option<F> {
        self.body.into_inner()
    }
}

impl<F, T> Slot<F, T> {
    /// # Safety
    /// The caller is the job of this slot, and runs for the first time.
    unsafe fn take_body(&self) -> F {
        let body = self.body.get_mut();
        // SAFETY: slot-stays — promised by the caller.
        unsafe { body.deref() }.take().expect("a job runs once")
    }
}

/// A closure to be run once, by any thread.
#[must_use = "somebody waits for a job until it has run"]
pub(crate) struct Job(Kind);

enum Kind {
    Lent { slot: NonNull<()>, run: unsafe fn(NonNull<()>) },
    Owned(Box<dyn FnOnce() + Send>),
}

// SAFETY: a job moves a closure to another thread and its result back; `Slot::job` and `Job::owned` ask `Send` of
// them.
unsafe impl Send for Job {}

impl Job {
    /// A job that nobody has to wait for. What comes of `body` is its own to deliver; if it panics, that is the end
    /// of it alone.
    pub(crate) fn owned(body: impl FnOnce() + Send + 'static) -> Self {
        Self(Kind::Owned(Box::new(body)))
    }

    /// Runs the closure, and delivers what came of it. Does not unwind.
    pub(crate) fn run(self) {
        match self.0 {
            // SAFETY: slot-stays — the outcome has not arrived, and this job is used up here.
            Kind::Lent { slot, run } => unsafe { run(slot) },
            Kind::Owned(body) => drop(catch_unwind(AssertUnwindSafe(body))),
        }
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Lent { .. } => "Job(lent)",
            Kind::Owned(_) => "Job(owned)",
        })
    }
}

/// # Safety
/// `slot` is a `Slot<F, T>` whose outcome has not arrived, and the caller has used up its job.
unsafe fn run<F: FnOnce() -> T, T>(slot: NonNull<()>) {
    // SAFETY: slot-stays — the waiting frame keeps it until `put` below has stored the outcome.
    let slot = unsafe { slot.cast::<Slot<F, T>>().as_ref() };
    // SAFETY: slot-stays — until the outcome arrives, the closure is the job's.
    let body = unsafe { slot.take_body() };
    let outcome = catch_unwind(AssertUnwindSafe(body));
    // With its last access to the cell `put` lets the slot go.
    let Ok(wake) = slot.outcome.put(outcome) else { unreachable!("who waits for a job does not leave") };
    wake_if_any(wake, Urgency::Next);
}
