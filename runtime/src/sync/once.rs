//! Doing something once, whoever comes first.

use std::fmt;

use super::raw_once::RawOnce;
use crate::suspend::unwind_cancelled;

/// Something to be done once: the first to come does it, the others wait until it is done.
///
/// A first that panics or is cancelled has not done it: the next one tries. There is no poisoning.
///
/// # Examples
/// ```
/// use moonfleet::sync::Once;
///
/// static LIGHTS: Once = Once::new();
///
/// moonfleet::run(|| {
///     let keepers = [1, 2, 3].map(|_| moonfleet::spawn(|| LIGHTS.call_once(moonfleet::yield_now)));
///     keepers.into_iter().for_each(|keeper| keeper.join().unwrap());
/// });
/// assert!(LIGHTS.is_completed());
/// ```
#[derive(Default)]
pub struct Once {
    raw: RawOnce,
}

impl Once {
    /// Something yet to be done.
    ///
    /// # Examples
    /// ```
    /// assert!(!moonfleet::sync::Once::new().is_completed());
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self { raw: RawOnce::new() }
    }

    /// Calls `f`, unless that has been done. What it did is visible when this returns.
    ///
    /// **Shape** `FnOnce() → ()`; one atomic load once it is done. `f` may suspend.
    /// # Suspends
    /// While another party is at it.
    /// # Panics
    /// If `f` does; and if `f` calls this again on the same `Once`, which would wait for itself.
    /// # Cancellation
    /// Unwinds silently, unless it is done already. A cancelled `f` leaves it to the next party.
    ///
    /// # Examples
    /// ```
    /// let (once, mut calls) = (moonfleet::sync::Once::new(), 0);
    /// once.call_once(|| calls += 1);
    /// once.call_once(|| calls += 1);
    /// assert_eq!(calls, 1);
    /// ```
    #[inline]
    pub fn call_once(&self, f: impl FnOnce()) {
        if !self.raw.is_complete() {
            self.call(f);
        }
    }

    #[cold]
    fn call(&self, f: impl FnOnce()) {
        loop {
            match self.raw.claim() {
                Ok(None) => return,
                Ok(Some(claim)) => {
                    f();
                    return claim.complete();
                }
                // It returns to a task that is unwinding already: its destructors still wait.
                Err(_) => unwind_cancelled(),
            }
        }
    }

    /// Whether it is done.
    ///
    /// # Examples
    /// See [`Once`].
    #[inline]
    #[must_use]
    pub fn is_completed(&self) -> bool {
        self.raw.is_complete()
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").field("completed", &self.is_completed()).finish()
    }
}
