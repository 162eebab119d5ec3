//! The signals that have come and that nobody has taken yet: a bit for each, set in signal handlers.
//!
//! Models: pending.

use crate::primitive::atomic::{AtomicU64, Ordering};

/// Bit `n - 1`: signal `n` has come.
#[derive(Debug)]
pub(crate) struct Pending(AtomicU64);

impl Pending {
    /// No signal has come yet.
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Signal `number` has come. One atomic operation, as is allowed in a handler.
    pub(crate) fn add(&self, number: u32) {
        // ORDER: Release; pairs with the Acquire in `take`: as from a message, the listener learns what came before.
        self.0.fetch_or(1 << (number - 1), Ordering::Release);
    }

    /// Takes the one with the smallest number.
    pub(crate) fn take(&self) -> Option<u32> {
        // ORDER: Relaxed; looked at again below.
        let mut pending = self.0.load(Ordering::Relaxed);
        while pending != 0 {
            let lowest = pending & pending.wrapping_neg();
            // ORDER: Acquire; pairs with the Release in `add`.
            pending = self.0.fetch_and(!lowest, Ordering::Acquire);
            // RE-CHECK: another party may have taken it meanwhile.
            if pending & lowest != 0 {
                return Some(lowest.trailing_zeros() + 1);
            }
        }
        None
    }
}
