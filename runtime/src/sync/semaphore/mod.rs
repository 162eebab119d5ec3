//! The semaphore: a number of permits, and a line of parties that want some.
//!
//! The line is fair: permits go to whoever stands first, and nobody overtakes, not even one that wants less.
//! So a party that wants many is not starved by those that want few. A party that leaves the line, because
//! its time is over or its task is cancelled, lets those behind it go on.
//!
//! A wish stays in the slot of its party until it is granted; a slot found full after a wake tells that the
//! semaphore was closed.
//!
//! In this folder: `permit` is what a party holds, `owned` the forms for permits that outlive the borrow,
//! `error` what its name says.
//!
//! Models: semaphore.

mod permit;
mod owned;
mod error;

use std::fmt;
use std::time::Duration;

pub use self::error::{AcquireError, AcquireTimeoutError, TryAcquireError};
pub use self::permit::{OwnedPermit, Permit};

use self::error::Failure;
use crate::park::{Waited, wait_in};
use crate::suspend::Party;
use crate::sys::clock;
use crate::wait::queue::{Inner, Place, Queue};
use crate::wait::waiter::{Urgency, Wake};

/// A number of permits; who wants some waits, first come, first served.
///
/// # Examples
/// ```
/// use moonfleet::sync::Semaphore;
///
/// // At most two downloads at a time.
/// let slots = Semaphore::new(2);
/// moonfleet::run(|| {
///     let first = slots.acquire().unwrap();
///     let second = slots.acquire().unwrap();
///     assert!(slots.try_acquire().is_err());
///     drop(first);
///     assert!(slots.try_acquire().is_ok());
///     drop(second);
/// });
/// ```
pub struct Semaphore {
    queue: Queue<Permits, usize>,
}

/// What the lock guards.
#[derive(Debug)]
struct Permits {
    /// Held by nobody.
    available: usize,
    /// Available or held. INVARIANT(permits): never more than `MAX_PERMITS`, so giving back cannot overflow.
    existing: usize,
    closed: bool,
}

impl Semaphore {
    /// The most permits that a semaphore can have. More than that is a subtraction gone below zero.
    pub const MAX_PERMITS: usize = isize::MAX as usize;

    /// A semaphore with `permits` permits, none of them held.
    ///
    /// **Shape** `usize → Semaphore`
    /// # Panics
    /// If `permits` exceeds [`Semaphore::MAX_PERMITS`].
    ///
    /// # Examples
    /// ```
    /// assert_eq!(moonfleet::sync::Semaphore::new(3).available_permits(), 3);
    /// ```
    #[must_use]
    pub fn new(permits: usize) -> Self {
        assert!(
            permits <= Self::MAX_PERMITS,
            "a semaphore of {permits} permits was asked for, but {} is the most",
            Self::MAX_PERMITS
        );
        Self { queue: Queue::new(Permits { available: permits, existing: permits, closed: false }) }
    }

    /// Takes one permit, waiting for it if need be.
    ///
    /// **Shape** `() → Result<Permit<'_>, AcquireError>`; FIFO; O(1).
    /// # Suspends
    /// Until a permit is free and everybody who came before is served. Hold no std lock across it.
    /// # Errors
    /// [`AcquireError::Closed`] if the semaphore is closed.
    /// # Cancellation
    /// Unwinds silently; a permit already granted is returned first. In a task that unwinds already, the wait
    /// ends as if the semaphore were closed.
    ///
    /// # Examples
    /// ```
    /// let semaphore = moonfleet::sync::Semaphore::new(1);
    /// let permit = semaphore.acquire().unwrap();
    /// assert_eq!(semaphore.available_permits(), 0);
    /// drop(permit);
    /// assert_eq!(semaphore.available_permits(), 1);
    /// ```
    pub fn acquire(&self) -> Result<Permit<'_>, AcquireError> {
        self.acquire_many(1)
    }

    /// Takes `count` permits at once, waiting for them if need be.
    ///
    /// **Shape** `usize → Result<Permit<'_>, AcquireError>`; FIFO; O(1).
    /// # Suspends
    /// As [`Semaphore::acquire`]; whoever comes later waits behind, even for fewer permits. A wish for more
    /// than there are waits until [`Semaphore::add_permits`] adds what lacks. To take none, nobody waits.
    /// # Errors
    /// [`AcquireError`]: the semaphore is closed, or no semaphore can have so many.
    /// # Cancellation
    /// As [`Semaphore::acquire`].
    ///
    /// # Examples
    /// ```
    /// let semaphore = moonfleet::sync::Semaphore::new(5);
    /// let three = semaphore.acquire_many(3).unwrap();
    /// assert_eq!((three.count(), semaphore.available_permits()), (3, 2));
    /// ```
    pub fn acquire_many(&self, count: usize) -> Result<Permit<'_>, AcquireError> {
        self.take(count, None).map_err(Failure::for_ever)?;
        Ok(Permit::new(self, count))
    }

    /// Takes one permit if one is free and nobody waits.
    ///
    /// **Shape** `() → Result<Permit<'_>, TryAcquireError>`
    /// # Errors
    /// [`TryAcquireError`]: none can be had now, or never.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::sync::{Semaphore, TryAcquireError};
    ///
    /// let semaphore = Semaphore::new(1);
    /// let _permit = semaphore.try_acquire().unwrap();
    /// assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
    /// ```
    pub fn try_acquire(&self) -> Result<Permit<'_>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// Takes `count` permits at once if so many are free and nobody waits.
    ///
    /// **Shape** `usize → Result<Permit<'_>, TryAcquireError>`
    /// # Errors
    /// [`TryAcquireError`]: so many cannot be had now, or never.
    ///
    /// # Examples
    /// ```
    /// let semaphore = moonfleet::sync::Semaphore::new(3);
    /// assert!(semaphore.try_acquire_many(4).is_err());
    /// assert!(semaphore.try_acquire_many(3).is_ok());
    /// ```
    pub fn try_acquire_many(&self, count: usize) -> Result<Permit<'_>, TryAcquireError> {
        self.try_take(count)?;
        Ok(Permit::new(self, count))
    }

    /// Takes one permit, waiting no longer than `timeout`.
    ///
    /// **Shape** `Duration → Result<Permit<'_>, AcquireTimeoutError>`
    /// # Suspends
    /// As [`Semaphore::acquire`], up to `timeout`.
    /// # Errors
    /// [`AcquireTimeoutError`]: none was granted in time, or none will be.
    /// # Cancellation
    /// As [`Semaphore::acquire`].
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// let semaphore = moonfleet::sync::Semaphore::new(0);
    /// assert!(semaphore.acquire_timeout(Duration::from_millis(1)).is_err());
    /// ```
    pub fn acquire_timeout(&self, timeout: Duration) -> Result<Permit<'_>, AcquireTimeoutError> {
        self.acquire_many_timeout(1, timeout)
    }

    /// Takes `count` permits at once, waiting no longer than `timeout`.
    ///
    /// **Shape** `(usize, Duration) → Result<Permit<'_>, AcquireTimeoutError>`
    /// # Suspends
    /// As [`Semaphore::acquire_many`], up to `timeout`.
    /// # Errors
    /// [`AcquireTimeoutError`]: they were not granted in time, or will never be.
    /// # Cancellation
    /// As [`Semaphore::acquire`].
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// let semaphore = moonfleet::sync::Semaphore::new(2);
    /// assert!(semaphore.acquire_many_timeout(3, Duration::ZERO).is_err());
    /// assert!(semaphore.acquire_many_timeout(2, Duration::ZERO).is_ok());
    /// ```
    pub fn acquire_many_timeout(
        &self,
        count: usize,
        timeout: Duration,
    ) -> Result<Permit<'_>, AcquireTimeoutError> {
        self.take(count, Some(clock::after(timeout))).map_err(Failure::in_time)?;
        Ok(Permit::new(self, count))
    }

    /// Makes `count` permits more. This is also how forgotten permits come back.
    ///
    /// **Shape** `usize → ()`
    /// # Panics
    /// If the semaphore would then have more than [`Semaphore::MAX_PERMITS`], those that are held included.
    /// It is left as it was.
    ///
    /// # Examples
    /// ```
    /// let semaphore = moonfleet::sync::Semaphore::new(0);
    /// semaphore.add_permits(2);
    /// assert_eq!(semaphore.available_permits(), 2);
    /// ```
    pub fn add_permits(&self, count: usize) {
        let mut inner = self.queue.lock();
        let existing = inner.state.existing;
        let is_too_many = count > Self::MAX_PERMITS - existing;
        if !is_too_many {
            inner.state.existing += count;
            inner.state.available += count;
        }
        drop(inner);
        assert!(
            !is_too_many,
            "{count} permits were added to a semaphore that has {existing}, but {} is the most; \
             are permits added that were never forgotten?",
            Self::MAX_PERMITS
        );
        self.grant();
    }

    /// How many permits are free. Somebody may take them right after.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(moonfleet::sync::Semaphore::new(7).available_permits(), 7);
    /// ```
    #[must_use]
    pub fn available_permits(&self) -> usize {
        self.queue.lock().state.available
    }

    /// Closes the semaphore: whoever waits, or comes later, gets an error. Permits that are held stay good.
    /// False if it was closed already.
    ///
    /// **Shape** `() → bool`
    ///
    /// # Examples
    /// ```
    /// use moonfleet::sync::{AcquireError, Semaphore};
    ///
    /// let semaphore = Semaphore::new(1);
    /// assert!(semaphore.close());
    /// assert_eq!(semaphore.acquire().unwrap_err(), AcquireError::Closed);
    /// ```
    pub fn close(&self) -> bool {
        let was_closed = std::mem::replace(&mut self.queue.lock().state.closed, true);
        self.grant();
        !was_closed
    }

    /// Whether the semaphore is closed.
    ///
    /// # Examples
    /// ```
    /// assert!(!moonfleet::sync::Semaphore::new(1).is_closed());
    /// ```
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.queue.lock().state.closed
    }

    /// Takes `count` permits, waiting for them until `deadline_ns`. They are the caller's to give back.
    fn take(&self, count: usize, deadline_ns: Option<u64>) -> Result<(), Failure> {
        if count > Self::MAX_PERMITS {
            return Err(Failure::TooMany(count));
        }
        let party = Party::enter().map_err(|_| Failure::Cancelled)?;
        let failure = match wait_in(&party, &self.queue, Place::Last, count, deadline_ns, |inner| {
            match try_take(inner, count) {
                Err(TryAcquireError::NoPermits) => None,
                settled => Some(settled),
            }
        }) {
            Waited::AtOnce(taken) => return taken.map_err(|_| Failure::Closed),
            Waited::Woken(None) => return Ok(()),
            Waited::Woken(Some(_)) => return Err(Failure::Closed),
            Waited::TimedOut => Failure::TimedOut,
            Waited::Cancelled => Failure::Cancelled,
        };
        // RE-CHECK: those behind may have waited for this party alone.
        self.grant();
        Err(failure)
    }

    /// Takes `count` permits without waiting. They are the caller's to give back.
    fn try_take(&self, count: usize) -> Result<(), TryAcquireError> {
        if count > Self::MAX_PERMITS {
            return Err(TryAcquireError::TooMany(count));
        }
        try_take(&mut self.queue.lock(), count)
    }

    /// Gives `count` permits back that were taken.
    #[inline]
    fn give_back(&self, count: usize) {
        let wake = {
            let mut inner = self.queue.lock();
            inner.state.available += count;
            grant_first(&mut inner)
        };
        if let Some(wake) = wake {
            wake.wake(Urgency::Queued);
            self.grant();
        }
    }

    /// Forgets `count` permits that were taken: they exist no more.
    fn forget(&self, count: usize) {
        self.queue.lock().state.existing -= count;
    }

    /// Grants wishes, first to last, until there are not enough permits for the next; wakes who got them.
    fn grant(&self) {
        loop {
            let wake = grant_first(&mut self.queue.lock());
            let Some(wake) = wake else { return };
            wake.wake(Urgency::Queued);
        }
    }
}

/// Takes `count` permits if they are free and nobody waits: who comes last overtakes nobody.
#[inline]
fn try_take(inner: &mut Inner<Permits, usize>, count: usize) -> Result<(), TryAcquireError> {
    let is_first = inner.is_deserted();
    let permits = &mut inner.state;
    if permits.closed {
        return Err(TryAcquireError::Closed);
    }
    if count != 0 && (!is_first || count > permits.available) {
        return Err(TryAcquireError::NoPermits);
    }
    permits.available -= count;
    Ok(())
}

/// Ends the first wait in the line, if it can be ended: the wish is granted, or the semaphore is closed.
#[inline]
fn grant_first(inner: &mut Inner<Permits, usize>) -> Option<Wake> {
    if inner.state.closed {
        return Some(inner.fire_first()?.leave());
    }
    let available = inner.state.available;
    let (granted, wake) = inner.fire_first_if(|&wish| wish <= available)?.empty();
    inner.state.available -= granted;
    Some(wake)
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (available, closed) = (self.available_permits(), self.is_closed());
        f.debug_struct("Semaphore").field("available", &available).field("closed", &closed).finish()
    }
}
