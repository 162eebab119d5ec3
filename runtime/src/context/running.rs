//! The running word: which task a worker runs, with a mark by which a monitor knows a turn that goes on.
//!
//! ```text
//!   0 ──set(id)──▶ id ──mark (monitor)──▶ id + MARK        every turn begins and ends with a plain store,
//!   ▲               │                          │           which wipes the mark out
//!   └────set(0)─────┴──────────set(0)──────────┘
//! ```
//! So a mark that is still there belongs to the very turn that was marked, and a turn costs the worker two
//! stores, monitor or not.
//!
//! Models: running.

use crate::primitive::atomic::{AtomicU64, Ordering};

/// Set by the monitor, above the id.
const MARK: u64 = 1 << 63;

/// The id of the task that a worker runs; zero between turns. The worker stores, one monitor marks, all read.
#[derive(Debug)]
pub(crate) struct Running(AtomicU64);

/// What the monitor sees of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// No task runs, or the worker is between two.
    Nothing,
    /// A turn that was not marked before. It is now.
    Marked(u64),
    /// The turn that was marked goes on.
    GoesOn(u64),
}

impl Running {
    /// The word of a worker that runs nothing.
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Notes that a turn of task `id` begins, or, with zero, that it is over.
    #[inline]
    pub(crate) fn set(&self, id: u64) {
        // ORDER: Relaxed; a figure to report, it guards nothing. Whether it comes before or after the exchange
        // in `look`, no mark survives it.
        self.0.store(id, Ordering::Relaxed);
    }

    /// The id of the task that runs, if one does.
    pub(crate) fn get(&self) -> Option<u64> {
        // ORDER: Relaxed; see `set`.
        Some(self.0.load(Ordering::Relaxed) & !MARK).filter(|&id| id != 0)
    }

    /// The monitor looks, and marks a turn that it sees for the first time.
    pub(crate) fn look(&self) -> Sight {
        // ORDER: Relaxed, here and in the exchange; as in `set`.
        match self.0.load(Ordering::Relaxed) {
            0 => Sight::Nothing,
            word if word & MARK != 0 => Sight::GoesOn(word & !MARK),
            id => match self.0.compare_exchange(id, id | MARK, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => Sight::Marked(id),
                Err(_) => Sight::Nothing,
            },
        }
    }
}

impl Default for Running {
    fn default() -> Self {
        Self::new()
    }
}
