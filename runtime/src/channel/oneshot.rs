//! A channel for one message, from one sender to one receiver. Sending never waits.

#![allow(unsafe_code, reason = "lends a stack node to the cell while this frame waits")]

use std::fmt;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use super::error::{RecvError, RecvTimeoutError, SendError, TryRecvError};
use crate::suspend::{Party, unwind_cancelled};
use crate::sys::clock;
use crate::wait::list::Node;
use crate::wait::one::{One, Taken};
use crate::wait::waiter::{Urgency, wake_if_any};
use crate::wait::word::Reason;

use super::blocking::RecvFailure;

/// The sending end. Dropped unused, it tells the receiver that nothing will come.
///
/// # Examples
/// ```
/// let (tx, rx) = moonfleet::channel::oneshot::<u8>();
/// drop(tx);
/// assert!(rx.recv().is_err());
/// ```
pub struct Sender<T> {
    one: Option<Arc<One<T>>>,
}

/// The receiving end.
///
/// # Examples
/// ```
/// let (tx, rx) = moonfleet::channel::oneshot();
/// tx.send(1).unwrap();
/// assert_eq!(rx.recv(), Ok(1));
/// ```
pub struct Receiver<T> {
    one: Arc<One<T>>,
}

pub(crate) fn pair<T>() -> (Sender<T>, Receiver<T>) {
    let one = Arc::new(One::new());
    (Sender { one: Some(Arc::clone(&one)) }, Receiver { one })
}

/// Takes the value of `one`, waiting for it until `deadline_ns`.
pub(crate) fn take<T>(one: &One<T>, deadline_ns: Option<u64>) -> Result<T, RecvFailure> {
    let party = Party::current();
    let mut node = Node::new(party.waiter(), 0, None);
    party.waiter().word().arm();
    // SAFETY: node-lives — this frame waits below until the node is unlinked or fired.
    match unsafe { one.take_or_link(Some(NonNull::from(&mut node))) } {
        Taken::Value(value) => {
            party.waiter().word().rest();
            return Ok(value);
        }
        Taken::Closed => {
            party.waiter().word().rest();
            return Err(RecvFailure::Closed);
        }
        Taken::Empty => {}
    }
    let reason = party.wait(deadline_ns);
    if !matches!(reason, Reason::Arm(_)) {
        // SAFETY: the node was linked in this cell.
        unsafe { one.unlink(NonNull::from(&mut node)) };
    }
    match (node.take(), reason) {
        (Some(value), _) => Ok(value),
        (None, Reason::Arm(_)) => Err(RecvFailure::Closed),
        (None, Reason::TimedOut) => Err(RecvFailure::TimedOut),
        (None, Reason::Cancelled) => Err(RecvFailure::Cancelled),
    }
}

impl<T> Sender<T> {
    /// Sends the message. Never waits.
    ///
    /// **Shape** `T → Result<(), SendError<T>>`
    /// # Errors
    /// [`SendError`] with the message if the receiver is gone.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = moonfleet::channel::oneshot();
    /// drop(rx);
    /// assert_eq!(tx.send("late").unwrap_err().0, "late");
    /// ```
    #[inline]
    pub fn send(mut self, message: T) -> Result<(), SendError<T>> {
        let Some(one) = self.one.take() else { unreachable!("a sender sends once") };
        let wake = one.put(message).map_err(SendError)?;
        wake_if_any(wake, Urgency::Next);
        Ok(())
    }

    /// Whether the receiver is gone.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = moonfleet::channel::oneshot::<u8>();
    /// drop(rx);
    /// assert!(tx.is_closed());
    /// ```
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.one.as_ref().is_none_or(|one| one.is_closed())
    }
}

impl<T> Receiver<T> {
    /// Receives the message, waiting for it if need be.
    ///
    /// **Shape** `self → Result<T, RecvError>`
    /// # Suspends
    /// Until the message is sent, or the sender is dropped.
    /// # Errors
    /// [`RecvError`] if the sender was dropped without sending.
    /// # Cancellation
    /// Unwinds silently; a message already handed over is returned first.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = moonfleet::channel::oneshot();
    /// std::thread::spawn(move || tx.send(7));
    /// assert_eq!(rx.recv(), Ok(7));
    /// ```
    #[inline]
    pub fn recv(self) -> Result<T, RecvError> {
        take(&self.one, None).map_err(|failure| {
            if failure == RecvFailure::Cancelled {
                unwind_cancelled();
            }
            RecvError
        })
    }

    /// Receives the message, waiting no longer than `timeout`; may be called again after a timeout.
    ///
    /// **Shape** `Duration → Result<T, RecvTimeoutError>`
    /// # Suspends
    /// As [`Receiver::recv`], up to `timeout`.
    /// # Errors
    /// [`RecvTimeoutError`]: not sent in time, or never.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// let (tx, mut rx) = moonfleet::channel::oneshot();
    /// assert!(rx.recv_timeout(Duration::ZERO).is_err());
    /// tx.send(1).unwrap();
    /// assert_eq!(rx.recv_timeout(Duration::ZERO), Ok(1));
    /// ```
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        take(&self.one, Some(clock::after(timeout))).map_err(|failure| match failure {
            RecvFailure::Closed => RecvTimeoutError::Closed,
            RecvFailure::TimedOut => RecvTimeoutError::Timeout,
            RecvFailure::Cancelled => {
                unwind_cancelled();
                RecvTimeoutError::Closed
            }
        })
    }

    /// Receives the message if it was sent.
    ///
    /// **Shape** `() → Result<T, TryRecvError>`
    /// # Errors
    /// [`TryRecvError`]: not sent yet, or never.
    ///
    /// # Examples
    /// ```
    /// let (tx, mut rx) = moonfleet::channel::oneshot();
    /// assert!(rx.try_recv().is_err());
    /// tx.send(1).unwrap();
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// ```
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        match self.one.try_take() {
            Taken::Value(message) => Ok(message),
            Taken::Closed => Err(TryRecvError::Closed),
            Taken::Empty => Err(TryRecvError::Empty),
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if let Some(one) = self.one.take() {
            let (wake, _nothing) = one.close();
            wake_if_any(wake, Urgency::Queued);
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let (_nobody, unreceived) = self.one.close();
        drop(unreceived);
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("oneshot::Sender").field("closed", &self.is_closed()).finish()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("oneshot::Receiver").field("closed", &self.one.is_closed()).finish()
    }
}
