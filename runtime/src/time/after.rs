//! `after`: a function called later, by a task of its own.

use std::time::Duration;

use super::sleep_until_ns;
use crate::join::JoinHandle;
use crate::spawn::spawn;
use crate::sys::clock;

/// Spawns a task that sleeps for `delay` and then runs `f`: a timer callback.
///
/// It is a task like any other: it may block, a panic in it is its own and comes out of
/// [`JoinHandle::join`], and it costs a stack while it sleeps. The delay counts from this call, not from when
/// the task starts.
///
/// **Shape** `(Duration, FnOnce() → T)` to `JoinHandle<T>`
/// # Panics
/// As [`spawn`].
/// # Cancellation
/// If the task is cancelled while it sleeps, `f` is dropped and never runs.
///
/// # Examples
/// ```
/// use std::time::{Duration, Instant};
///
/// moonfleet::run(|| {
///     let start = Instant::now();
///     let alarm = moonfleet::time::after(Duration::from_millis(1), Instant::now);
///     assert!(alarm.join().unwrap() >= start + Duration::from_millis(1));
/// });
/// ```
#[track_caller]
pub fn after<F, T>(delay: Duration, f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let deadline_ns = clock::after(delay);
    spawn(move || {
        sleep_until_ns(deadline_ns);
        f()
    })
}
