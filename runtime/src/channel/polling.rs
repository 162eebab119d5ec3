//! Awaiting a value that is handed over once: join handles and oneshot receivers in `async` code.
//!
//! Models: futures.

#![allow(unsafe_code, reason = "lends the cell a waiter that is boxed")]

use core::task::{Context, Poll};

use crate::wait::future::FutureWaiter;
use crate::wait::one::{One, Taken};

/// The waiter of whoever polls for the value, while it waits. Boxed, so that the handle around it may move.
#[derive(Debug, Default)]
pub(crate) struct Polling(Option<Box<FutureWaiter>>);

impl Polling {
    /// Takes the value of `one`, or waits for it.
    pub(crate) fn poll<T>(&mut self, one: &One<T>, context: &mut Context<'_>) -> Poll<Taken<T>> {
        if let Some(waiting) = &self.0 {
            if waiting.poll(context.waker()).is_none() {
                return Poll::Pending;
            }
            self.0 = None;
            return Poll::Ready(one.take());
        }
        let waiting = Box::new(FutureWaiter::new());
        waiting.begin(context.waker());
        // SAFETY: waiter-lives — the box is kept until the wait has ended, by `poll` or by `stop`.
        match unsafe { one.take_or_wait(waiting.waiter()) } {
            Taken::Empty => {
                self.0 = Some(waiting);
                Poll::Pending
            }
            taken => {
                waiting.waiter().word().rest();
                Poll::Ready(taken)
            }
        }
    }

    /// Ends the wait, if there is one. To be called before `one` is used otherwise, and before it goes.
    #[inline]
    pub(crate) fn stop<T>(&mut self, one: &One<T>) {
        if let Some(waiting) = self.0.take() {
            one.withdraw(waiting.waiter());
            // RE-CHECK: withdrawn, nobody fires it any more; or it was fired, and the wake has to end first.
            let _ = waiting.give_up();
        }
    }
}
