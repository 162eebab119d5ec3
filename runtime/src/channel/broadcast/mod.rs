//! A channel whose every receiver sees every message that is sent after it subscribed.
//!
//! Sending never waits: the channel keeps the last messages, and a receiver that falls further behind is told
//! how many it has lost, and goes on with the oldest kept. A message rests in an `Arc`: receivers clone it
//! outside of any lock (and side by side, so it must be `Sync`), and it is dropped as soon as all have seen it.
//!
//! In this folder: `ring` is what the ends share, `error` what its name says.
//!
//! Models: broadcast.

mod ring;
mod error;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use self::error::{RecvError, RecvTimeoutError, SendError, TryRecvError};

use self::ring::{Found, Ring, Sent};
use super::blocking::RecvFailure;
use crate::epoch::{Epochs, Passed};
use crate::suspend::{Party, unwind_cancelled};
use crate::sys::clock;

/// The most messages that a broadcast channel can be made to keep.
///
/// # Examples
/// ```
/// use moonfleet::channel::broadcast;
///
/// assert!(broadcast::MAX_CAPACITY >= 1_000_000);
/// ```
pub const MAX_CAPACITY: usize = 1 << 24;

/// The sending end. Clones send to the same receivers; the channel closes with the last of them.
///
/// # Examples
/// ```
/// let (tx, mut rx) = moonfleet::channel::broadcast(8);
/// let mut other = tx.subscribe();
/// assert_eq!(tx.send("ahoy"), Ok(2));
/// assert_eq!((rx.recv(), other.recv()), (Ok("ahoy"), Ok("ahoy")));
/// ```
pub struct Sender<T> {
    shared: Arc<Epochs<Ring<T>>>,
}

/// The receiving end: it sees each message that is sent while it lives.
///
/// # Examples
/// ```
/// let (tx, mut rx) = moonfleet::channel::broadcast(8);
/// tx.send(1).unwrap();
/// let mut late = rx.subscribe();
/// tx.send(2).unwrap();
/// assert_eq!((rx.recv(), rx.recv(), late.recv()), (Ok(1), Ok(2), Ok(2)));
/// ```
pub struct Receiver<T> {
    shared: Arc<Epochs<Ring<T>>>,
    /// The number of the message that it is to see next.
    at: u64,
}

/// What a receive that does not wait found; `None`: no message yet.
type Looked<T> = Option<Result<Arc<T>, RecvError>>;

pub(crate) fn pair<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    assert!(
        (1..=MAX_CAPACITY).contains(&capacity),
        "a broadcast channel that keeps {capacity} messages was asked for, but it can keep 1 to {MAX_CAPACITY}"
    );
    let shared = Arc::new(Epochs::new(Ring::new(capacity)));
    (Sender { shared: Arc::clone(&shared) }, Receiver { shared, at: 0 })
}

impl<T> Sender<T> {
    /// Sends `message` to all who are subscribed now, and says how many those are. Never waits.
    ///
    /// If the channel is full, the oldest message makes place; receivers that have not seen it have lost it.
    ///
    /// **Shape** `T → Result<usize, SendError<T>>`; O(waiting receivers).
    /// # Errors
    /// [`SendError`] with the message if nobody is subscribed, or the channel is closed. Unless it is closed,
    /// a later [`Sender::subscribe`] makes sends succeed again.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = moonfleet::channel::broadcast(8);
    /// assert_eq!(tx.send(1), Ok(1));
    /// drop(rx);
    /// assert!(tx.send(2).is_err());
    /// ```
    pub fn send(&self, message: T) -> Result<usize, SendError<T>> {
        let message = Arc::new(message);
        let sent = self.shared.change(|present| {
            let sent = present.state.send(message)?;
            present.end();
            Ok(sent)
        });
        match sent {
            Ok(Sent { receivers, displaced }) => {
                drop(displaced);
                Ok(receivers)
            }
            Err(message) => {
                let message: Option<T> = Arc::into_inner(message);
                Err(SendError(message.expect("a message that was not sent is not shared")))
            }
        }
    }

    /// A new receiver, for what is sent from now on.
    ///
    /// **Shape** `() → Receiver<T>`
    ///
    /// # Examples
    /// ```
    /// let (tx, _) = moonfleet::channel::broadcast(8);
    /// let mut rx = tx.subscribe();
    /// tx.send(1).unwrap();
    /// assert_eq!(rx.recv(), Ok(1));
    /// ```
    #[must_use]
    pub fn subscribe(&self) -> Receiver<T> {
        subscribe(&self.shared)
    }

    /// How many receivers there are.
    ///
    /// # Examples
    /// ```
    /// let (tx, _rx) = moonfleet::channel::broadcast::<u8>(8);
    /// assert_eq!(tx.receiver_count(), 1);
    /// ```
    #[must_use]
    pub fn receiver_count(&self) -> usize {
        self.shared.change(|present| present.state.receivers)
    }

    /// Closes the channel: nothing more can be sent; receivers see what was sent, then learn that it is
    /// closed. False if it was closed already.
    ///
    /// **Shape** `() → bool`
    ///
    /// # Examples
    /// ```
    /// let (tx, mut rx) = moonfleet::channel::broadcast(8);
    /// tx.send(1).unwrap();
    /// tx.close();
    /// assert!(tx.send(2).is_err());
    /// assert_eq!(rx.recv(), Ok(1));
    /// assert!(rx.recv().is_err());
    /// ```
    pub fn close(&self) -> bool {
        self.shared.change(|present| {
            present.end();
            !std::mem::replace(&mut present.state.closed, true)
        })
    }

    /// Whether the channel is closed.
    ///
    /// # Examples
    /// ```
    /// let (tx, _rx) = moonfleet::channel::broadcast::<u8>(8);
    /// assert!(!tx.is_closed());
    /// ```
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.change(|present| present.state.closed)
    }
}

impl<T> Receiver<T> {
    /// A new receiver, for what is sent from now on.
    ///
    /// **Shape** `() → Receiver<T>`
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = moonfleet::channel::broadcast(8);
    /// tx.send(1).unwrap();
    /// assert!(rx.subscribe().is_empty());
    /// ```
    #[must_use]
    pub fn subscribe(&self) -> Receiver<T> {
        subscribe(&self.shared)
    }

    /// How many messages wait for this receiver.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = moonfleet::channel::broadcast(2);
    /// (0..5).for_each(|n| assert!(tx.send(n).is_ok()));
    /// assert_eq!(rx.len(), 2);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.change(|present| present.state.len(self.at))
    }

    /// Whether no message waits for this receiver.
    ///
    /// # Examples
    /// ```
    /// let (_tx, rx) = moonfleet::channel::broadcast::<u8>(8);
    /// assert!(rx.is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the channel is closed. Messages may still wait for this receiver.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = moonfleet::channel::broadcast::<u8>(8);
    /// drop(tx);
    /// assert!(rx.is_closed());
    /// ```
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.change(|present| present.state.closed)
    }

    /// Receives the next message, waiting until `deadline_ns`.
    fn receive(&mut self, deadline_ns: Option<u64>) -> Result<Result<Arc<T>, RecvError>, RecvFailure> {
        let party = Party::enter().map_err(|_| RecvFailure::Cancelled)?;
        let at = &mut self.at;
        loop {
            let passed =
                self.shared.wait(&party, deadline_ns, |present| look(&mut present.state, at), |_| ());
            match passed {
                Passed::AtOnce(found) => return Ok(found),
                // There is a message now, or the channel is closed.
                Passed::Woken => {}
                Passed::TimedOut(()) => return Err(RecvFailure::TimedOut),
                Passed::Cancelled => return Err(RecvFailure::Cancelled),
            }
        }
    }
}

impl<T: Clone> Receiver<T> {
    /// Receives the next message, waiting for one if there is none.
    ///
    /// **Shape** `() → Result<T, RecvError>`; O(1).
    /// # Suspends
    /// Until there is a message, or the channel is closed. Hold no std lock across it.
    /// # Errors
    /// [`RecvError`]: messages were lost, and the next call gives the oldest kept; or all is seen and the
    /// channel is closed.
    /// # Panics
    /// Only if the message's `clone` panics: this receiver has then lost it.
    /// # Cancellation
    /// Unwinds silently; no message is lost by that. In a task that unwinds already, the wait ends as if the
    /// channel were closed.
    ///
    /// # Examples
    /// ```
    /// let (tx, mut rx) = moonfleet::channel::broadcast(8);
    /// std::thread::spawn(move || tx.send(7));
    /// assert_eq!(rx.recv(), Ok(7));
    /// assert!(rx.recv().is_err());
    /// ```
    pub fn recv(&mut self) -> Result<T, RecvError> {
        match self.receive(None) {
            Ok(found) => found.map(Arc::unwrap_or_clone),
            Err(failure) => {
                if failure == RecvFailure::Cancelled {
                    unwind_cancelled();
                }
                Err(RecvError::Closed)
            }
        }
    }

    /// Receives the next message if it is there.
    ///
    /// **Shape** `() → Result<T, TryRecvError>`
    /// # Errors
    /// [`TryRecvError`]: none is there, some were lost, or none will come.
    /// # Panics
    /// As [`Receiver::recv`].
    ///
    /// # Examples
    /// ```
    /// let (tx, mut rx) = moonfleet::channel::broadcast(8);
    /// assert!(rx.try_recv().is_err());
    /// tx.send(1).unwrap();
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// ```
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let at = &mut self.at;
        let looked = self.shared.change(|present| look(&mut present.state, at));
        Ok(looked.ok_or(TryRecvError::Empty)?.map(Arc::unwrap_or_clone)?)
    }

    /// Receives the next message, waiting no longer than `timeout`.
    ///
    /// **Shape** `Duration → Result<T, RecvTimeoutError>`
    /// # Suspends
    /// As [`Receiver::recv`], up to `timeout`.
    /// # Errors
    /// [`RecvTimeoutError`]: none came in time, some were lost, or none will come.
    /// # Panics
    /// As [`Receiver::recv`].
    /// # Cancellation
    /// As [`Receiver::recv`].
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// let (_tx, mut rx) = moonfleet::channel::broadcast::<u8>(8);
    /// assert!(rx.recv_timeout(Duration::from_millis(1)).is_err());
    /// ```
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        match self.receive(Some(clock::after(timeout))) {
            Ok(found) => Ok(found.map(Arc::unwrap_or_clone)?),
            Err(RecvFailure::TimedOut) => Err(RecvTimeoutError::Timeout),
            Err(RecvFailure::Closed) => Err(RecvTimeoutError::Closed),
            Err(RecvFailure::Cancelled) => {
                unwind_cancelled();
                Err(RecvTimeoutError::Closed)
            }
        }
    }
}

/// What there is for a receiver whose next message is number `at`.
fn look<T>(ring: &mut Ring<T>, at: &mut u64) -> Looked<T> {
    Some(match ring.receive(at)? {
        Found::Message(message) => Ok(message),
        Found::Lagged(lost) => Err(RecvError::Lagged(lost)),
        Found::Closed => Err(RecvError::Closed),
    })
}

fn subscribe<T>(shared: &Arc<Epochs<Ring<T>>>) -> Receiver<T> {
    let at = shared.change(|present| present.state.join());
    Receiver { shared: Arc::clone(shared), at }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.change(|present| present.state.senders += 1);
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.shared.change(|present| {
            present.state.senders -= 1;
            if present.state.senders == 0 {
                present.state.closed = true;
                present.end();
            }
        });
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let end = self.shared.change(|present| present.state.leave());
        // One by one: each message that nobody else is to see is dropped with the lock free.
        while self.at < end {
            let passed = self.shared.change(|present| present.state.pass(&mut self.at, end));
            drop(passed);
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("broadcast::Sender")
            .field("receivers", &self.receiver_count())
            .field("closed", &self.is_closed())
            .finish()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("broadcast::Receiver")
            .field("len", &self.len())
            .field("closed", &self.is_closed())
            .finish()
    }
}
