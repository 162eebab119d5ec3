//! The event: a fact that parties wait for, seen by all of them until it is taken back.
//!
//! Why it is not one type with [`Notify`](super::Notify): see there. Its epochs end when it is set, so a
//! party that waited then goes on even if the event is reset before it runs.

use std::fmt;
use std::time::Duration;

use super::notify::{Left, WaitTimeoutError};
use crate::epoch::Epochs;
use crate::suspend::{Party, unwind_cancelled};
use crate::sys::clock;

/// A fact that parties wait for: set once for all of them, until it is reset.
///
/// # Examples
/// ```
/// use moonfleet::sync::Event;
/// use std::sync::Arc;
///
/// moonfleet::run(|| {
///     let ready = Arc::new(Event::new());
///     let server = Arc::clone(&ready);
///     moonfleet::spawn(move || server.set());
///     ready.wait();
///     ready.wait();
///     assert!(ready.is_set());
/// });
/// ```
pub struct Event {
    is_set: Epochs<bool>,
}

impl Event {
    /// An event that is not set.
    ///
    /// **Shape** `() → Event`
    ///
    /// # Examples
    /// ```
    /// assert!(!moonfleet::sync::Event::new().is_set());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self { is_set: Epochs::new(false) }
    }

    /// Sets the event: whoever waits goes on, and nobody waits from now on. False if it was set already.
    /// Never waits.
    ///
    /// **Shape** `() → bool`; O(parties).
    ///
    /// # Examples
    /// ```
    /// let event = moonfleet::sync::Event::new();
    /// assert!(event.set());
    /// assert!(!event.set());
    /// event.wait();
    /// ```
    pub fn set(&self) -> bool {
        self.is_set.change(|present| {
            let was_set = std::mem::replace(&mut present.state, true);
            if !was_set {
                present.end();
            }
            !was_set
        })
    }

    /// Takes the event back: who comes now waits for the next `set`. Parties that were already waiting when it
    /// was set go on all the same. False if it was not set.
    ///
    /// **Shape** `() → bool`
    ///
    /// # Examples
    /// ```
    /// let event = moonfleet::sync::Event::new();
    /// event.set();
    /// assert!(event.reset());
    /// assert!(!event.is_set());
    /// ```
    pub fn reset(&self) -> bool {
        self.is_set.change(|present| std::mem::replace(&mut present.state, false))
    }

    /// Whether the event is set.
    ///
    /// # Examples
    /// ```
    /// let event = moonfleet::sync::Event::new();
    /// event.set();
    /// assert!(event.is_set());
    /// ```
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.is_set.change(|present| present.state)
    }

    /// Waits until the event is set.
    ///
    /// **Shape** `() → ()`
    /// # Suspends
    /// Until the event is set; not at all if it is. Hold no std lock across it.
    /// # Cancellation
    /// Unwinds silently; if it waits, and the event was set first, it returns first. In a task that unwinds
    /// already, it returns though the event may not be set.
    ///
    /// # Examples
    /// ```
    /// let event = moonfleet::sync::Event::new();
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| event.set());
    ///     event.wait();
    /// });
    /// ```
    pub fn wait(&self) {
        if self.wait_until(None).is_err() {
            unwind_cancelled();
        }
    }

    /// As [`Event::wait`], but no longer than `timeout`.
    ///
    /// **Shape** `Duration → Result<(), WaitTimeoutError>`
    /// # Suspends
    /// As [`Event::wait`], up to `timeout`.
    /// # Errors
    /// [`WaitTimeoutError`]: the event was not set in time.
    /// # Cancellation
    /// As [`Event::wait`], but in a task that unwinds already it reports that the event was not set.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// let event = moonfleet::sync::Event::new();
    /// assert!(event.wait_timeout(Duration::from_millis(1)).is_err());
    /// ```
    pub fn wait_timeout(&self, timeout: Duration) -> Result<(), WaitTimeoutError> {
        self.wait_until(Some(clock::after(timeout))).map_err(Left::in_time)
    }

    fn wait_until(&self, deadline_ns: Option<u64>) -> Result<(), Left> {
        let party = Party::enter().map_err(|_| Left::Cancelled)?;
        let passed = self.is_set.wait(&party, deadline_ns, |present| present.state.then_some(()), |_| ());
        Left::unless_woken(passed)
    }
}

impl Default for Event {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("is_set", &self.is_set()).finish()
    }
}
