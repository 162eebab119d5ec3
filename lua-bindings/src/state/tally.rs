//! [`Tally`]: how many tasks a state has, and how many of them wait for each other, for other threads to see.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::state::Wait;

/// The figures of one state. Its worker writes them, by plain loads and stores.
#[derive(Debug)]
pub(crate) struct Tally {
    worker: usize,
    /// Tasks that have not ended, the main one included.
    tasks: AtomicUsize,
    /// Those that nothing but another task can wake.
    inside: AtomicUsize,
}

// ORDER: Relaxed everywhere; there is one writer, and a reader that wants more than a glimpse looks when the worker
// sleeps: `moonfleet::Stillness` makes visible what came before.
impl Tally {
    /// The figures of a state with nothing but its main task.
    pub(super) fn new(worker: usize) -> Self {
        Self { worker, tasks: AtomicUsize::new(1), inside: AtomicUsize::new(0) }
    }

    pub(super) fn worker(&self) -> usize {
        self.worker
    }

    /// Whether every task waits for another one.
    pub(super) fn is_stuck(&self) -> bool {
        self.tasks.load(Ordering::Relaxed) == self.inside.load(Ordering::Relaxed)
    }

    pub(super) fn has_tasks(&self) -> bool {
        self.tasks.load(Ordering::Relaxed) > 0
    }

    #[inline]
    pub(super) fn add_task(&self) {
        self.tasks.store(self.tasks.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn remove_task(&self) {
        self.tasks.store(self.tasks.load(Ordering::Relaxed) - 1, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn begin_wait(&self, wait: Wait) {
        self.inside
            .store(self.inside.load(Ordering::Relaxed) + usize::from(wait.is_inside()), Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn end_wait(&self, wait: Wait) {
        self.inside
            .store(self.inside.load(Ordering::Relaxed) - usize::from(wait.is_inside()), Ordering::Relaxed);
    }
}
