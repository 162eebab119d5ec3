//! Task-local storage: a value for each task, made when the task first asks for it, destroyed when it ends.
//!
//! It is to tasks what [`std::thread_local!`] is to threads, and on a plain thread it is that: a value for
//! the thread. A started task never changes its thread, so the values need not be `Send`.
//!
//! # The end
//! When the body of a task is over, and before its joiner is woken, its values are destroyed, the newest
//! first, on the task's own stack: their destructors may block. One that panics is reported by the panic
//! hook, and the others still run. One that asks for a value that is gone gets an [`AccessError`]; one that
//! makes a new value has it destroyed next.

mod cells;

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::ptr;
use std::rc::Rc;

use crate::context;
use crate::task::locals::{Locals, State};

/// Declares task-locals, in the form of [`std::thread_local!`].
///
/// Each `static NAME: Type = initial;` becomes a [`LocalKey<Type>`](crate::LocalKey). The initial value is
/// computed once in each task that asks for it.
///
/// # Examples
/// ```
/// use std::cell::{Cell, RefCell};
///
/// moonfleet::task_local! {
///     /// How deep this task is in a tree.
///     static DEPTH: Cell<u32> = const { Cell::new(0) };
///     pub static LOG: RefCell<Vec<String>> = RefCell::default();
/// }
///
/// moonfleet::run(|| {
///     DEPTH.set(3);
///     let other = moonfleet::spawn(|| DEPTH.get());
///     assert_eq!((DEPTH.get(), other.join().unwrap()), (3, 0));
/// });
/// ```
#[macro_export]
macro_rules! task_local {
    () => {};
    ($(#[$attribute:meta])* $visible:vis static $name:ident: $type:ty = $init:expr; $($rest:tt)*) => {
        $crate::task_local!($(#[$attribute])* $visible static $name: $type = $init);
        $crate::task_local!($($rest)*);
    };
    ($(#[$attribute:meta])* $visible:vis static $name:ident: $type:ty = $init:expr) => {
        $(#[$attribute])*
        $visible static $name: $crate::LocalKey<$type> =
            $crate::LocalKey::declared_by_macro(::core::stringify!($name), || $init);
    };
}

/// Names a value that every task has its own of. Declared by [`task_local!`](crate::task_local!).
///
/// # Examples
/// ```
/// moonfleet::task_local! { static NAME: String = format!("task {}", moonfleet::current_task().unwrap().id()) }
///
/// assert_eq!(moonfleet::run(|| NAME.with(String::clone)), "task 1");
/// ```
pub struct LocalKey<T: 'static> {
    name: &'static str,
    init: fn() -> T,
}

/// A task-local was asked for after it had been destroyed: the task, or the thread, is at its end.
///
/// # Examples
/// ```
/// moonfleet::task_local! {
///     static FIRST: Reader = Reader;
///     static SECOND: u32 = 2;
/// }
///
/// struct Reader;
/// impl Drop for Reader {
///     fn drop(&mut self) {
///         // `SECOND` was made after `FIRST`, so it is destroyed before.
///         let error = SECOND.try_with(|second| *second).unwrap_err();
///         assert!(error.to_string().starts_with("the task-local `SECOND` was asked for, but"));
///     }
/// }
///
/// moonfleet::run(|| (FIRST.with(|_| ()), SECOND.with(|_| ())));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessError {
    name: &'static str,
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name;
        write!(
            f,
            "the task-local `{name}` was asked for, but it was destroyed at the end of its task or thread; \
             use `try_with` in destructors, or make `{name}` before the value that needs it"
        )
    }
}

impl Error for AccessError {}

impl<T: 'static> LocalKey<T> {
    /// For the macro alone, which makes statics: their addresses tell keys apart.
    #[doc(hidden)]
    #[must_use]
    pub const fn declared_by_macro(name: &'static str, init: fn() -> T) -> Self {
        Self { name, init }
    }

    /// Calls `f` with this task's value, which is made first if there is none.
    ///
    /// `f` may suspend, use this key again, and others.
    ///
    /// **Shape** `(&T → R) → R`
    /// # Panics
    /// If the value was destroyed, which only destructors at the end of a task or thread can see; and with
    /// whatever panic comes out of the initial value or `f`. After a panic of the former there is no value,
    /// and the next call tries again.
    ///
    /// # Examples
    /// ```
    /// moonfleet::task_local! { static WORDS: Vec<&'static str> = vec!["fore", "aft"] }
    ///
    /// assert_eq!(moonfleet::run(|| WORDS.with(|words| words.len())), 2);
    /// ```
    #[track_caller]
    pub fn with<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        or_panic(self.try_with(f))
    }

    /// Calls `f` with this task's value, unless that was destroyed.
    ///
    /// **Shape** `(&T → R) → Result<R, AccessError>`
    /// # Errors
    /// [`AccessError`] if the value was destroyed, which only destructors at the end of a task or thread see.
    ///
    /// # Examples
    /// ```
    /// moonfleet::task_local! { static SIZE: usize = 7 }
    ///
    /// assert_eq!(SIZE.try_with(|size| size + 1), Ok(8));
    /// ```
    pub fn try_with<R>(&'static self, f: impl FnOnce(&T) -> R) -> Result<R, AccessError> {
        let value = self.value_or_else(self.init)?;
        Ok(f(&value))
    }

    /// Calls `f`, during which this task's value is `value`; then the one before is back, if there was one.
    ///
    /// It is back after a panic, too. `value` is dropped at the end, by this call.
    ///
    /// **Shape** `(T, () → R) → R`
    /// # Panics
    /// With whatever panic comes out of `f`; and on a plain thread whose own thread-locals are gone.
    ///
    /// # Examples
    /// ```
    /// moonfleet::task_local! { static USER: &'static str = "nobody" }
    ///
    /// moonfleet::run(|| {
    ///     let inside = USER.scope("root", || USER.with(|user| *user));
    ///     assert_eq!((inside, USER.with(|user| *user)), ("root", "nobody"));
    /// });
    /// ```
    #[track_caller]
    pub fn scope<R>(&'static self, value: T, f: impl FnOnce() -> R) -> R {
        or_panic(self.with_locals(|locals| {
            let previous = locals.replace(self.key(), State::Live(Rc::new(value)));
            let _restore = Restore { locals, key: self.key(), previous };
            f()
        }))
    }

    /// This task's value; `make` makes it if there is none.
    fn value_or_else(&'static self, make: impl FnOnce() -> T) -> Result<Rc<T>, AccessError> {
        self.with_locals(|locals| match locals.find(self.key()) {
            State::Live(value) => Ok(Self::typed(value)),
            State::Gone => Err(AccessError { name: self.name }),
            State::Vacant => {
                let value = Rc::new(make());
                // The initial value may have asked for this very key: then the outer one wins, as in std.
                drop(locals.replace(self.key(), State::Live(Rc::clone(&value) as Rc<dyn Any>)));
                Ok(value)
            }
        })?
    }

    /// Calls `f` with the task-locals of the running task, or of this thread.
    fn with_locals<R>(&self, f: impl FnOnce(&Locals) -> R) -> Result<R, AccessError> {
        match context::current() {
            Some((_, task)) => Ok(f(&task.locals)),
            None => OF_THREAD.try_with(|own| f(&own.0)).map_err(|_| AccessError { name: self.name }),
        }
    }

    /// What tells this key from others.
    fn key(&'static self) -> usize {
        ptr::from_ref(self).addr()
    }

    fn typed(value: Rc<dyn Any>) -> Rc<T> {
        value.downcast().expect("a key is a static, and has one type")
    }
}

impl<T: 'static> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Gives a key its state back at the end of a scope, and then drops the value of the scope.
struct Restore<'a> {
    locals: &'a Locals,
    key: usize,
    previous: State,
}

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        let previous = std::mem::replace(&mut self.previous, State::Vacant);
        drop(self.locals.replace(self.key, previous));
    }
}

/// The task-locals of a thread that runs no task.
struct OfThread(Locals);

impl Drop for OfThread {
    fn drop(&mut self) {
        self.0.end();
    }
}

thread_local! {
    static OF_THREAD: OfThread = OfThread(Locals::default());
}

#[track_caller]
fn or_panic<R>(answer: Result<R, AccessError>) -> R {
    answer.unwrap_or_else(|error| panic!("{error}"))
}

/// What must not compile, because a value would be seen by others than its task, or after its end.
///
/// ```compile_fail,E0521
/// moonfleet::task_local! { static NAME: String = String::from("mine") }
/// let mut kept = None;
/// NAME.with(|name| kept = Some(name));
/// ```
/// ```compile_fail,E0521
/// moonfleet::task_local! { static NAME: String = String::from("mine") }
/// moonfleet::run(|| NAME.with(|name| drop(moonfleet::spawn_local(move || name.len()))));
/// ```
/// ```compile_fail,E0277
/// moonfleet::task_local! { static COUNT: std::cell::Cell<u32> = std::cell::Cell::new(1) }
/// COUNT.with(|count| std::thread::scope(|threads| { threads.spawn(|| count.get()); }));
/// ```
/// A value is shared with whoever looks at it, so changing it takes a cell:
/// ```compile_fail,E0594
/// moonfleet::task_local! { static COUNT: u32 = 1 }
/// COUNT.with(|count| *count = 2);
/// ```
/// ```compile_fail,E0599
/// moonfleet::task_local! { static COUNT: u32 = 1 }
/// COUNT.set(2);
/// ```
/// The initial value is computed in tasks yet to come, so it borrows nothing:
/// ```compile_fail,E0435
/// let one = 1;
/// moonfleet::task_local! { static COUNT: u32 = one }
/// ```
#[cfg(doctest)]
struct MustNotCompile;
