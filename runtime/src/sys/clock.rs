//! Monotonic time as nanoseconds in one `u64`: cheap to store, compare and hand to the kernel.

use std::sync::OnceLock;
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

/// The moment of `deadline`, in nanoseconds: never earlier, and in the order and at the distances of the
/// deadlines. One long past may come out as a later moment of the past.
pub(crate) fn at(deadline: Instant) -> u64 {
    static ORIGIN: OnceLock<(Instant, u64)> = OnceLock::new();
    let &(instant, ns) = ORIGIN.get_or_init(one_moment);
    let since_ns = deadline.saturating_duration_since(instant).as_nanos();
    ns.saturating_add(u64::try_from(since_ns).unwrap_or(u64::MAX))
}

/// One moment by both clocks, the nanoseconds not behind: the closest of some pairs of readings, because the
/// thread may lose its processor between two.
fn one_moment() -> (Instant, u64) {
    let read = |_| {
        let before_ns = now_ns();
        let instant = Instant::now();
        let after_ns = now_ns();
        (after_ns - before_ns, (instant, after_ns))
    };
    let closest = (0..10).map(read).min_by_key(|&(apart_ns, _)| apart_ns);
    closest.expect("ten pairs").1
}
