//! A listener for signals.
//!
//! The handler, which may do next to nothing, sets a bit and rings an eventfd; whoever waits for the eventfd takes the
//! bit. The eventfd is never read: the reactor hears of every write to it.

#![allow(unsafe_code, reason = "a signal handler promises to do only what is safe in one")]

use std::fmt;
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{EventfdFlags, eventfd};
use signal_hook_registry::{FORBIDDEN, SigId, register, unregister};

use super::kind::Signal;
use super::pending::Pending;
use crate::reactor::slot::Direction;
use crate::reactor::source::{Source, settle};

/// The largest signal there is on Linux.
const LARGEST: i32 = 64;

/// A listener: hears of the signals that it was made for, from when it was made until it is dropped.
///
/// Several parties may wait for one listener: each signal is heard of by one of them. Several listeners all hear of
/// it.
///
/// # Examples
/// ```
/// use moonfleet::signal::{Signal, Signals};
///
/// moonfleet::run(|| {
///     let signals = Signals::new([Signal::USER1, Signal::USER2]).unwrap();
///     assert_eq!(signals.try_recv(), None);
/// #   unsafe { libc::raise(libc::SIGUSR2) };
///     // … `kill -USR2` comes:
///     assert_eq!(signals.recv().unwrap(), Signal::USER2);
/// });
/// ```
pub struct Signals {
    news: Arc<News>,
    handlers: Vec<SigId>,
}

/// What the handlers have to say.
struct News {
    pending: Pending,
    bell: Source,
}

impl News {
    /// Tells of a signal: an atomic operation and a system call without `errno`, as is allowed in a handler.
    fn tell(&self, signal: Signal) {
        self.pending.add(signal.as_raw() as u32);
        // It fails only after 2^64 rings, each of which was heard.
        let _ = rustix::io::write(self.bell.as_fd(), &1_u64.to_ne_bytes());
    }

    /// The pending signal with the smallest number.
    fn take(&self) -> Option<Signal> {
        self.pending.take().map(|number| Signal::from_raw(number as i32))
    }
}

impl Signals {
    /// A listener for some signals, which do from now on nothing but to be heard of.
    ///
    /// **Shape** `IntoIterator<Item = Signal> → io::Result<Signals>`
    /// # Errors
    /// `InvalidInput` for a signal that does not exist or cannot be waited for; no descriptor left.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::signal::{Signal, Signals};
    ///
    /// let error = Signals::new([Signal::from_raw(libc::SIGKILL)]).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "signal 9 was asked for, but nobody can wait for it: \
    ///      SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE and SIGILL cannot be put off"
    /// );
    /// ```
    pub fn new(signals: impl IntoIterator<Item = Signal>) -> io::Result<Self> {
        let bell = Source::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        let news = Arc::new(News { pending: Pending::new(), bell });
        let mut listener = Self { news, handlers: Vec::new() };
        signals.into_iter().try_for_each(|signal| listener.add(signal))?;
        Ok(listener)
    }

    fn add(&mut self, signal: Signal) -> io::Result<()> {
        check(signal)?;
        let news = Arc::clone(&self.news);
        // SAFETY: the action sets a bit of an atomic and writes to an eventfd by a bare system call: it takes no lock,
        // allocates nothing, and touches no `errno`. It is dropped outside of handlers.
        let handler = unsafe { register(signal.as_raw(), move || news.tell(signal)) }?;
        self.handlers.push(handler);
        Ok(())
    }

    /// Waits for the next signal. Of several, the one with the smallest number comes first.
    ///
    /// **Shape** `&Signals → io::Result<Signal>`
    /// # Suspends
    /// Until a signal comes.
    /// # Errors
    /// The kernel refuses to have the listener watched.
    /// # Cancellation
    /// Unwinds silently; a signal that comes stays for the next call.
    ///
    /// # Examples
    /// See [`Signals`].
    pub fn recv(&self) -> io::Result<Signal> {
        settle(self.news.bell.read_with(|_| self.take()))
    }

    /// Waits for the next signal, for no longer than `timeout`; `None`: none has come.
    ///
    /// **Shape** `(&Signals, Duration) → io::Result<Option<Signal>>`
    /// # Suspends
    /// As [`recv`](Signals::recv), up to `timeout`.
    /// # Errors
    /// As [`recv`](Signals::recv).
    /// # Cancellation
    /// As [`recv`](Signals::recv).
    ///
    /// # Examples
    /// ```
    /// use moonfleet::signal::{Signal, Signals};
    /// use std::time::Duration;
    ///
    /// let signals = Signals::new([Signal::USER1]).unwrap();
    /// assert_eq!(signals.recv_timeout(Duration::from_millis(1)).unwrap(), None);
    /// ```
    pub fn recv_timeout(&self, timeout: Duration) -> io::Result<Option<Signal>> {
        match settle(self.news.bell.perform_within(Direction::Read, Some(timeout), |_| self.take())) {
            Ok(signal) => Ok(Some(signal)),
            Err(error) if error.kind() == ErrorKind::TimedOut => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A signal that has come, if one has.
    ///
    /// **Shape** `&Signals → Option<Signal>`
    ///
    /// # Examples
    /// See [`Signals`].
    pub fn try_recv(&self) -> Option<Signal> {
        self.news.take()
    }

    fn take(&self) -> io::Result<Signal> {
        self.news.take().ok_or_else(|| ErrorKind::WouldBlock.into())
    }
}

/// Whether a signal can be waited for.
fn check(signal: Signal) -> io::Result<()> {
    let number = signal.as_raw();
    let refused = |why: String| Err(io::Error::new(ErrorKind::InvalidInput, why));
    if !(1..=LARGEST).contains(&number) {
        return refused(format!("{signal} was asked for, but signals have numbers from 1 to {LARGEST}"));
    }
    if FORBIDDEN.contains(&number) || number == libc::SIGBUS {
        let which = "SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE and SIGILL cannot be put off";
        return refused(format!("{signal} was asked for, but nobody can wait for it: {which}"));
    }
    Ok(())
}

impl Drop for Signals {
    fn drop(&mut self) {
        for handler in self.handlers.drain(..) {
            unregister(handler);
        }
    }
}

impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signals").field("handlers", &self.handlers).finish_non_exhaustive()
    }
}
