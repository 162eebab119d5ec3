//! Why a closure did not become a task.

use std::error::Error;
use std::fmt;

use crate::stack::StackSizeError;

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
