//! Taking permits that keep their semaphore alive. Each form is that of the same name without `_owned`.

use std::sync::Arc;
use std::time::Duration;

use super::error::{AcquireError, AcquireTimeoutError, Failure, TryAcquireError};
use super::{OwnedPermit, Semaphore};
use crate::sys::clock;

impl Semaphore {
    /// As [`Semaphore::acquire`], for a permit that can be moved into a task.
    ///
    /// **Shape** `&Arc<Self> → Result<OwnedPermit, AcquireError>`; FIFO; O(1).
    /// # Suspends
    /// As [`Semaphore::acquire`].
    /// # Errors
    /// As [`Semaphore::acquire`].
    /// # Cancellation
    /// As [`Semaphore::acquire`].
    ///
    /// # Examples
    /// ```
    /// let semaphore = std::sync::Arc::new(moonfleet::sync::Semaphore::new(1));
    /// let permit = semaphore.acquire_owned().unwrap();
    /// std::thread::spawn(move || drop(permit)).join().unwrap();
    /// assert_eq!(semaphore.available_permits(), 1);
    /// ```
    pub fn acquire_owned(self: &Arc<Self>) -> Result<OwnedPermit, AcquireError> {
        self.acquire_many_owned(1)
    }

    /// As [`Semaphore::acquire_many`], for permits that can be moved into a task.
    ///
    /// **Shape** `(&Arc<Self>, usize) → Result<OwnedPermit, AcquireError>`; FIFO; O(1).
    /// # Suspends
    /// As [`Semaphore::acquire_many`].
    /// # Errors
    /// As [`Semaphore::acquire_many`].
    /// # Cancellation
    /// As [`Semaphore::acquire`].
    ///
    /// # Examples
    /// ```
    /// let semaphore = std::sync::Arc::new(moonfleet::sync::Semaphore::new(3));
    /// assert_eq!(semaphore.acquire_many_owned(3).unwrap().count(), 3);
    /// ```
    pub fn acquire_many_owned(self: &Arc<Self>, count: usize) -> Result<OwnedPermit, AcquireError> {
        self.take(count, None).map_err(Failure::for_ever)?;
        Ok(OwnedPermit::new(self, count))
    }

    /// As [`Semaphore::try_acquire`], for a permit that can be moved into a task.
    ///
    /// **Shape** `&Arc<Self> → Result<OwnedPermit, TryAcquireError>`
    /// # Errors
    /// As [`Semaphore::try_acquire`].
    ///
    /// # Examples
    /// ```
    /// let semaphore = std::sync::Arc::new(moonfleet::sync::Semaphore::new(0));
    /// assert!(semaphore.try_acquire_owned().is_err());
    /// ```
    pub fn try_acquire_owned(self: &Arc<Self>) -> Result<OwnedPermit, TryAcquireError> {
        self.try_acquire_many_owned(1)
    }

    /// As [`Semaphore::try_acquire_many`], for permits that can be moved into a task.
    ///
    /// **Shape** `(&Arc<Self>, usize) → Result<OwnedPermit, TryAcquireError>`
    /// # Errors
    /// As [`Semaphore::try_acquire_many`].
    ///
    /// # Examples
    /// ```
    /// let semaphore = std::sync::Arc::new(moonfleet::sync::Semaphore::new(2));
    /// assert!(semaphore.try_acquire_many_owned(2).is_ok());
    /// ```
    pub fn try_acquire_many_owned(self: &Arc<Self>, count: usize) -> Result<OwnedPermit, TryAcquireError> {
        self.try_take(count)?;
        Ok(OwnedPermit::new(self, count))
    }

    /// As [`Semaphore::acquire_timeout`], for a permit that can be moved into a task.
    ///
    /// **Shape** `(&Arc<Self>, Duration) → Result<OwnedPermit, AcquireTimeoutError>`
    /// # Suspends
    /// As [`Semaphore::acquire_timeout`].
    /// # Errors
    /// As [`Semaphore::acquire_timeout`].
    /// # Cancellation
    /// As [`Semaphore::acquire`].
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// let semaphore = std::sync::Arc::new(moonfleet::sync::Semaphore::new(0));
    /// assert!(semaphore.acquire_owned_timeout(Duration::from_millis(1)).is_err());
    /// ```
    pub fn acquire_owned_timeout(
        self: &Arc<Self>,
        timeout: Duration,
    ) -> Result<OwnedPermit, AcquireTimeoutError> {
        self.acquire_many_owned_timeout(1, timeout)
    }

    /// As [`Semaphore::acquire_many_timeout`], for permits that can be moved into a task.
    ///
    /// **Shape** `(&Arc<Self>, usize, Duration) → Result<OwnedPermit, AcquireTimeoutError>`
    /// # Suspends
    /// As [`Semaphore::acquire_many_timeout`].
    /// # Errors
    /// As [`Semaphore::acquire_many_timeout`].
    /// # Cancellation
    /// As [`Semaphore::acquire`].
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// let semaphore = std::sync::Arc::new(moonfleet::sync::Semaphore::new(2));
    /// assert!(semaphore.acquire_many_owned_timeout(2, Duration::ZERO).is_ok());
    /// ```
    pub fn acquire_many_owned_timeout(
        self: &Arc<Self>,
        count: usize,
        timeout: Duration,
    ) -> Result<OwnedPermit, AcquireTimeoutError> {
        self.take(count, Some(clock::after(timeout))).map_err(Failure::in_time)?;
        Ok(OwnedPermit::new(self, count))
    }
}
