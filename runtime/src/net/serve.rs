//! Accepting one connection after the other: by iterating, or with a task for each.
//!
//! No model: the count orders nothing; who looks again for it is told by `reactor/readiness.rs`.

use std::fmt;
use std::io::{self, ErrorKind};
use std::iter::FusedIterator;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustix::io::Errno;

use crate::current::{worker_count, worker_index};
use crate::reactor::slot::Direction;
use crate::reactor::source::{Failure, Nudge, Source, settle};
use crate::scope::try_scope;
use crate::spawn::{SpawnError, TaskBuilder};

/// How long to rest when the system has run out of something: at first, and at most.
const REST: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(1));

/// How many workers accept for one listener, at most: each connection wakes those of them that sleep.
const ACCEPTORS: usize = 4;

/// A socket that accepts connections: [`TcpListener`](super::TcpListener),
/// [`UnixListener`](super::UnixListener). Sealed.
pub trait Listener: Accepts {}

impl<L: Accepts> Listener for L {}

/// What a listener is made of.
pub trait Accepts {
    /// A connection.
    type Stream: Send + 'static;
    /// The address of its other side.
    type Peer: Send + 'static;

    /// The socket.
    #[allow(private_interfaces, reason = "the trait cannot be named outside of the crate")]
    fn source(&self) -> &Source;

    /// Accepts one connection.
    fn accept_within(&self, timeout: Option<Duration>) -> Result<(Self::Stream, Self::Peer), Failure>;
}

/// The connections that come in: what `incoming` of a listener gives.
///
/// # Examples
/// See [`TcpListener::incoming`](super::TcpListener::incoming).
#[must_use = "an iterator does nothing unless it is asked"]
pub struct Incoming<'a, L> {
    listener: &'a L,
}

impl<'a, L> Incoming<'a, L> {
    pub(super) fn new(listener: &'a L) -> Self {
        Self { listener }
    }
}

impl<L: Listener> Iterator for Incoming<'_, L> {
    type Item = io::Result<L::Stream>;

    fn next(&mut self) -> Option<Self::Item> {
        let source = self.listener.source();
        let accepted = settle(self.listener.accept_within(source.timeout(Direction::Read)));
        let is_over = accepted.is_err() && source.is_closed();
        (!is_over).then(|| accepted.map(|(stream, _)| stream))
    }
}

impl<L: Listener> FusedIterator for Incoming<'_, L> {}

impl<L: fmt::Debug> fmt::Debug for Incoming<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Incoming").field(self.listener).finish()
    }
}

/// The tasks of one call of [`serve`].
struct Crew {
    /// How many there are.
    active: AtomicUsize,
    /// How many there may be.
    most: usize,
    /// Has the acceptor look again.
    nudge: Nudge,
}

/// A task's place in the crew, from before its spawn until it ends.
struct Berth(Arc<Crew>);

impl Crew {
    /// Waits until there is a place.
    fn make_room(self: &Arc<Self>, source: &Source) -> Result<Berth, Failure> {
        source.perform_within(Direction::Read, None, |_| {
            let one_more = |active| (active < self.most).then_some(active + 1);
            // ORDER: Relaxed both; it is a count. If it is too high, `Berth::drop` has yet to nudge, and that is
            // ordered by the readiness.
            let counted = self.active.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
            counted.map_err(|_| ErrorKind::WouldBlock.into())
        })?;
        Ok(Berth(Arc::clone(self)))
    }
}

impl Drop for Berth {
    fn drop(&mut self) {
        // ORDER: Relaxed; the nudge, which comes after it, is what the acceptor looks again for.
        let before = self.0.active.fetch_sub(1, Ordering::Relaxed);
        if before == self.0.most {
            self.0.nudge.tell();
        }
    }
}

/// Calls `handler` with each connection, in a task of its own, at most `most` at a time, until the listener is closed.
///
/// Several workers accept: one that has time. A single acceptor would start most handlers on its own worker, which is
/// awake, before others that were woken to take some of them get a processor.
///
/// # Suspends
/// Until the listener is closed.
pub(super) fn serve<L: Listener + Sync>(
    listener: &L,
    most: Option<usize>,
    handler: impl Fn((L::Stream, L::Peer)) + Send + Sync + 'static,
) -> io::Result<()> {
    assert!(most != Some(0), "no handler may run, so nothing would be served: allow at least one");
    let (Some(own), workers) = (worker_index(), worker_count()) else {
        return Err(io::Error::new(ErrorKind::Unsupported, SpawnError::NoRuntime));
    };
    let nudge = listener.source().nudge();
    let crew = Arc::new(Crew { active: AtomicUsize::new(0), most: most.unwrap_or(usize::MAX), nudge });
    let handler = Arc::new(handler);
    try_scope(|scope| {
        for distance in 1..workers.min(ACCEPTORS) {
            // Refused, there is one acceptor less.
            let _ = scope.spawn_try_on((own + distance) % workers, || accept_all(listener, &crew, &handler));
        }
        accept_all(listener, &crew, &handler)
    })
}

/// One acceptor.
fn accept_all<L: Listener, H>(listener: &L, crew: &Arc<Crew>, handler: &Arc<H>) -> io::Result<()>
where
    H: Fn((L::Stream, L::Peer)) + Send + Sync + 'static,
{
    let source = listener.source();
    let mut rest = REST.0;
    loop {
        match settle(accept_into(crew, listener)) {
            Ok((connection, berth)) => {
                let handler = Arc::clone(handler);
                let task = TaskBuilder::new().spawn(move || {
                    let _berth = berth;
                    handler(connection);
                });
                match task {
                    Ok(_) => rest = REST.0,
                    Err(SpawnError::TooManyTasks { .. }) => settle(pause(source, &mut rest))?,
                    Err(error) => return Err(io::Error::other(error)),
                }
            }
            Err(_) if source.is_closed() => return Ok(()),
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) if is_shortage(&error) => settle(pause(source, &mut rest))?,
            Err(error) => return Err(error),
        }
    }
}

type Accepted<L> = ((<L as Accepts>::Stream, <L as Accepts>::Peer), Berth);

fn accept_into<L: Listener>(crew: &Arc<Crew>, listener: &L) -> Result<Accepted<L>, Failure> {
    let berth = crew.make_room(listener.source())?;
    Ok((listener.accept_within(None)?, berth))
}

/// Rests for a while, and longer the next time; ended early when the source is closed, by that very error, which
/// comes again from the next accept.
fn pause(source: &Source, rest: &mut Duration) -> Result<(), Failure> {
    let slept =
        source.perform_within(Direction::Read, Some(*rest), |_| Err::<(), _>(ErrorKind::WouldBlock.into()));
    *rest = (*rest * 2).min(REST.1);
    match slept {
        Err(Failure::Cancelled) => Err(Failure::Cancelled),
        _ => Ok(()),
    }
}

/// The connection broke before it was accepted, or a firewall was against it: the next may fare better. (The list is
/// that of accept(2).)
fn is_of_one_connection(error: &io::Error) -> bool {
    let errors = [
        Errno::CONNABORTED,
        Errno::PERM,
        Errno::NETDOWN,
        Errno::PROTO,
        Errno::NOPROTOOPT,
        Errno::HOSTDOWN,
        Errno::NONET,
        Errno::HOSTUNREACH,
        Errno::NETUNREACH,
        Errno::TIMEDOUT,
    ];
    Errno::from_io_error(error).is_some_and(|error| errors.contains(&error))
}

/// The process or the system has run out of something that others may give back.
fn is_shortage(error: &io::Error) -> bool {
    let errors = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    Errno::from_io_error(error).is_some_and(|error| errors.contains(&error))
}
