//! A runtime: worker threads that run tasks, from start to shutdown. There may be several in a process.

#![allow(unsafe_code, reason = "block_on lends the caller's borrows to a task; installs the signal handler")]

use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use crate::config;
use crate::context;
use crate::join::JoinHandle;
use crate::metrics::Metrics;
use crate::monitor::{self, Requests};
use crate::reactor;
use crate::scheduler::deques::Deques;
use crate::scheduler::rounds::Rounds;
use crate::scheduler::shared::{Settings, Shared};
use crate::scheduler::worker::{self, Worker};
use crate::select::deadline_after;
use crate::shutdown::{ShutdownReport, StuckWorker};
use crate::spawn::{SpawnError, TaskBuilder};
use crate::stack::{self, AltStack, StackUsage, UsageTable};
use crate::suspend::{masked, resume, watch_panics};
use crate::sys::poller::be_punctual;
use crate::task::error::JoinError;

/// Worker threads and the tasks they run. Dropped, it shuts down as [`Runtime::shutdown`] with five seconds.
///
/// # Examples
/// ```
/// use moonfleet::Runtime;
///
/// let runtime = Runtime::builder().workers(2).build().unwrap();
/// let total = runtime.block_on(|| {
///     let (tx, rx) = moonfleet::channel::bounded(4);
///     for n in 0..10 {
///         let tx = tx.clone();
///         moonfleet::spawn(move || tx.send(n).unwrap());
///     }
///     drop(tx);
///     rx.iter().sum::<i32>()
/// });
/// assert_eq!(total, 45);
/// ```
pub struct Runtime {
    shared: Arc<Shared>,
    /// One message per worker that has ended; closed when all have.
    ended: Receiver<usize>,
    /// The thread that watches the workers, if one was asked for.
    monitor: Option<Thread>,
    shut_down: bool,
}

/// Spawns into a runtime from anywhere; cheap to clone, and never keeps the runtime alive.
///
/// # Examples
/// ```
/// let runtime = moonfleet::Runtime::builder().workers(1).build().unwrap();
/// let handle = runtime.handle();
/// let task = std::thread::spawn(move || handle.spawn(|| 5)).join().unwrap();
/// assert_eq!(task.join().unwrap(), 5);
/// ```
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

impl Runtime {
    pub(crate) fn start(settings: Settings, requests: Requests) -> io::Result<Self> {
        // SAFETY: `overflowing` reads a constant-initialised thread-local and plain fields of the current
        // task, whose name lives as long as the task: async-signal-safe, and it cannot panic.
        unsafe { stack::install(context::overflowing) };
        watch_panics();
        let deques: Vec<_> = (0..settings.workers).map(|_| Deques::new()).collect();
        let stealers = deques.iter().map(Deques::stealers).collect();
        let shared = Arc::new(Shared::new(settings, stealers)?);
        let (ending, ended) = unbounded();
        let mut runtime = Self { shared, ended, monitor: None, shut_down: false };
        // If a thread is refused, dropping `runtime` ends those that have started.
        for (index, deques) in deques.into_iter().enumerate() {
            let shared = Arc::clone(&runtime.shared);
            let name = format!("{}-{index}", shared.settings.thread_name);
            let ending = ending.clone();
            thread::Builder::new().name(name).spawn(move || {
                run_worker(Worker::new(index, deques, shared), ending);
            })?;
        }
        runtime.monitor = monitor::start(&runtime.shared, requests)?;
        Ok(runtime)
    }

    /// Runs `body` as a task of this runtime, and waits for it. It may borrow from the caller.
    ///
    /// **Shape** `FnOnce() → T` to `T`
    /// # Suspends
    /// Until `body` has ended; in a task of another runtime, suspends that task.
    /// # Panics
    /// If `body` panics, with its payload; if the task cannot be spawned or gets no stack.
    ///
    /// # Examples
    /// ```
    /// let runtime = moonfleet::Runtime::builder().workers(1).build().unwrap();
    /// let mut log = Vec::new();
    /// runtime.block_on(|| log.push("aboard"));
    /// assert_eq!(log, ["aboard"]);
    /// ```
    pub fn block_on<F, T>(&self, body: F) -> T
    where
        F: FnOnce() -> T + Send,
        T: Send,
    {
        // SAFETY: the masked wait below does not leave this frame before the task has ended.
        let spawned = unsafe { TaskBuilder::new().spawn_borrowing(&self.shared, None, body) };
        let handle = spawned.unwrap_or_else(|error| panic!("{error}"));
        // Masked, because the task may hold borrows of this frame.
        let outcome = masked(|| handle.wait(None)).expect("a masked wait without a deadline has an outcome");
        outcome.unwrap_or_else(|error| match error {
            JoinError::Panicked(panic) => resume(panic.into_payload()),
            error => panic!("{error}"),
        })
    }

    /// Spawns a task from anywhere; see [`spawn`](crate::spawn).
    ///
    /// # Panics
    /// If as many tasks exist as `max_tasks` allows.
    ///
    /// # Examples
    /// ```
    /// let runtime = moonfleet::Runtime::builder().workers(1).build().unwrap();
    /// assert_eq!(runtime.spawn(|| 3).join().unwrap(), 3);
    /// ```
    #[track_caller]
    pub fn spawn<F, T>(&self, body: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.handle().spawn(body)
    }

    /// Spawns a task on worker `worker`, from anywhere.
    ///
    /// # Panics
    /// If there is no such worker, or as many tasks exist as `max_tasks` allows.
    ///
    /// # Examples
    /// ```
    /// let runtime = moonfleet::Runtime::builder().workers(2).build().unwrap();
    /// let task = runtime.spawn_on(1, moonfleet::worker_index);
    /// assert_eq!(task.join().unwrap(), Some(1));
    /// ```
    #[track_caller]
    pub fn spawn_on<F, T>(&self, worker: usize, body: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let spawned = TaskBuilder::new().spawn_from_outside(&self.shared, Some(worker), body);
        spawned.unwrap_or_else(|error| panic!("{error}"))
    }

    /// A handle to spawn by from other places.
    ///
    /// # Examples
    /// ```
    /// let runtime = moonfleet::Runtime::builder().workers(1).build().unwrap();
    /// let handle = runtime.handle();
    /// drop(runtime);
    /// assert_eq!(handle.try_spawn(|| ()).unwrap_err(), moonfleet::SpawnError::ShutDown);
    /// ```
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle { shared: Arc::clone(&self.shared) }
    }

    /// How many workers there are.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(moonfleet::Runtime::builder().workers(2).build().unwrap().workers(), 2);
    /// ```
    #[must_use]
    pub fn workers(&self) -> usize {
        self.shared.settings.workers
    }

    /// What the workers have counted so far.
    ///
    /// # Examples
    /// ```
    /// let runtime = moonfleet::Runtime::builder().workers(1).build().unwrap();
    /// runtime.block_on(|| moonfleet::spawn(|| ()).join().unwrap());
    /// assert_eq!(runtime.metrics().total().spawned, 1);
    /// ```
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        Metrics::read(&self.shared)
    }

    /// How deep the tasks that have ended went into their stacks, by name, the deepest first; nothing without
    /// [`Builder::measure_stacks`](crate::Builder::measure_stacks).
    ///
    /// The first 4096 names have entries of their own; what comes after them counts as unnamed.
    ///
    /// # Examples
    /// ```
    /// let runtime = moonfleet::Runtime::builder().workers(1).measure_stacks(true).build().unwrap();
    /// runtime.block_on(|| ());
    /// for usage in runtime.stack_usage() {
    ///     println!("{usage}");
    /// }
    /// ```
    #[must_use]
    pub fn stack_usage(&self) -> Vec<StackUsage> {
        self.shared.stack_usage.as_ref().map(UsageTable::read).unwrap_or_default()
    }

    /// Gives the memory of idle stacks back to the kernel; see [`Handle::trim_stacks`].
    ///
    /// # Examples
    /// ```
    /// let runtime = moonfleet::Runtime::builder().workers(1).build().unwrap();
    /// runtime.block_on(|| (0..1000).for_each(|_| drop(moonfleet::spawn(|| ()))));
    /// runtime.trim_stacks();
    /// ```
    pub fn trim_stacks(&self) {
        self.shared.trim_stacks();
    }

    /// Ends the runtime: no task is spawned any more, suspended tasks are woken to unwind, tasks that have
    /// not started are dropped, and the call waits for all that up to `timeout`. A task that waits for a
    /// [`blocking`](crate::blocking()) closure ends after the closure.
    ///
    /// # Suspends
    /// Until every task has ended, or for `timeout`; no cancel or deadline of the caller cuts that short.
    /// # Panics
    /// In a task of the same runtime, which could not end while it waits for itself.
    ///
    /// # Examples
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// let runtime = moonfleet::Runtime::builder().workers(1).build().unwrap();
    /// let (tx, rx) = moonfleet::channel::rendezvous::<()>();
    /// let parked = runtime.spawn(move || rx.recv());
    /// let report = runtime.shutdown(Duration::from_secs(5));
    /// assert!(report.is_complete(), "{report}");
    /// assert!(matches!(parked.join(), Err(moonfleet::JoinError::Cancelled { .. })));
    /// # drop(tx);
    /// ```
    pub fn shutdown(mut self, timeout: Duration) -> ShutdownReport {
        self.end(timeout)
    }

    fn end(&mut self, timeout: Duration) -> ShutdownReport {
        assert!(
            !self.runs_here(),
            "a runtime was shut down or dropped by one of its own tasks; let another \
             thread, or the caller of `block_on`, own it"
        );
        self.shut_down = true;
        self.shared.gate.close();
        for home in self.shared.homes.iter() {
            home.stop();
        }
        let stuck = self.await_workers(deadline_after(timeout));
        // What still runs is not disturbed by this: its thread ends after it.
        self.shared.blocking.close();
        if let Some(thread) = self.monitor.take() {
            monitor::stop(&self.shared, &thread);
        }
        self.report(&stuck)
    }

    /// Waits until the workers have ended, or `deadline` has come: those that have not ended.
    fn await_workers(&self, deadline: Instant) -> Vec<usize> {
        let mut running: Vec<usize> = (0..self.workers()).collect();
        while !running.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            // Masked: `timeout` bounds it, and a cancel of the caller must not leave the workers to themselves.
            match masked(|| self.ended.recv_timeout(left)) {
                Ok(index) => running.retain(|&other| other != index),
                // Closed: workers that never started have nothing to end.
                Err(RecvTimeoutError::Closed) => running.clear(),
                Err(RecvTimeoutError::Timeout) => break,
            }
        }
        running
    }

    fn report(&self, workers: &[usize]) -> ShutdownReport {
        let describe = |&worker: &usize| StuckWorker {
            worker,
            task: self.shared.counters[worker].running.get().map(|id| self.shared.names.describe(id)),
        };
        let pool = self.shared.blocking.census();
        ShutdownReport::new(workers.iter().map(describe).collect(), pool.threads - pool.idle + pool.queued)
    }

    /// Whether the calling thread is one of this runtime's workers.
    fn runs_here(&self) -> bool {
        worker::current().is_some_and(|worker| Arc::ptr_eq(&worker.shared, &self.shared))
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // A second panic, in a task that unwinds with its own runtime in its hands, would abort.
        let must_not_panic = thread::panicking() && self.runs_here();
        if !self.shut_down && !must_not_panic {
            let _report = self.end(Duration::from_secs(config::SHUTDOWN_SECONDS));
        }
    }
}

impl Handle {
    /// Spawns a task from anywhere; see [`spawn`](crate::spawn).
    ///
    /// # Panics
    /// If the runtime is shut down, or as many tasks exist as `max_tasks` allows.
    ///
    /// # Examples
    /// ```
    /// let runtime = moonfleet::Runtime::builder().workers(1).build().unwrap();
    /// assert_eq!(runtime.handle().spawn(|| 1).join().unwrap(), 1);
    /// ```
    #[track_caller]
    pub fn spawn<F, T>(&self, body: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.try_spawn(body).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Spawns a task from anywhere, if the runtime takes it.
    ///
    /// # Errors
    /// [`SpawnError`]: shut down, or too many tasks.
    ///
    /// # Examples
    /// ```
    /// let runtime = moonfleet::Runtime::builder().workers(1).build().unwrap();
    /// assert!(runtime.handle().try_spawn(|| 1).is_ok());
    /// ```
    pub fn try_spawn<F, T>(&self, body: F) -> Result<JoinHandle<T>, SpawnError>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        TaskBuilder::new().spawn_from_outside(&self.shared, None, body)
    }

    /// Gives the memory of idle stacks back to the kernel: after a burst of tasks whose like will not come soon.
    ///
    /// A runtime keeps the stacks of ended tasks for the next ones, with what memory they have: at most 4096 of
    /// them, 1 GiB together, and 256 for each worker. The stacks stay, the memory goes: at once where they are
    /// nobody's, and where a worker has them when it next looks, which a sleeping one is woken for.
    ///
    /// # Examples
    /// ```
    /// let runtime = moonfleet::Runtime::builder().workers(1).build().unwrap();
    /// let handle = runtime.handle();
    /// runtime.block_on(move || handle.trim_stacks());
    /// ```
    pub fn trim_stacks(&self) {
        self.shared.trim_stacks();
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").field("workers", &self.workers()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("workers", &self.shared.settings.workers).finish_non_exhaustive()
    }
}

/// The whole life of a worker's thread.
fn run_worker(worker: Worker, ending: Sender<usize>) {
    // A bug that unwinds out of the loop would leave started tasks without their thread.
    let abort = AbortOnUnwind;
    be_punctual();
    // Refused, an overflow is still caught by the guard, only not explained.
    let alt_stack = AltStack::install();
    let entered = worker.enter();
    Rounds::new(&worker).run();
    reactor::slot::abandon(worker.local.home().poller());
    drop(entered);
    drop(alt_stack);
    let index = worker.index();
    drop(worker);
    let _ = ending.send(index);
    std::mem::forget(abort);
}

struct AbortOnUnwind;

impl Drop for AbortOnUnwind {
    fn drop(&mut self) {
        std::process::abort();
    }
}
