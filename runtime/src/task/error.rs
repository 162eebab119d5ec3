//! How a join can fail.

use std::any::Any;
use std::error::Error;
use std::fmt;

use crate::stack::StackError;

/// Why a task has no result.
///
/// # Examples
/// ```
/// use moonfleet::JoinError;
///
/// let error = moonfleet::run(|| moonfleet::spawn(|| panic!("no wind")).join().unwrap_err());
/// assert!(matches!(&error, JoinError::Panicked(panic) if panic.message() == Some("no wind")));
/// assert_eq!(error.to_string(), "task 2 panicked: no wind");
/// ```
#[derive(Debug)]
pub enum JoinError {
    /// The task panicked; no other task noticed.
    Panicked(TaskPanic),
    /// The task was cancelled, by hand or by the shutdown of its runtime, and has unwound.
    Cancelled {
        /// The task, as `task 7` or `task 'name' (7)`.
        task: Box<str>,
    },
    /// The task never started, because there was no stack for it.
    NoStack {
        /// The task, as `task 7` or `task 'name' (7)`.
        task: Box<str>,
        /// What was asked, what was found, and what to try.
        source: Box<StackError>,
    },
    /// The caller is the very task that it joins, which could never end: it goes on.
    JoinsItself {
        /// The task, as `task 7` or `task 'name' (7)`.
        task: Box<str>,
    },
}

/// A panic that ended a task.
pub struct TaskPanic(Box<Panicked>);

/// Behind a pointer: every task keeps room for its outcome, and hardly any panics.
struct Panicked {
    task: Box<str>,
    payload: Box<dyn Any + Send>,
}

impl TaskPanic {
    pub(crate) fn new(task: Box<str>, payload: Box<dyn Any + Send>) -> Self {
        Self(Box::new(Panicked { task, payload }))
    }

    /// The task, as `task 7` or `task 'name' (7)`.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::JoinError;
    ///
    /// let error = moonfleet::run(|| moonfleet::spawn(|| panic!()).join().unwrap_err());
    /// let JoinError::Panicked(panic) = error else { unreachable!() };
    /// assert_eq!(panic.task(), "task 2");
    /// ```
    #[must_use]
    pub fn task(&self) -> &str {
        &self.0.task
    }

    /// What the panic said, if it was a string, as almost every panic is.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::JoinError;
    ///
    /// let error = moonfleet::run(|| moonfleet::spawn(|| panic!("lost {}", 3)).join().unwrap_err());
    /// let JoinError::Panicked(panic) = error else { unreachable!() };
    /// assert_eq!(panic.message(), Some("lost 3"));
    /// ```
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        match self.0.payload.downcast_ref::<&'static str>() {
            Some(text) => Some(text),
            None => self.0.payload.downcast_ref::<String>().map(String::as_str),
        }
    }

    /// The payload, to go on panicking with [`std::panic::resume_unwind`].
    ///
    /// # Examples
    /// ```
    /// use moonfleet::JoinError;
    ///
    /// let error = moonfleet::run(|| moonfleet::spawn(|| std::panic::panic_any(7_u8)).join().unwrap_err());
    /// let JoinError::Panicked(panic) = error else { unreachable!() };
    /// assert_eq!(panic.into_payload().downcast_ref::<u8>(), Some(&7));
    /// ```
    #[must_use]
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.0.payload
    }
}

impl fmt::Debug for TaskPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.message().unwrap_or("(not a string)");
        f.debug_struct("TaskPanic").field("task", &self.0.task).field("message", &message).finish()
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JoinError::Panicked(panic) => match panic.message() {
                Some(message) => write!(f, "{} panicked: {message}", panic.task()),
                None => write!(f, "{} panicked with a payload that is not a string", panic.task()),
            },
            JoinError::Cancelled { task } => write!(f, "{task} was cancelled"),
            JoinError::NoStack { task, source } => write!(f, "{task} was not started: {source}"),
            JoinError::JoinsItself { task } => {
                write!(f, "{task} joins itself, which would never end; let another task join it")
            }
        }
    }
}

impl Error for JoinError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            JoinError::NoStack { source, .. } => Some(&**source),
            JoinError::Panicked(_) | JoinError::Cancelled { .. } | JoinError::JoinsItself { .. } => None,
        }
    }
}
