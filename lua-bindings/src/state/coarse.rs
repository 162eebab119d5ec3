//! [`Coarse`]: a time that is cheap to take, and right to a few milliseconds: enough for the age of a task.

#![allow(unsafe_code, reason = "std does not read this clock")]

use std::mem::MaybeUninit;
use std::time::Duration;

/// A reading of the clock that the kernel advances at its ticks, in milliseconds; it wraps after seven weeks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coarse(u32);

impl Coarse {
    pub(crate) fn now() -> Self {
        let mut time = MaybeUninit::<libc::timespec>::zeroed();
        // SAFETY: the kernel writes the time; every Linux has this clock. Zeroes are a time, too.
        let time = unsafe {
            libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, time.as_mut_ptr());
            time.assume_init()
        };
        Self((time.tv_sec * 1000 + time.tv_nsec / 1_000_000) as u32)
    }

    /// The time since then.
    pub(crate) fn elapsed(self) -> Duration {
        Duration::from_millis(Self::now().0.wrapping_sub(self.0).into())
    }
}
