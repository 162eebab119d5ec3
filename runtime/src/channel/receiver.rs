//! The receiving end of a channel.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::blocking::{self, RecvFailure};
use super::core::{Core, Received};
use super::ends::{Shared, count_in, count_out};
use super::error::{RecvError, RecvTimeoutError, TryRecvError};
use crate::suspend::unwind_cancelled;
use crate::sys::clock;
use crate::wait::waiter::{Urgency, wake_if_any};

/// The receiving end. Clones share the messages: each is received once.
///
/// # Examples
/// ```
/// let (tx, rx) = moonfleet::channel::unbounded();
/// let other = rx.clone();
/// tx.send(1).unwrap();
/// tx.send(2).unwrap();
/// assert_eq!((rx.recv(), other.recv()), (Ok(1), Ok(2)));
/// ```
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Receiver<T> {
    pub(crate) fn new(shared: Arc<Shared<T>>) -> Self {
        Self { shared }
    }

    /// Receives the oldest message, waiting for one if there is none.
    ///
    /// **Shape** `() → Result<T, RecvError>`; O(1).
    /// # Suspends
    /// Until there is a message, or the channel is closed. Hold no std lock across it.
    /// # Errors
    /// [`RecvError`] once the channel is closed and drained.
    /// # Cancellation
    /// Unwinds silently; a message already handed over is returned first.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = moonfleet::channel::bounded(1);
    /// tx.send(1).unwrap();
    /// drop(tx);
    /// assert!(rx.recv().is_ok());
    /// assert!(rx.recv().is_err());
    /// ```
    #[inline]
    pub fn recv(&self) -> Result<T, RecvError> {
        blocking::receive(&self.shared.core, None).map_err(|failure| {
            if failure == RecvFailure::Cancelled {
                unwind_cancelled();
            }
            RecvError
        })
    }

    /// Receives the oldest message if one is there.
    ///
    /// **Shape** `() → Result<T, TryRecvError>`
    /// # Errors
    /// [`TryRecvError`]: none is there, or none will come.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = moonfleet::channel::bounded(1);
    /// assert!(rx.try_recv().is_err());
    /// tx.send(1).unwrap();
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// ```
    #[inline]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        match self.shared.core.try_receive() {
            Received::Done(message, wake) => {
                wake_if_any(wake, Urgency::Queued);
                Ok(message)
            }
            Received::Empty => Err(TryRecvError::Empty),
            Received::Closed => Err(TryRecvError::Closed),
        }
    }

    /// Receives the oldest message, waiting no longer than `timeout`.
    ///
    /// **Shape** `Duration → Result<T, RecvTimeoutError>`
    /// # Suspends
    /// As [`Receiver::recv`], up to `timeout`.
    /// # Errors
    /// [`RecvTimeoutError`]: none came in time, or none will come.
    /// # Cancellation
    /// As [`Receiver::recv`].
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// let (_tx, rx) = moonfleet::channel::bounded::<u8>(1);
    /// assert!(rx.recv_timeout(Duration::from_millis(1)).is_err());
    /// ```
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        let deadline_ns = clock::after(timeout);
        blocking::receive(&self.shared.core, Some(deadline_ns)).map_err(|failure| match failure {
            RecvFailure::Closed => RecvTimeoutError::Closed,
            RecvFailure::TimedOut => RecvTimeoutError::Timeout,
            RecvFailure::Cancelled => {
                unwind_cancelled();
                RecvTimeoutError::Closed
            }
        })
    }

    /// Receives up to `most` messages: waits for the first, then takes what is there. How many came.
    ///
    /// **Shape** `(&mut Vec<T>, usize) → Result<usize, RecvError>`
    /// # Suspends
    /// As [`Receiver::recv`], for the first message only.
    /// # Errors
    /// [`RecvError`] once the channel is closed and drained.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = moonfleet::channel::unbounded();
    /// (0..5).for_each(|n| tx.send(n).unwrap());
    /// let mut batch = Vec::new();
    /// assert_eq!(rx.recv_many(&mut batch, 3), Ok(3));
    /// assert_eq!(batch, [0, 1, 2]);
    /// ```
    pub fn recv_many(&self, batch: &mut Vec<T>, most: usize) -> Result<usize, RecvError> {
        if most == 0 {
            return Ok(0);
        }
        batch.push(self.recv()?);
        let rest = std::iter::from_fn(|| self.try_recv().ok()).take(most - 1);
        let before = batch.len();
        batch.extend(rest);
        Ok(1 + batch.len() - before)
    }

    /// Messages as they come, until the channel is closed and drained.
    ///
    /// # Suspends
    /// Each step, as [`Receiver::recv`].
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = moonfleet::channel::unbounded();
    /// tx.send(1).unwrap();
    /// tx.close();
    /// assert_eq!(rx.iter().sum::<i32>(), 1);
    /// ```
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { receiver: self }
    }

    /// Closes the channel: see [`Sender::close`](super::Sender::close).
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = moonfleet::channel::bounded(1);
    /// rx.close();
    /// assert!(tx.send(1).is_err());
    /// ```
    pub fn close(&self) -> bool {
        self.shared.core.close()
    }

    /// Whether the channel is closed. Messages may still rest in it.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = moonfleet::channel::bounded::<u8>(1);
    /// drop(tx);
    /// assert!(rx.is_closed());
    /// ```
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.core.is_closed()
    }

    /// How many messages rest in the channel.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(moonfleet::channel::bounded::<u8>(1).1.len(), 0);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.core.len()
    }

    /// Whether no message rests in the channel.
    ///
    /// # Examples
    /// ```
    /// assert!(moonfleet::channel::bounded::<u8>(1).1.is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn core(&self) -> &Core<T> {
        &self.shared.core
    }
}

/// Messages as they come: what [`Receiver::iter`] returns.
///
/// # Examples
/// ```
/// let (tx, rx) = moonfleet::channel::unbounded();
/// tx.send('x').unwrap();
/// drop(tx);
/// for message in &rx {
///     assert_eq!(message, 'x');
/// }
/// ```
#[derive(Debug)]
pub struct Iter<'a, T> {
    receiver: &'a Receiver<T>,
}

impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.receiver.recv().ok()
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        count_in(&self.shared.receivers);
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if count_out(&self.shared.receivers) {
            self.shared.core.close_and_discard();
        }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("len", &self.len()).field("closed", &self.is_closed()).finish()
    }
}
