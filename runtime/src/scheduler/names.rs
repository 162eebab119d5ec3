//! The names of the named tasks that exist, for reports from other threads than their own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Names by task id. Unnamed tasks, the common case, never come here.
#[derive(Debug, Default)]
pub(crate) struct Names(Mutex<HashMap<u64, Arc<str>>>);

impl Names {
    /// Notes a named task.
    pub(crate) fn note(&self, id: u64, name: &Arc<str>) {
        self.lock().insert(id, Arc::clone(name));
    }

    /// Forgets a task that has ended.
    pub(crate) fn forget(&self, id: u64) {
        self.lock().remove(&id);
    }

    /// The task as users know it: `task 'name' (7)` or `task 7`.
    pub(crate) fn describe(&self, id: u64) -> String {
        match self.lock().get(&id) {
            Some(name) => format!("task '{name}' ({id})"),
            None => format!("task {id}"),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Arc<str>>> {
        // A panic while the lock is held can only come from the allocator; the map is whole all the same.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
