//! Frames that are lent to tasks, and know afterwards whether everybody has left in time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What a frame lends to its children: afterwards it can be told how they treated it.
#[derive(Clone, Default)]
pub(crate) struct Log {
    /// Of the deck that this log belongs to.
    pub(crate) sunk: Arc<AtomicBool>,
    pub(crate) boarded: Arc<AtomicUsize>,
    pub(crate) left: Arc<AtomicUsize>,
    pub(crate) drowned: Arc<AtomicUsize>,
}

/// Lives on a frame.
pub(crate) struct Deck(pub(crate) Log);

/// Borrows the deck; when it is dropped, it looks whether the deck is still there.
pub(crate) struct Sailor<'a>(pub(crate) &'a Deck, pub(crate) Log);

impl Log {
    /// A deck of its own, whose sailors are counted here.
    pub(crate) fn deck(&self) -> Deck {
        Deck(Log { sunk: Arc::default(), ..self.clone() })
    }

    /// Every sailor has left, and none too late.
    pub(crate) fn is_safe(&self) -> bool {
        let left = self.left.load(Ordering::SeqCst);
        left == self.boarded.load(Ordering::SeqCst) && self.drowned.load(Ordering::SeqCst) == 0
    }
}

impl Deck {
    pub(crate) fn board(&self) -> Sailor<'_> {
        self.0.boarded.fetch_add(1, Ordering::SeqCst);
        Sailor(self, self.0.clone())
    }
}

impl Drop for Deck {
    fn drop(&mut self) {
        self.0.sunk.store(true, Ordering::SeqCst);
    }
}

impl Sailor<'_> {
    pub(crate) fn work(&self) {
        assert!(!self.0.0.sunk.load(Ordering::SeqCst));
    }
}

impl Drop for Sailor<'_> {
    fn drop(&mut self) {
        // Asked of the log, not of the deck: a failure of this test shall not be undefined behaviour.
        self.1.drowned.fetch_add(usize::from(self.1.sunk.load(Ordering::SeqCst)), Ordering::SeqCst);
        self.1.left.fetch_add(1, Ordering::SeqCst);
    }
}
