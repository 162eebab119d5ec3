//! A waiter: a wait word, and the way to wake whoever owns it. Wait lists point at waiters.
//!
//! The owner is a task (woken by a push on a run queue), an OS thread (woken by unparking) or a future (woken by
//! its waker). Each embeds a `Waiter`; this file knows none of them, it only keeps the function to call.
//!
//! Models: word.

#![allow(unsafe_code, reason = "a waiter is reached through a raw pointer kept in a wait node")]

use core::ptr::NonNull;

use super::word::{Reason, Word};

/// How soon a woken task should run. A hint: it never decides whether it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// It was handed something fresh: run it next, while that is still in the cache.
    Next,
    /// It may wait for its turn.
    Queued,
}

/// A wait word with the function that wakes its owner.
///
/// INVARIANT(waiter-lives): the memory of a waiter outlives every wait of its owner, and a wait ends only
/// after the wake; so between `fire` and `wake` the pointer is good.
#[derive(Debug)]
pub(crate) struct Waiter {
    word: Word,
    wake: unsafe fn(NonNull<Waiter>, Urgency),
}

impl Waiter {
    /// An idle waiter whose owner is woken by `wake`.
    ///
    /// # Safety
    /// `wake` may be called with a pointer to this waiter from any thread, once after each won `fire`.
    pub(crate) unsafe fn new(wake: unsafe fn(NonNull<Waiter>, Urgency)) -> Self {
        Self { word: Word::new(), wake }
    }

    /// The wait word.
    #[inline]
    pub(crate) fn word(&self) -> &Word {
        &self.word
    }

    /// Tries to end the owner's wait. The winner gets the duty to wake it.
    ///
    /// # Safety
    /// `waiter` points to a live waiter: its node is still linked under the lock that the caller holds, or
    /// the caller is the thread that the owner belongs to.
    #[inline]
    pub(crate) unsafe fn fire(waiter: NonNull<Waiter>, reason: Reason) -> Option<Wake> {
        // SAFETY: waiter-lives — promised by the caller.
        let won = unsafe { waiter.as_ref() }.word.fire(reason);
        won.then_some(Wake { waiter })
    }
}

/// The duty to wake a fired waiter. Perform it after unlocking.
#[derive(Debug)]
#[must_use = "a fired waiter that is not woken sleeps for ever"]
pub(crate) struct Wake {
    waiter: NonNull<Waiter>,
}

// SAFETY: waiter-lives — `wake` may be called from any thread, as `Waiter::new` demands.
unsafe impl Send for Wake {}

impl Wake {
    /// Wakes the owner.
    #[inline]
    pub(crate) fn wake(self, urgency: Urgency) {
        // SAFETY: waiter-lives — we won `fire`, so the owner stays until this wake.
        let wake = unsafe { self.waiter.as_ref() }.wake;
        // SAFETY: this value exists once per won `fire`, and is consumed here.
        unsafe { wake(self.waiter, urgency) }
    }
}

/// The wakes that one operation owes: most owe none or one.
#[inline]
pub(crate) fn wake_if_any(wake: Option<Wake>, urgency: Urgency) {
    if let Some(wake) = wake {
        wake.wake(urgency);
    }
}
