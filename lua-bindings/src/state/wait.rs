//! [`Wait`]: what a task waits for, as reports say it, and whether only another task can end that wait.

use std::time::Instant;

/// What a task waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait {
    /// One word: a task keeps it.
    what: &'static &'static str,
    is_inside: bool,
}

impl Wait {
    /// A task that does not wait.
    pub(crate) const NOTHING: Self = Self { what: &"nothing", is_inside: false };

    /// A wait that another task ends, or the deadline if there is one.
    #[inline]
    pub(crate) fn inside(what: &'static &'static str, deadline: Option<Instant>) -> Self {
        Self { what, is_inside: deadline.is_none() }
    }

    /// A wait that ends by itself, or by something outside this process.
    #[inline]
    pub(crate) fn outside(what: &'static &'static str) -> Self {
        Self { what, is_inside: false }
    }

    /// The word for it: `"receive"`, `"sleep"`, ….
    pub(crate) fn what(self) -> &'static &'static str {
        self.what
    }

    /// Whether nothing but another task can end it.
    #[inline]
    pub(crate) fn is_inside(self) -> bool {
        self.is_inside
    }
}
