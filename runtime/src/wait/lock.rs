//! The tiny lock around a wait list: one word, taken for a few instructions.
//!
//! It is never held over a suspension, user code, a destructor or an allocation, so a holder is away only
//! if the kernel took its processor; then waiters give up their time slice instead of spinning on.
//!
//! Models: lock.

#![allow(unsafe_code, reason = "the guard turns the lock word into exclusive access")]

use crate::primitive::atomic::{AtomicUsize, Ordering};
use crate::primitive::{MutPtr, UnsafeCell, const_fn, relax};

const FREE: usize = 0;
const HELD: usize = 1;

/// A value behind a one-word spin lock.
///
/// INVARIANT(lock-holder): `value` is touched only by whoever moved `word` from `FREE` to `HELD`.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Lock<T> {
    word: AtomicUsize,
    value: UnsafeCell<T>,
}

// SAFETY: lock-holder — the lock gives the value to one thread at a time, which is all that `Send` values need.
unsafe impl<T: Send> Sync for Lock<T> {}
// SAFETY: moving the lock moves the value.
unsafe impl<T: Send> Send for Lock<T> {}

impl<T> Lock<T> {
    const_fn! {
        /// A free lock around `value`.
        pub(crate) fn new(value: T) -> Self {
            Self { word: AtomicUsize::new(FREE), value: UnsafeCell::new(value) }
        }
    }

    /// Takes the lock, spinning while somebody else has it.
    #[inline]
    pub(crate) fn lock(&self) -> Guard<'_, T> {
        self.acquire();
        Guard { access: self.value.get_mut(), lock: self }
    }

    /// Takes the lock without a guard, for callers that hold several at once.
    ///
    /// # Safety
    /// Every `acquire` is followed by one [`Lock::release`] of the same thread.
    #[inline]
    pub(crate) unsafe fn acquire_raw(&self) {
        self.acquire();
    }

    /// Frees the lock.
    ///
    /// # Safety
    /// The caller holds the lock by [`Lock::acquire_raw`], and no access to the value is alive.
    #[inline]
    pub(crate) unsafe fn release(&self) {
        // ORDER: Release; pairs with the Acquire in `acquire`; publishes what the holder wrote.
        self.word.store(FREE, Ordering::Release);
    }

    /// The value, for a caller that holds the lock by [`Lock::acquire_raw`].
    ///
    /// # Safety
    /// The caller holds the lock and has no other access to the value alive.
    #[inline]
    pub(crate) unsafe fn held(&self) -> MutPtr<T> {
        self.value.get_mut()
    }

    #[inline]
    fn acquire(&self) {
        // ORDER: Acquire on success; pairs with the Release in `release`. A failure reads nothing, so Relaxed.
        let taken = self.word.compare_exchange(FREE, HELD, Ordering::Acquire, Ordering::Relaxed);
        if taken.is_err() {
            self.acquire_contended();
        }
    }

    #[cold]
    fn acquire_contended(&self) {
        let mut round = 0;
        loop {
            // ORDER: Relaxed; only a hint that the exchange below may succeed. Reading first keeps the cache
            // line shared while the holder works.
            while self.word.load(Ordering::Relaxed) != FREE {
                relax(&mut round);
            }
            // ORDER: as in `acquire`.
            if self.word.compare_exchange(FREE, HELD, Ordering::Acquire, Ordering::Relaxed).is_ok() {
                return;
            }
        }
    }
}

/// The lock while it is held; frees it when dropped.
#[derive(Debug)]
pub(crate) struct Guard<'a, T> {
    access: MutPtr<T>,
    lock: &'a Lock<T>,
}

impl<T> core::ops::Deref for Guard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: lock-holder — this guard is the proof of holding, and it is borrowed for the access.
        unsafe { self.access.deref() }
    }
}

impl<T> core::ops::DerefMut for Guard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: lock-holder — this guard is the proof of holding, and it is borrowed for the access.
        unsafe { self.access.deref() }
    }
}

impl<T> Drop for Guard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // ORDER: Release; pairs with the Acquire in `acquire`; publishes what the holder wrote.
        self.lock.word.store(FREE, Ordering::Release);
    }
}
