//! What a task can learn about itself and its runtime.

use std::num::NonZeroU64;
use std::sync::Arc;

use crate::context;
use crate::scheduler::worker;
use crate::suspend;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrentTask {
    id: u64,
    name: Option<Arc<str>>,
    parent: Option<NonZeroU64>,
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
        self.id
    }

    /// The task's name, if it was given one.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(moonfleet::run(|| moonfleet::current_task().unwrap().name().map(str::len)), None);
    /// ```
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
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
        self.parent.map(NonZeroU64::get)
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
    let info = task.info();
    Some(CurrentTask { id: info.id, name: info.name.clone(), parent: info.parent })
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
