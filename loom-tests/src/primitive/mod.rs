//! `runtime/src/primitive.rs` for models: the same names and shapes, made of loom types.
//!
//! Three things go beyond loom:
//! - Dropping an atomic or a cell counts as an exclusive access. So freeing what another thread may still
//!   touch fails a model, although loom does not follow plain memory.
//! - A spin loop blocks instead of spinning (`spin`), which keeps models with locks small.
//! - A model that has failed is torn down: the stacks of its threads are unwound one after another, wherever
//!   they stand, and loom would not answer any more. Then every exchange succeeds and nothing is checked, so
//!   that destructors of the runtime come to their ends.

mod spin;

pub(crate) use self::spin::{forget_all, relax};

/// Whether the model has failed, and its threads are being unwound.
fn is_torn_down() -> bool {
    std::thread::panicking()
}

/// Declares a function that the runtime has as a `const fn`.
macro_rules! const_fn {
    ($(#[$attribute:meta])* $visibility:vis fn $($rest:tt)*) => {
        $(#[$attribute])* $visibility fn $($rest)*
    };
}
pub(crate) use const_fn;

/// A cell beside a loom cell, which is accessed whenever this one is. Its drop is checked, too.
#[derive(Debug, Default)]
pub(crate) struct UnsafeCell<T> {
    accesses: loom::cell::UnsafeCell<()>,
    value: std::cell::UnsafeCell<T>,
}

impl<T> UnsafeCell<T> {
    #[track_caller]
    pub(crate) fn new(value: T) -> Self {
        Self { accesses: loom::cell::UnsafeCell::new(()), value: std::cell::UnsafeCell::new(value) }
    }

    #[track_caller]
    pub(crate) fn get_mut(&self) -> MutPtr<T> {
        let access = (!is_torn_down()).then(|| self.accesses.get_mut());
        MutPtr { value: self.value.get(), _access: access }
    }
}

impl<T> Drop for UnsafeCell<T> {
    fn drop(&mut self) {
        drop(UnsafeCell::get_mut(self));
    }
}

/// An access in progress, which excludes others.
#[derive(Debug)]
pub(crate) struct MutPtr<T> {
    value: *mut T,
    _access: Option<loom::cell::MutPtr<()>>,
}

impl<T> MutPtr<T> {
    /// # Safety
    /// As for the runtime's: no other access to the cell overlaps, which loom checks.
    #[allow(clippy::mut_from_ref, reason = "exclusive by the protocol, as loom's own")]
    pub(crate) unsafe fn deref(&self) -> &mut T {
        // SAFETY: promised by the caller; the pointer comes from a live cell.
        unsafe { &mut *self.value }
    }
}

/// Nobody watches in a model: what a watch finds, the attempt after it finds, too.
#[derive(Debug)]
pub(crate) struct Lookout;

impl Lookout {
    pub(crate) fn new() -> Self {
        Self
    }

    pub(crate) fn watch(&self, _attempt: impl FnMut() -> bool) -> bool {
        false
    }

    pub(crate) fn regret(&self) {}
}

/// A hint to the cache, which models do not have.
pub(crate) fn prefetch<T>(_place: *const T) {}

pub(crate) mod atomic {
    //! Atomics and fences, as loom has them: drops are checked, and writes wake who spins for them.

    use std::ptr;

    use super::{is_torn_down, spin};
    pub(crate) use loom::sync::atomic::{Ordering, fence};

    /// Wraps the loom atomic of the same name. `$zero` is what it has in a torn-down model; `$newest` reads the
    /// newest value of one, by changing nothing.
    macro_rules! atomic {
        ($name:ident $(<$t:ident>)?, $value:ty, $zero:expr, |$atomic:ident, $order:ident| $newest:expr) => {
            #[derive(Debug)]
            pub(crate) struct $name $(<$t>)? (loom::sync::atomic::$name $(<$t>)?);

            impl $(<$t>)? $name $(<$t>)? {
                #[track_caller]
                pub(crate) fn new(value: $value) -> Self {
                    Self(loom::sync::atomic::$name::new(value))
                }

                #[track_caller]
                pub(crate) fn load(&self, order: Ordering) -> $value {
                    if is_torn_down() {
                        return $zero;
                    }
                    if !spin::is_second_look(self) {
                        return self.0.load(order);
                    }
                    let ($atomic, $order) = (&self.0, order);
                    $newest
                }

                #[track_caller]
                pub(crate) fn store(&self, value: $value, order: Ordering) {
                    if !is_torn_down() {
                        self.0.store(value, order);
                        spin::written(self);
                    }
                }

                #[track_caller]
                pub(crate) fn swap(&self, value: $value, order: Ordering) -> $value {
                    if is_torn_down() {
                        return $zero;
                    }
                    let before = self.0.swap(value, order);
                    spin::written(self);
                    before
                }

                #[track_caller]
                pub(crate) fn compare_exchange(
                    &self,
                    expected: $value,
                    value: $value,
                    success: Ordering,
                    failure: Ordering,
                ) -> Result<$value, $value> {
                    if is_torn_down() {
                        return Ok(expected);
                    }
                    let before = self.0.compare_exchange(expected, value, success, failure);
                    if before.is_ok() {
                        spin::written(self);
                    }
                    before
                }

                #[track_caller]
                pub(crate) fn compare_exchange_weak(
                    &self,
                    expected: $value,
                    value: $value,
                    success: Ordering,
                    failure: Ordering,
                ) -> Result<$value, $value> {
                    self.compare_exchange(expected, value, success, failure)
                }
            }

            impl $(<$t>)? Drop for $name $(<$t>)? {
                fn drop(&mut self) {
                    if !is_torn_down() {
                        self.0.with_mut(|_| ());
                    }
                }
            }
        };
    }

    /// What an exchange has found. One that fails, because no atomic ever has the value it expects, finds the
    /// newest.
    fn found<T>(exchange: Result<T, T>) -> T {
        match exchange {
            Ok(found) | Err(found) => found,
        }
    }

    /// The arithmetic of an integer atomic.
    macro_rules! arithmetic {
        ($name:ident, $value:ty, $($operation:ident),+) => {
            impl $name {
                $(#[track_caller]
                pub(crate) fn $operation(&self, operand: $value, order: Ordering) -> $value {
                    if is_torn_down() {
                        return 0;
                    }
                    let before = self.0.$operation(operand, order);
                    spin::written(self);
                    before
                })+
            }
        };
    }

    atomic!(AtomicPtr<T>, *mut T, ptr::null_mut(), |atomic, order| {
        let never = ptr::without_provenance_mut(usize::MAX);
        found(atomic.compare_exchange(never, never, order, order))
    });
    atomic!(AtomicU64, u64, 0, |atomic, order| {
        found(atomic.compare_exchange(u64::MAX, u64::MAX, order, order))
    });
    atomic!(AtomicUsize, usize, 0, |atomic, order| {
        found(atomic.compare_exchange(usize::MAX, usize::MAX, order, order))
    });

    impl<T> AtomicPtr<T> {
        #[track_caller]
        pub(crate) fn fetch_update(
            &self,
            set: Ordering,
            fetch: Ordering,
            update: impl FnMut(*mut T) -> Option<*mut T>,
        ) -> Result<*mut T, *mut T> {
            let before = self.0.fetch_update(set, fetch, update);
            if before.is_ok() {
                spin::written(self);
            }
            before
        }
    }

    arithmetic!(AtomicU64, u64, fetch_add, fetch_sub, fetch_or, fetch_and);
    arithmetic!(AtomicUsize, usize, fetch_add, fetch_sub, fetch_or, fetch_and);

    /// A number in disguise: loom's own does not tell when it is dropped.
    #[derive(Debug)]
    pub(crate) struct AtomicBool(AtomicUsize);

    impl AtomicBool {
        #[track_caller]
        pub(crate) fn new(value: bool) -> Self {
            Self(AtomicUsize::new(value.into()))
        }

        #[track_caller]
        pub(crate) fn load(&self, order: Ordering) -> bool {
            self.0.load(order) != 0
        }

        #[track_caller]
        pub(crate) fn store(&self, value: bool, order: Ordering) {
            self.0.store(value.into(), order);
        }

        #[track_caller]
        pub(crate) fn swap(&self, value: bool, order: Ordering) -> bool {
            self.0.swap(value.into(), order) != 0
        }
    }
}
