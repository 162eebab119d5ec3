//! What becomes of this process when it writes to a pipe or socket that nobody reads.

#![allow(unsafe_code, reason = "sigaction to ask for the present action")]

use std::mem::MaybeUninit;
use std::ptr;

/// Whether SIGPIPE is ignored: as in every program whose `main` is Rust's, unless it changes that.
pub(crate) fn is_ignored() -> bool {
    let mut present = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: without a new action the call changes nothing, and writes the present one to `present`.
    let failed = unsafe { libc::sigaction(libc::SIGPIPE, ptr::null(), present.as_mut_ptr()) };
    // SAFETY: the call has written it, unless it failed.
    failed == 0 && unsafe { present.assume_init() }.sa_sigaction == libc::SIG_IGN
}
