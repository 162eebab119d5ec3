//! The gate: tasks come in from outside until shutdown closes it, and none is left lying in between.
//!
//! One word counts the spawners that are inside and says whether the gate is closed. Whoever closes it waits
//! for those inside; they only push to a queue, so that is a few instructions. What was pushed before is run
//! by the workers, which stop after the gate is closed.
//!
//! Models: gate.

use crate::primitive::atomic::{AtomicUsize, Ordering};
use crate::primitive::relax;

const CLOSED: usize = 1;
const ONE_INSIDE: usize = 2;

/// The gate of one runtime.
#[derive(Debug)]
pub(crate) struct Gate(AtomicUsize);

/// A spawner is inside; the gate closes after it has left.
#[derive(Debug)]
pub(crate) struct Inside<'a>(&'a Gate);

impl Gate {
    /// An open gate.
    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// Enters, unless the gate is closed.
    pub(crate) fn enter(&self) -> Option<Inside<'_>> {
        let inside = Inside(self);
        // ORDER: Acquire; pairs with the Release in `close`: a refusal sees what came before the close.
        // (A refused spawner leaves again when `inside` is dropped.)
        if self.0.fetch_add(ONE_INSIDE, Ordering::Acquire) & CLOSED != 0 {
            return None;
        }
        Some(inside)
    }

    /// Closes the gate and waits until nobody is inside. False if it was closed before.
    pub(crate) fn close(&self) -> bool {
        // ORDER: Release; pairs with the Acquire in `enter`. Those who have left already are seen by the load below,
        // which reads this exchange or a later one: both continue what a leave has released.
        let before = self.0.fetch_or(CLOSED, Ordering::Release);
        let mut round = 0;
        // RE-CHECK: who was inside before the bit was set has yet to leave.
        // ORDER: Acquire; pairs with the Release in `Inside::drop`: what they pushed is visible from here on.
        while self.0.load(Ordering::Acquire) != CLOSED {
            relax(&mut round);
        }
        before & CLOSED == 0
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        // ORDER: Release; pairs with the Acquire in `Gate::close`; publishes the push that was made inside.
        self.0.0.fetch_sub(ONE_INSIDE, Ordering::Release);
    }
}
