//! Tasks that may move between workers after they have started: `spawn_migratable`.
//!
//! While one waits it lives at a home like any other task, and is woken there. Ready, it may be *offered*: its
//! home gives up the claim and puts it among the unstarted tasks, where the next claimer becomes its home. So
//! it is never in two hands, and the rest of the runtime need not know of such tasks. What they cost is paid by
//! them alone: suspended, their coroutines lie here, which makes each resumption a start.

#![allow(
    unsafe_code,
    reason = "suspended coroutines change threads, as spawn_migratable's caller has allowed"
)]

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::coroutine::Coroutine;
use crate::task::header::{Header, TaskRef};

/// The started migratable tasks of a runtime.
#[derive(Debug, Default)]
pub(crate) struct Migratables(Mutex<HashMap<usize, Started>>);

#[derive(Debug)]
struct Started {
    task: TaskRef,
    /// None while it runs.
    suspended: Option<Coroutine>,
}

// SAFETY: `TaskRef` is `Send`; that the coroutine may be resumed by another thread is what the caller of
// `spawn_migratable` has promised, and only coroutines of such tasks are kept here.
unsafe impl Send for Started {}

impl Migratables {
    /// Notes a task that has just started, and runs.
    pub(crate) fn enter(&self, task: &Header) {
        self.lock().insert(key(task), Started { task: task.to_ref(), suspended: None });
    }

    /// Takes the coroutine of a suspended task; `None` if the task has not started.
    pub(crate) fn take(&self, task: &Header) -> Option<Coroutine> {
        self.lock().get_mut(&key(task))?.suspended.take()
    }

    /// Keeps the coroutine of a task that has suspended.
    pub(crate) fn keep(&self, task: &Header, coroutine: Coroutine) {
        if let Some(started) = self.lock().get_mut(&key(task)) {
            started.suspended = Some(coroutine);
        }
    }

    /// Forgets a task that has ended; true if it was the last.
    pub(crate) fn leave(&self, task: &Header) -> bool {
        let mut tasks = self.lock();
        let ended = tasks.remove(&key(task));
        let was_last = tasks.is_empty();
        drop(tasks);
        drop(ended);
        was_last
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// All tasks, to be told something.
    pub(crate) fn all(&self) -> Vec<TaskRef> {
        self.lock().values().map(|started| started.task.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<usize, Started>> {
        // A panic while the lock is held can only come from the allocator; the map is whole all the same.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A task's address, while it is kept by the map.
fn key(task: &Header) -> usize {
    core::ptr::from_ref(task).addr()
}
