//! Short forms for task-locals that are cells: the same that `std::thread::LocalKey` has.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::{LocalKey, or_panic};

impl<T: 'static> LocalKey<Cell<T>> {
    /// Sets this task's value. If it had none, the initial value is not computed.
    ///
    /// # Panics
    /// As [`LocalKey::with`].
    ///
    /// # Examples
    /// ```
    /// use std::cell::Cell;
    ///
    /// moonfleet::task_local! { static COUNT: Cell<u32> = panic!("not needed") }
    ///
    /// COUNT.set(1);
    /// assert_eq!(COUNT.get(), 1);
    /// ```
    #[track_caller]
    pub fn set(&'static self, value: T) {
        put(self, Cell::new(value), |cell, value| drop(cell.replace(value.into_inner())));
    }

    /// A copy of this task's value.
    ///
    /// # Panics
    /// As [`LocalKey::with`].
    ///
    /// # Examples
    /// ```
    /// moonfleet::task_local! { static COUNT: std::cell::Cell<u32> = std::cell::Cell::new(4) }
    ///
    /// assert_eq!(COUNT.get(), 4);
    /// ```
    #[track_caller]
    pub fn get(&'static self) -> T
    where
        T: Copy,
    {
        self.with(Cell::get)
    }

    /// This task's value, for which the default one is left.
    ///
    /// # Panics
    /// As [`LocalKey::with`].
    ///
    /// # Examples
    /// ```
    /// moonfleet::task_local! { static COUNT: std::cell::Cell<u32> = std::cell::Cell::new(4) }
    ///
    /// assert_eq!((COUNT.take(), COUNT.take()), (4, 0));
    /// ```
    #[track_caller]
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(Cell::take)
    }

    /// Sets this task's value, and gives back the one before.
    ///
    /// # Panics
    /// As [`LocalKey::with`].
    ///
    /// # Examples
    /// ```
    /// moonfleet::task_local! { static COUNT: std::cell::Cell<u32> = std::cell::Cell::new(4) }
    ///
    /// assert_eq!((COUNT.replace(5), COUNT.get()), (4, 5));
    /// ```
    #[track_caller]
    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

impl<T: 'static> LocalKey<RefCell<T>> {
    /// Calls `f` with a shared borrow of this task's value.
    ///
    /// # Panics
    /// As [`LocalKey::with`], and if the value is borrowed mutably.
    ///
    /// # Examples
    /// ```
    /// moonfleet::task_local! { static LOG: std::cell::RefCell<Vec<u8>> = Default::default() }
    ///
    /// assert!(LOG.with_borrow(Vec::is_empty));
    /// ```
    #[track_caller]
    pub fn with_borrow<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        self.with(|cell| f(&cell.borrow()))
    }

    /// Calls `f` with an exclusive borrow of this task's value.
    ///
    /// # Panics
    /// As [`LocalKey::with`], and if the value is borrowed.
    ///
    /// # Examples
    /// ```
    /// moonfleet::task_local! { static LOG: std::cell::RefCell<Vec<u8>> = Default::default() }
    ///
    /// LOG.with_borrow_mut(|log| log.push(1));
    /// assert_eq!(LOG.take(), [1]);
    /// ```
    #[track_caller]
    pub fn with_borrow_mut<R>(&'static self, f: impl FnOnce(&mut T) -> R) -> R {
        self.with(|cell| f(&mut cell.borrow_mut()))
    }

    /// Sets this task's value. If it had none, the initial value is not computed.
    ///
    /// # Panics
    /// As [`LocalKey::with`], and if the value is borrowed.
    ///
    /// # Examples
    /// ```
    /// moonfleet::task_local! { static NAME: std::cell::RefCell<String> = panic!("not needed") }
    ///
    /// NAME.set("ketch".to_owned());
    /// assert_eq!(NAME.take(), "ketch");
    /// ```
    #[track_caller]
    pub fn set(&'static self, value: T) {
        put(self, RefCell::new(value), |cell, value| drop(cell.replace(value.into_inner())));
    }

    /// This task's value, for which the default one is left.
    ///
    /// # Panics
    /// As [`LocalKey::with`], and if the value is borrowed.
    ///
    /// # Examples
    /// ```
    /// moonfleet::task_local! { static NAME: std::cell::RefCell<String> = "yawl".to_owned().into() }
    ///
    /// assert_eq!((NAME.take(), NAME.take()), ("yawl".to_owned(), String::new()));
    /// ```
    #[track_caller]
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(RefCell::take)
    }

    /// Sets this task's value, and gives back the one before.
    ///
    /// # Panics
    /// As [`LocalKey::with`], and if the value is borrowed.
    ///
    /// # Examples
    /// ```
    /// moonfleet::task_local! { static SIZE: std::cell::RefCell<u32> = 4.into() }
    ///
    /// assert_eq!((SIZE.replace(5), SIZE.take()), (4, 5));
    /// ```
    #[track_caller]
    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

/// Makes `value` the first value of `key`, or `overwrite`s the one there is.
#[track_caller]
fn put<C: 'static>(key: &'static LocalKey<C>, value: C, overwrite: impl FnOnce(&C, C)) {
    let mut value = Some(value);
    let current: Rc<C> =
        or_panic(key.value_or_else(|| value.take().expect("the first value is made once at most")));
    if let Some(value) = value {
        overwrite(&current, value);
    }
}
