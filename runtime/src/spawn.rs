//! Spawning: how a closure becomes a task, on this worker, on another, or on whichever is free.

#![allow(unsafe_code, reason = "states which closures may be started where")]

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::num::NonZeroU64;
use std::ptr;
use std::sync::Arc;

use crate::context;
use crate::join::JoinHandle;
use crate::scheduler::shared::Shared;
use crate::scheduler::worker::{self, Worker};
use crate::stack::{StackClass, StackSizeError};
use crate::suspend;
use crate::task::cell;
use crate::task::header::{Birth, Info, Migration};
use crate::task::limits::Limits;

/// Spawns a task. Any worker may start it; the one that does keeps it until it ends.
///
/// **Shape** `FnOnce() → T` to `JoinHandle<T>`; the task has the runtime's default stack and no name.
/// # Panics
/// Outside a task; if the runtime is shutting down; if its `max_tasks` exist. [`TaskBuilder::spawn`] tells
/// the last two as errors, and [`Handle::spawn`](crate::Handle::spawn) works from anywhere.
///
/// # Examples
/// ```
/// let sum: u32 = moonfleet::run(|| {
///     let tasks: Vec<_> = (1..=4).map(|n| moonfleet::spawn(move || n * n)).collect();
///     tasks.into_iter().map(|task| task.join().unwrap()).sum()
/// });
/// assert_eq!(sum, 30);
/// ```
#[track_caller]
pub fn spawn<F, T>(body: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    or_panic(TaskBuilder::new().spawn(body))
}

/// Spawns a task on this worker: it may hold what must not cross threads.
///
/// The tasks so spawned start in order, when the spawner suspends; spawning never switches.
///
/// **Shape** `FnOnce() → T` to `JoinHandle<T>`
/// # Panics
/// As [`spawn`].
///
/// # Examples
/// ```
/// use std::cell::Cell;
/// use std::rc::Rc;
///
/// moonfleet::run(|| {
///     let count = Rc::new(Cell::new(0));
///     let theirs = Rc::clone(&count);
///     moonfleet::spawn_local(move || theirs.set(theirs.get() + 1)).join().unwrap();
///     assert_eq!(count.get(), 1);
/// });
/// ```
#[track_caller]
pub fn spawn_local<F, T>(body: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + 'static,
    T: 'static,
{
    or_panic(TaskBuilder::new().spawn_local(body))
}

/// Spawns a task on worker `worker` of this runtime.
///
/// **Shape** `(usize, FnOnce() → T)` to `JoinHandle<T>`
/// # Panics
/// As [`spawn`], and if there is no such worker.
///
/// # Examples
/// ```
/// moonfleet::run(|| {
///     let last = moonfleet::worker_count() - 1;
///     let there = moonfleet::spawn_on(last, moonfleet::worker_index);
///     assert_eq!(there.join().unwrap(), Some(last));
/// });
/// ```
#[track_caller]
pub fn spawn_on<F, T>(worker: usize, body: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    or_panic(TaskBuilder::new().spawn_on(worker, body))
}

/// Spawns a task that other workers may take over even after it has started, whenever it is ready, its worker
/// has other work, and they have none. For programs with few, long-lived tasks that compute a lot.
///
/// A wait with a deadline, and a wait in a destructor while the task unwinds, brings it back to where it began.
/// Never faster than [`spawn`] otherwise: each resumption takes a lock.
///
/// **Shape** `FnOnce() → T` to `JoinHandle<T>`
/// # Panics
/// As [`spawn`].
/// # Safety
/// The compiler takes it for granted that a function runs on one thread; this task breaks that. So, at every
/// point where `body` may suspend, in all code that it calls:
/// - every value alive on its stack is `Send`, whatever its type says: no `Rc`, no guard of a std lock, no
///   reference into a `thread_local!`;
/// - what its task-locals hold is `Send`;
/// - no function that uses a `thread_local!` before *and* after a suspension is inlined around it: the address
///   of the first use may be used again. `std::thread::current`, thread-local random numbers, allocation of
///   libraries with thread caches and the like must stay behind calls that are not inlined (std's are);
/// - [`neighbour`](crate::neighbour) is not used.
///
/// # Examples
/// ```
/// let sum = moonfleet::run(|| {
///     // SAFETY: nothing but a number is alive over the suspension.
///     let task = unsafe {
///         moonfleet::spawn_migratable(|| {
///             let mut sum = 0_u64;
///             for n in 0..1_000 {
///                 sum += n;
///                 moonfleet::yield_now();
///             }
///             sum
///         })
///     };
///     task.join().unwrap()
/// });
/// assert_eq!(sum, 499_500);
/// ```
#[track_caller]
pub unsafe fn spawn_migratable<F, T>(body: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    // SAFETY: passed on to the caller.
    or_panic(unsafe { TaskBuilder::new().spawn_migratable(body) })
}

/// Lets the other ready tasks of this worker run, then goes on. On a plain thread: yields to the kernel.
///
/// # Suspends
/// Always.
/// # Cancellation
/// Unwinds silently.
///
/// # Examples
/// ```
/// moonfleet::run(|| {
///     let task = moonfleet::spawn_local(|| 1);
///     moonfleet::yield_now();
///     assert!(task.is_finished());
/// });
/// ```
#[inline]
pub fn yield_now() {
    if suspend::yield_now().is_err() {
        suspend::unwind_cancelled();
    }
}

/// Why a task was not spawned. The closure was dropped.
///
/// # Examples
/// ```
/// use moonfleet::{Runtime, SpawnError, TaskBuilder};
///
/// let runtime = Runtime::builder().workers(1).max_tasks(1).build().unwrap();
/// let error = runtime.block_on(|| TaskBuilder::new().spawn(|| ()).unwrap_err());
/// assert!(matches!(error, SpawnError::TooManyTasks { limit: 1 }));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpawnError {
    /// The caller is not a task, so there is no runtime to spawn in.
    NoRuntime,
    /// The runtime is shutting down.
    ShutDown,
    /// As many tasks exist as the runtime's `max_tasks` allows.
    TooManyTasks {
        /// The limit.
        limit: usize,
    },
    /// There is no worker of this number.
    NoSuchWorker {
        /// The number asked for.
        asked: usize,
        /// How many workers there are.
        workers: usize,
    },
    /// The stack size is out of range.
    StackSize(StackSizeError),
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no task was spawned: ")?;
        match self {
            SpawnError::NoRuntime => f.write_str(
                "the caller is not a task; run it by `Runtime::block_on`, or spawn by a `Handle` of a runtime",
            ),
            SpawnError::ShutDown => f.write_str("the runtime is shutting down"),
            SpawnError::TooManyTasks { limit } => {
                write!(f, "{limit} tasks exist, which is the runtime's `max_tasks`; join some, or raise it")
            }
            SpawnError::NoSuchWorker { asked, workers } => {
                write!(f, "worker {asked} was asked for, but the workers are 0 to {}", workers - 1)
            }
            SpawnError::StackSize(error) => error.fmt(f),
        }
    }
}

impl Error for SpawnError {}

/// A task to be: its name, its stack.
///
/// # Examples
/// ```
/// use moonfleet::TaskBuilder;
///
/// moonfleet::run(|| {
///     let task = TaskBuilder::new().name("digger").stack_size(1 << 20).spawn(|| 1).unwrap();
///     assert_eq!(task.join().unwrap(), 1);
/// });
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until it spawns"]
pub struct TaskBuilder {
    name: Option<Arc<str>>,
    stack_bytes: Option<usize>,
    wide_guard: bool,
    uncancellable: bool,
    migration: Migration,
}

impl TaskBuilder {
    /// A task without a name, on the runtime's default stack.
    ///
    /// # Examples
    /// ```
    /// moonfleet::run(|| moonfleet::TaskBuilder::new().spawn(|| ()).unwrap().join().unwrap());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the task, for errors and reports.
    ///
    /// # Examples
    /// ```
    /// # moonfleet::run(|| {
    /// let task = moonfleet::TaskBuilder::new().name("cook").spawn(|| panic!("burnt")).unwrap();
    /// assert!(task.join().unwrap_err().to_string().contains("'cook'"));
    /// # });
    /// ```
    pub fn name<'n>(mut self, name: impl Into<Cow<'n, str>>) -> Self {
        self.name = Some(name.into().into());
        self
    }

    /// Gives the task a stack of at least `bytes`: address space, of which only the touched pages take memory.
    ///
    /// # Examples
    /// ```
    /// # moonfleet::run(|| {
    /// let error = moonfleet::TaskBuilder::new().stack_size(1).spawn(|| ()).unwrap_err();
    /// assert!(error.to_string().contains("the smallest is 16384 bytes"));
    /// # });
    /// ```
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_bytes = Some(bytes);
        self
    }

    /// Guards the stack with 64 KiB instead of one page: for tasks that call C code, which may skip a page.
    ///
    /// # Examples
    /// ```
    /// # moonfleet::run(|| {
    /// let task = moonfleet::TaskBuilder::new().wide_guard(true).spawn(|| "calls C").unwrap();
    /// # assert_eq!(task.join().unwrap(), "calls C");
    /// # });
    /// ```
    pub fn wide_guard(mut self, wide: bool) -> Self {
        self.wide_guard = wide;
        self
    }

    /// Whether the task can be cancelled, by hand or by the shutdown of its runtime; it can unless told otherwise.
    /// A task that cannot also runs if it was cancelled before it started. Deadlines inside of it do count.
    ///
    /// # Examples
    /// ```
    /// moonfleet::run(|| {
    ///     let task = moonfleet::TaskBuilder::new().cancellable(false).spawn(moonfleet::yield_now).unwrap();
    ///     task.cancel();
    ///     assert!(task.join().is_ok());
    /// });
    /// ```
    pub fn cancellable(mut self, cancellable: bool) -> Self {
        self.uncancellable = !cancellable;
        self
    }

    /// Spawns as [`spawn`] does.
    ///
    /// # Errors
    /// [`SpawnError`] says why not.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::{SpawnError, TaskBuilder};
    ///
    /// assert_eq!(TaskBuilder::new().spawn(|| ()).unwrap_err(), SpawnError::NoRuntime);
    /// ```
    pub fn spawn<F, T>(self, body: F) -> Result<JoinHandle<T>, SpawnError>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        // SAFETY: closure and result borrow nothing.
        unsafe { self.spawn_borrowing_here(body) }
    }

    /// Spawns as [`spawn_local`] does.
    ///
    /// # Errors
    /// [`SpawnError`] says why not.
    ///
    /// # Examples
    /// ```
    /// # moonfleet::run(|| {
    /// let here = moonfleet::worker_index();
    /// let task = moonfleet::TaskBuilder::new().spawn_local(moonfleet::worker_index).unwrap();
    /// assert_eq!(task.join().unwrap(), here);
    /// # });
    /// ```
    pub fn spawn_local<F, T>(self, body: F) -> Result<JoinHandle<T>, SpawnError>
    where
        F: FnOnce() -> T + 'static,
        T: 'static,
    {
        let worker = this_worker()?;
        let birth = self.admit(&worker.shared, || worker.next_id())?;
        // SAFETY: the queue's reference stays on this worker; the handle crosses threads only if `T` may.
        let (queued, joinable) = unsafe { cell::allocate(birth, context::wake_task, body) };
        worker.queue_pinned(queued);
        Ok(JoinHandle::new(joinable, &worker.shared))
    }

    /// Spawns as [`spawn_migratable`] does.
    ///
    /// # Safety
    /// As for [`spawn_migratable`].
    /// # Errors
    /// [`SpawnError`] says why not.
    ///
    /// # Examples
    /// See [`spawn_migratable`].
    pub unsafe fn spawn_migratable<F, T>(mut self, body: F) -> Result<JoinHandle<T>, SpawnError>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.migration = Migration::Possible;
        self.spawn(body)
    }

    /// Spawns as [`spawn_on`] does.
    ///
    /// # Errors
    /// [`SpawnError`] says why not.
    ///
    /// # Examples
    /// ```
    /// # moonfleet::run(|| {
    /// let workers = moonfleet::worker_count();
    /// let error = moonfleet::TaskBuilder::new().spawn_on(workers, || ()).unwrap_err();
    /// assert!(error.to_string().contains("the workers are 0 to"));
    /// # });
    /// ```
    pub fn spawn_on<F, T>(self, worker: usize, body: F) -> Result<JoinHandle<T>, SpawnError>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.spawn_from_outside(&this_worker()?.shared, Some(worker), body)
    }

    /// Spawns as [`spawn`] does, a closure that may borrow.
    ///
    /// # Safety
    /// What `F` and `T` borrow outlives the task's use of it: the caller waits for that, whatever happens.
    pub(crate) unsafe fn spawn_borrowing_here<F, T>(self, body: F) -> Result<JoinHandle<T>, SpawnError>
    where
        F: FnOnce() -> T + Send,
        T: Send,
    {
        let worker = this_worker()?;
        let birth = self.admit(&worker.shared, || worker.next_id())?;
        // SAFETY: closure and result are `Send`; `wake_task` is for waiters in task headers.
        let (queued, joinable) = unsafe { cell::allocate(birth, context::wake_task, body) };
        worker.queue_fresh(queued);
        Ok(JoinHandle::new(joinable, &worker.shared))
    }

    /// Spawns into the runtime of `shared`, from any thread.
    pub(crate) fn spawn_from_outside<F, T>(
        self,
        shared: &Shared,
        worker: Option<usize>,
        body: F,
    ) -> Result<JoinHandle<T>, SpawnError>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        // SAFETY: closure and result are `Send` and borrow nothing.
        unsafe { self.spawn_borrowing(shared, worker, body) }
    }

    /// The same for a closure that may borrow.
    ///
    /// # Safety
    /// What `F` and `T` borrow outlives the task: the caller joins it before it goes on, whatever happens.
    pub(crate) unsafe fn spawn_borrowing<F, T>(
        self,
        shared: &Shared,
        worker: Option<usize>,
        body: F,
    ) -> Result<JoinHandle<T>, SpawnError>
    where
        F: FnOnce() -> T + Send,
        T: Send,
    {
        let workers = shared.settings.workers;
        if let Some(asked) = worker.filter(|&asked| asked >= workers) {
            return Err(SpawnError::NoSuchWorker { asked, workers });
        }
        let inside = shared.gate.enter().ok_or(SpawnError::ShutDown)?;
        let birth = self.admit(shared, || shared.reserve_ids(1))?;
        // SAFETY: closure and result are `Send`; `wake_task` is for waiters in task headers.
        let (queued, joinable) = unsafe { cell::allocate(birth, context::wake_task, body) };
        match worker {
            None => {
                shared.injector.push(queued);
                shared.task_published();
            }
            Some(index) => {
                let home = shared.homes[index];
                let first = queued.claim(home);
                debug_assert!(first, "nobody else has seen the task");
                let link = queued.link();
                let _in_the_inbox = queued.into_raw();
                // SAFETY: the task is new, and the inbox holds its queue's reference now.
                unsafe { home.deliver(link) };
            }
        }
        drop(inside);
        Ok(JoinHandle::new(joinable, shared))
    }

    /// Checks everything that may refuse the task, and counts it in.
    fn admit(self, shared: &Shared, id: impl FnOnce() -> u64) -> Result<Birth, SpawnError> {
        let default = shared.settings.stack_class;
        let stack_class = match (self.stack_bytes, self.wide_guard) {
            (None, false) => default,
            (bytes, wide) => {
                let bytes = bytes.unwrap_or_else(|| default.usable());
                StackClass::new(bytes, wide).map_err(SpawnError::StackSize)?
            }
        };
        shared.admit().map_err(|limit| SpawnError::TooManyTasks { limit })?;
        let info = Info { id: id(), name: self.name.map(Box::new), parent: spawner(shared), stack_class };
        if let Some(name) = &info.name {
            shared.names.note(info.id, name);
        }
        Ok(Birth { info, limits: Limits::new(!self.uncancellable), migration: self.migration })
    }
}

/// The id of the running task, if it is one of the runtime of `shared`: ids mean nothing elsewhere.
fn spawner(shared: &Shared) -> Option<NonZeroU64> {
    let worker = worker::current()?;
    let task = context::current().filter(|_| ptr::eq(&raw const *worker.shared, shared))?.1;
    NonZeroU64::new(task.info().id)
}

/// A task of the current worker that may spawn.
fn this_worker<'a>() -> Result<&'a Worker, SpawnError> {
    let worker = worker::current().ok_or(SpawnError::NoRuntime)?;
    if worker.local.is_stopping() {
        return Err(SpawnError::ShutDown);
    }
    Ok(worker)
}

/// The handle, or a panic. But a task that is being cancelled by a shutdown spawns nothing any more: it unwinds.
#[track_caller]
pub(crate) fn or_panic<T>(spawned: Result<JoinHandle<T>, SpawnError>) -> JoinHandle<T> {
    match spawned {
        Ok(handle) => handle,
        Err(error) => {
            if error == SpawnError::ShutDown && suspend::check().is_err() {
                suspend::unwind_cancelled();
            }
            panic!("{error}")
        }
    }
}

/// What must not compile, because it would carry to another thread what cannot go there.
///
/// ```compile_fail,E0277
/// let kept_here = std::rc::Rc::new(1);
/// moonfleet::run(|| moonfleet::spawn(move || *kept_here));
/// ```
/// ```compile_fail,E0277
/// moonfleet::run(|| moonfleet::spawn(|| std::rc::Rc::new(1)));
/// ```
/// ```compile_fail,E0277
/// moonfleet::run(|| moonfleet::spawn_on(0, || std::rc::Rc::new(1)));
/// ```
/// A handle that would bring such a result over:
/// ```compile_fail,E0277
/// moonfleet::run(|| {
///     let local = moonfleet::spawn_local(|| std::rc::Rc::new(1));
///     std::thread::spawn(move || local.join());
/// });
/// ```
/// An end of a channel of such messages:
/// ```compile_fail,E0277
/// let (_tx, rx) = moonfleet::channel::bounded::<std::rc::Rc<u8>>(1);
/// std::thread::spawn(move || rx.recv());
/// ```
/// ```compile_fail,E0277
/// let (tx, _rx) = moonfleet::channel::oneshot::<std::rc::Rc<u8>>();
/// std::thread::spawn(move || drop(tx));
/// ```
/// A task that outlives what it borrows:
/// ```compile_fail,E0373
/// moonfleet::run(|| {
///     let local = 1;
///     moonfleet::spawn(|| &local);
/// });
/// ```
#[cfg(doctest)]
struct MustNotCompile;
