//! Why permits were not had: one small error per operation.

use std::error::Error;
use std::fmt;

use super::Semaphore;
use crate::suspend::unwind_cancelled;

/// The permits cannot be had, however long one waits.
///
/// # Examples
/// ```
/// use moonfleet::sync::{AcquireError, Semaphore};
///
/// let error = Semaphore::new(1).acquire_many(usize::MAX).unwrap_err();
/// assert_eq!(error, AcquireError::TooMany(usize::MAX));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcquireError {
    /// The semaphore is closed.
    Closed,
    /// So many were asked for, and no semaphore can have them.
    TooMany(usize),
}

/// The permits cannot be had at once.
///
/// # Examples
/// ```
/// use moonfleet::sync::{Semaphore, TryAcquireError};
///
/// assert_eq!(Semaphore::new(0).try_acquire().unwrap_err(), TryAcquireError::NoPermits);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TryAcquireError {
    /// Too few are free, or others wait for them.
    NoPermits,
    /// The semaphore is closed.
    Closed,
    /// So many were asked for, and no semaphore can have them.
    TooMany(usize),
}

/// The permits were not had in time.
///
/// # Examples
/// ```
/// use moonfleet::sync::{AcquireTimeoutError, Semaphore};
/// use std::time::Duration;
///
/// let error = Semaphore::new(0).acquire_timeout(Duration::ZERO).unwrap_err();
/// assert_eq!(error, AcquireTimeoutError::Timeout);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcquireTimeoutError {
    /// They were not granted before the deadline.
    Timeout,
    /// The semaphore is closed.
    Closed,
    /// So many were asked for, and no semaphore can have them.
    TooMany(usize),
}

/// Why a wait ended without permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    Closed,
    TimedOut,
    Cancelled,
    TooMany(usize),
}

impl Failure {
    /// The error of a wait without a deadline. Does not return in a task that is to unwind.
    pub(super) fn for_ever(self) -> AcquireError {
        match self {
            Failure::TooMany(asked) => AcquireError::TooMany(asked),
            Failure::Closed => AcquireError::Closed,
            Failure::Cancelled => {
                unwind_cancelled();
                AcquireError::Closed
            }
            Failure::TimedOut => unreachable!("a wait without a deadline"),
        }
    }

    /// The error of a wait with a deadline. Does not return in a task that is to unwind.
    pub(super) fn in_time(self) -> AcquireTimeoutError {
        match self {
            Failure::TimedOut => AcquireTimeoutError::Timeout,
            failure => failure.for_ever().into(),
        }
    }
}

impl From<AcquireError> for AcquireTimeoutError {
    fn from(error: AcquireError) -> Self {
        match error {
            AcquireError::Closed => AcquireTimeoutError::Closed,
            AcquireError::TooMany(asked) => AcquireTimeoutError::TooMany(asked),
        }
    }
}

const CLOSED: &str = "no permit will be granted: the semaphore is closed";

fn write_too_many(f: &mut fmt::Formatter<'_>, asked: usize) -> fmt::Result {
    let most = Semaphore::MAX_PERMITS;
    write!(f, "{asked} permits were asked for, but a semaphore has {most} at most; ask for fewer")
}

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            AcquireError::Closed => f.write_str(CLOSED),
            AcquireError::TooMany(asked) => write_too_many(f, asked),
        }
    }
}

impl fmt::Display for TryAcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            TryAcquireError::NoPermits => {
                f.write_str("too few permits are free, or others wait for them; `acquire` would wait, too")
            }
            TryAcquireError::Closed => f.write_str(CLOSED),
            TryAcquireError::TooMany(asked) => write_too_many(f, asked),
        }
    }
}

impl fmt::Display for AcquireTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            AcquireTimeoutError::Timeout => f.write_str("the permits were not granted in time"),
            AcquireTimeoutError::Closed => f.write_str(CLOSED),
            AcquireTimeoutError::TooMany(asked) => write_too_many(f, asked),
        }
    }
}

impl Error for AcquireError {}
impl Error for TryAcquireError {}
impl Error for AcquireTimeoutError {}
