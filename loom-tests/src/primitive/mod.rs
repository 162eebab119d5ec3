//! `runtime/src/primitive.rs` for models: the same names and shapes, made of loom types.
//!
//! Two things go beyond loom:
//! - Dropping an atomic or a cell counts as an exclusive access. So freeing what another thread may still
//!   touch fails a model, although loom does not follow plain memory.
//! - A spin loop blocks instead of spinning (`spin`), which keeps models with locks small.

mod spin;

pub(crate) use loom::cell::MutPtr;

pub(crate) use self::spin::{forget_all, relax};

/// Declares a function that the runtime has as a `const fn`.
macro_rules! const_fn {
    ($(#[$attribute:meta])* $visibility:vis fn $($rest:tt)*) => {
        $(#[$attribute])* $visibility fn $($rest)*
    };
}
pub(crate) use const_fn;

/// A loom cell; its drop is checked too.
#[derive(Debug, Default)]
pub(crate) struct UnsafeCell<T>(loom::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    #[track_caller]
    pub(crate) fn new(value: T) -> Self {
        Self(loom::cell::UnsafeCell::new(value))
    }

    #[track_caller]
    pub(crate) fn get_mut(&self) -> MutPtr<T> {
        self.0.get_mut()
    }
}

impl<T> Drop for UnsafeCell<T> {
    fn drop(&mut self) {
        // A model that has failed is being torn down: its threads stand anywhere.
        if !std::thread::panicking() {
            drop(self.0.get_mut());
        }
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

    use super::spin;
    pub(crate) use loom::sync::atomic::{Ordering, fence};

    /// Wraps the loom atomic of the same name. `$never` is a value that no spin loop ever waits for.
    macro_rules! atomic {
        ($name:ident $(<$t:ident>)?, $value:ty, $never:expr) => {
            #[derive(Debug)]
            pub(crate) struct $name $(<$t>)? (loom::sync::atomic::$name $(<$t>)?);

            impl $(<$t>)? $name $(<$t>)? {
                #[track_caller]
                pub(crate) fn new(value: $value) -> Self {
                    Self(loom::sync::atomic::$name::new(value))
                }

                #[track_caller]
                pub(crate) fn load(&self, order: Ordering) -> $value {
                    if !spin::is_second_look(self) {
                        return self.0.load(order);
                    }
                    // A failed exchange reads the newest value.
                    match self.0.compare_exchange($never, $never, order, order) {
                        Ok(found) | Err(found) => found,
                    }
                }

                #[track_caller]
                pub(crate) fn store(&self, value: $value, order: Ordering) {
                    self.0.store(value, order);
                    spin::written(self);
                }

                #[track_caller]
                pub(crate) fn swap(&self, value: $value, order: Ordering) -> $value {
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
                    // As for the cell.
                    if !std::thread::panicking() {
                        self.0.with_mut(|_| ());
                    }
                }
            }
        };
    }

    /// The arithmetic of an integer atomic.
    macro_rules! arithmetic {
        ($name:ident, $value:ty, $($operation:ident),+) => {
            impl $name {
                $(#[track_caller]
                pub(crate) fn $operation(&self, operand: $value, order: Ordering) -> $value {
                    let before = self.0.$operation(operand, order);
                    spin::written(self);
                    before
                })+
            }
        };
    }

    atomic!(AtomicPtr<T>, *mut T, ptr::without_provenance_mut(usize::MAX));
    atomic!(AtomicU64, u64, u64::MAX);
    atomic!(AtomicUsize, usize, usize::MAX);
    arithmetic!(AtomicU64, u64, fetch_add, fetch_sub, fetch_or, fetch_and);
    arithmetic!(AtomicUsize, usize, fetch_add, fetch_sub, fetch_or, fetch_and);
}
