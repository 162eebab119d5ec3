//! Who unwinds: the standard library counts unwinds by thread, and a worker's thread is shared by its tasks.
//!
//! As a rule no task waits in a destructor while it unwinds, and then `thread::panicking` speaks of the task that
//! runs. But if one does, it says so to all its neighbours. That time is a *storm*: from the first such wait until
//! nobody is in one. In a storm a task unwinds if it is known to: by the wait, by an unwind of our own, or by the
//! panic hook. When it stops is not always seen, so what is known counts for one storm only; and if the thread
//! turns out not to be panicking at all, the storm was a false alarm, and is over.

use core::cell::Cell;

use crate::task::header::Header;

/// A worker's weather.
#[derive(Debug)]
pub(crate) struct Storm {
    /// The number of this storm, or of the last one.
    number: Cell<u16>,
    /// Tasks that wait in a destructor while they unwind: it is a storm if there are any.
    waiting: Cell<u32>,
}

impl Storm {
    /// Calm.
    pub(super) fn new() -> Self {
        Self { number: Cell::new(0), waiting: Cell::new(0) }
    }

    /// Whether there is one: then `thread::panicking` says nothing about the task that runs.
    #[inline]
    pub(crate) fn rages(&self) -> bool {
        self.waiting.get() != 0
    }

    /// The task that runs begins to unwind.
    pub(crate) fn note_unwind(&self, task: &Header) {
        task.unwinds.set(self.number.get());
    }

    /// The task that runs does not unwind.
    pub(crate) fn note_calm(&self, task: &Header) {
        task.unwinds.set(0);
    }

    /// Whether `task`, which runs on a thread that is panicking, unwinds itself, as far as we know.
    pub(crate) fn unwinds(&self, task: &Header) -> bool {
        !self.rages() || task.unwinds.get() == self.number.get()
    }

    /// Whether `task`, which is suspended, waits in a destructor while it unwinds.
    pub(crate) fn waits_in_unwind(&self, task: &Header) -> bool {
        self.rages() && task.waits_in_unwind.get() == self.number.get()
    }

    /// A task suspends on a thread that is panicking. If no other does, it is the task that unwinds.
    #[cold]
    pub(crate) fn begin_wait(&self, task: &Header) {
        if !self.rages() {
            // Zero is no storm.
            self.number.set(self.number.get().wrapping_add(1).max(1));
            self.note_unwind(task);
        }
        if self.unwinds(task) {
            task.waits_in_unwind.set(self.number.get());
            self.waiting.set(self.waiting.get() + 1);
        }
    }

    /// A task goes on, in a storm.
    #[cold]
    pub(crate) fn end_wait(&self, task: &Header) {
        if task.waits_in_unwind.replace(0) == self.number.get() {
            self.waiting.set(self.waiting.get() - 1);
        }
    }

    /// The thread is not panicking, so nobody waits in an unwind.
    pub(super) fn end(&self) {
        self.waiting.set(0);
    }
}
