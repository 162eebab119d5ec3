//! One small error per channel operation. A message that was not sent is given back.

use std::error::Error;
use std::fmt;

/// The channel is closed; the message comes back.
///
/// # Examples
/// ```
/// let (tx, rx) = moonfleet::channel::bounded(1);
/// rx.close();
/// assert_eq!(tx.send("cargo").unwrap_err().0, "cargo");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendError<T>(pub T);

/// The message could not be sent at once; it comes back.
///
/// # Examples
/// ```
/// use moonfleet::channel::{TrySendError, bounded};
///
/// let (tx, _rx) = bounded(1);
/// tx.try_send(1).unwrap();
/// assert_eq!(tx.try_send(2), Err(TrySendError::Full(2)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TrySendError<T> {
    /// There is no place for it now, and no receiver waits.
    Full(T),
    /// The channel is closed.
    Closed(T),
}

/// The message could not be sent in time; it comes back.
///
/// # Examples
/// ```
/// use moonfleet::channel::{SendTimeoutError, rendezvous};
/// use std::time::Duration;
///
/// let (tx, _rx) = rendezvous();
/// assert_eq!(tx.send_timeout(7, Duration::ZERO), Err(SendTimeoutError::Timeout(7)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SendTimeoutError<T> {
    /// Nobody took it before the deadline.
    Timeout(T),
    /// The channel is closed.
    Closed(T),
}

/// The channel is closed and drained: no message will come.
///
/// # Examples
/// ```
/// use moonfleet::channel::{RecvError, bounded};
///
/// let (tx, rx) = bounded::<u8>(1);
/// drop(tx);
/// assert_eq!(rx.recv(), Err(RecvError));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecvError;

/// No message could be received at once.
///
/// # Examples
/// ```
/// use moonfleet::channel::{TryRecvError, bounded};
///
/// let (_tx, rx) = bounded::<u8>(1);
/// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TryRecvError {
    /// None is there now.
    Empty,
    /// The channel is closed and drained.
    Closed,
}

/// No message was received in time.
///
/// # Examples
/// ```
/// use moonfleet::channel::{RecvTimeoutError, bounded};
/// use std::time::Duration;
///
/// let (_tx, rx) = bounded::<u8>(1);
/// assert_eq!(rx.recv_timeout(Duration::ZERO), Err(RecvTimeoutError::Timeout));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecvTimeoutError {
    /// None came before the deadline.
    Timeout,
    /// The channel is closed and drained.
    Closed,
}

const CLOSED: &str = "the channel is closed";
const DRAINED: &str = "the channel is closed and empty";

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the message was not sent: {CLOSED}")
    }
}

impl<T> fmt::Display for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self {
            TrySendError::Full(_) => "the channel is full; `send` would wait for a place",
            TrySendError::Closed(_) => CLOSED,
        };
        write!(f, "the message was not sent: {why}")
    }
}

impl<T> fmt::Display for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self {
            SendTimeoutError::Timeout(_) => "nobody took it in time",
            SendTimeoutError::Closed(_) => CLOSED,
        };
        write!(f, "the message was not sent: {why}")
    }
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no message will come: {DRAINED}")
    }
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TryRecvError::Empty => "no message is there; `recv` would wait for one",
            TryRecvError::Closed => DRAINED,
        })
    }
}

impl fmt::Display for RecvTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RecvTimeoutError::Timeout => "no message came in time",
            RecvTimeoutError::Closed => DRAINED,
        })
    }
}

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendError(..)")
    }
}

impl<T> fmt::Debug for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TrySendError::Full(_) => "Full(..)",
            TrySendError::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> fmt::Debug for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SendTimeoutError::Timeout(_) => "Timeout(..)",
            SendTimeoutError::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> Error for SendError<T> {}
impl<T> Error for TrySendError<T> {}
impl<T> Error for SendTimeoutError<T> {}
impl Error for RecvError {}
impl Error for TryRecvError {}
impl Error for RecvTimeoutError {}
