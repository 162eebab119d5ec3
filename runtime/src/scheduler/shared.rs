//! What the workers of one runtime share.
//!
//! No model: the ids and counts publish nothing; what is protocol here is in the files it names.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crossbeam_deque::Injector;

use super::deques::Stealers;
use super::gate::Gate;
use super::idle::Idle;
use super::lookout::Lookout;
use super::migratables::Migratables;
use super::names::Names;
use crate::blocking::pool::Pool;
use crate::context::counters::Counters;
use crate::home::Home;
use crate::stack::{StackClass, StackPool, UsageTable};
use crate::task::header::{Info, TaskRef};

/// What a runtime is made with.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) workers: usize,
    pub(crate) stack_class: StackClass,
    pub(crate) max_tasks: Option<usize>,
    pub(crate) max_stacks: Option<usize>,
    pub(crate) blocking_threads: usize,
    pub(crate) measures_stacks: bool,
    /// Whether a monitor watches the workers.
    pub(crate) is_watched: bool,
    /// What the names of its threads begin with.
    pub(crate) thread_name: String,
}

/// One runtime, seen by all its workers and handles.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) homes: Homes,
    pub(crate) counters: Box<[Arc<Counters>]>,
    pub(crate) stealers: Box<[Stealers]>,
    /// Unstarted tasks from other threads: any worker takes them.
    pub(crate) injector: Injector<TaskRef>,
    pub(crate) idle: Idle,
    pub(crate) gate: Gate,
    pub(crate) stacks: Arc<StackPool>,
    /// How deep tasks went, if that is measured.
    pub(crate) stack_usage: Option<UsageTable>,
    /// How often somebody asked for the memory of idle stacks.
    stack_trims: AtomicUsize,
    /// Threads for closures that block.
    pub(crate) blocking: Arc<Pool>,
    pub(crate) names: Names,
    pub(crate) migratables: Migratables,
    /// Where the workers tell the monitor that they sleep or wake, if there is one.
    pub(crate) lookout: Option<Lookout>,
    /// Tasks that exist, if their number is limited.
    alive: Option<AtomicUsize>,
    next_id: AtomicU64,
}

/// The homes of a runtime's workers.
#[derive(Debug)]
pub(crate) struct Homes(Vec<&'static Home>);

impl Homes {
    fn occupy(count: usize) -> io::Result<Self> {
        let mut homes = Self(Vec::with_capacity(count));
        for _ in 0..count {
            homes.0.push(Home::occupy()?);
        }
        Ok(homes)
    }
}

impl core::ops::Deref for Homes {
    type Target = [&'static Home];

    #[inline]
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Drop for Homes {
    fn drop(&mut self) {
        // Every worker has ended: each of them keeps the runtime's shared part, and so this.
        self.0.drain(..).for_each(Home::vacate);
    }
}

impl Shared {
    /// The shared part of a runtime whose workers have these queues.
    pub(crate) fn new(settings: Settings, stealers: Box<[Stealers]>) -> io::Result<Self> {
        Ok(Self {
            homes: Homes::occupy(settings.workers)?,
            counters: (0..settings.workers).map(|_| Arc::default()).collect(),
            stealers,
            injector: Injector::new(),
            idle: Idle::new(settings.workers),
            gate: Gate::new(),
            stacks: StackPool::new(settings.max_stacks),
            stack_usage: settings.measures_stacks.then(UsageTable::default),
            stack_trims: AtomicUsize::new(0),
            blocking: Pool::new(settings.blocking_threads, &settings.thread_name),
            names: Names::default(),
            migratables: Migratables::default(),
            lookout: settings.is_watched.then(|| Lookout::new(settings.workers)),
            alive: settings.max_tasks.map(|_| AtomicUsize::new(0)),
            next_id: AtomicU64::new(1),
            settings,
        })
    }

    /// A block of `count` fresh task ids; the first of them.
    pub(crate) fn reserve_ids(&self, count: u64) -> u64 {
        // ORDER: Relaxed; ids must differ, nothing more.
        self.next_id.fetch_add(count, Ordering::Relaxed)
    }

    /// Counts one more task in; `Err` with the limit if it is reached.
    pub(crate) fn admit(&self) -> Result<(), usize> {
        let (Some(alive), Some(limit)) = (&self.alive, self.settings.max_tasks) else { return Ok(()) };
        // ORDER: Relaxed; the count bounds memory, it orders nothing.
        let admitted =
            alive.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| (n < limit).then_some(n + 1));
        admitted.map(drop).map_err(|_| limit)
    }

    /// Counts a task in that cannot be refused any more.
    pub(crate) fn admit_beyond_limit(&self) {
        if let Some(alive) = &self.alive {
            // ORDER: Relaxed; as in `admit`.
            alive.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a task out, and forgets its name.
    pub(crate) fn discharge(&self, info: &Info) {
        if info.name.is_some() {
            self.names.forget(info.id);
        }
        if let Some(alive) = &self.alive {
            // ORDER: Relaxed; as in `admit`.
            alive.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Gives the memory of idle stacks back to the kernel: of the pool's now, of the workers' when they look.
    pub(crate) fn trim_stacks(&self) {
        self.stacks.trim();
        // ORDER: Relaxed; each notice below publishes it to its worker.
        self.stack_trims.fetch_add(1, Ordering::Relaxed);
        self.homes.iter().for_each(|home| home.notify());
    }

    /// How often [`Shared::trim_stacks`] was called: a worker that finds another figure than before is to trim.
    pub(crate) fn stack_trims(&self) -> usize {
        // ORDER: Relaxed; see `trim_stacks`.
        self.stack_trims.load(Ordering::Relaxed)
    }

    /// Tells an idle worker, if any, and if none is looking around already, that an unstarted task waits.
    #[inline]
    pub(crate) fn task_published(&self) {
        if let Some(index) = self.idle.claim_sleeper() {
            self.homes[index].notify();
        }
    }

    /// Whether an unstarted task lies in any queue that every worker may take from.
    pub(crate) fn has_stealable(&self) -> bool {
        !self.injector.is_empty() || self.stealers.iter().any(Stealers::has_any)
    }
}
