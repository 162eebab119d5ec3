//! A channel that holds one value, the latest: receivers learn that it changed, and read it when they like.
//!
//! Values in between are not kept. The value is shared as an `Arc` that is swapped under a lock: whoever
//! reads keeps what it reads for as long as it likes, and no code of the user's runs under the lock, not
//! even in [`Sender::send_modify`].
//!
//! Models: broadcast.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::blocking::RecvFailure;
use super::error::{RecvError, RecvTimeoutError};
use crate::epoch::{Epochs, Passed};
use crate::suspend::{Party, unwind_cancelled};
use crate::sys::clock;

/// The sending end. Clones set the same value; the channel closes with the last of them.
///
/// # Examples
/// ```
/// let (tx, mut rx) = moonfleet::channel::watch("calm");
/// tx.send("storm");
/// assert_eq!(rx.changed(), Ok(()));
/// assert_eq!(rx.get(), "storm");
/// ```
pub struct Sender<T> {
    shared: Arc<Epochs<Watched<T>>>,
}

/// The receiving end. It knows which value it has seen; a clone has seen the same.
///
/// # Examples
/// ```
/// let (tx, mut rx) = moonfleet::channel::watch(0);
/// moonfleet::run(move || {
///     moonfleet::spawn(move || {
///         for n in 1..=3 {
///             tx.send(n);
///         }
///     });
///     while rx.changed().is_ok() {
///         assert!((1..=3).contains(&rx.get()));
///     }
///     assert_eq!(rx.get(), 3);
/// });
/// ```
pub struct Receiver<T> {
    shared: Arc<Epochs<Watched<T>>>,
    /// The version that it has seen.
    seen: u64,
}

/// What the lock guards.
struct Watched<T> {
    value: Arc<T>,
    /// Goes up with each new value.
    version: u64,
    senders: usize,
    receivers: usize,
}

pub(crate) fn pair<T>(initial: T) -> (Sender<T>, Receiver<T>) {
    let watched = Watched { value: Arc::new(initial), version: 0, senders: 1, receivers: 1 };
    let shared = Arc::new(Epochs::new(watched));
    (Sender { shared: Arc::clone(&shared) }, Receiver { shared, seen: 0 })
}

impl<T> Watched<T> {
    /// Takes a new value; the old one is the caller's to drop, with the lock free.
    fn replace(&mut self, value: Arc<T>) -> Arc<T> {
        self.version += 1;
        std::mem::replace(&mut self.value, value)
    }

    fn latest(&self) -> (Arc<T>, u64) {
        (Arc::clone(&self.value), self.version)
    }

    /// Whether a receiver that has seen version `seen` has something new; an error if it never will.
    fn look(&self, seen: &mut u64) -> Option<Result<(), RecvError>> {
        if *seen != self.version {
            *seen = self.version;
            return Some(Ok(()));
        }
        (self.senders == 0).then_some(Err(RecvError))
    }
}

impl<T> Sender<T> {
    /// Sets a new value, and says how many receivers there are. Never waits, and never fails: without a
    /// receiver, the value is there for the next to subscribe.
    ///
    /// **Shape** `T → usize`; O(waiting receivers).
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = moonfleet::channel::watch(0);
    /// assert_eq!(tx.send(1), 1);
    /// drop(rx);
    /// assert_eq!(tx.send(2), 0);
    /// assert_eq!(*tx.latest(), 2);
    /// ```
    pub fn send(&self, value: T) -> usize {
        let value = Arc::new(value);
        let (replaced, receivers) = self.shared.change(|present| {
            present.end();
            (present.state.replace(value), present.state.receivers)
        });
        drop(replaced);
        receivers
    }

    /// Changes a copy of the value, and sets that. Never waits.
    ///
    /// If somebody else sets a value meanwhile, `modify` is called again on a copy of that, so nothing is
    /// overwritten unseen; therefore it should do no more than change what it is given.
    ///
    /// **Shape** `FnMut(&mut T) → ()`
    /// # Panics
    /// Only if `modify` or `clone` panics: the value is then as before.
    ///
    /// # Examples
    /// ```
    /// let (tx, mut rx) = moonfleet::channel::watch(vec![1]);
    /// tx.send_modify(|list| list.push(2));
    /// assert_eq!(rx.get(), [1, 2]);
    /// ```
    pub fn send_modify(&self, mut modify: impl FnMut(&mut T))
    where
        T: Clone,
    {
        self.send_if_modified(|value| {
            modify(value);
            true
        });
    }

    /// Changes a copy of the value, and sets that if `modify` says true. Otherwise the copy is dropped, and
    /// nobody learns of it. Returns what `modify` said. Never waits.
    ///
    /// `modify` may be called several times, as in [`Sender::send_modify`].
    ///
    /// **Shape** `FnMut(&mut T) -> bool → bool`
    /// # Panics
    /// As [`Sender::send_modify`].
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = moonfleet::channel::watch(5);
    /// let raise = |to| tx.send_if_modified(|value| std::mem::replace(value, to) < to);
    /// assert!(!raise(3));
    /// assert!(!rx.has_changed());
    /// assert!(raise(8));
    /// assert!(rx.has_changed());
    /// ```
    pub fn send_if_modified(&self, mut modify: impl FnMut(&mut T) -> bool) -> bool
    where
        T: Clone,
    {
        loop {
            let (before, version) = self.shared.change(|present| present.state.latest());
            let mut value = T::clone(&before);
            if !modify(&mut value) {
                return false;
            }
            let value = Arc::new(value);
            let replaced = self.shared.change(|present| {
                if present.state.version != version {
                    return Err(value);
                }
                present.end();
                Ok(present.state.replace(value))
            });
            if replaced.is_ok() {
                return true;
            }
        }
    }

    /// The value.
    ///
    /// **Shape** `() → Arc<T>`; shared, not cloned.
    ///
    /// # Examples
    /// ```
    /// let (tx, _rx) = moonfleet::channel::watch("calm");
    /// assert_eq!(*tx.latest(), "calm");
    /// ```
    #[must_use]
    pub fn latest(&self) -> Arc<T> {
        self.shared.change(|present| present.state.latest()).0
    }

    /// A new receiver, which has seen the present value.
    ///
    /// **Shape** `() → Receiver<T>`
    ///
    /// # Examples
    /// ```
    /// let (tx, _) = moonfleet::channel::watch(1);
    /// let mut rx = tx.subscribe();
    /// assert!(!rx.has_changed());
    /// assert_eq!(rx.get(), 1);
    /// ```
    #[must_use]
    pub fn subscribe(&self) -> Receiver<T> {
        let seen = self.shared.change(|present| {
            present.state.receivers += 1;
            present.state.version
        });
        Receiver { shared: Arc::clone(&self.shared), seen }
    }

    /// How many receivers there are.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = moonfleet::channel::watch(1);
    /// let _other = rx.clone();
    /// assert_eq!(tx.receiver_count(), 2);
    /// ```
    #[must_use]
    pub fn receiver_count(&self) -> usize {
        self.shared.change(|present| present.state.receivers)
    }
}

impl<T> Receiver<T> {
    /// The value, which this receiver has then seen.
    ///
    /// **Shape** `() → Arc<T>`; shared, not cloned.
    ///
    /// # Examples
    /// ```
    /// let (tx, mut rx) = moonfleet::channel::watch(1);
    /// tx.send(2);
    /// assert_eq!(*rx.latest(), 2);
    /// assert!(!rx.has_changed());
    /// ```
    #[must_use]
    pub fn latest(&mut self) -> Arc<T> {
        let value;
        (value, self.seen) = self.shared.change(|present| present.state.latest());
        value
    }

    /// A clone of the value, which this receiver has then seen.
    ///
    /// **Shape** `() → T`
    ///
    /// # Examples
    /// ```
    /// let (_tx, mut rx) = moonfleet::channel::watch(String::from("calm"));
    /// assert_eq!(rx.get(), "calm");
    /// ```
    #[must_use]
    pub fn get(&mut self) -> T
    where
        T: Clone,
    {
        T::clone(&self.latest())
    }

    /// Looks at the value, which this receiver has then seen. Nothing is locked meanwhile.
    ///
    /// **Shape** `FnOnce(&T) -> R → R`
    ///
    /// # Examples
    /// ```
    /// let (_tx, mut rx) = moonfleet::channel::watch(vec![1, 2, 3]);
    /// assert_eq!(rx.with(|list| list.len()), 3);
    /// ```
    pub fn with<R>(&mut self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.latest())
    }

    /// Whether there is a value that this receiver has not seen.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = moonfleet::channel::watch(1);
    /// assert!(!rx.has_changed());
    /// tx.send(1);
    /// assert!(rx.has_changed());
    /// ```
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.shared.change(|present| present.state.version != self.seen)
    }

    /// Waits until there is a value that this receiver has not seen, and counts it as seen.
    ///
    /// **Shape** `() → Result<(), RecvError>`; O(1).
    /// # Suspends
    /// Until there is a new value, or the last sender is dropped. Hold no std lock across it.
    /// # Errors
    /// [`RecvError`] once the last sender is dropped and the last value seen. The value stays readable.
    /// # Cancellation
    /// Unwinds silently; a change is not seen by that. In a task that unwinds already, the wait ends as if the
    /// last sender were dropped.
    ///
    /// # Examples
    /// ```
    /// let (tx, mut rx) = moonfleet::channel::watch(1);
    /// std::thread::spawn(move || tx.send(2));
    /// assert!(rx.changed().is_ok());
    /// assert!(rx.changed().is_err());
    /// assert_eq!(rx.get(), 2);
    /// ```
    pub fn changed(&mut self) -> Result<(), RecvError> {
        self.wait_until(None).map_err(|failure| {
            if failure == RecvFailure::Cancelled {
                unwind_cancelled();
            }
            RecvError
        })
    }

    /// As [`Receiver::changed`], waiting no longer than `timeout`.
    ///
    /// **Shape** `Duration → Result<(), RecvTimeoutError>`
    /// # Suspends
    /// As [`Receiver::changed`], up to `timeout`.
    /// # Errors
    /// [`RecvTimeoutError`]: no new value came in time, or none will come.
    /// # Cancellation
    /// As [`Receiver::changed`].
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// let (_tx, mut rx) = moonfleet::channel::watch(1);
    /// assert!(rx.changed_timeout(Duration::from_millis(1)).is_err());
    /// ```
    pub fn changed_timeout(&mut self, timeout: Duration) -> Result<(), RecvTimeoutError> {
        self.wait_until(Some(clock::after(timeout))).map_err(|failure| match failure {
            RecvFailure::Closed => RecvTimeoutError::Closed,
            RecvFailure::TimedOut => RecvTimeoutError::Timeout,
            RecvFailure::Cancelled => {
                unwind_cancelled();
                RecvTimeoutError::Closed
            }
        })
    }

    /// Whether the last sender is dropped: the value stays as it is for ever.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = moonfleet::channel::watch(1);
    /// drop(tx);
    /// assert!(rx.is_closed());
    /// ```
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.change(|present| present.state.senders == 0)
    }

    fn wait_until(&mut self, deadline_ns: Option<u64>) -> Result<(), RecvFailure> {
        let party = Party::enter().map_err(|_| RecvFailure::Cancelled)?;
        let seen = &mut self.seen;
        loop {
            match self.shared.wait(&party, deadline_ns, |present| present.state.look(seen), |_| ()) {
                Passed::AtOnce(found) => return found.map_err(|RecvError| RecvFailure::Closed),
                // There is a new value now, or the last sender is gone.
                Passed::Woken => {}
                Passed::TimedOut(()) => return Err(RecvFailure::TimedOut),
                Passed::Cancelled => return Err(RecvFailure::Cancelled),
            }
        }
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.change(|present| present.state.senders += 1);
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        self.shared.change(|present| present.state.receivers += 1);
        Self { shared: Arc::clone(&self.shared), seen: self.seen }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.shared.change(|present| {
            present.state.senders -= 1;
            if present.state.senders == 0 {
                present.end();
            }
        });
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.shared.change(|present| present.state.receivers -= 1);
    }
}

impl<T: fmt::Debug> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("watch::Sender").field("latest", &self.latest()).finish()
    }
}

impl<T: fmt::Debug> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (latest, _) = self.shared.change(|present| present.state.latest());
        f.debug_struct("watch::Receiver")
            .field("latest", &latest)
            .field("changed", &self.has_changed())
            .finish()
    }
}
