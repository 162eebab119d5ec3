//! A lock around a value that many may read at a time, or one write.

#![allow(unsafe_code, reason = "the guards turn the raw lock into access")]

use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use super::raw_rwlock::{Access, RawRwLock};
use crate::park::Refused;
use crate::suspend::unwind_cancelled;
use crate::sys::clock;

/// Any number of readers, or one writer.
///
/// Parties that have to wait are let in as they came, and who comes while somebody waits, waits behind: neither
/// readers nor writers starve. So a task that reads must not read again before it is done: a writer may wait in
/// between. Where there are about as many writes as reads, a [`Mutex`](super::Mutex) is faster.
///
/// It knows no poisoning: a panic or a cancel frees it.
///
/// INVARIANT(rwlock-inside): `value` is written only by a writer inside `raw`, and read only from inside; each
/// guard stands for one entry.
///
/// # Examples
/// ```
/// use moonfleet::sync::RwLock;
///
/// static TIDE: RwLock<i32> = RwLock::new(0);
///
/// moonfleet::run(|| {
///     let (one, other) = (TIDE.read(), TIDE.read());
///     assert_eq!(*one + *other, 0);
///     drop((one, other));
///     *TIDE.write() += 3;
///     assert_eq!(*TIDE.read(), 3);
/// });
/// ```
#[derive(Default)]
pub struct RwLock<T: ?Sized> {
    raw: RawRwLock,
    value: UnsafeCell<T>,
}

// SAFETY: rwlock-inside — readers share the value (`Sync`), a writer has it for itself on its thread (`Send`).
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}
// SAFETY: moving the lock moves the value: nobody waits in a lock that can be moved.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}

impl<T> RwLock<T> {
    /// A free lock around `value`.
    ///
    /// **Shape** `T → RwLock<T>`; allocates nothing.
    ///
    /// # Examples
    /// ```
    /// static NAME: moonfleet::sync::RwLock<&str> = moonfleet::sync::RwLock::new("Aurora");
    /// assert_eq!(NAME.read().len(), 6);
    /// ```
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self { raw: RawRwLock::new(), value: UnsafeCell::new(value) }
    }

    /// The value, without its lock.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(moonfleet::sync::RwLock::new(7).into_inner(), 7);
    /// ```
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Enters to read, with other readers, waiting for those before.
    ///
    /// **Shape** `&RwLock<T> → RwLockReadGuard<T>`; one atomic exchange if no writer is inside or waiting.
    /// # Suspends
    /// While a writer is inside, or somebody waits who came before.
    /// # Cancellation
    /// Unwinds silently if it has to wait; an entry that was granted is returned first. A destructor that runs
    /// in an unwind gets in.
    ///
    /// # Examples
    /// ```
    /// let lock = moonfleet::sync::RwLock::new(1);
    /// assert_eq!(*lock.read(), 1);
    /// ```
    #[inline]
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        self.raw.enter(Access::Read);
        RwLockReadGuard { lock: self }
    }

    /// Enters to write, alone, waiting for those before.
    ///
    /// **Shape** `&RwLock<T> → RwLockWriteGuard<T>`; one atomic exchange if nobody is inside.
    /// # Suspends
    /// While anybody is inside, or waits who came before.
    /// # Cancellation
    /// As [`RwLock::read`].
    ///
    /// # Examples
    /// ```
    /// let lock = moonfleet::sync::RwLock::new(1);
    /// *lock.write() += 1;
    /// assert_eq!(lock.into_inner(), 2);
    /// ```
    #[inline]
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.raw.enter(Access::Write);
        RwLockWriteGuard::of_writer(self)
    }

    /// Enters to read if that takes no waiting.
    ///
    /// **Shape** `&RwLock<T> → Option<RwLockReadGuard<T>>`; `None`, too, if somebody waits who came before.
    ///
    /// # Examples
    /// ```
    /// let lock = moonfleet::sync::RwLock::new(1);
    /// let writer = lock.write();
    /// assert!(lock.try_read().is_none());
    /// # drop(writer);
    /// ```
    #[inline]
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        self.raw.try_enter(Access::Read).then(|| RwLockReadGuard { lock: self })
    }

    /// Enters to write if that takes no waiting.
    ///
    /// **Shape** `&RwLock<T> → Option<RwLockWriteGuard<T>>`
    ///
    /// # Examples
    /// ```
    /// let lock = moonfleet::sync::RwLock::new(1);
    /// let reader = lock.read();
    /// assert!(lock.try_write().is_none());
    /// # drop(reader);
    /// ```
    #[inline]
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        self.raw.try_enter(Access::Write).then(|| RwLockWriteGuard::of_writer(self))
    }

    /// Enters to read, waiting no longer than `timeout`.
    ///
    /// **Shape** `Duration → Option<RwLockReadGuard<T>>`
    /// # Suspends
    /// As [`RwLock::read`], up to `timeout`.
    /// # Cancellation
    /// As [`RwLock::read`]; but in an unwind, a cancel ends the wait like a timeout.
    ///
    /// # Examples
    /// ```
    /// let lock = moonfleet::sync::RwLock::new(1);
    /// let writer = lock.write();
    /// assert!(lock.read_timeout(std::time::Duration::from_millis(1)).is_none());
    /// # drop(writer);
    /// ```
    pub fn read_timeout(&self, timeout: Duration) -> Option<RwLockReadGuard<'_, T>> {
        self.enter_timeout(Access::Read, timeout).then(|| RwLockReadGuard { lock: self })
    }

    /// Enters to write, waiting no longer than `timeout`.
    ///
    /// **Shape** `Duration → Option<RwLockWriteGuard<T>>`
    /// # Suspends
    /// As [`RwLock::write`], up to `timeout`.
    /// # Cancellation
    /// As [`RwLock::read_timeout`].
    ///
    /// # Examples
    /// ```
    /// let lock = moonfleet::sync::RwLock::new(1);
    /// let reader = lock.read();
    /// assert!(lock.write_timeout(std::time::Duration::from_millis(1)).is_none());
    /// # drop(reader);
    /// ```
    pub fn write_timeout(&self, timeout: Duration) -> Option<RwLockWriteGuard<'_, T>> {
        self.enter_timeout(Access::Write, timeout).then(|| RwLockWriteGuard::of_writer(self))
    }

    fn enter_timeout(&self, access: Access, timeout: Duration) -> bool {
        let entered = self.raw.enter_until(access, || Some(clock::after(timeout)));
        if entered == Err(Refused::Cancelled) {
            unwind_cancelled();
        }
        entered.is_ok()
    }

    /// The value, without locking: `&mut` shows that nobody else can have it.
    ///
    /// # Examples
    /// ```
    /// let mut lock = moonfleet::sync::RwLock::new(1);
    /// *lock.get_mut() = 2;
    /// assert_eq!(*lock.read(), 2);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("RwLock");
        match self.try_read() {
            Some(guard) => shown.field("value", &&*guard),
            None => shown.field("value", &format_args!("<locked>")),
        };
        shown.finish()
    }
}

/// A reader inside an [`RwLock`]; leaves when dropped.
///
/// # Examples
/// ```
/// let lock = moonfleet::sync::RwLock::new("sounding");
/// let guard: moonfleet::sync::RwLockReadGuard<&str> = lock.read();
/// assert_eq!(guard.len(), 8);
/// ```
#[must_use = "a guard that is dropped at once leaves at once"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: rwlock-inside — this guard is the proof of being a reader, and is borrowed for the access.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized> Drop for RwLockReadGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.raw.leave(Access::Read);
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// The writer inside an [`RwLock`]; leaves when dropped.
///
/// # Examples
/// ```
/// let lock = moonfleet::sync::RwLock::new(vec![1]);
/// let mut guard: moonfleet::sync::RwLockWriteGuard<Vec<i32>> = lock.write();
/// guard.push(2);
/// ```
/// A value that may not be shared is not shared by sharing its guard:
/// ```compile_fail,E0277
/// fn share(_: impl Sync) {}
/// let lock = moonfleet::sync::RwLock::new(std::cell::Cell::new(1));
/// share(lock.write());
/// ```
#[must_use = "a guard that is dropped at once leaves at once"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    /// A guard is as good as a `&mut T`, and no better.
    _value: PhantomData<&'a mut T>,
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    fn of_writer(lock: &'a RwLock<T>) -> Self {
        Self { lock, _value: PhantomData }
    }

    /// Becomes a reader, without letting another writer in between: what was written is what is read.
    ///
    /// **Shape** `RwLockWriteGuard<T> → RwLockReadGuard<T>`; never waits. Readers that wait next in line enter.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::sync::{RwLock, RwLockWriteGuard};
    ///
    /// let lock = RwLock::new(1);
    /// let mut writer = lock.write();
    /// *writer = 2;
    /// let reader = RwLockWriteGuard::downgrade(writer);
    /// assert_eq!((*reader, lock.try_read().as_deref()), (2, Some(&2)));
    /// ```
    #[must_use = "a guard that is dropped at once leaves at once"]
    pub fn downgrade(this: Self) -> RwLockReadGuard<'a, T> {
        let lock = this.lock;
        mem::forget(this);
        lock.raw.downgrade();
        RwLockReadGuard { lock }
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: rwlock-inside — this guard is the proof of being the writer, and is borrowed for the access.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: rwlock-inside — this guard is the proof of being the writer, and is borrowed for the access.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T: ?Sized> Drop for RwLockWriteGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.raw.leave(Access::Write);
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
