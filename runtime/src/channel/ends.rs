//! What the two ends of a channel share: the core, and how many ends of each kind hold it.
//!
//! No model: the counts say who is last, and nothing more; the close that follows goes through the lock of `core.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::core::Core;
use super::receiver::Receiver;
use super::sender::Sender;

/// The core, and how many ends of each kind hold it.
#[derive(Debug)]
pub(crate) struct Shared<T> {
    pub(crate) core: Core<T>,
    pub(crate) senders: AtomicUsize,
    pub(crate) receivers: AtomicUsize,
}

impl<T> Shared<T> {
    pub(crate) fn new(bound: usize) -> Self {
        Self { core: Core::new(bound), senders: AtomicUsize::new(1), receivers: AtomicUsize::new(1) }
    }
}

pub(crate) fn pair<T>(shared: Arc<Shared<T>>) -> (Sender<T>, Receiver<T>) {
    (Sender::new(Arc::clone(&shared)), Receiver::new(shared))
}

/// One more end.
pub(crate) fn count_in(ends: &AtomicUsize) {
    // ORDER: Relaxed; a new end is made from an existing one, which keeps the count above zero meanwhile.
    ends.fetch_add(1, Ordering::Relaxed);
}

/// One end less; true if it was the last.
pub(crate) fn count_out(ends: &AtomicUsize) -> bool {
    // ORDER: Relaxed; the close that the last one performs synchronizes by the channel's lock.
    ends.fetch_sub(1, Ordering::Relaxed) == 1
}
