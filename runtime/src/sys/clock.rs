//! Monotonic time as nanoseconds in one `u64`: cheap to store, compare and hand to the kernel.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds on `CLOCK_MONOTONIC`.
#[inline]
pub(crate) fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
}

/// The moment `timeout` from now, in nanoseconds; the far end of time if it does not fit.
#[inline]
pub(crate) fn after(timeout: Duration) -> u64 {
    let timeout_ns = u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX);
    now_ns().saturating_add(timeout_ns)
}

/// The moment of `deadline`, in nanoseconds; a deadline in the past is now.
#[inline]
pub(crate) fn at(deadline: Instant) -> u64 {
    after(deadline.saturating_duration_since(Instant::now()))
}
