//! What a sleeper sleeps on: a doorbell, the flag of a parker, the waker of a future.

use std::cell::RefCell;
use std::collections::HashMap;
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

thread_local! {
    /// The bells of tasks without a worker, by their ids. All loom threads share one OS thread.
    static BELLS: RefCell<HashMap<u64, Arc<Bell>>> = RefCell::default();
}

/// Forgets the execution before.
pub(crate) fn forget_all() {
    BELLS.with(|bells| bells.borrow_mut().clear());
}

/// From now on the task with this id is told by a bell.
pub(crate) fn give(id: u64) -> Arc<Bell> {
    BELLS.with(|bells| Arc::clone(bells.borrow_mut().entry(id).or_default()))
}

/// The bell of a task, if it was given one.
pub(crate) fn of(id: u64) -> Option<Arc<Bell>> {
    BELLS.with(|bells| bells.borrow().get(&id).cloned())
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.ring();
    }
}
