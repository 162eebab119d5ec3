//! Values that count their clones, and how many of them there are.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts how often it is cloned, and how many there are.
pub(crate) struct Cargo {
    pub(crate) clones: Arc<AtomicUsize>,
    pub(crate) alive: Arc<AtomicUsize>,
}

impl Cargo {
    pub(crate) fn new() -> Self {
        Self { clones: Arc::default(), alive: Arc::new(AtomicUsize::new(1)) }
    }

    /// Another, counted in the same place, but not as a clone.
    pub(crate) fn another(&self) -> Self {
        self.alive.fetch_add(1, Ordering::Relaxed);
        Self { clones: Arc::clone(&self.clones), alive: Arc::clone(&self.alive) }
    }

    pub(crate) fn alive(&self) -> usize {
        self.alive.load(Ordering::Relaxed)
    }
}

impl Clone for Cargo {
    fn clone(&self) -> Self {
        self.clones.fetch_add(1, Ordering::Relaxed);
        self.another()
    }
}

impl Drop for Cargo {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }
}
