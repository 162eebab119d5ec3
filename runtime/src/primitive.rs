//! The atoms every protocol file is written in: atomics, an unsafe cell, a polite spin.
//!
//! Protocol files name `crate::primitive` and never `std::sync` or `std::cell`. That one habit lets
//! `loom-tests` compile the very same files against loom, by offering a module of this name and shape;
//! the runtime itself has no `cfg(loom)` anywhere.
//!
//! No model: what a `Lookout` learns is a habit, not a fact.

#![allow(unsafe_code, reason = "MutPtr hands out the reference that a protocol file vouches for")]

use core::sync::atomic::{AtomicU32, Ordering};

pub(crate) mod atomic {
    //! Atomics and fences, as the standard library has them.
    pub(crate) use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};
}

pub(crate) mod sync {
    //! The lock of what is too much for [`wait::lock`](crate::wait): held over allocations, and by threads of the pool.
    pub(crate) use std::sync::{Mutex, MutexGuard};
}

pub(crate) mod thread {
    //! OS threads, as the standard library has them.
    pub(crate) use std::thread::{Builder, Thread, current, park, park_timeout};
}

/// Declares a function that may be called for a `static`. Loom's atomics are made at run time, so the models'
/// macro of this name declares a plain one.
macro_rules! const_fn {
    ($(#[$attribute:meta])* $visibility:vis fn $($rest:tt)*) => {
        $(#[$attribute])* $visibility const fn $($rest)*
    };
}
pub(crate) use const_fn;

/// An `UnsafeCell` with loom's interface: each access is a value that lives as long as the access does.
#[derive(Debug, Default)]
#[repr(transparent)]
pub(crate) struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    /// A cell that holds `value`.
    pub(crate) const fn new(value: T) -> Self {
        Self(core::cell::UnsafeCell::new(value))
    }

    /// What was in the cell.
    pub(crate) fn into_inner(self) -> T {
        self.0.into_inner()
    }

    /// Begins an exclusive access. What makes it exclusive is the caller's protocol.
    #[inline(always)]
    pub(crate) fn get_mut(&self) -> MutPtr<T> {
        MutPtr(self.0.get())
    }
}

/// An exclusive access to an [`UnsafeCell`] in progress.
#[derive(Debug)]
pub(crate) struct MutPtr<T>(*mut T);

impl<T> MutPtr<T> {
    /// The value.
    ///
    /// # Safety
    /// No other access to the same cell may overlap with the reference's life.
    #[inline(always)]
    #[allow(clippy::mut_from_ref, reason = "exclusive by the protocol, as loom's MutPtr::deref")]
    pub(crate) unsafe fn deref(&self) -> &mut T {
        // SAFETY: exclusive-access — promised by the caller; the pointer comes from a live cell.
        unsafe { &mut *self.0 }
    }
}

/// Pauses before a spin loop gives up its time slice: some microseconds, far longer than any lock is held.
const SPINS: u32 = 400;

/// Waits a little inside a spin loop: a few processor pauses first, then the time slice.
///
/// `round` counts the calls of one loop. The holder of a lock may have lost its processor, so spinning
/// for ever would burn exactly the time it needs.
#[inline]
pub(crate) fn relax(round: &mut u32) {
    *round = round.saturating_add(1);
    if *round < SPINS {
        core::hint::spin_loop();
    } else {
        std::thread::yield_now();
    }
}

/// Asks the cache for the line at `place`, to be written soon. A hint: any address will do.
#[inline(always)]
pub(crate) fn prefetch<T>(place: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch has no effect but on the cache, whatever the address.
    unsafe {
        core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(place.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}

/// How long it is worth watching something before suspending over it. It learns: it grows when watching was
/// rewarded, and shrinks when it was not.
///
/// What is over in nanoseconds on another worker is cheaper to watch than to wait for. But it may as well be
/// in the hands of a task of this very worker, which cannot go on while we watch. Both are habits of the
/// thing watched, so each has a lookout of its own. Nothing but speed hangs on it, and models have none.
#[derive(Debug)]
pub(crate) struct Lookout {
    looks: AtomicU32,
}

impl Lookout {
    /// Looks at most; the pause before each is twice the one before, 30 processor pauses in all: about what
    /// it costs to suspend and be woken.
    const MOST_LOOKS: u32 = 4;

    /// A lookout that has learnt nothing yet.
    pub(crate) const fn new() -> Self {
        Self { looks: AtomicU32::new(Self::MOST_LOOKS / 2) }
    }

    /// Makes `attempt` again and again for a while; true as soon as it succeeds.
    #[inline]
    pub(crate) fn watch(&self, mut attempt: impl FnMut() -> bool) -> bool {
        // ORDER: Relaxed; a habit, not a fact. Two that learn at once may forget one lesson.
        let looks = self.looks.load(Ordering::Relaxed);
        for look in 1..=looks {
            for _ in 0..1 << look {
                core::hint::spin_loop();
            }
            if attempt() {
                self.learn(looks + 1);
                return true;
            }
        }
        if looks != 0 {
            self.learn(looks - 1);
        }
        false
    }

    /// What was watched for has come just after the watch was given up.
    #[cold]
    pub(crate) fn regret(&self) {
        // ORDER: Relaxed; as in `watch`.
        self.learn(self.looks.load(Ordering::Relaxed) + 1);
    }

    #[inline]
    fn learn(&self, looks: u32) {
        // ORDER: Relaxed; as in `watch`.
        self.looks.store(looks.min(Self::MOST_LOOKS), Ordering::Relaxed);
    }
}
