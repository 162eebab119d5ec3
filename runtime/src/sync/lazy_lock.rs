//! A value that is made when it is first used.

use std::fmt;
use std::ops::Deref;

use super::once_cell::OnceCell;

/// A value that `init` makes at the first use, while other users wait.
///
/// The initializer may suspend. If it panics or is cancelled, the next user calls it again: hence it is a `Fn`,
/// where the standard library takes a `FnOnce` and poisons. For a `FnOnce` there is [`OnceCell`].
///
/// # Examples
/// ```
/// use moonfleet::sync::LazyLock;
///
/// static SQUARES: LazyLock<Vec<u32>> = LazyLock::new(|| (0..10).map(|n| n * n).collect());
///
/// moonfleet::run(|| assert_eq!(SQUARES[3], 9));
/// ```
pub struct LazyLock<T, F = fn() -> T> {
    cell: OnceCell<T>,
    init: F,
}

impl<T, F: Fn() -> T> LazyLock<T, F> {
    /// A value yet to be made by `init`.
    ///
    /// # Examples
    /// See [`LazyLock`].
    #[must_use]
    pub const fn new(init: F) -> Self {
        Self { cell: OnceCell::new(), init }
    }

    /// The value, made now if need be. Dereferencing does the same.
    ///
    /// **Shape** `&LazyLock<T> → &T`; one atomic load once it is made.
    /// # Suspends
    /// While another party makes it; and as the initializer does.
    /// # Panics
    /// If the initializer does, or uses the value that it is to make.
    /// # Cancellation
    /// As [`OnceCell::get_or_init`].
    ///
    /// # Examples
    /// ```
    /// use moonfleet::sync::LazyLock;
    ///
    /// let depth = LazyLock::new(|| 12);
    /// assert_eq!(*LazyLock::force(&depth), *depth);
    /// ```
    #[inline]
    pub fn force(this: &Self) -> &T {
        this.cell.get_or_init(&this.init)
    }
}

impl<T, F: Fn() -> T> Deref for LazyLock<T, F> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        Self::force(self)
    }
}

impl<T: Default> Default for LazyLock<T> {
    fn default() -> Self {
        Self::new(T::default)
    }
}

impl<T: fmt::Debug, F> fmt::Debug for LazyLock<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_tuple("LazyLock");
        match self.cell.get() {
            Some(value) => shown.field(value),
            None => shown.field(&format_args!("<not made yet>")),
        };
        shown.finish()
    }
}
