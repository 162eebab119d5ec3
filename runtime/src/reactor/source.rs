//! A descriptor whose operations wait by suspending: everything under `net`, pipes, terminals and child processes.
//!
//! No model: the timeouts are settings; when to try and when to wait is `readiness.rs`.

use std::fmt;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::net::{Shutdown, shutdown};

use super::fallback;
use super::readiness::Observed;
use super::slot::{Direction, Slot};
use crate::config;
use crate::context;
use crate::epoch::Passed;
use crate::suspend::{Cancelled, Party, unwind_cancelled};
use crate::sys::clock;
use crate::sys::descriptor::bury;
use crate::sys::poller::Poller;

/// A non-blocking descriptor, or the owner of one, that parties may wait for.
pub(crate) struct Source<T: AsFd = OwnedFd> {
    /// `None` only while the source is taken apart.
    owner: Option<T>,
    slot: &'static Slot,
    read_timeout: Timeout,
    write_timeout: Timeout,
}

/// Why an operation gave nothing.
///
/// # Examples
/// ```
/// use moonfleet::foreign;
/// use moonfleet::net::TcpListener;
/// use std::io::ErrorKind;
/// use std::time::Instant;
///
/// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
/// let failure = foreign::accept(&listener, Some(Instant::now())).unwrap_err();
/// assert!(matches!(failure, foreign::IoFailure::Io(error) if error.kind() == ErrorKind::TimedOut));
/// ```
#[derive(Debug)]
pub enum Failure {
    /// The kernel says so, the time is over, or the source was closed.
    Io(io::Error),
    /// The party is being cancelled.
    Cancelled,
}

/// How long the operations of one direction may wait, in nanoseconds; zero: for ever.
#[derive(Debug, Default)]
struct Timeout(AtomicU64);

impl Source {
    /// Another source of the same file, with the same timeouts.
    ///
    /// # Errors
    /// [`closed`]; the process has as many descriptors as it may.
    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        if self.is_closed() {
            return Err(closed());
        }
        let clone = Self::new(self.owner().try_clone()?);
        clone.read_timeout.set(self.read_timeout.get());
        clone.write_timeout.set(self.write_timeout.get());
        Ok(clone)
    }
}

impl<T: AsFd> Source<T> {
    /// A source of a descriptor that is in non-blocking mode already.
    pub(crate) fn new(owner: T) -> Self {
        let (read_timeout, write_timeout) = Default::default();
        Self { owner: Some(owner), slot: Slot::lease(), read_timeout, write_timeout }
    }

    /// Takes the descriptor back. It stays in non-blocking mode.
    pub(crate) fn into_fd(mut self) -> T {
        let owner = self.owner.take().expect("taken apart once");
        self.slot.end_lease(owner.as_fd());
        owner
    }

    /// What owns the descriptor.
    #[inline]
    pub(crate) fn owner(&self) -> &T {
        self.owner.as_ref().expect("taken apart at the end")
    }

    // ── operations ──────────────────────────────────────────────────────────────────────────────────────

    /// Makes `attempt` until it does not say that it would block, waiting in between until there is something to
    /// read.
    ///
    /// # Suspends
    /// While `attempt` would block, up to the read timeout.
    /// # Errors
    /// Those of `attempt`, but for `WouldBlock` and `Interrupted`; `TimedOut`; [`closed`] after [`Source::close`].
    #[inline]
    pub(crate) fn read_with<R>(
        &self,
        attempt: impl FnMut(BorrowedFd<'_>) -> io::Result<R>,
    ) -> Result<R, Failure> {
        self.perform(Direction::Read, self.read_timeout.get(), attempt, |_| false)
    }

    /// As [`Source::read_with`], waiting until there is room to write.
    #[inline]
    pub(crate) fn write_with<R>(
        &self,
        attempt: impl FnMut(BorrowedFd<'_>) -> io::Result<R>,
    ) -> Result<R, Failure> {
        self.perform(Direction::Write, self.write_timeout.get(), attempt, |_| false)
    }

    /// As [`Source::read_with`], for no longer than `timeout`, for a stream of bytes of which `attempt` wants `wanted`:
    /// if it gets fewer, the next operation waits at once instead of asking the kernel in vain.
    #[inline]
    pub(crate) fn read_stream(
        &self,
        timeout: Option<Duration>,
        wanted: usize,
        attempt: impl FnMut(BorrowedFd<'_>) -> io::Result<usize>,
    ) -> Result<usize, Failure> {
        self.perform(Direction::Read, timeout, attempt, |&read| 0 < read && read < wanted)
    }

    /// As [`Source::write_with`], for no longer than `timeout`, for a stream of bytes to which `attempt` has `offered`
    /// to write.
    #[inline]
    pub(crate) fn write_stream(
        &self,
        timeout: Option<Duration>,
        offered: usize,
        attempt: impl FnMut(BorrowedFd<'_>) -> io::Result<usize>,
    ) -> Result<usize, Failure> {
        self.perform(Direction::Write, timeout, attempt, |&written| 0 < written && written < offered)
    }

    /// Makes `attempt` as [`Source::read_with`] and [`Source::write_with`] do, for no longer than `timeout`.
    pub(crate) fn perform_within<R>(
        &self,
        direction: Direction,
        timeout: Option<Duration>,
        attempt: impl FnMut(BorrowedFd<'_>) -> io::Result<R>,
    ) -> Result<R, Failure> {
        self.perform(direction, timeout, attempt, |_| false)
    }

    #[inline]
    fn perform<R>(
        &self,
        direction: Direction,
        timeout: Option<Duration>,
        mut attempt: impl FnMut(BorrowedFd<'_>) -> io::Result<R>,
        drains: impl Fn(&R) -> bool,
    ) -> Result<R, Failure> {
        let mut party = Party::enter()?;
        let readiness = self.slot.readiness(direction);
        let mut observed = readiness.observe();
        let mut wait = Wait { source: self, direction, timeout, deadline_ns: None };
        loop {
            if observed.is_closed() {
                return Err(Failure::Io(closed()));
            }
            if !readiness.is_drained(observed) {
                match attempt(self.as_fd()) {
                    Ok(result) => {
                        if drains(&result) {
                            readiness.note_drained(observed);
                        }
                        party.has_done(config::SYSTEM_CALL_OPERATIONS);
                        return Ok(result);
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Err(error) => return Err(Failure::Io(self.explain(error))),
                }
            }
            observed = wait.wait(observed)?;
            // A migratable task may be elsewhere by now.
            party = Party::current();
        }
    }

    /// What to say of an attempt that failed: if the source was closed, the kernel's reason means nothing.
    #[cold]
    fn explain(&self, error: io::Error) -> io::Error {
        if self.is_closed() { closed() } else { error }
    }

    // ── closing ─────────────────────────────────────────────────────────────────────────────────────────

    /// Closes the file, though others may use this source: whoever waits for it is told at once, and so is who
    /// tries later. The descriptor's number is free when the source is dropped.
    ///
    /// # Errors
    /// The process has no descriptor left for what takes the file's place, and it is no socket: then it stays open
    /// until the source is dropped, and is used no more all the same.
    pub(crate) fn close(&self) -> io::Result<()> {
        self.slot.close(self.as_fd());
        // A socket that cannot be replaced is at least shut down, so that the other side is told.
        bury(self.as_fd()).or_else(|_| Ok(shutdown(self.as_fd(), Shutdown::Both)?))
    }

    /// Whether [`Source::close`] was called.
    pub(crate) fn is_closed(&self) -> bool {
        self.slot.readiness(Direction::Read).observe().is_closed()
    }

    /// A way to have whoever waits to read look again, though the kernel has nothing to say.
    pub(crate) fn nudge(&self) -> Nudge {
        Nudge { slot: self.slot, generation: self.slot.readiness(Direction::Read).observe().generation() }
    }

    // ── timeouts ────────────────────────────────────────────────────────────────────────────────────────

    /// How long operations in `direction` may wait; `None`: for ever.
    ///
    /// # Errors
    /// `InvalidInput` for zero, as in the standard library.
    pub(crate) fn set_timeout(&self, direction: Direction, timeout: Option<Duration>) -> io::Result<()> {
        if timeout == Some(Duration::ZERO) {
            let error = "a timeout of zero would end every operation: use `None` for no timeout";
            return Err(io::Error::new(ErrorKind::InvalidInput, error));
        }
        self.timeout_of(direction).set(timeout);
        Ok(())
    }

    /// The timeout of operations in `direction`.
    pub(crate) fn timeout(&self, direction: Direction) -> Option<Duration> {
        self.timeout_of(direction).get()
    }

    fn timeout_of(&self, direction: Direction) -> &Timeout {
        match direction {
            Direction::Read => &self.read_timeout,
            Direction::Write => &self.write_timeout,
        }
    }
}

/// Tells whoever waits to read from a source, while there is one, that it may be worth another try.
#[derive(Debug)]
pub(crate) struct Nudge {
    slot: &'static Slot,
    generation: u32,
}

impl Nudge {
    /// Counts as an event of the source; if it was dropped, as none.
    pub(crate) fn tell(&self) {
        self.slot.readiness(Direction::Read).tell(self.generation, false);
    }
}

/// One operation that may have to wait.
struct Wait<'a, T: AsFd> {
    source: &'a Source<T>,
    direction: Direction,
    timeout: Option<Duration>,
    /// Known once it has to.
    deadline_ns: Option<u64>,
}

impl<T: AsFd> Wait<'_, T> {
    /// Waits until something has been said since `observed`, which came before an attempt in vain; gives what has
    /// been said then.
    #[cold]
    #[inline(never)]
    fn wait(&mut self, observed: Observed) -> Result<Observed, Failure> {
        // Asked again: a migratable task may have gone elsewhere since it began.
        let party = Party::enter()?;
        let slot = self.source.slot;
        if !observed.is_served() {
            slot.serve(self.source.as_fd(), poller_of_party()?)?;
        }
        if self.deadline_ns.is_none() {
            self.deadline_ns = self.timeout.map(clock::after);
        }
        let readiness = slot.readiness(self.direction);
        match readiness.wait(&party, observed.served(), self.deadline_ns) {
            Passed::AtOnce(()) | Passed::Woken => Ok(readiness.observe()),
            Passed::TimedOut(()) => {
                Err(Failure::Io(timed_out(self.direction, self.timeout.unwrap_or_default())))
            }
            Passed::Cancelled => Err(Failure::Cancelled),
        }
    }
}

/// The poller that serves the party of this thread.
fn poller_of_party() -> io::Result<&'static Poller> {
    context::local().map_or_else(fallback::poller, |local| Ok(local.home().poller()))
}

/// The error of an operation on a source that was closed.
pub(crate) fn closed() -> io::Error {
    io::Error::new(ErrorKind::NotConnected, "it was closed by this program")
}

/// The error of an operation that has waited for as long as it may.
#[cold]
pub(crate) fn timed_out(direction: Direction, timeout: Duration) -> io::Error {
    let what = match direction {
        Direction::Read => "came in",
        Direction::Write => "could be sent",
    };
    io::Error::new(ErrorKind::TimedOut, format!("nothing {what} within the timeout of {timeout:?}"))
}

/// Unwinds if the operation was ended by a cancel; otherwise gives what came of it.
pub(crate) fn settle<R>(result: Result<R, Failure>) -> io::Result<R> {
    result.map_err(|failure| match failure {
        Failure::Io(error) => error,
        Failure::Cancelled => {
            unwind_cancelled();
            io::Error::other(Cancelled)
        }
    })
}

impl Timeout {
    fn get(&self) -> Option<Duration> {
        // ORDER: Relaxed; a setting, which orders nothing.
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            ns => Some(Duration::from_nanos(ns)),
        }
    }

    fn set(&self, timeout: Option<Duration>) {
        let ns = timeout.map_or(0, |timeout| u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX));
        // ORDER: Relaxed; as in `get`.
        self.0.store(ns, Ordering::Relaxed);
    }
}

impl<T: AsFd> AsFd for Source<T> {
    #[inline]
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.owner().as_fd()
    }
}

impl<T: AsFd> Drop for Source<T> {
    fn drop(&mut self) {
        if let Some(owner) = &self.owner {
            self.slot.end_lease(owner.as_fd());
        }
    }
}

impl<T: AsFd> fmt::Debug for Source<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(&self.as_fd()).finish()
    }
}

impl From<Cancelled> for Failure {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
