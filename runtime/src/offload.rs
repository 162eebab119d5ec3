//! Calling what blocks an OS thread from a task, without blocking the worker and its other tasks.

use std::error::Error;
use std::fmt;
use std::io;

use crate::blocking::pool::Refused;
use crate::blocking::run;
use crate::scheduler::worker;
use crate::suspend::{Party, resume, unwind_cancelled};

/// Runs `body`, which may block its OS thread, on a thread made for that, while the task waits.
///
/// The runtime starts such threads when they are needed, up to
/// [`Builder::blocking_threads`](crate::Builder::blocking_threads); beyond that closures wait in the order they
/// came. A closure that waits for one that comes later may therefore wait for ever. In the closure there is no
/// current task: it spawns by a [`Handle`](crate::Handle), and another `blocking` in it just calls its closure.
///
/// **Shape** `FnOnce() → T` to `T`; both may borrow. On a plain OS thread: calls `body`.
/// # Suspends
/// Until `body` has ended.
/// # Panics
/// If `body` panics, with its payload; if there is no thread for it (see [`try_blocking`]).
/// # Cancellation
/// Unwinds silently, without calling `body`, in a task that is being cancelled already. A cancel that comes later
/// waits for `body` to end: its result is returned, and the next wait unwinds.
///
/// # Examples
/// ```
/// let mut text = String::new();
/// moonfleet::run(|| {
///     moonfleet::blocking(|| text = std::fs::read_to_string("/proc/self/comm").unwrap());
/// });
/// assert!(!text.is_empty());
/// ```
#[track_caller]
pub fn blocking<F, T>(body: F) -> T
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    try_blocking(body).unwrap_or_else(|error| panic!("{error}"))
}

/// Runs `body` as [`blocking`](fn@blocking) does, if there is a thread for it.
///
/// **Shape** `FnOnce() → T` to `Result<T, NoThread>`
/// # Suspends
/// Until `body` has ended.
/// # Errors
/// [`NoThread`] with the closure: the kernel has refused a thread, and there is none to queue for.
/// # Panics
/// If `body` panics, with its payload.
/// # Cancellation
/// As [`blocking`](fn@blocking).
///
/// # Examples
/// ```
/// let answer = moonfleet::run(|| moonfleet::try_blocking(|| 6 * 7));
/// assert_eq!(answer.unwrap(), 42);
/// ```
pub fn try_blocking<F, T>(body: F) -> Result<T, NoThread<F>>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    let party = Party::enter().unwrap_or_else(|_cancelled| {
        unwind_cancelled();
        // It unwinds already: its destructors get what they ask for.
        Party::current()
    });
    let Some(worker) = worker::current().filter(|_| matches!(party, Party::Task(_))) else {
        return Ok(body());
    };
    match run(&worker.shared.blocking, &party, body) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(payload)) => resume(payload),
        Err((closure, refused)) => Err(NoThread { closure, refused }),
    }
}

/// Runs `body`, in which a call of the kernel may block, as [`blocking`](fn@blocking) does.
///
/// # Suspends
/// Until `body` has ended.
/// # Errors
/// Those of `body`; or that there is no thread to run it on.
pub(crate) fn blocking_io<T: Send>(body: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
    try_blocking(body).unwrap_or_else(|no_thread| Err(io::Error::other(no_thread.refused.to_string())))
}

/// There was no thread to run the closure on. It comes back.
///
/// # Examples
/// ```
/// use moonfleet::NoThread;
///
/// /// Where blocking the worker is better than giving up.
/// fn at_any_price(body: impl FnOnce() -> u32 + Send) -> u32 {
///     moonfleet::try_blocking(body).unwrap_or_else(|no_thread| (no_thread.into_closure())())
/// }
/// assert_eq!(moonfleet::run(|| at_any_price(|| 5)), 5);
/// # fn it_is_an_error(no_thread: NoThread<fn()>) -> Box<dyn std::error::Error> { no_thread.into() }
/// ```
pub struct NoThread<F> {
    closure: F,
    refused: Refused,
}

impl<F> NoThread<F> {
    /// The closure, which was not called.
    ///
    /// # Examples
    /// See [`NoThread`].
    pub fn into_closure(self) -> F {
        self.closure
    }
}

impl<F> fmt::Debug for NoThread<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoThread").field("refused", &self.refused).finish_non_exhaustive()
    }
}

impl<F> fmt::Display for NoThread<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.refused.fmt(f)
    }
}

impl<F> Error for NoThread<F> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.refused.source)
    }
}
