//! Waiting in a [`Queue`]: the one place where `sync` joins its queues to suspension.
//!
//! Models: queue, condvar, semaphore.

#![allow(unsafe_code, reason = "lends a stack node to the queue while this frame waits")]

use core::convert::Infallible;

use crate::suspend::Party;
use crate::wait::list::Node;
use crate::wait::one::{One, Taken};
use crate::wait::queue::{Inner, Place, Queue};
use crate::wait::word::Reason;

/// How a wait in a queue ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waited<R, W> {
    /// The attempt succeeded at once: nothing was waited for.
    AtOnce(R),
    /// Somebody ended the wait, and left this in the slot: what the party wanted, or what it was given.
    Woken(Option<W>),
    /// The deadline passed.
    TimedOut,
    /// The party is being cancelled.
    Cancelled,
}

/// Why a party did not get what it waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The deadline passed.
    TimedOut,
    /// The party is being cancelled.
    Cancelled,
}

/// Makes `attempt` under the queue's lock; if it gives nothing, waits at `place` with `wish` in the slot until
/// somebody fires this party, or `deadline_ns` passes.
///
/// The caller has asked [`Party::enter`] who it is. A wait that was fired is never reported as timed out or
/// cancelled: what was given is not lost.
///
/// # Suspends
/// Unless the attempt succeeds.
#[inline]
pub(crate) fn wait_in<S, W, R>(
    party: &Party,
    queue: &Queue<S, W>,
    place: Place,
    wish: W,
    deadline_ns: Option<u64>,
    attempt: impl FnOnce(&mut Inner<S, W>) -> Option<R>,
) -> Waited<R, W> {
    let mut node = Node::new(party.waiter(), 0, Some(wish));
    party.waiter().word().arm();
    // SAFETY: node-lives — this frame waits below until the node is unlinked or fired.
    if let Some(done) = unsafe { queue.try_or_link(&mut node, place, attempt) } {
        party.waiter().word().rest();
        party.has_not_waited();
        return Waited::AtOnce(done);
    }
    // SAFETY: the node was linked in this queue just now.
    unsafe { wait_linked(party, queue, &mut node, deadline_ns) }
}

/// As [`wait_in`] behind all others, for a wish that is made under the lock: `attempt` gives what is done, or
/// the wish to wait with.
///
/// # Suspends
/// Unless the attempt succeeds.
#[inline]
pub(crate) fn wait_or<S, W, R>(
    party: &Party,
    queue: &Queue<S, W>,
    deadline_ns: Option<u64>,
    attempt: impl FnOnce(&mut Inner<S, W>) -> Result<R, W>,
) -> Waited<R, W> {
    let mut node = Node::new(party.waiter(), 0, None);
    party.waiter().word().arm();
    // SAFETY: node-lives — this frame waits below until the node is unlinked or fired.
    if let Some(done) = unsafe { queue.try_or_wish(&mut node, attempt) } {
        party.waiter().word().rest();
        party.has_not_waited();
        return Waited::AtOnce(done);
    }
    // SAFETY: the node was linked in this queue just now.
    unsafe { wait_linked(party, queue, &mut node, deadline_ns) }
}

/// Queues the party behind all others, calls `leave`, and waits until somebody fires the party, or
/// `deadline_ns` passes. Whoever acts on what `leave` has done finds the party queued.
///
/// # Suspends
/// Always, except in a task that is being cancelled.
/// # Safety
/// `leave` does not unwind.
pub(crate) unsafe fn queue_and_leave<S, W>(
    party: &Party,
    queue: &Queue<S, W>,
    wish: W,
    deadline_ns: Option<u64>,
    leave: impl FnOnce(),
) -> Waited<Infallible, W> {
    let mut node = Node::new(party.waiter(), 0, Some(wish));
    party.waiter().word().arm();
    // SAFETY: node-lives — this frame waits below, and `leave` comes back, as the caller promises.
    let nothing = unsafe { queue.try_or_link(&mut node, Place::Last, |_| None::<Infallible>) };
    debug_assert!(nothing.is_none(), "there was no attempt");
    leave();
    // SAFETY: it was linked above, and stays in this frame.
    unsafe { wait_linked(party, queue, &mut node, deadline_ns) }
}

/// Waits by a node that is linked.
///
/// # Safety
/// The party's word is armed, and `node` is linked in `queue` and stays in place until this returns.
#[inline]
unsafe fn wait_linked<S, W, R>(
    party: &Party,
    queue: &Queue<S, W>,
    node: &mut Node<W>,
    deadline_ns: Option<u64>,
) -> Waited<R, W> {
    let reason = party.wait(deadline_ns);
    if let Reason::Arm(_) = reason {
        return Waited::Woken(node.take());
    }
    // SAFETY: the node was linked in this queue.
    unsafe { queue.unlink(node) };
    match reason {
        Reason::TimedOut => Waited::TimedOut,
        _ => Waited::Cancelled,
    }
}

/// Takes the value of `one`, or waits for it until somebody gives it, or `deadline_ns` passes. `None`: there will be
/// none. A value that has come meanwhile beats the timeout and the cancel.
///
/// The caller has asked [`Party::enter`] who it is.
///
/// # Suspends
/// Until the value is given, or the giver leaves.
/// # Errors
/// The reason, if that is the deadline or a cancel.
pub(crate) fn take_one<T>(
    party: &Party,
    one: &One<T>,
    deadline_ns: Option<u64>,
) -> Result<Option<T>, Reason> {
    party.waiter().word().arm();
    // SAFETY: waiter-lives — below this frame waits until it is fired, or withdraws.
    let (taken, reason) = match unsafe { one.take_or_wait(party.waiter()) } {
        Taken::Empty => {
            let reason = party.wait(deadline_ns);
            if !matches!(reason, Reason::Arm(_)) {
                one.withdraw(party.waiter());
            }
            (one.take(), reason)
        }
        settled => {
            party.waiter().word().rest();
            (settled, Reason::Arm(0))
        }
    };
    match (taken, reason) {
        (Taken::Value(value), _) => Ok(Some(value)),
        (Taken::Closed, _) | (Taken::Empty, Reason::Arm(_)) => Ok(None),
        (Taken::Empty, reason) => Err(reason),
    }
}

/// Runs `body` while the party stays in `queue` with `badge` in its slot, waiting for nothing; without staying
/// there if `is_admitted` says no. Whoever takes the badge out may keep it.
pub(crate) fn stay_in<S, W, R>(
    party: &Party,
    queue: &Queue<S, W>,
    badge: W,
    is_admitted: impl FnOnce(&S) -> bool,
    body: impl FnOnce() -> R,
) -> R {
    let mut stay = Stay { queue, node: Node::new(party.waiter(), 0, Some(badge)) };
    // SAFETY: node-lives — `stay` is not moved, and unlinks the node when it is dropped. Nobody is fired here.
    let _ = unsafe {
        queue.try_or_link(&mut stay.node, Place::Last, |inner| (!is_admitted(&inner.state)).then_some(()))
    };
    body()
}

/// A node in a queue; leaves it when dropped.
struct Stay<'a, S, W> {
    queue: &'a Queue<S, W>,
    node: Node<W>,
}

impl<S, W> Drop for Stay<'_, S, W> {
    fn drop(&mut self) {
        // SAFETY: the node was linked in this queue, or in none.
        unsafe { self.queue.unlink(&mut self.node) };
    }
}
