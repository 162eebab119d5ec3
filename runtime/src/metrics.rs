//! What the workers and the blocking pool count: a snapshot anybody may take.

use crate::scheduler::shared::Shared;

/// A snapshot of every worker's counters. Figures of one worker are exact, and a few instructions old.
///
/// # Examples
/// ```
/// let runtime = moonfleet::Runtime::builder().workers(2).build().unwrap();
/// runtime.block_on(|| moonfleet::spawn(|| ()).join().unwrap());
/// let metrics = runtime.metrics();
/// assert_eq!(metrics.workers().len(), 2);
/// assert_eq!(metrics.total().started, 2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metrics {
    workers: Vec<WorkerMetrics>,
    blocking: BlockingMetrics,
}

/// What one worker has counted since its runtime was built.
///
/// # Examples
/// ```
/// let runtime = moonfleet::Runtime::builder().workers(1).build().unwrap();
/// runtime.block_on(|| (0..5).for_each(|_| moonfleet::yield_now()));
/// assert_eq!(runtime.metrics().workers()[0].started, 1);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WorkerMetrics {
    /// Tasks spawned by tasks of this worker.
    pub spawned: u64,
    /// Tasks started here.
    pub started: u64,
    /// Tasks that have ended here.
    pub finished: u64,
    /// Unstarted tasks taken from other workers or from the injector while this one was idle.
    pub stolen: u64,
    /// Wakes of tasks of this worker by code of this worker.
    pub wakes_local: u64,
    /// Wakes of other workers' tasks by code of this worker.
    pub wakes_remote: u64,
    /// Times the worker went to sleep.
    pub parks: u64,
    /// Turns of tasks that lasted longer than the threshold of [`Builder::monitor`](crate::Builder::monitor), the
    /// lowest of them; zero without a monitor.
    pub hogs: u64,
}

/// What the threads for [`blocking`](crate::blocking()) closures are at.
///
/// # Examples
/// ```
/// let runtime = moonfleet::Runtime::builder().workers(1).build().unwrap();
/// let before = runtime.metrics().blocking();
/// runtime.block_on(|| moonfleet::blocking(|| ()));
/// let after = runtime.metrics().blocking();
/// assert_eq!((before.threads, after.threads), (0, 1));
/// assert_eq!((before.closures, after.closures), (0, 1));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BlockingMetrics {
    /// Threads there are.
    pub threads: usize,
    /// Threads of those that have nothing to do.
    pub idle: usize,
    /// Closures that wait for a thread.
    pub queued: usize,
    /// Closures that came so far.
    pub closures: u64,
}

impl Metrics {
    pub(crate) fn read(shared: &Shared) -> Self {
        let read = shared.counters.iter().map(|counters| WorkerMetrics {
            spawned: counters.spawned.get(),
            started: counters.started.get(),
            finished: counters.finished.get(),
            stolen: counters.stolen.get(),
            wakes_local: counters.wakes_local.get(),
            wakes_remote: counters.wakes_remote.get(),
            parks: counters.parks.get(),
            hogs: counters.hogs.get(),
        });
        let census = shared.blocking.census();
        let blocking = BlockingMetrics {
            threads: census.threads,
            idle: census.idle,
            queued: census.queued,
            closures: census.jobs,
        };
        Self { workers: read.collect(), blocking }
    }

    /// Each worker's figures, by its number.
    ///
    /// # Examples
    /// ```
    /// let runtime = moonfleet::Runtime::builder().workers(3).build().unwrap();
    /// assert_eq!(runtime.metrics().workers().len(), 3);
    /// ```
    #[must_use]
    pub fn workers(&self) -> &[WorkerMetrics] {
        &self.workers
    }

    /// The threads for closures that block.
    ///
    /// # Examples
    /// ```
    /// let runtime = moonfleet::Runtime::builder().workers(1).build().unwrap();
    /// assert_eq!(runtime.metrics().blocking().threads, 0);
    /// ```
    #[must_use]
    pub fn blocking(&self) -> BlockingMetrics {
        self.blocking
    }

    /// The sums over all workers.
    ///
    /// # Examples
    /// ```
    /// let runtime = moonfleet::Runtime::builder().workers(2).build().unwrap();
    /// runtime.block_on(|| ());
    /// assert_eq!(runtime.metrics().total().started, 1);
    /// ```
    #[must_use]
    pub fn total(&self) -> WorkerMetrics {
        self.workers.iter().fold(WorkerMetrics::default(), |sum, worker| WorkerMetrics {
            spawned: sum.spawned + worker.spawned,
            started: sum.started + worker.started,
            finished: sum.finished + worker.finished,
            stolen: sum.stolen + worker.stolen,
            wakes_local: sum.wakes_local + worker.wakes_local,
            wakes_remote: sum.wakes_remote + worker.wakes_remote,
            parks: sum.parks + worker.parks,
            hogs: sum.hogs + worker.hogs,
        })
    }
}
