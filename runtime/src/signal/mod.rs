//! Signals of the operating system, waited for like messages.
//!
//! Any number of listeners may wait for a signal, in tasks and threads; each hears of it. A signal that comes twice
//! before a listener looks is heard of once, as everywhere in Unix.
//!
//! The first listener for a signal replaces what the signal did, for the rest of the process's life: after a
//! [`ctrl_c`] that was waited for once, Ctrl-C ends the process no more, whether somebody listens or not. Handlers
//! that others have installed before are called as well. Signals that report a fault of the thread they come to
//! (`SIGSEGV` and its like) cannot be waited for, nor can `SIGKILL` and `SIGSTOP`.
//!
//! # Examples
//! ```
//! use moonfleet::signal::{Signal, Signals};
//! use moonfleet::{channel, select, spawn, time};
//! use std::time::Duration;
//!
//! moonfleet::run(|| {
//!     let signals = Signals::new([Signal::TERMINATE, Signal::USER1]).unwrap();
//!     let (heard, hears) = channel::bounded(1);
//!     let listener = spawn(move || while heard.send(signals.recv().unwrap()).is_ok() {});
//! #   unsafe { libc::raise(libc::SIGUSR1) };
//!     // … `kill -USR1` comes:
//!     select! {
//!         recv(hears) -> signal => assert_eq!(signal, Ok(Signal::USER1)),
//!         timeout(Duration::from_secs(60)) => panic!("a quiet minute"),
//!     }
//!     listener.cancel();
//! });
//! ```

mod kind;
mod pending;
mod signals;

use std::io;

pub use self::kind::Signal;
pub use self::signals::Signals;

/// Waits for a signal that comes from now on.
///
/// To miss none between two waits, make a [`Signals`].
///
/// **Shape** `Signal → io::Result<()>`
/// # Suspends
/// Until the signal comes.
/// # Errors
/// Those of [`Signals::new`] and [`Signals::recv`].
/// # Cancellation
/// Unwinds silently; what the signal did stays replaced, unless the task was being cancelled already.
///
/// # Examples
/// ```no_run
/// use moonfleet::signal::{self, Signal};
///
/// moonfleet::run(|| signal::wait(Signal::HANGUP)).unwrap();
/// ```
pub fn wait(signal: Signal) -> io::Result<()> {
    crate::cancel::check();
    Signals::new([signal])?.recv().map(drop)
}

/// Waits until the user presses Ctrl-C, or `SIGINT` comes in another way.
///
/// **Shape** `() → io::Result<()>`
/// # Suspends
/// Until then.
/// # Errors
/// Those of [`wait`].
/// # Cancellation
/// As [`wait`].
///
/// # Examples
/// ```no_run
/// moonfleet::run(|| {
///     let server = moonfleet::spawn(|| moonfleet::time::sleep(std::time::Duration::MAX));
///     moonfleet::signal::ctrl_c().unwrap();
///     server.cancel();
///     let _ = server.join();
/// });
/// ```
pub fn ctrl_c() -> io::Result<()> {
    wait(Signal::INTERRUPT)
}
