//! A handle by which a task can be cancelled from anywhere.

use std::fmt;

use crate::context;
use crate::task::header::TaskRef;

/// Cancels one task. Cheap to clone; neither keeps the task running nor its result.
///
/// # Examples
/// ```
/// moonfleet::run(|| {
///     let task = moonfleet::spawn(|| moonfleet::time::sleep(std::time::Duration::MAX));
///     let canceller = task.cancel_handle();
///     std::thread::spawn(move || canceller.cancel());
///     assert!(matches!(task.join(), Err(moonfleet::JoinError::Cancelled { .. })));
/// });
/// ```
#[derive(Clone)]
pub struct CancelHandle {
    task: TaskRef,
}

impl CancelHandle {
    pub(crate) fn new(task: TaskRef) -> Self {
        Self { task }
    }

    /// Cancels the task: it unwinds silently from what it waits for, or from its next suspension point. One
    /// that has not started does not start; one that has ended is left alone. Does not wait for it.
    ///
    /// # Examples
    /// See [`CancelHandle`].
    pub fn cancel(&self) {
        context::cancel(&self.task);
    }

    /// The task's id, unique in its runtime.
    ///
    /// # Examples
    /// ```
    /// moonfleet::run(|| {
    ///     let task = moonfleet::spawn(|| ());
    ///     assert_eq!(task.cancel_handle().id(), task.id());
    /// });
    /// ```
    #[must_use]
    pub fn id(&self) -> u64 {
        self.task.info().id
    }

    /// The task's name, if it was given one.
    ///
    /// # Examples
    /// ```
    /// moonfleet::run(|| {
    ///     let task = moonfleet::TaskBuilder::new().name("deckhand").spawn(|| ()).unwrap();
    ///     assert_eq!(task.cancel_handle().name(), Some("deckhand"));
    /// });
    /// ```
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.task.info().name()
    }
}

impl fmt::Debug for CancelHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CancelHandle({})", self.task.info())
    }
}
