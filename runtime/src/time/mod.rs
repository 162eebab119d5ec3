//! Sleeping: to the nanosecond in the asking, some tens of microseconds late in the answer, never early.

use std::time::{Duration, Instant};

use crate::suspend::{Cancelled, sleep_until as suspend_until, unwind_cancelled};
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
    or_unwind(suspend_until(clock::after(duration)));
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
    or_unwind(suspend_until(clock::at(deadline)));
}

fn or_unwind(slept: Result<(), Cancelled>) {
    if slept.is_err() {
        unwind_cancelled();
    }
}
