//! `runtime/src/primitive.rs`, of shuttle's atomics: each access is a moment at which others may go first.

use std::cell::UnsafeCell as StdUnsafeCell;

use crate::stand_ins::coin;

pub(crate) mod atomic {
    //! Atomics. Whatever ordering is named, shuttle's are sequentially consistent.
    pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};
}

pub(crate) use crate::stand_ins::{sync, thread};

/// Declares a `const fn`, as in the runtime.
macro_rules! const_fn {
    ($(#[$attribute:meta])* $visibility:vis fn $($rest:tt)*) => {
        $(#[$attribute])* $visibility const fn $($rest)*
    };
}
pub(crate) use const_fn;

/// As in the runtime. Shuttle does not switch within plain accesses, so there is nothing to watch.
#[derive(Debug, Default)]
pub(crate) struct UnsafeCell<T>(StdUnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(StdUnsafeCell::new(value))
    }

    pub(crate) fn into_inner(self) -> T {
        self.0.into_inner()
    }

    pub(crate) fn get_mut(&self) -> MutPtr<T> {
        MutPtr(self.0.get())
    }
}

/// As in the runtime.
#[derive(Debug)]
pub(crate) struct MutPtr<T>(*mut T);

impl<T> MutPtr<T> {
    /// # Safety
    /// As for the runtime's.
    #[allow(clippy::mut_from_ref, reason = "exclusive by the protocol, as the runtime's")]
    pub(crate) unsafe fn deref(&self) -> &mut T {
        // SAFETY: promised by the caller; the pointer comes from a live cell.
        unsafe { &mut *self.0 }
    }
}

/// A spin loop gives way to the others: what it waits for is theirs to do.
pub(crate) fn relax(_round: &mut u32) {
    shuttle::thread::yield_now();
}

/// There is no cache to tell.
pub(crate) fn prefetch<T>(_place: *const T) {}

/// Looks once more, or not at all, as the dice say.
#[derive(Debug)]
pub(crate) struct Lookout;

impl Lookout {
    pub(crate) const fn new() -> Self {
        Self
    }

    pub(crate) fn watch(&self, mut attempt: impl FnMut() -> bool) -> bool {
        coin(2) && attempt()
    }

    pub(crate) fn regret(&self) {}
}
