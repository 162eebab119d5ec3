//! The waiter of a future: what a header is to a task, so that `async` code can stand in the same wait lists.
//!
//! Unlike a task, a future may be dropped in the middle of its wait. So its wake goes through a lock: it is
//! over, and the future's memory free to go, when `woken` is seen under that lock.
//!
//! Models: future.

#![allow(unsafe_code, reason = "reaches the future's waiter from its waiter field")]

use core::marker::PhantomPinned;
use core::mem::offset_of;
use core::ptr::NonNull;
use core::task::Waker;

use super::lock::Lock;
use super::waiter::{Urgency, Waiter};
use super::word::Reason;
use crate::primitive::relax;
use crate::quiet::quietly;

/// A waiter, and the waker of whoever polls the future.
///
/// INVARIANT(future-lives): it is not moved or dropped while it waits; whoever owns it ends the wait by
/// [`FutureWaiter::poll`] or [`FutureWaiter::give_up`] first.
#[derive(Debug)]
pub(crate) struct FutureWaiter {
    waiter: Waiter,
    wake: Lock<State>,
    /// Wait lists point here: `&mut` and `Box` must not promise the compiler that nobody does.
    _linked_elsewhere: PhantomPinned,
}

#[derive(Debug)]
struct State {
    woken: bool,
    waker: Option<Waker>,
}

impl FutureWaiter {
    /// A waiter that does not wait.
    pub(crate) fn new() -> Self {
        // SAFETY: `wake_future` is made for waiters in a `FutureWaiter`, and callable from any thread.
        let waiter = unsafe { Waiter::new(wake_future) };
        let wake = Lock::new(State { woken: false, waker: None });
        Self { waiter, wake, _linked_elsewhere: PhantomPinned }
    }

    /// The waiter, for wait lists.
    pub(crate) fn waiter(&self) -> &Waiter {
        &self.waiter
    }

    /// Begins a wait whose end calls `waker`.
    pub(crate) fn begin(&self, waker: &Waker) {
        let waker = waker.clone();
        let mut state = self.wake.lock();
        state.woken = false;
        let old = state.waker.replace(waker);
        drop(state);
        drop(old);
        self.waiter.word().arm();
    }

    /// Why the wait has ended; `None` if it has not: then its end calls `waker`.
    pub(crate) fn poll(&self, waker: &Waker) -> Option<Reason> {
        // A waker's clone and drop are foreign code: outside the lock.
        let mut fresh = Some(waker.clone());
        let mut state = self.wake.lock();
        let woken = state.woken;
        if !woken {
            core::mem::swap(&mut state.waker, &mut fresh);
        }
        drop(state);
        drop(fresh);
        woken.then(|| self.waiter.word().take())
    }

    /// Ends the wait. `None` if nobody has: the caller takes the waiter out of the list. Otherwise the reason,
    /// when the wake is over.
    pub(crate) fn give_up(&self) -> Option<Reason> {
        if self.waiter.word().disarm() {
            return None;
        }
        let mut round = 0;
        // RE-CHECK: who has fired the waiter still has to wake it.
        while !self.wake.lock().woken {
            relax(&mut round);
        }
        Some(self.waiter.word().take())
    }
}

/// # Safety
/// The waiter is a `FutureWaiter`'s, and was fired; this is the one wake for that.
unsafe fn wake_future(waiter: NonNull<Waiter>, _urgency: Urgency) {
    // SAFETY: the waiter is a field of a `FutureWaiter`, at this offset.
    let waiting = unsafe { waiter.byte_sub(offset_of!(FutureWaiter, waiter)) }.cast::<FutureWaiter>();
    // SAFETY: future-lives — it was fired, so its owner stays until `woken` is seen under the lock.
    let mut state = unsafe { waiting.as_ref() }.wake.lock();
    state.woken = true;
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        // Foreign code: its panic must not end a task, or a loop that has others to wake.
        quietly(|| waker.wake());
    }
}
