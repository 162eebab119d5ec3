//! Spawning: how a closure becomes a task, on this worker, on another, or on whichever is free.
//!
//! - [`builder`]: a task before it is one.
//! - [`error`]: why a closure did not become a task.

#![allow(unsafe_code, reason = "passes on what a migratable task's spawner vouches for")]

mod builder;
mod error;

pub use self::builder::TaskBuilder;
pub use self::error::SpawnError;
use crate::join::JoinHandle;
use crate::suspend;

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
