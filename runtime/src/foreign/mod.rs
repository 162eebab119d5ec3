//! The same waits for frames that must not unwind: cancellation comes back as a value.
//!
//! The rest of the crate ends a cancelled task by unwinding it. Frames of C code, such as a Lua interpreter
//! that calls back into Rust, must not be unwound over; code that may have such frames above it waits by
//! these functions, cleans up in its own way when told [`Cancelled`], and returns. None of them panics.
//!
//! # Examples
//! ```
//! use moonfleet::{channel, foreign};
//! use std::time::{Duration, Instant};
//!
//! moonfleet::run(|| {
//!     let (_tx, rx) = channel::bounded::<u8>(1);
//!     let deadline = Instant::now() + Duration::from_millis(1);
//!     assert_eq!(foreign::recv(&rx, Some(deadline)), Err(foreign::RecvFailure::TimedOut));
//! });
//! ```

mod io;

use std::time::Instant;

pub use self::io::{
    accept, connect, connect_unix, lookup_host, read, recv_datagram, recv_from, send_datagram, send_to,
    wait_readable, wait_writable, write,
};
pub use crate::channel::blocking::{RecvFailure, SendFailure};
use crate::channel::{Receiver, Sender, blocking};
use crate::join::JoinHandle;
pub use crate::reactor::source::Failure as IoFailure;
use crate::select::{Arm, Selected, Wait, select_or_cancelled};
use crate::suspend;
pub use crate::suspend::Cancelled;
use crate::sys::clock;
use crate::task::error::JoinError;

/// Sleeps until `deadline`; see [`crate::time::sleep_until`].
///
/// # Suspends
/// Until `deadline`, at least.
/// # Errors
/// [`Cancelled`]: the task is being cancelled.
///
/// # Examples
/// ```
/// assert!(moonfleet::run(|| moonfleet::foreign::sleep_until(std::time::Instant::now())).is_ok());
/// ```
pub fn sleep_until(deadline: Instant) -> Result<(), Cancelled> {
    suspend::sleep_until(clock::at(deadline))
}

/// Lets other tasks run; see [`crate::yield_now`].
///
/// # Suspends
/// Always.
/// # Errors
/// [`Cancelled`]: the task is being cancelled.
///
/// # Examples
/// ```
/// assert!(moonfleet::run(moonfleet::foreign::yield_now).is_ok());
/// ```
#[inline]
pub fn yield_now() -> Result<(), Cancelled> {
    suspend::yield_now()
}

/// Lets other tasks run after a turn that has lasted long: also those for which a timer has gone off, or that were woken
/// from elsewhere meanwhile. An interpreter does this when it interrupts its code.
///
/// # Suspends
/// Always.
/// # Errors
/// [`Cancelled`]: the task is being cancelled.
///
/// # Examples
/// ```
/// use moonfleet::{foreign, spawn_local, time};
/// use std::cell::Cell;
/// use std::rc::Rc;
/// use std::time::Duration;
///
/// moonfleet::run(|| {
///     let rung = Rc::new(Cell::new(false));
///     let bell = Rc::clone(&rung);
///     spawn_local(move || {
///         time::sleep(Duration::from_millis(1));
///         bell.set(true);
///     });
///     moonfleet::yield_now();
///     std::thread::sleep(Duration::from_millis(2));
///     foreign::end_long_turn().unwrap();
///     assert!(rung.get());
/// });
/// ```
pub fn end_long_turn() -> Result<(), Cancelled> {
    suspend::end_long_turn()
}

/// Receives; see [`Receiver::recv`].
///
/// # Suspends
/// As [`Receiver::recv`], up to `deadline`.
/// # Errors
/// [`RecvFailure`]: closed and drained, not in time, or cancelled.
///
/// # Examples
/// ```
/// let (tx, rx) = moonfleet::channel::bounded(1);
/// tx.send(1).unwrap();
/// assert_eq!(moonfleet::foreign::recv(&rx, None), Ok(1));
/// ```
#[inline]
pub fn recv<T>(receiver: &Receiver<T>, deadline: Option<Instant>) -> Result<T, RecvFailure> {
    blocking::receive(receiver.core(), deadline.map(clock::at))
}

/// Sends; see [`Sender::send`].
///
/// # Suspends
/// As [`Sender::send`], up to `deadline`.
/// # Errors
/// [`SendFailure`] with the message: closed, not in time, or cancelled.
///
/// # Examples
/// ```
/// let (tx, rx) = moonfleet::channel::bounded(1);
/// assert_eq!(moonfleet::foreign::send(&tx, 1, None), Ok(()));
/// # drop(rx);
/// ```
#[inline]
pub fn send<T>(sender: &Sender<T>, message: T, deadline: Option<Instant>) -> Result<(), SendFailure<T>> {
    blocking::send(sender.core(), message, deadline.map(clock::at))
}

/// Selects; see [`select`](fn@crate::select::select).
///
/// # Suspends
/// As `wait` says, unless an arm is ready.
/// # Errors
/// [`Cancelled`]: the task is being cancelled, and no arm has fired.
///
/// # Examples
/// ```
/// use moonfleet::select::{RecvArm, Selected, Wait};
///
/// let (tx, rx) = moonfleet::channel::bounded(1);
/// tx.send(1).unwrap();
/// let mut arm = RecvArm::new(&rx);
/// assert_eq!(moonfleet::foreign::select(&mut [&mut arm], Wait::Forever), Ok(Selected::Arm(0)));
/// ```
#[inline]
pub fn select(arms: &mut [&mut dyn Arm], wait: Wait) -> Result<Selected, Cancelled> {
    select_or_cancelled(arms, wait)
}

/// Joins; see [`JoinHandle::join`].
///
/// # Suspends
/// Until the task has ended.
/// # Errors
/// [`Cancelled`]: the task that joins is being cancelled. Inside, the [`JoinError`] of the joined one.
///
/// # Examples
/// ```
/// moonfleet::run(|| {
///     let task = moonfleet::spawn(|| 1);
///     assert_eq!(moonfleet::foreign::join(task).unwrap().unwrap(), 1);
/// });
/// ```
pub fn join<T>(mut handle: JoinHandle<T>) -> Result<Result<T, JoinError>, Cancelled> {
    handle.join_or_cancelled()
}
