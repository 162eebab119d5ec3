//! A worker as its tasks see it: where they spawn. One per OS thread of a runtime.

#![allow(unsafe_code, reason = "keeps the current worker in a thread-local raw pointer")]

use std::cell::Cell;
use std::ops::Range;
use std::ptr;
use std::sync::Arc;

use super::deques::Deques;
use super::fork::Forked;
use super::shared::Shared;
use crate::context::{self, local::Local};
use crate::task::cell;
use crate::task::header::{Birth, Info, Migration, TaskRef};
use crate::task::limits::Limits;
use crate::wait::waiter::Urgency;

/// Task ids a worker reserves at once.
const ID_BLOCK: u64 = 256;

/// Room for about that many tasks, in bytes: see [`make_room`]. Below the sizes at which allocators map, or give
/// back, memory at once.
const ROOM_BYTES: usize = 120 << 10;

thread_local! {
    /// INVARIANT(worker-lives): null, or the worker that runs this thread; set by [`Worker::enter`] for as
    /// long as the guard lives.
    static WORKER: Cell<*const Worker> = const { Cell::new(ptr::null()) };
}

/// A worker, but for what only its loop uses.
#[derive(Debug)]
pub(crate) struct Worker {
    index: usize,
    pub(crate) local: Local,
    pub(crate) deques: Deques,
    pub(crate) shared: Arc<Shared>,
    ids: Cell<(u64, u64)>,
}

/// The worker of this thread, if it is one. Its tasks may keep the reference: it outlives them.
///
/// Never inlined, so that no task that has changed its worker goes on with the address it had before.
#[inline(never)]
pub(crate) fn current<'a>() -> Option<&'a Worker> {
    // SAFETY: worker-lives — code on this thread runs inside the worker's loop, within the guard.
    unsafe { WORKER.get().as_ref() }
}

/// Has the allocator grow this thread's heap once for many tasks to come, if it must grow at all. glibc's grows a
/// thread's heap by what is asked for, a page at a time, and each step takes the lock of the address space.
fn make_room() {
    drop(core::hint::black_box(Vec::<u8>::with_capacity(ROOM_BYTES)));
}

/// This thread is a worker while this value lives.
#[derive(Debug)]
pub(crate) struct Entered<'a> {
    _local: context::Entered<'a>,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        WORKER.set(ptr::null());
    }
}

impl Worker {
    /// Worker `index` of a runtime, with its queue of unstarted tasks.
    pub(crate) fn new(index: usize, deques: Deques, shared: Arc<Shared>) -> Self {
        let counters = Arc::clone(&shared.counters[index]);
        let local = Local::new(shared.homes[index], counters);
        Self { index, local, deques, shared, ids: Cell::new((0, 0)) }
    }

    /// Makes this thread the worker.
    pub(crate) fn enter(&self) -> Entered<'_> {
        WORKER.set(self);
        self.local.counters().thread.set_to_this_thread();
        Entered { _local: context::enter(&self.local) }
    }

    /// The worker's number.
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    /// A task id.
    #[inline]
    pub(crate) fn next_id(&self) -> u64 {
        let Range { start, end } = {
            let (start, end) = self.ids.get();
            start..end
        };
        let (id, end) = if start < end { (start, end) } else { self.reserve_ids() };
        self.ids.set((id + 1, end));
        id
    }

    #[cold]
    fn reserve_ids(&self) -> (u64, u64) {
        make_room();
        let first = self.shared.reserve_ids(ID_BLOCK);
        (first, first + ID_BLOCK)
    }

    /// Queues an unstarted task that any worker may start.
    #[inline]
    pub(crate) fn queue_fresh(&self, task: TaskRef) {
        self.local.counters().spawned.add(1);
        self.deques.fresh.push(task);
        self.shared.task_published();
    }

    /// Offers a fork to whichever worker is free.
    #[inline]
    pub(crate) fn queue_fork(&self, forked: Forked) {
        self.deques.forks.push(forked);
        self.shared.task_published();
    }

    /// Makes a taken fork a task, and queues it. Thieves of thieves may take it as any other.
    pub(crate) fn adopt(&self, forked: Forked) {
        self.shared.admit_beyond_limit();
        let stack_class = self.shared.settings.stack_class;
        let info = Info { id: self.next_id(), parent: None, name: None, stack_class };
        let limits = Limits::new(forked.is_cancellable());
        let birth = Birth { info, limits, migration: Migration::Never };
        // SAFETY: a `Forked` may be run anywhere; `wake_task` is for waiters in task headers.
        let (queued, joinable) = unsafe { cell::allocate(birth, context::wake_task, move || forked.run()) };
        // Who forked waits for the fork itself: nobody joins its task.
        joinable.detach();
        self.local.counters().spawned.add(1);
        self.deques.fresh.push(queued);
    }

    /// Queues an unstarted task that this worker will start, after those that are ready now.
    #[inline]
    pub(crate) fn queue_pinned(&self, task: TaskRef) {
        self.local.counters().spawned.add(1);
        let first = task.claim(self.local.home());
        debug_assert!(first, "nobody else has seen the task");
        self.local.push(task.into_raw());
    }

    /// Starts `task` next, here, if nobody has started it: for a task that is about to wait for it.
    #[inline]
    pub(crate) fn start_next(&self, task: &TaskRef) {
        if task.claim(self.local.home()) {
            // The queue it lies in keeps its own reference, and lets go of it when it finds it claimed.
            let task = TaskRef::clone(task);
            self.local.wake(task.into_raw(), Urgency::Next);
        }
    }
}
