//! Where a plain OS thread keeps its parker.

#![allow(unsafe_code, reason = "lends the thread what it keeps until it ends")]

use core::ptr::NonNull;
use std::cell::OnceCell;

use super::parker::Parker;

thread_local! {
    static PARKER: OnceCell<Box<Parker>> = const { OnceCell::new() };
}

/// The parker of this thread. The reference is for this thread only, which has it for as long as it may wait.
#[cold]
#[inline(never)]
pub(super) fn parker() -> &'static Parker {
    match PARKER.try_with(|kept| NonNull::from(&**kept.get_or_init(|| Box::new(Parker::new())))) {
        // SAFETY: parker-lives — the thread keeps it until it ends, in a box that is not moved out of.
        Ok(parker) => unsafe { parker.as_ref() },
        // The thread's locals are being destroyed: a few last waits, with parkers that stay behind.
        Err(_) => Box::leak(Box::new(Parker::new())),
    }
}
