//! Guards that are counted, or do something, when they are dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use moonfleet::{JoinHandle, Runtime};

/// Counts how often it is dropped.
#[derive(Clone, Default)]
pub(crate) struct Drops(pub(crate) Arc<AtomicUsize>);

pub(crate) struct Guard(pub(crate) Drops);

impl Drops {
    pub(crate) fn guard(&self) -> Guard {
        Guard(self.clone())
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Does what it was told when it is dropped.
pub(crate) struct OnDrop<F: FnMut()>(pub(crate) F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Starts `body` on worker 0 and returns when it has suspended, with a guard on its stack.
pub(crate) fn park_with_guard<T: Send + 'static>(
    runtime: &Runtime,
    drops: &Drops,
    body: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    let guard = drops.guard();
    let task = runtime.spawn_on(0, move || {
        let _guard = guard;
        body()
    });
    // Queued behind it on the same worker: when this has run, the task has suspended.
    runtime.spawn_on(0, || ()).join().unwrap();
    task
}
