//! What a sleeper sleeps on: a doorbell, the flag of a parker, the waker of a future.

use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::task::Wake;

use crate::primitive::atomic::{AtomicUsize, Ordering};
use crate::primitive::relax;

/// Every ring ends one wait, now or later.
///
/// The last to use a bell frees it, by a plain `Arc` of which loom knows nothing: so no drop to check.
#[derive(Debug)]
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

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.ring();
    }
}
