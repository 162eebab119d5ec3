//! What a task can learn about itself and its runtime.

use std::fmt;
use std::num::NonZeroU64;

use crate::cancel::CancelHandle;
use crate::context;
use crate::scheduler::worker;
use crate::suspend;
use crate::task::header::TaskRef;

/// The running task's identity.
///
/// # Examples
/// ```
/// use moonfleet::{TaskBuilder, current_task};
///
/// moonfleet::run(|| {
///     let task = TaskBuilder::new().name("bosun").spawn(|| current_task().unwrap()).unwrap();
///     let id = task.id();
///     let who = task.join().unwrap();
///     assert_eq!((who.id(), who.name()), (id, Some("bosun")));
/// });
/// ```
#[derive(Clone)]
pub struct CurrentTask {
    task: TaskRef,
}

impl CurrentTask {
    /// The task's id, unique in its runtime.
    ///
    /// # Examples
    /// ```
    /// assert!(moonfleet::run(|| moonfleet::current_task().unwrap().id()) > 0);
    /// ```
    #[must_use]
    pub fn id(&self) -> u64 {
        self.task.info().id
    }

    /// The task's name, if it was given one.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(moonfleet::run(|| moonfleet::current_task().unwrap().name().map(str::len)), None);
    /// ```
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.task.info().name()
    }

    /// The id of the task that spawned it; `None` if it was spawned from outside of its runtime.
    ///
    /// The parent may have ended long ago.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::{current_task, spawn};
    ///
    /// moonfleet::run(|| {
    ///     let me = current_task().unwrap();
    ///     let child = spawn(|| current_task().unwrap()).join().unwrap();
    ///     assert_eq!((me.parent(), child.parent()), (None, Some(me.id())));
    /// });
    /// ```
    #[must_use]
    pub fn parent(&self) -> Option<u64> {
        self.task.info().parent.map(NonZeroU64::get)
    }

    /// A handle that others, or the task itself, may cancel it by.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::{JoinError, current_task, spawn, yield_now};
    ///
    /// moonfleet::run(|| {
    ///     let task = spawn(|| {
    ///         current_task().unwrap().cancel_handle().cancel();
    ///         // Nothing happens before the next suspension point.
    ///         yield_now();
    ///     });
    ///     assert!(matches!(task.join(), Err(JoinError::Cancelled { .. })));
    /// });
    /// ```
    #[must_use]
    pub fn cancel_handle(&self) -> CancelHandle {
        CancelHandle::new(self.task.clone())
    }
}

impl PartialEq for CurrentTask {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(&raw const *self.task, &raw const *other.task)
    }
}

impl Eq for CurrentTask {}

impl fmt::Debug for CurrentTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CurrentTask({})", self.task.info())
    }
}

/// The running task; `None` on a thread that runs none.
///
/// # Examples
/// ```
/// assert!(moonfleet::current_task().is_none());
/// assert!(moonfleet::run(|| moonfleet::current_task().is_some()));
/// ```
#[must_use]
pub fn current_task() -> Option<CurrentTask> {
    let (_, task) = context::current()?;
    Some(CurrentTask { task: task.to_ref() })
}

/// Whether the running task is unwinding, from a panic or a cancel; on a plain thread, whether that is.
///
/// [`std::thread::panicking`] counts by thread: a task that waits in a destructor while it unwinds makes it
/// true for every task of the same worker, meanwhile. This asks about the task alone. One case stays hidden:
/// a panic that began while such a neighbour waited is not seen until nobody else can be meant.
///
/// # Examples
/// ```
/// use moonfleet::{channel, panicking, spawn_local};
///
/// struct Farewell(channel::Sender<bool>);
/// impl Drop for Farewell {
///     fn drop(&mut self) {
///         self.0.send(panicking()).unwrap();
///     }
/// }
///
/// moonfleet::run(|| {
///     let (tx, rx) = channel::rendezvous();
///     let task = spawn_local(move || {
///         let _farewell = Farewell(tx);
///         panic!("with a guest to see off");
///     });
///     moonfleet::yield_now();
///     // It waits for us in its destructor, on our thread: that is its affair.
///     assert!(std::thread::panicking() && !panicking());
///     assert_eq!(rx.recv(), Ok(true));
/// #   assert!(task.join().is_err());
/// });
/// ```
#[must_use]
pub fn panicking() -> bool {
    suspend::is_unwinding()
}

/// The worker that runs this task, for life; `None` on a thread that is no worker.
///
/// # Examples
/// ```
/// assert_eq!(moonfleet::worker_index(), None);
/// assert!(moonfleet::run(moonfleet::worker_index).is_some());
/// ```
#[must_use]
pub fn worker_index() -> Option<usize> {
    worker::current().map(worker::Worker::index)
}

/// How many workers this runtime has; zero on a thread that is no worker.
///
/// # Examples
/// ```
/// let runtime = moonfleet::Runtime::builder().workers(3).build().unwrap();
/// assert_eq!(runtime.block_on(moonfleet::worker_count), 3);
/// ```
#[must_use]
pub fn worker_count() -> usize {
    worker::current().map_or(0, |worker| worker.shared.settings.workers)
}
