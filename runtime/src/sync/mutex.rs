//! A lock around a value. A task that has to wait suspends; a plain thread parks.
//!
//! Models: condvar.

#![allow(unsafe_code, reason = "the guard turns the raw lock into exclusive access")]

use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use super::raw_mutex::RawMutex;
use crate::park::Refused;
use crate::primitive::const_fn;
use crate::suspend::unwind_cancelled;
use crate::sys::clock;

/// Mutual exclusion: one party at a time gets at the value, through a [`MutexGuard`].
///
/// Unlike a std lock it may be held over anything that suspends. It knows no poisoning: a panic or a cancel
/// frees it, and what the value looks like then is up to the code that was interrupted.
///
/// It is not strictly fair: whoever runs may take a free lock before a waiter that is just being woken, which
/// is many times faster than taking turns. A waiter that has lost for half a millisecond is served next.
///
/// INVARIANT(mutex-holder): `value` is touched only by the holder of `raw`, and each guard stands for one hold.
///
/// # Examples
/// ```
/// use moonfleet::sync::Mutex;
///
/// static COUNT: Mutex<u32> = Mutex::new(0);
///
/// moonfleet::run(|| {
///     let tasks = [(); 10].map(|()| moonfleet::spawn(|| *COUNT.lock() += 1));
///     tasks.into_iter().for_each(|task| task.join().unwrap());
/// });
/// assert_eq!(*COUNT.lock(), 10);
/// ```
#[derive(Default)]
pub struct Mutex<T: ?Sized> {
    raw: RawMutex,
    value: UnsafeCell<T>,
}

// SAFETY: mutex-holder — the lock gives the value to one party at a time, which is all that `Send` values need.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}
// SAFETY: moving the lock moves the value: nobody waits in a lock that can be moved.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}

impl<T> Mutex<T> {
    const_fn! {
        /// A free lock around `value`.
        ///
        /// **Shape** `T → Mutex<T>`; allocates nothing.
        ///
        /// # Examples
        /// ```
        /// static NAMES: moonfleet::sync::Mutex<Vec<&str>> = moonfleet::sync::Mutex::new(Vec::new());
        /// NAMES.lock().push("Elzevir");
        /// ```
        #[must_use]
        pub fn new(value: T) -> Self {
            Self { raw: RawMutex::new(), value: UnsafeCell::new(value) }
        }
    }

    /// The value, without its lock.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(moonfleet::sync::Mutex::new(7).into_inner(), 7);
    /// ```
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Takes the lock, waiting while somebody else has it.
    ///
    /// **Shape** `&Mutex<T> → MutexGuard<T>`; one atomic exchange if nobody has it.
    /// # Suspends
    /// While somebody else has the lock. A party that locks twice waits for itself, for ever.
    /// # Cancellation
    /// Unwinds silently if it has to wait; a lock that was handed over is returned first. A destructor that
    /// runs in an unwind gets the lock.
    ///
    /// # Examples
    /// ```
    /// let mutex = moonfleet::sync::Mutex::new(1);
    /// *mutex.lock() += 1;
    /// assert_eq!(*mutex.lock(), 2);
    /// ```
    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.raw.lock();
        MutexGuard::of_holder(self)
    }

    /// Takes the lock if nobody has it.
    ///
    /// **Shape** `&Mutex<T> → Option<MutexGuard<T>>`
    ///
    /// # Examples
    /// ```
    /// let mutex = moonfleet::sync::Mutex::new(1);
    /// let guard = mutex.lock();
    /// assert!(mutex.try_lock().is_none());
    /// drop(guard);
    /// assert!(mutex.try_lock().is_some());
    /// ```
    #[inline]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.raw.try_lock().then(|| MutexGuard::of_holder(self))
    }

    /// Takes the lock, waiting no longer than `timeout`; `None` if somebody else had it all that time.
    ///
    /// **Shape** `Duration → Option<MutexGuard<T>>`
    /// # Suspends
    /// As [`Mutex::lock`], up to `timeout`.
    /// # Cancellation
    /// As [`Mutex::lock`]; but in an unwind, a cancel ends the wait like a timeout.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// let mutex = moonfleet::sync::Mutex::new(());
    /// let guard = mutex.lock();
    /// assert!(mutex.lock_timeout(Duration::from_millis(1)).is_none());
    /// # drop(guard);
    /// ```
    pub fn lock_timeout(&self, timeout: Duration) -> Option<MutexGuard<'_, T>> {
        match self.raw.lock_until(|| Some(clock::after(timeout))) {
            Ok(()) => return Some(MutexGuard::of_holder(self)),
            Err(Refused::Cancelled) => unwind_cancelled(),
            Err(Refused::TimedOut) => {}
        }
        None
    }

    /// The value, without locking: `&mut` shows that nobody else can have it.
    ///
    /// # Examples
    /// ```
    /// let mut mutex = moonfleet::sync::Mutex::new(1);
    /// *mutex.get_mut() = 2;
    /// assert_eq!(mutex.into_inner(), 2);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// Whether somebody has the lock at this moment. A hint: it may be over already.
    ///
    /// # Examples
    /// ```
    /// let mutex = moonfleet::sync::Mutex::new(());
    /// let guard = mutex.lock();
    /// assert!(mutex.is_locked());
    /// # drop(guard);
    /// ```
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.raw.is_locked()
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Mutex");
        match self.try_lock() {
            Some(guard) => shown.field("value", &&*guard),
            None => shown.field("value", &format_args!("<locked>")),
        };
        shown.finish()
    }
}

/// A held [`Mutex`]; frees it when dropped.
///
/// It may be sent to another task or thread, if the value may.
///
/// # Examples
/// ```
/// let mutex = moonfleet::sync::Mutex::new(vec![1]);
/// let mut guard = mutex.lock();
/// guard.push(2);
/// assert_eq!(*guard, [1, 2]);
/// ```
/// A value that may not be shared is not shared by sharing its guard:
/// ```compile_fail,E0277
/// fn share(_: impl Sync) {}
/// let mutex = moonfleet::sync::Mutex::new(std::cell::Cell::new(1));
/// share(mutex.lock());
/// ```
#[must_use = "a guard that is dropped at once frees the lock at once"]
pub struct MutexGuard<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
    /// A guard is as good as a `&mut T`: without this it would be `Sync` because the mutex is.
    _value: PhantomData<&'a mut T>,
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// The guard of a hold that has just been won.
    #[inline]
    pub(super) fn of_holder(mutex: &'a Mutex<T>) -> Self {
        Self { mutex, _value: PhantomData }
    }

    /// The mutex, for [`Condvar`](super::Condvar), which frees it and guards it again.
    pub(super) fn mutex(&self) -> &'a Mutex<T> {
        self.mutex
    }
}

impl<T: ?Sized> Mutex<T> {
    /// The lock under the mutex, for [`Condvar`](super::Condvar).
    pub(super) fn raw(&self) -> &RawMutex {
        &self.raw
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: mutex-holder — this guard is the proof of holding, and it is borrowed for the access.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: mutex-holder — this guard is the proof of holding, and it is borrowed for the access.
        unsafe { &mut *self.mutex.value.get() }
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.mutex.raw.unlock();
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
