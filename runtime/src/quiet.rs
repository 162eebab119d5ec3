//! Where a panic of the user's must not get out, because no frame above could make sense of it.

use std::any::Any;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs a destructor or a waker of the user's, and lets nothing out. The panic hook has reported what it caught.
pub(crate) fn quietly(foreign: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(foreign)) {
        discard(payload);
    }
}

/// Drops a payload, whose own destructor may panic: what that raises is leaked, or there would be no end.
fn discard(payload: Box<dyn Any + Send>) {
    if let Err(worse) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        mem::forget(worse);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{panic_any, resume_unwind};

    use super::*;

    #[test]
    fn a_payload_that_panics_when_dropped_is_kept_in() {
        struct Endless;
        impl Drop for Endless {
            fn drop(&mut self) {
                panic_any(Endless);
            }
        }
        quietly(|| resume_unwind(Box::new(Endless)));
    }
}
