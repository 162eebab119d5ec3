//! Counters that one worker writes and anybody reads: plain loads and stores, no read-modify-write.

use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

use super::running::Running;

/// One counter with one writer.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Adds `n`. Only the owner calls this.
    #[inline]
    pub(crate) fn add(&self, n: u64) {
        // ORDER: Relaxed both; there is one writer, and readers want a recent figure, not an ordering.
        self.0.store(self.0.load(Ordering::Relaxed) + n, Ordering::Relaxed);
    }

    /// A recent figure.
    pub(crate) fn get(&self) -> u64 {
        // ORDER: Relaxed; see `add`.
        self.0.load(Ordering::Relaxed)
    }
}

/// What one worker counts.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) spawned: Counter,
    pub(crate) started: Counter,
    pub(crate) finished: Counter,
    pub(crate) stolen: Counter,
    pub(crate) wakes_local: Counter,
    pub(crate) wakes_remote: Counter,
    pub(crate) parks: Counter,
    /// Turns that were longer than the monitor's threshold. Its thread counts them, not the worker.
    pub(crate) hogs: Counter,
    /// The running task.
    pub(crate) running: Running,
    pub(crate) thread: ThreadId,
}

/// The worker's OS thread, as the kernel numbers it; zero before it runs.
#[derive(Debug, Default)]
pub(crate) struct ThreadId(AtomicI32);

impl ThreadId {
    /// This thread is the worker's.
    pub(crate) fn set_to_this_thread(&self) {
        // ORDER: Relaxed; a number to pass on, it guards nothing.
        self.0.store(rustix::thread::gettid().as_raw_nonzero().get(), Ordering::Relaxed);
    }

    /// The number, once the worker runs.
    pub(crate) fn get(&self) -> i32 {
        // ORDER: Relaxed; see `set_to_this_thread`.
        self.0.load(Ordering::Relaxed)
    }
}
