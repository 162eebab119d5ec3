//! Deadlines around a piece of code: whatever it waits for, it is unwound when time is up.

use std::time::{Duration, Instant};
use std::{fmt, io};

use crate::suspend::{Cancelled, within};
use crate::sys::clock;
use crate::task::limits::End;

/// Time was up before the code had ended.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// let slow = moonfleet::time::timeout(Duration::ZERO, moonfleet::yield_now);
/// assert_eq!(slow.unwrap_err().to_string(), "time was up before the work was done");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elapsed;

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("time was up before the work was done")
    }
}

impl std::error::Error for Elapsed {}

/// So that a limit around I/O needs no more than two question marks.
///
/// # Examples
/// ```
/// use moonfleet::net::TcpListener;
/// use moonfleet::time::timeout;
/// use std::{io, time::Duration};
///
/// let nobody_comes = || -> io::Result<()> {
///     let listener = TcpListener::bind("127.0.0.1:0")?;
///     timeout(Duration::from_millis(1), || listener.accept())??;
///     Ok(())
/// };
/// assert_eq!(nobody_comes().unwrap_err().kind(), io::ErrorKind::TimedOut);
/// ```
impl From<Elapsed> for io::Error {
    fn from(elapsed: Elapsed) -> Self {
        Self::new(io::ErrorKind::TimedOut, elapsed)
    }
}

/// Runs `body`, but unwinds it from what it waits for when `limit` has passed.
///
/// Every operation inside that may wait is bounded, however deep in however foreign Rust code. Code that never
/// waits is not interrupted. Of nested deadlines the nearest counts. A result that is computed counts, late
/// or not. Works in tasks and on plain threads.
///
/// **Shape** `(Duration, FnOnce() → T)` to `Result<T, Elapsed>`
/// # Errors
/// [`Elapsed`]: `body` was unwound; its destructors have run.
/// # Panics
/// If `body` panics.
///
/// # Examples
/// ```
/// use moonfleet::{channel, time};
/// use std::time::Duration;
///
/// moonfleet::run(|| {
///     let (_tx, rx) = channel::rendezvous::<u8>();
///     let late = time::timeout(Duration::from_millis(1), || rx.recv());
///     assert_eq!(late, Err(time::Elapsed));
///     assert_eq!(time::timeout(Duration::MAX, || 7), Ok(7));
/// });
/// ```
pub fn timeout<T>(limit: Duration, body: impl FnOnce() -> T) -> Result<T, Elapsed> {
    until(clock::after(limit), body)
}

/// The same, until a moment. One that has passed interrupts `body` at its first suspension point.
///
/// **Shape** `(Instant, FnOnce() → T)` to `Result<T, Elapsed>`
/// # Errors
/// [`Elapsed`]: `body` was unwound; its destructors have run.
/// # Panics
/// If `body` panics.
///
/// # Examples
/// ```
/// use moonfleet::time;
/// use std::time::Instant;
///
/// assert_eq!(time::deadline(Instant::now(), || time::sleep(std::time::Duration::MAX)), Err(time::Elapsed));
/// ```
pub fn deadline<T>(at: Instant, body: impl FnOnce() -> T) -> Result<T, Elapsed> {
    until(clock::at(at), body)
}

fn until<T>(ns: u64, body: impl FnOnce() -> T) -> Result<T, Elapsed> {
    within(End::At(ns), body).map_err(|Cancelled| Elapsed)
}
