//! A place for a value that is set once, and then shared without a lock.

#![allow(unsafe_code, reason = "a completed cell is read without a lock")]

use std::cell::UnsafeCell;
use std::convert::Infallible;
use std::fmt;

use super::raw_once::RawOnce;
use crate::suspend::unwind_cancelled;

/// A value that is set once: given, or made by the first who needs it while the others wait.
///
/// The initializer may suspend. If it panics, fails or is cancelled, the next party tries: no poisoning.
///
/// INVARIANT(cell-value): `value` is written only under a claim of `once`, or through `&mut`; it is read only
/// when `once` is complete, and is `Some` then.
///
/// # Examples
/// ```
/// use moonfleet::sync::OnceCell;
///
/// static CHART: OnceCell<String> = OnceCell::new();
///
/// moonfleet::run(|| {
///     let reader = moonfleet::spawn(|| CHART.get_or_init(|| "Moonfleet Bay".to_owned()).len());
///     assert_eq!(reader.join().unwrap(), 13);
/// });
/// assert_eq!(CHART.get().unwrap(), "Moonfleet Bay");
/// ```
pub struct OnceCell<T> {
    once: RawOnce,
    value: UnsafeCell<Option<T>>,
}

// SAFETY: cell-value — the value is made on one thread (`Send`), and then shared by all (`Sync`).
unsafe impl<T: Send + Sync> Sync for OnceCell<T> {}
// SAFETY: moving the cell moves the value: nobody waits for a cell that can be moved.
unsafe impl<T: Send> Send for OnceCell<T> {}

impl<T> OnceCell<T> {
    /// An empty cell.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(moonfleet::sync::OnceCell::<u8>::new().get(), None);
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self { once: RawOnce::new(), value: UnsafeCell::new(None) }
    }

    /// The value, if there is one yet.
    ///
    /// **Shape** `&OnceCell<T> → Option<&T>`; one atomic load.
    ///
    /// # Examples
    /// ```
    /// let cell = moonfleet::sync::OnceCell::from(1);
    /// assert_eq!(cell.get(), Some(&1));
    /// ```
    #[inline]
    #[must_use]
    pub fn get(&self) -> Option<&T> {
        if !self.once.is_complete() {
            return None;
        }
        // SAFETY: cell-value — it is complete, so nobody writes while `&self` lives.
        unsafe { &*self.value.get() }.as_ref()
    }

    /// The value, for whoever has the cell to itself.
    ///
    /// # Examples
    /// ```
    /// let mut cell = moonfleet::sync::OnceCell::from(1);
    /// *cell.get_mut().unwrap() += 1;
    /// assert_eq!(cell.get(), Some(&2));
    /// ```
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut().as_mut()
    }

    /// Sets the value; gives it back if there is one already.
    ///
    /// **Shape** `T → Result<(), T>`
    /// # Suspends
    /// While another party initializes the cell.
    /// # Errors
    /// The value, if another was there before.
    /// # Panics
    /// In the cell's own initializer, which would wait for itself.
    /// # Cancellation
    /// Unwinds silently, unless there is a value already; the one given is dropped.
    ///
    /// # Examples
    /// ```
    /// let cell = moonfleet::sync::OnceCell::new();
    /// assert_eq!((cell.set(1), cell.set(2)), (Ok(()), Err(2)));
    /// ```
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut given = Some(value);
        self.get_or_init(|| given.take().expect("an initializer runs once"));
        given.map_or(Ok(()), Err)
    }

    /// The value; if there is none yet, `init` makes it, or this waits for the party that is making it.
    ///
    /// **Shape** `(FnOnce() → T) → &T`; one atomic load once there is a value.
    /// # Suspends
    /// While another party initializes the cell; and as `init` does.
    /// # Panics
    /// If `init` does: the cell stays empty. And if `init` asks for the cell's own value.
    /// # Cancellation
    /// Unwinds silently, unless there is a value already. A cancelled `init` leaves the cell to the next party.
    ///
    /// # Examples
    /// ```
    /// let cell = moonfleet::sync::OnceCell::new();
    /// assert_eq!((*cell.get_or_init(|| 1), *cell.get_or_init(|| 2)), (1, 1));
    /// ```
    #[inline]
    pub fn get_or_init(&self, init: impl FnOnce() -> T) -> &T {
        match self.get_or_try_init(|| Ok::<_, Infallible>(init())) {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    /// As [`OnceCell::get_or_init`], with an `init` that may fail: then the cell stays empty.
    ///
    /// **Shape** `(FnOnce() → Result<T, E>) → Result<&T, E>`
    /// # Suspends
    /// As [`OnceCell::get_or_init`].
    /// # Errors
    /// Those of `init`.
    /// # Panics
    /// As [`OnceCell::get_or_init`].
    /// # Cancellation
    /// As [`OnceCell::get_or_init`].
    ///
    /// # Examples
    /// ```
    /// let cell = moonfleet::sync::OnceCell::new();
    /// assert!(cell.get_or_try_init(|| "deep".parse::<u8>()).is_err());
    /// assert_eq!(cell.get_or_try_init(|| "12".parse::<u8>()), Ok(&12));
    /// ```
    #[inline]
    pub fn get_or_try_init<E>(&self, init: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        match self.get() {
            Some(value) => Ok(value),
            None => self.initialize(init),
        }
    }

    #[cold]
    fn initialize<E>(&self, init: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        loop {
            match self.once.claim() {
                Ok(None) => break,
                Ok(Some(claim)) => {
                    let value = init()?;
                    // SAFETY: cell-value — the claim is ours. The cell was empty: no destructor runs here.
                    unsafe { *self.value.get() = Some(value) };
                    claim.complete();
                    break;
                }
                // It returns to a task that is unwinding already: its destructors still wait.
                Err(_) => unwind_cancelled(),
            }
        }
        Ok(self.get().expect("a completed cell has a value"))
    }

    /// Takes the value out and leaves the cell empty, for whoever has it to itself.
    ///
    /// # Examples
    /// ```
    /// let mut cell = moonfleet::sync::OnceCell::from(1);
    /// assert_eq!((cell.take(), cell.get()), (Some(1), None));
    /// ```
    pub fn take(&mut self) -> Option<T> {
        std::mem::take(self).into_inner()
    }

    /// The value, if there is one, without its cell.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(moonfleet::sync::OnceCell::from(1).into_inner(), Some(1));
    /// ```
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }
}

impl<T> Default for OnceCell<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// A cell that has its value.
impl<T> From<T> for OnceCell<T> {
    fn from(value: T) -> Self {
        Self { once: RawOnce::completed(), value: UnsafeCell::new(Some(value)) }
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_tuple("OnceCell");
        match self.get() {
            Some(value) => shown.field(value),
            None => shown.field(&format_args!("<empty>")),
        };
        shown.finish()
    }
}
