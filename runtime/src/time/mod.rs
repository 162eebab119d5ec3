//! Sleeping: to the nanosecond in the asking, some tens of microseconds late in the answer, never early.
//!
//! In this folder: `interval` is for ticks at a fixed period, `after` for a function called later, `timeout`
//! for code that must not take too long.

mod after;
mod interval;
mod timeout;

use std::time::{Duration, Instant};

pub use self::after::after;
pub use self::interval::{Interval, MissedTicks, interval, interval_at};
pub use self::timeout::{Elapsed, deadline, timeout};
use crate::suspend::{sleep_until as suspend_until, unwind_cancelled};
use crate::sys::clock;

/// Suspends the task, or parks the thread, for `duration`.
///
/// **Shape** `Duration → ()`
/// # Suspends
/// For `duration`, at least. A zero duration still lets other tasks run.
/// # Cancellation
/// Unwinds silently.
///
/// # Examples
/// ```
/// use std::time::{Duration, Instant};
///
/// moonfleet::run(|| {
///     let start = Instant::now();
///     moonfleet::time::sleep(Duration::from_micros(300));
///     assert!(start.elapsed() >= Duration::from_micros(300));
/// });
/// ```
pub fn sleep(duration: Duration) {
    sleep_until_ns(clock::after(duration));
}

/// Suspends the task, or parks the thread, until `deadline`.
///
/// **Shape** `Instant → ()`
/// # Suspends
/// Until `deadline`, at least. A deadline in the past still lets other tasks run.
/// # Cancellation
/// Unwinds silently.
///
/// # Examples
/// ```
/// use std::time::{Duration, Instant};
///
/// moonfleet::run(|| {
///     let deadline = Instant::now() + Duration::from_millis(1);
///     moonfleet::time::sleep_until(deadline);
///     assert!(Instant::now() >= deadline);
/// });
/// ```
pub fn sleep_until(deadline: Instant) {
    sleep_until_ns(clock::at(deadline));
}

fn sleep_until_ns(deadline_ns: u64) {
    if suspend_until(deadline_ns).is_err() {
        unwind_cancelled();
    }
}
