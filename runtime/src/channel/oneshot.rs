//! A channel for one message, from one sender to one receiver. Sending never waits.
//!
//! Models: one.

#![allow(unsafe_code, reason = "two ends share one allocation without a count")]

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::fmt;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::time::Duration;

use super::error::{RecvError, RecvTimeoutError, SendError, TryRecvError};
use crate::park::take_one;
use crate::suspend::{Party, unwind_cancelled};
use crate::sys::clock;
use crate::wait::one::{Left, One, Taken, TakerGone};
use crate::wait::waiter::{Urgency, wake_if_any};
use crate::wait::word::Reason;

use super::blocking::RecvFailure;
use super::polling::Polling;

/// The sending end. Dropped unused, it tells the receiver that nothing will come.
///
/// # Examples
/// ```
/// let (tx, rx) = moonfleet::channel::oneshot::<u8>();
/// drop(tx);
/// assert!(rx.recv().is_err());
/// ```
pub struct Sender<T> {
    cell: SharedCell<T>,
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
    cell: SharedCell<T>,
    polling: Polling,
}

/// The allocation that both ends point to.
///
/// INVARIANT(last-side): it is freed once, by the side to which [`One`] says that the cell is its alone.
struct SharedCell<T>(NonNull<One<T>>);

// SAFETY: an end gives access to the `One` alone, which is as sharable as its value is sendable.
unsafe impl<T: Send> Send for SharedCell<T> {}
// SAFETY: as above; two-sides — what takes `&self` on an end only reads the word.
unsafe impl<T: Send> Sync for SharedCell<T> {}

impl<T> SharedCell<T> {
    #[inline]
    fn one(&self) -> &One<T> {
        // SAFETY: last-side — the other side frees only what this one is done with.
        unsafe { self.0.as_ref() }
    }

    /// Frees the cell.
    ///
    /// # Safety
    /// `One` has told this side that the cell is its alone, and the end is not used again.
    #[inline]
    unsafe fn free(&self) {
        // SAFETY: last-side — promised by the caller; `pair` made it as a box.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

pub(crate) fn pair<T>() -> (Sender<T>, Receiver<T>) {
    let one = NonNull::from(Box::leak(Box::new(One::new())));
    (Sender { cell: SharedCell(one) }, Receiver { cell: SharedCell(one), polling: Polling::default() })
}

/// Takes the value of `one`, waiting for it until `deadline_ns`. A value that is there already beats a cancel: it is
/// this taker's, and nobody else's.
#[inline]
pub(crate) fn take<T>(one: &One<T>, deadline_ns: Option<u64>) -> Result<T, RecvFailure> {
    match one.take() {
        Taken::Value(value) => Ok(value),
        Taken::Closed => Err(RecvFailure::Closed),
        Taken::Empty => wait_and_take(one, deadline_ns),
    }
}

fn wait_and_take<T>(one: &One<T>, deadline_ns: Option<u64>) -> Result<T, RecvFailure> {
    let party = Party::enter().map_err(|_| RecvFailure::Cancelled)?;
    match take_one(&party, one, deadline_ns) {
        Ok(value) => value.ok_or(RecvFailure::Closed),
        Err(Reason::TimedOut) => Err(RecvFailure::TimedOut),
        Err(Reason::Cancelled | Reason::Arm(_)) => Err(RecvFailure::Cancelled),
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
    pub fn send(self, message: T) -> Result<(), SendError<T>> {
        // The end is used up here; its destructor is for ends that send nothing.
        let this = ManuallyDrop::new(self);
        match this.cell.one().put(message) {
            Ok(wake) => {
                wake_if_any(wake, Urgency::Next);
                Ok(())
            }
            Err(message) => {
                // SAFETY: last-side — the receiver has left.
                unsafe { this.cell.free() };
                Err(SendError(message))
            }
        }
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
        self.cell.one().is_taker_gone()
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
    pub fn recv(mut self) -> Result<T, RecvError> {
        self.polling.stop(self.cell.one());
        take(self.cell.one(), None).map_err(|failure| {
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
        self.polling.stop(self.cell.one());
        take(self.cell.one(), Some(clock::after(timeout))).map_err(|failure| match failure {
            RecvFailure::Closed => RecvTimeoutError::Closed,
            RecvFailure::TimedOut => RecvTimeoutError::Timeout,
            RecvFailure::Cancelled => {
                unwind_cancelled();
                RecvTimeoutError::Closed
            }
        })
    }

    /// Receives the message, waiting no longer than until `deadline_ns`, with cancellation as a value.
    pub(crate) fn recv_or_cancelled(&mut self, deadline_ns: Option<u64>) -> Result<T, RecvFailure> {
        self.polling.stop(self.cell.one());
        take(self.cell.one(), deadline_ns)
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
        self.polling.stop(self.cell.one());
        match self.cell.one().take() {
            Taken::Value(message) => Ok(message),
            Taken::Closed => Err(TryRecvError::Closed),
            Taken::Empty => Err(TryRecvError::Empty),
        }
    }
}

/// Awaits the message, under any executor; to be polled no more when it is done.
///
/// # Examples
/// ```
/// let (tx, rx) = moonfleet::channel::oneshot();
/// std::thread::spawn(move || tx.send(7));
/// assert_eq!(moonfleet::block_on(rx), Ok(7));
/// ```
impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        this.polling.poll(this.cell.one(), context).map(|taken| match taken {
            Taken::Value(message) => Ok(message),
            Taken::Closed | Taken::Empty => Err(RecvError),
        })
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        match self.cell.one().close() {
            Ok(wake) => wake_if_any(wake, Urgency::Queued),
            // SAFETY: last-side — the receiver has left, and the end is being dropped.
            Err(TakerGone) => unsafe { self.cell.free() },
        }
    }
}

impl<T> Drop for Receiver<T> {
    #[inline]
    fn drop(&mut self) {
        self.polling.stop(self.cell.one());
        if let Left::Alone(unreceived) = self.cell.one().leave() {
            // SAFETY: last-side — the sender is done, and the end is being dropped.
            unsafe { self.cell.free() };
            drop(unreceived);
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("oneshot::Sender").field("closed", &self.is_closed()).finish()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("oneshot::Receiver").field("sent", &self.cell.one().is_done()).finish()
    }
}
