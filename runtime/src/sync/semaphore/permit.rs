//! Permits that are held: dropping them gives them back.

use std::mem;
use std::sync::Arc;

use super::Semaphore;

/// Some permits of a semaphore, given back when this is dropped.
///
/// # Examples
/// ```
/// let semaphore = moonfleet::sync::Semaphore::new(1);
/// {
///     let _permit = semaphore.acquire().unwrap();
///     assert_eq!(semaphore.available_permits(), 0);
/// }
/// assert_eq!(semaphore.available_permits(), 1);
/// ```
#[derive(Debug)]
#[must_use = "a permit that is dropped at once is given back at once"]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
    count: usize,
}

/// As [`Permit`], for moving into tasks: it keeps the semaphore alive.
///
/// # Examples
/// ```
/// use moonfleet::sync::Semaphore;
/// use std::sync::Arc;
///
/// let slots = Arc::new(Semaphore::new(2));
/// moonfleet::run(move || {
///     let permit = slots.acquire_owned().unwrap();
///     let task = moonfleet::spawn(move || drop(permit));
///     task.join().unwrap();
///     assert_eq!(slots.available_permits(), 2);
/// });
/// ```
#[derive(Debug)]
#[must_use = "a permit that is dropped at once is given back at once"]
pub struct OwnedPermit {
    semaphore: Arc<Semaphore>,
    count: usize,
}

impl<'a> Permit<'a> {
    /// Wraps `count` permits that were taken from `semaphore`.
    pub(super) fn new(semaphore: &'a Semaphore, count: usize) -> Self {
        Self { semaphore, count }
    }

    /// How many permits these are.
    ///
    /// # Examples
    /// ```
    /// let semaphore = moonfleet::sync::Semaphore::new(5);
    /// assert_eq!(semaphore.acquire_many(2).unwrap().count(), 2);
    /// ```
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Keeps the permits from ever coming back; [`Semaphore::add_permits`] makes new ones.
    ///
    /// # Examples
    /// ```
    /// let semaphore = moonfleet::sync::Semaphore::new(1);
    /// semaphore.acquire().unwrap().forget();
    /// assert_eq!(semaphore.available_permits(), 0);
    /// ```
    pub fn forget(mut self) {
        self.semaphore.forget(mem::take(&mut self.count));
    }
}

impl OwnedPermit {
    /// Wraps `count` permits that were taken from `semaphore`.
    pub(super) fn new(semaphore: &Arc<Semaphore>, count: usize) -> Self {
        Self { semaphore: Arc::clone(semaphore), count }
    }

    /// How many permits these are.
    ///
    /// # Examples
    /// ```
    /// let semaphore = std::sync::Arc::new(moonfleet::sync::Semaphore::new(5));
    /// assert_eq!(semaphore.acquire_many_owned(2).unwrap().count(), 2);
    /// ```
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// The semaphore that they are of.
    ///
    /// # Examples
    /// ```
    /// let semaphore = std::sync::Arc::new(moonfleet::sync::Semaphore::new(5));
    /// let permit = semaphore.acquire_owned().unwrap();
    /// assert_eq!(permit.semaphore().available_permits(), 4);
    /// ```
    #[must_use]
    pub fn semaphore(&self) -> &Arc<Semaphore> {
        &self.semaphore
    }

    /// As [`Permit::forget`].
    ///
    /// # Examples
    /// ```
    /// let semaphore = std::sync::Arc::new(moonfleet::sync::Semaphore::new(1));
    /// semaphore.acquire_owned().unwrap().forget();
    /// assert_eq!(semaphore.available_permits(), 0);
    /// ```
    pub fn forget(mut self) {
        self.semaphore.forget(mem::take(&mut self.count));
    }
}

impl Drop for Permit<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.count != 0 {
            self.semaphore.give_back(self.count);
        }
    }
}

impl Drop for OwnedPermit {
    #[inline]
    fn drop(&mut self) {
        if self.count != 0 {
            self.semaphore.give_back(self.count);
        }
    }
}
