//! The notification: a signal that one party uses up, kept until somebody comes for it.
//!
//! It is a type of its own beside [`Event`](super::Event), because the two answer different questions. A
//! `Notify` says that *something happened*, to one party, once: work has come, look at it. An `Event` says
//! that *something is so*, to everybody, until it is taken back: the server is ready. One type for both would
//! have to ask at each use which is meant.
//!
//! Models: block_on, epoch.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::epoch::{Epochs, Passed};
use crate::suspend::{Cancelled, Party, unwind_cancelled};
use crate::sys::clock;

/// A signal from parties that have something to tell to parties that wait for it.
///
/// A signal that nobody waits for is kept, but only one: a party that was signalled looks at all there is.
///
/// # Examples
/// ```
/// use moonfleet::sync::Notify;
/// use std::sync::{Arc, Mutex};
///
/// moonfleet::run(|| {
///     let shared = Arc::new((Notify::new(), Mutex::new(Vec::new())));
///     let worker = Arc::clone(&shared);
///     moonfleet::spawn(move || {
///         worker.1.lock().unwrap().push("cargo");
///         worker.0.notify_one();
///     });
///     shared.0.wait();
///     assert_eq!(*shared.1.lock().unwrap(), ["cargo"]);
/// });
/// ```
pub struct Notify {
    /// Whether a signal is kept.
    kept: Epochs<bool>,
}

/// No signal came in time.
///
/// # Examples
/// ```
/// use moonfleet::sync::{Event, Notify, WaitTimeoutError};
/// use std::time::Duration;
///
/// assert_eq!(Notify::new().wait_timeout(Duration::ZERO), Err(WaitTimeoutError));
/// assert_eq!(Event::new().wait_timeout(Duration::ZERO), Err(WaitTimeoutError));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitTimeoutError;

/// Why a party waits no more, though no signal came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    TimedOut,
    Cancelled,
}

impl Notify {
    /// A notification without a signal.
    ///
    /// **Shape** `() → Notify`
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// assert!(moonfleet::sync::Notify::new().wait_timeout(Duration::ZERO).is_err());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self { kept: Epochs::new(false) }
    }

    /// Signals the party that waits longest; if nobody waits, the next one to come. Never waits.
    ///
    /// A signal is not lost: a party whose timeout or cancel comes at the same moment either takes it, or
    /// leaves it to the next.
    ///
    /// **Shape** `() → ()`; FIFO; O(1). Signals that nobody waits for are kept as one.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// let notify = moonfleet::sync::Notify::new();
    /// notify.notify_one();
    /// notify.notify_one();
    /// assert!(notify.wait_timeout(Duration::ZERO).is_ok());
    /// assert!(notify.wait_timeout(Duration::ZERO).is_err());
    /// ```
    pub fn notify_one(&self) {
        self.kept.wake_one_or(|kept| *kept = true);
    }

    /// Signals all parties that wait at this moment, and nobody else. Keeps nothing for those who come later.
    /// Never waits.
    ///
    /// **Shape** `() → ()`; O(parties).
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// let notify = moonfleet::sync::Notify::new();
    /// notify.notify_all();
    /// assert!(notify.wait_timeout(Duration::ZERO).is_err());
    /// ```
    pub fn notify_all(&self) {
        self.kept.change(|present| present.end());
    }

    /// Uses up the signal that is kept, or waits for one.
    ///
    /// **Shape** `() → ()`
    /// # Suspends
    /// Until a signal comes. Hold no std lock across it.
    /// # Cancellation
    /// Unwinds silently; with a signal already received, it returns first. In a task that unwinds already, it
    /// returns without a signal.
    ///
    /// # Examples
    /// ```
    /// let notify = moonfleet::sync::Notify::new();
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| notify.notify_one());
    ///     notify.wait();
    /// });
    /// ```
    pub fn wait(&self) {
        if self.wait_until(None).is_err() {
            unwind_cancelled();
        }
    }

    /// As [`Notify::wait`], but no longer than `timeout`.
    ///
    /// **Shape** `Duration → Result<(), WaitTimeoutError>`
    /// # Suspends
    /// As [`Notify::wait`], up to `timeout`.
    /// # Errors
    /// [`WaitTimeoutError`]: no signal came in time.
    /// # Cancellation
    /// As [`Notify::wait`], but in a task that unwinds already it reports that no signal came.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// let notify = moonfleet::sync::Notify::new();
    /// assert!(notify.wait_timeout(Duration::from_millis(1)).is_err());
    /// ```
    pub fn wait_timeout(&self, timeout: Duration) -> Result<(), WaitTimeoutError> {
        self.wait_until(Some(clock::after(timeout))).map_err(Left::in_time)
    }

    /// As [`Notify::wait`], with a cancel as a value.
    pub(crate) fn wait_or_cancelled(&self) -> Result<(), Cancelled> {
        self.wait_until(None).map_err(|_| Cancelled)
    }

    fn wait_until(&self, deadline_ns: Option<u64>) -> Result<(), Left> {
        let party = Party::enter().map_err(|_| Left::Cancelled)?;
        let passed = self.kept.wait(
            &party,
            deadline_ns,
            |present| std::mem::take(&mut present.state).then_some(()),
            |_| (),
        );
        Left::unless_woken(passed)
    }
}

impl Left {
    /// Whether the party was woken, or found what it wanted at once.
    pub(super) fn unless_woken(passed: Passed<(), ()>) -> Result<(), Left> {
        match passed {
            Passed::AtOnce(()) | Passed::Woken => Ok(()),
            Passed::TimedOut(()) => Err(Left::TimedOut),
            Passed::Cancelled => Err(Left::Cancelled),
        }
    }

    /// The error of a wait with a deadline. Does not return in a task that is to unwind.
    pub(super) fn in_time(self) -> WaitTimeoutError {
        if self == Left::Cancelled {
            unwind_cancelled();
        }
        WaitTimeoutError
    }
}

impl Default for Notify {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.kept.change(|present| present.state);
        f.debug_struct("Notify").field("signal_kept", &kept).finish()
    }
}

impl fmt::Display for WaitTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a signal was waited for, but none came in time")
    }
}

impl Error for WaitTimeoutError {}
