//! What a task can learn about itself and its runtime.

use crate::context;
use crate::scheduler::worker;

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
    name: Option<std::sync::Arc<str>>,
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
    Some(CurrentTask { id: info.id, name: info.name.clone() })
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
