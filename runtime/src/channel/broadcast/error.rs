//! One small error per operation of a broadcast channel.

use std::error::Error;
use std::fmt;

/// Nobody would have seen the message; it comes back.
///
/// # Examples
/// ```
/// let (tx, rx) = moonfleet::channel::broadcast(4);
/// drop(rx);
/// assert_eq!(tx.send("ahoy").unwrap_err().0, "ahoy");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendError<T>(pub T);

/// No message was received.
///
/// # Examples
/// ```
/// use moonfleet::channel::{broadcast, broadcast::RecvError};
///
/// let (tx, mut rx) = broadcast(1);
/// tx.send("old").unwrap();
/// tx.send("new").unwrap();
/// drop(tx);
/// assert_eq!(rx.recv(), Err(RecvError::Lagged(1)));
/// assert_eq!(rx.recv(), Ok("new"));
/// assert_eq!(rx.recv(), Err(RecvError::Closed));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecvError {
    /// So many messages were displaced by newer ones before this receiver saw them. The next is the oldest
    /// that is kept.
    Lagged(u64),
    /// The channel is closed, and this receiver has seen all of it.
    Closed,
}

/// No message could be received at once.
///
/// # Examples
/// ```
/// use moonfleet::channel::{broadcast, broadcast::TryRecvError};
///
/// let (_tx, mut rx) = broadcast::<u8>(1);
/// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TryRecvError {
    /// None is there now.
    Empty,
    /// As [`RecvError::Lagged`].
    Lagged(u64),
    /// The channel is closed, and this receiver has seen all of it.
    Closed,
}

/// No message was received in time.
///
/// # Examples
/// ```
/// use moonfleet::channel::{broadcast, broadcast::RecvTimeoutError};
/// use std::time::Duration;
///
/// let (_tx, mut rx) = broadcast::<u8>(1);
/// assert_eq!(rx.recv_timeout(Duration::ZERO), Err(RecvTimeoutError::Timeout));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecvTimeoutError {
    /// None came before the deadline.
    Timeout,
    /// As [`RecvError::Lagged`].
    Lagged(u64),
    /// The channel is closed, and this receiver has seen all of it.
    Closed,
}

impl From<RecvError> for TryRecvError {
    fn from(error: RecvError) -> Self {
        match error {
            RecvError::Lagged(lost) => TryRecvError::Lagged(lost),
            RecvError::Closed => TryRecvError::Closed,
        }
    }
}

impl From<RecvError> for RecvTimeoutError {
    fn from(error: RecvError) -> Self {
        match error {
            RecvError::Lagged(lost) => RecvTimeoutError::Lagged(lost),
            RecvError::Closed => RecvTimeoutError::Closed,
        }
    }
}

const CLOSED: &str = "no message will come: the channel is closed, and all of it was seen";

fn write_lagged(f: &mut fmt::Formatter<'_>, lost: u64) -> fmt::Result {
    write!(
        f,
        "{lost} messages were displaced before this receiver saw them; \
         it can go on with the oldest kept. Receive more often, or give the channel more room"
    )
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the message was not sent: the channel is closed, or nobody is subscribed to it")
    }
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            RecvError::Lagged(lost) => write_lagged(f, lost),
            RecvError::Closed => f.write_str(CLOSED),
        }
    }
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            TryRecvError::Empty => f.write_str("no message is there; `recv` would wait for one"),
            TryRecvError::Lagged(lost) => write_lagged(f, lost),
            TryRecvError::Closed => f.write_str(CLOSED),
        }
    }
}

impl fmt::Display for RecvTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            RecvTimeoutError::Timeout => f.write_str("no message came in time"),
            RecvTimeoutError::Lagged(lost) => write_lagged(f, lost),
            RecvTimeoutError::Closed => f.write_str(CLOSED),
        }
    }
}

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendError(..)")
    }
}

impl<T> Error for SendError<T> {}
impl Error for RecvError {}
impl Error for TryRecvError {}
impl Error for RecvTimeoutError {}
