//! A fork: a call that lies on the stack of the task that forked it, for any worker to take.
//!
//! A fork costs no allocation: it becomes a task only if another worker takes it, or its own worker runs out of
//! other work. The forks of a worker are taken by itself newest first, by thieves oldest first, because the
//! oldest is the largest piece of a divided job.
//! (Source: Frigo, Leiserson and Randall, "The implementation of the Cilk-5 multithreaded language", 1998.)
//!
//! Models: fork.

#![allow(unsafe_code, reason = "a fork is reached from other stacks by its address")]

use core::ptr::NonNull;

/// The head of a fork; what follows it in memory is known to `perform` alone.
#[derive(Debug)]
pub(crate) struct Fork {
    perform: unsafe fn(NonNull<Fork>, Perform),
    /// Whether the task that it may become can be cancelled.
    cancellable: bool,
}

/// What is to happen to a taken fork.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Perform {
    /// The call is to be made, on this stack.
    Run,
    /// The call will not be made by whoever took it: who forked has it back.
    Abandon,
}

/// The right, and the duty, to perform a fork: whoever takes it out of a queue has it.
///
/// INVARIANT(fork-lives): while a `Forked` exists, its fork stays in place, because who forked waits for it.
#[derive(Debug)]
pub(crate) struct Forked(NonNull<Fork>);

// SAFETY: fork-lives — the fork may be performed on any thread, as `Forked::new` demands.
unsafe impl Send for Forked {}

impl Fork {
    /// The head of a fork that `perform` performs, given its address.
    pub(crate) const fn new(perform: unsafe fn(NonNull<Fork>, Perform), cancellable: bool) -> Self {
        Self { perform, cancellable }
    }
}

impl Forked {
    /// The right to perform the fork at `fork`.
    ///
    /// # Safety
    /// It exists once. The fork stays in place until it was performed or the right was forgotten, and may be
    /// performed on any thread.
    #[inline]
    pub(crate) unsafe fn new(fork: NonNull<Fork>) -> Self {
        Self(fork)
    }

    /// Whether this is the right to the fork at `fork`.
    #[inline]
    pub(crate) fn is(&self, fork: NonNull<Fork>) -> bool {
        self.0 == fork
    }

    /// Whether the task that it becomes can be cancelled.
    pub(crate) fn is_cancellable(&self) -> bool {
        // SAFETY: fork-lives — the right still exists.
        unsafe { self.0.as_ref() }.cancellable
    }

    /// Makes the call here.
    pub(crate) fn run(self) {
        core::mem::ManuallyDrop::new(self).perform(Perform::Run);
    }

    fn perform(&self, what: Perform) {
        // SAFETY: fork-lives — the right still exists.
        let perform = unsafe { self.0.as_ref() }.perform;
        // SAFETY: `perform` belongs to this fork; the right is used up by both callers.
        unsafe { perform(self.0, what) };
    }
}

impl Drop for Forked {
    fn drop(&mut self) {
        self.perform(Perform::Abandon);
    }
}
