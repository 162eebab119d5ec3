//! Writes of which the kernel does not say when they are worth another try.
//!
//! A full queue of *another* socket, to which this one is not connected (yet), makes a connect or a send fail, but
//! what becomes of that queue is no event of this socket. So it is tried again after a while, and again after
//! twice that. (Blocking calls wait in the kernel, on the other socket's own wait queue.)

use std::io::{self, ErrorKind};
use std::os::fd::BorrowedFd;
use std::time::Duration;

use crate::reactor::slot::Direction;
use crate::reactor::source::{Failure, Source, timed_out};
use crate::sys::clock;

/// How long to wait before the second try, and later, at most.
const PAUSE: (Duration, Duration) = (Duration::from_micros(100), Duration::from_millis(25));

/// Makes `attempt` until it does not say that it would block, for no longer than `timeout`.
///
/// # Suspends
/// Between attempts.
pub(super) fn write_patiently<R>(
    source: &Source,
    timeout: Option<Duration>,
    mut attempt: impl FnMut(BorrowedFd<'_>) -> io::Result<R>,
) -> Result<R, Failure> {
    let deadline_ns = timeout.map(clock::after);
    let mut pause = PAUSE.0;
    loop {
        let left = deadline_ns.map(|deadline| Duration::from_nanos(deadline.saturating_sub(clock::now_ns())));
        let time = left.map_or(pause, |left| left.min(pause));
        match source.perform_within(Direction::Write, Some(time), &mut attempt) {
            Err(Failure::Io(error)) if error.kind() == ErrorKind::TimedOut => {}
            result => return result,
        }
        if left == Some(time) {
            return Err(timed_out(Direction::Write, timeout.unwrap_or_default()).into());
        }
        pause = (pause * 2).min(PAUSE.1);
    }
}
