//! The sending end of a channel.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::blocking::{self, SendFailure};
use super::core::{Core, Sent};
use super::ends::{Shared, count_in, count_out};
use super::error::{SendError, SendTimeoutError, TrySendError};
use crate::suspend::unwind_cancelled;
use crate::sys::clock;
use crate::wait::waiter::{Urgency, wake_if_any};

/// The sending end. Clones send into the same channel.
///
/// # Examples
/// ```
/// let (tx, rx) = moonfleet::channel::unbounded();
/// tx.clone().send(1).unwrap();
/// tx.send(2).unwrap();
/// assert_eq!(rx.len(), 2);
/// ```
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    pub(crate) fn new(shared: Arc<Shared<T>>) -> Self {
        Self { shared }
    }

    /// Sends a message, waiting for a place in the buffer or, without one, for a receiver.
    ///
    /// **Shape** `T → Result<(), SendError<T>>`; messages of one sender arrive in order; O(1).
    /// # Suspends
    /// Until the channel takes the message. Hold no std lock across it.
    /// # Errors
    /// [`SendError`] with the message if the channel is closed.
    /// # Cancellation
    /// Unwinds silently, and drops the message, unless a receiver has taken it.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = moonfleet::channel::bounded(1);
    /// tx.send("mail").unwrap();
    /// assert_eq!(rx.recv(), Ok("mail"));
    /// ```
    #[inline]
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        blocking::send(&self.shared.core, message, None).map_err(|failure| match failure {
            SendFailure::Closed(message) | SendFailure::TimedOut(message) => SendError(message),
            SendFailure::Cancelled(message) => {
                unwind_cancelled();
                SendError(message)
            }
        })
    }

    /// Sends a message if that needs no waiting.
    ///
    /// **Shape** `T → Result<(), TrySendError<T>>`
    /// # Errors
    /// [`TrySendError`] with the message: no place and no waiting receiver, or closed.
    ///
    /// # Examples
    /// ```
    /// let (tx, _rx) = moonfleet::channel::rendezvous();
    /// assert!(tx.try_send(1).is_err(), "nobody is there to meet");
    /// ```
    #[inline]
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        match self.shared.core.try_send(message) {
            Sent::Done(wake) => {
                wake_if_any(wake, Urgency::Next);
                Ok(())
            }
            Sent::Full(message) | Sent::NoRoom(message) => Err(TrySendError::Full(message)),
            Sent::Closed(message) => Err(TrySendError::Closed(message)),
        }
    }

    /// Sends a message, waiting no longer than `timeout`.
    ///
    /// **Shape** `(T, Duration) → Result<(), SendTimeoutError<T>>`
    /// # Suspends
    /// As [`Sender::send`], up to `timeout`.
    /// # Errors
    /// [`SendTimeoutError`] with the message: nobody took it in time, or closed.
    /// # Cancellation
    /// As [`Sender::send`].
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// let (tx, _rx) = moonfleet::channel::bounded(0);
    /// assert!(tx.send_timeout(1, Duration::from_millis(1)).is_err());
    /// ```
    pub fn send_timeout(&self, message: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        let deadline_ns = clock::after(timeout);
        blocking::send(&self.shared.core, message, Some(deadline_ns)).map_err(|failure| match failure {
            SendFailure::Closed(message) => SendTimeoutError::Closed(message),
            SendFailure::TimedOut(message) => SendTimeoutError::Timeout(message),
            SendFailure::Cancelled(message) => {
                unwind_cancelled();
                SendTimeoutError::Closed(message)
            }
        })
    }

    /// Closes the channel: whoever waits on it wakes, and what rests in it can still be received.
    /// False if it was closed already.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = moonfleet::channel::bounded(1);
    /// tx.send(1).unwrap();
    /// assert!(tx.close());
    /// assert_eq!(rx.iter().collect::<Vec<_>>(), [1]);
    /// ```
    pub fn close(&self) -> bool {
        self.shared.core.close()
    }

    /// Whether the channel is closed.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = moonfleet::channel::bounded::<u8>(1);
    /// drop(rx);
    /// assert!(tx.is_closed());
    /// ```
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.core.is_closed()
    }

    /// How many messages rest in the channel.
    ///
    /// # Examples
    /// ```
    /// let (tx, _rx) = moonfleet::channel::bounded(8);
    /// tx.send(1).unwrap();
    /// assert_eq!(tx.len(), 1);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.core.len()
    }

    /// Whether no message rests in the channel.
    ///
    /// # Examples
    /// ```
    /// assert!(moonfleet::channel::bounded::<u8>(8).0.is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many messages may rest in the channel; `None` if there is no bound.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(moonfleet::channel::bounded::<u8>(8).0.capacity(), Some(8));
    /// assert_eq!(moonfleet::channel::unbounded::<u8>().0.capacity(), None);
    /// ```
    #[must_use]
    pub fn capacity(&self) -> Option<usize> {
        Some(self.shared.core.bound()).filter(|&bound| bound != usize::MAX)
    }

    pub(crate) fn core(&self) -> &Core<T> {
        &self.shared.core
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        count_in(&self.shared.senders);
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if count_out(&self.shared.senders) {
            self.shared.core.close();
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("len", &self.len()).field("closed", &self.is_closed()).finish()
    }
}
