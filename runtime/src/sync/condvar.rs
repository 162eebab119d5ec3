//! Waiting, with a [`Mutex`](super::Mutex), for a condition that its value may meet one day.
//!
//! Models: condvar.

#![allow(unsafe_code, reason = "lends a stack node to the queue while the mutex is being freed")]

use std::fmt;
use std::time::Duration;

use super::mutex::{Mutex, MutexGuard};
use crate::park::{Waited, queue_and_leave};
use crate::primitive::const_fn;
use crate::suspend::{Party, unwind_cancelled};
use crate::sys::clock;
use crate::wait::list::Fired;
use crate::wait::queue::Queue;
use crate::wait::waiter::{Urgency, wake_if_any};

/// Parties that wait until others, who have changed what a [`Mutex`] guards, notify them.
///
/// A wait ends by a notification, a deadline or a cancel, and otherwise never: no spurious wakes. Still, others
/// may take the mutex before the notified one does and change the value again, so conditions are tested in a
/// loop; [`Condvar::wait_while`] is that loop. Parties are notified in the order in which they came to wait.
///
/// # Examples
/// ```
/// use moonfleet::sync::{Condvar, Mutex};
///
/// static HOLD: Mutex<Vec<&str>> = Mutex::new(Vec::new());
/// static LOADED: Condvar = Condvar::new();
///
/// moonfleet::run(|| {
///     let porter = moonfleet::spawn(|| LOADED.wait_while(HOLD.lock(), |hold| hold.is_empty()).pop());
///     HOLD.lock().push("kegs");
///     LOADED.notify_one();
///     assert_eq!(porter.join().unwrap(), Some("kegs"));
/// });
/// ```
pub struct Condvar {
    /// How often all were notified, and for each party, how often when it came. So a party that waits again
    /// while all are being notified is not notified twice.
    waiting: Queue<u64, u64>,
}

/// Whether a wait ended because its time was over.
///
/// # Examples
/// ```
/// use moonfleet::sync::{Condvar, Mutex};
///
/// let (mutex, condition) = (Mutex::new(0), Condvar::new());
/// let (_guard, ended) = condition.wait_timeout(mutex.lock(), std::time::Duration::ZERO);
/// assert!(ended.timed_out());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether the time was over, and nobody had notified the party.
    ///
    /// # Examples
    /// See [`WaitTimeoutResult`].
    #[must_use]
    pub fn timed_out(self) -> bool {
        self.0
    }
}

impl Condvar {
    const_fn! {
        /// A condition variable for which nobody waits.
        ///
        /// # Examples
        /// ```
        /// static CHANGED: moonfleet::sync::Condvar = moonfleet::sync::Condvar::new();
        /// CHANGED.notify_all();
        /// ```
        #[must_use]
        pub fn new() -> Self {
            Self { waiting: Queue::new(0) }
        }
    }

    /// Frees the mutex, waits for a notification, and takes the mutex again.
    ///
    /// **Shape** `MutexGuard<T> → MutexGuard<T>`; a notification that comes after the mutex is free is not missed.
    /// # Suspends
    /// Until it is notified, then while somebody else has the mutex.
    /// # Cancellation
    /// Unwinds silently, without the mutex; a notification it has got by then is passed on to the next. In a
    /// destructor that runs in an unwind, a cancel ends the wait as a notification does.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::sync::{Condvar, Mutex};
    ///
    /// static TURNED: Mutex<bool> = Mutex::new(false);
    /// static TIDE: Condvar = Condvar::new();
    ///
    /// moonfleet::run(|| {
    ///     let mut turned = TURNED.lock();
    ///     moonfleet::spawn(|| {
    ///         *TURNED.lock() = true;
    ///         TIDE.notify_one();
    ///     });
    ///     while !*turned {
    ///         turned = TIDE.wait(turned);
    ///     }
    /// });
    /// ```
    pub fn wait<'a, T: ?Sized>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        self.wait_until(guard, None).0
    }

    /// Waits as long as `condition` holds: tests it, with the mutex taken, at once and after every notification.
    ///
    /// **Shape** `(MutexGuard<T>, FnMut(&mut T) → bool) → MutexGuard<T>`
    /// # Suspends
    /// As [`Condvar::wait`], if the condition holds.
    /// # Cancellation
    /// As [`Condvar::wait`].
    ///
    /// # Examples
    /// See [`Condvar`].
    pub fn wait_while<'a, T: ?Sized>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> MutexGuard<'a, T> {
        while condition(&mut guard) {
            guard = self.wait(guard);
        }
        guard
    }

    /// Frees the mutex, waits for a notification no longer than `timeout`, and takes the mutex again.
    ///
    /// **Shape** `(MutexGuard<T>, Duration) → (MutexGuard<T>, WaitTimeoutResult)`
    /// # Suspends
    /// Until it is notified or the time is over, then while somebody else has the mutex, however long.
    /// # Cancellation
    /// As [`Condvar::wait`].
    ///
    /// # Examples
    /// See [`WaitTimeoutResult`].
    pub fn wait_timeout<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        timeout: Duration,
    ) -> (MutexGuard<'a, T>, WaitTimeoutResult) {
        self.wait_until(guard, Some(clock::after(timeout)))
    }

    /// Waits as long as `condition` holds, but no longer than `timeout` in all. If it holds even then, the
    /// result says that the time was over.
    ///
    /// **Shape** `(MutexGuard<T>, Duration, FnMut(&mut T) → bool) → (MutexGuard<T>, WaitTimeoutResult)`
    /// # Suspends
    /// As [`Condvar::wait_timeout`], if the condition holds.
    /// # Cancellation
    /// As [`Condvar::wait`].
    ///
    /// # Examples
    /// ```
    /// use moonfleet::sync::{Condvar, Mutex};
    /// use std::time::Duration;
    ///
    /// let (mutex, condition) = (Mutex::new(5), Condvar::new());
    /// let (guard, ended) = condition.wait_timeout_while(mutex.lock(), Duration::MAX, |fathoms| *fathoms < 5);
    /// assert!(*guard == 5 && !ended.timed_out());
    /// ```
    pub fn wait_timeout_while<'a, T: ?Sized>(
        &self,
        mut guard: MutexGuard<'a, T>,
        timeout: Duration,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> (MutexGuard<'a, T>, WaitTimeoutResult) {
        let deadline_ns = clock::after(timeout);
        let mut ended = WaitTimeoutResult(false);
        while condition(&mut guard) {
            if ended.timed_out() {
                return (guard, ended);
            }
            (guard, ended) = self.wait_until(guard, Some(deadline_ns));
        }
        (guard, WaitTimeoutResult(false))
    }

    /// Notifies the party that waits longest, if one waits.
    ///
    /// Nothing is kept for parties that come later: change the value first, with the mutex taken.
    ///
    /// # Examples
    /// See [`Condvar`].
    pub fn notify_one(&self) {
        let fired = self.waiting.lock().fire_first();
        wake_if_any(fired.map(Fired::leave), Urgency::Queued);
    }

    /// Notifies all parties that wait at this moment.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::sync::{Condvar, Mutex};
    ///
    /// static OPEN: Mutex<bool> = Mutex::new(false);
    /// static CHANGED: Condvar = Condvar::new();
    ///
    /// moonfleet::run(|| {
    ///     let guests = [(); 3].map(|()| moonfleet::spawn(|| *CHANGED.wait_while(OPEN.lock(), |open| !*open)));
    ///     *OPEN.lock() = true;
    ///     CHANGED.notify_all();
    ///     assert!(guests.into_iter().all(|guest| guest.join().unwrap()));
    /// });
    /// ```
    pub fn notify_all(&self) {
        let round = {
            let mut queue = self.waiting.lock();
            queue.state += 1;
            queue.state
        };
        loop {
            let fired = self.waiting.lock().fire_first_if(|came_in| *came_in < round);
            let Some(fired) = fired else { return };
            fired.leave().wake(Urgency::Queued);
        }
    }

    fn wait_until<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        deadline_ns: Option<u64>,
    ) -> (MutexGuard<'a, T>, WaitTimeoutResult) {
        let Ok(party) = Party::enter() else {
            unwind_cancelled();
            return (guard, WaitTimeoutResult(false));
        };
        let mutex = guard.mutex();
        let round = self.waiting.lock().state;
        // SAFETY: dropping the guard frees the raw lock and wakes a party: nothing of the user's, no unwind.
        let waited = unsafe { queue_and_leave(&party, &self.waiting, round, deadline_ns, || drop(guard)) };
        match waited {
            Waited::Woken(_) => self.lock_notified(mutex),
            Waited::TimedOut => mutex.raw().lock(),
            Waited::Cancelled => {
                unwind_cancelled();
                mutex.raw().lock();
            }
        }
        (MutexGuard::of_holder(mutex), WaitTimeoutResult(matches!(waited, Waited::TimedOut)))
    }

    /// Takes the mutex for a party that was notified. If it is cancelled instead, it has not acted on the
    /// notification: somebody else must.
    fn lock_notified<T: ?Sized>(&self, mutex: &Mutex<T>) {
        if mutex.raw().lock_until(|| None).is_err() {
            self.notify_one();
            unwind_cancelled();
            mutex.raw().lock();
        }
    }
}

impl Default for Condvar {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}
