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

    /// The drop of a cell that is moved out of counts as an access, too.
    #[track_caller]
    pub(crate) fn into_inner(self) -> T {
        drop(UnsafeCell::get_mut(&self));
        let mut cell = std::mem::ManuallyDrop::new(self);
        // SAFETY: in a `ManuallyDrop`, and not used again.
        unsafe { std::ptr::drop_in_place(&raw mut cell.accesses) };
        // SAFETY: as above.
        unsafe { std::ptr::read(cell.value.get()) }
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

pub(crate) mod sync {
    //! The standard library's lock, in the shape of the runtime's tiny one: it can be torn down.

    use std::sync::PoisonError;

    use crate::wait::lock::{Guard, Lock};

    pub(crate) type MutexGuard<'a, T> = Guard<'a, T>;

    #[derive(Debug)]
    pub(crate) struct Mutex<T>(Lock<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(Lock::new(value))
        }

        pub(crate) fn lock(&self) -> Result<MutexGuard<'_, T>, PoisonError<MutexGuard<'_, T>>> {
            Ok(self.0.lock())
        }

        pub(crate) fn get_mut(&mut self) -> Result<MutexGuard<'_, T>, PoisonError<MutexGuard<'_, T>>> {
            self.lock()
        }
    }

    impl<T: Default> Default for Mutex<T> {
        fn default() -> Self {
            Self::new(T::default())
        }
    }
}

pub(crate) mod thread {
    //! Threads that park by a token of their own: loom's `unpark` is no step of an execution, so that nothing could
    //! happen just before it. A short timeout passes at once; a long one never.

    use std::cell::RefCell;
    use std::io;
    use std::sync::Arc;
    use std::time::Duration;

    use super::atomic::{AtomicUsize, Ordering};
    use super::relax;

    const LONG: Duration = Duration::from_secs(1);

    loom::thread_local! {
        static CURRENT: RefCell<Option<Thread>> = RefCell::new(None);
    }

    /// One, if the thread may pass its next `park`. The last to use it frees it, by a plain `Arc`: so no drop to check.
    #[derive(Debug)]
    struct Token(std::mem::ManuallyDrop<AtomicUsize>);

    #[derive(Debug, Clone)]
    pub(crate) struct Thread(Arc<Token>);

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) struct ThreadId(usize);

    impl Thread {
        fn new() -> Self {
            Self(Arc::new(Token(std::mem::ManuallyDrop::new(AtomicUsize::new(0)))))
        }

        pub(crate) fn id(&self) -> ThreadId {
            ThreadId(Arc::as_ptr(&self.0).addr())
        }

        pub(crate) fn unpark(&self) {
            // ORDER: Release; pairs with the Acquire in `park`, as the standard library promises.
            self.0.0.swap(1, Ordering::Release);
        }
    }

    pub(crate) fn current() -> Thread {
        CURRENT.with(|current| current.borrow_mut().get_or_insert_with(Thread::new).clone())
    }

    pub(crate) fn park() {
        let thread = current();
        let mut round = 0;
        // ORDER: Relaxed; the exchange below synchronizes.
        while thread.0.0.load(Ordering::Relaxed) == 0 {
            relax(&mut round);
        }
        // ORDER: Acquire; pairs with the Release in `unpark`.
        thread.0.0.swap(0, Ordering::Acquire);
    }

    pub(crate) fn park_timeout(timeout: Duration) {
        if timeout < LONG {
            loom::thread::yield_now();
        } else {
            park();
        }
    }

    /// Starts threads, whose names are nobody's business.
    pub(crate) struct Builder;

    /// A thread that was started.
    pub(crate) struct JoinHandle<R> {
        handle: loom::thread::JoinHandle<R>,
        thread: Thread,
    }

    impl Builder {
        pub(crate) fn new() -> Self {
            Self
        }

        pub(crate) fn name(self, _name: String) -> Self {
            self
        }

        pub(crate) fn spawn<R: 'static>(
            self,
            body: impl FnOnce() -> R + 'static,
        ) -> io::Result<JoinHandle<R>> {
            let thread = Thread::new();
            let own = thread.clone();
            let handle = loom::thread::spawn(move || {
                CURRENT.with(|current| *current.borrow_mut() = Some(own));
                body()
            });
            Ok(JoinHandle { handle, thread })
        }
    }

    impl<R: 'static> JoinHandle<R> {
        pub(crate) fn thread(&self) -> &Thread {
            &self.thread
        }

        pub(crate) fn join(self) -> std::thread::Result<R> {
            self.handle.join()
        }
    }
}

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
