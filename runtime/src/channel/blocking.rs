//! Sending and receiving that may wait: the channel core joined to suspension.
//!
//! Every public form (forever, with timeout, from foreign frames) is a thin wrapper of [`send`] or
//! [`receive`], which know three ways for a wait to end without a message passing.
//!
//! Models: core.

#![allow(unsafe_code, reason = "lends stack nodes to the channel while this frame waits")]

use core::ptr::NonNull;

use super::core::{Core, Received, Sent};
use crate::suspend::Party;
use crate::wait::list::Node;
use crate::wait::waiter::{Urgency, wake_if_any};
use crate::wait::word::Reason;

/// Why a message was not received.
///
/// # Examples
/// ```
/// use moonfleet::{channel, foreign};
///
/// let (tx, rx) = channel::bounded::<u8>(1);
/// tx.close();
/// assert_eq!(foreign::recv(&rx, None), Err(foreign::RecvFailure::Closed));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecvFailure {
    /// The channel is closed and drained.
    Closed,
    /// The deadline passed.
    TimedOut,
    /// The task is being cancelled.
    Cancelled,
}

/// Why a message was not sent; it comes back.
///
/// # Examples
/// ```
/// use moonfleet::{channel, foreign};
///
/// let (tx, rx) = channel::rendezvous::<u8>();
/// rx.close();
/// assert_eq!(foreign::send(&tx, 7, None), Err(foreign::SendFailure::Closed(7)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendFailure<T> {
    /// The channel is closed.
    Closed(T),
    /// The deadline passed.
    TimedOut(T),
    /// The task is being cancelled.
    Cancelled(T),
}

/// Sends, waiting for a place or a receiver until `deadline_ns`.
pub(crate) fn send<T>(core: &Core<T>, message: T, deadline_ns: Option<u64>) -> Result<(), SendFailure<T>> {
    let Ok(party) = Party::enter() else { return Err(SendFailure::Cancelled(message)) };
    let mut node = Node::new(party.waiter(), 0, None);
    party.waiter().word().arm();
    // SAFETY: node-lives — this frame waits below until the node is unlinked or fired.
    if let Some(sent) = unsafe { core.send_or_park(message, &mut node) } {
        party.waiter().word().rest();
        return match sent {
            Sent::Done(wake) => {
                wake_if_any(wake, Urgency::Next);
                party.has_not_waited();
                Ok(())
            }
            Sent::Closed(message) => Err(SendFailure::Closed(message)),
            Sent::Full(_) | Sent::NoRoom(_) => unreachable!("a full channel parks the sender"),
        };
    }
    let reason = party.wait(deadline_ns);
    if !matches!(reason, Reason::Arm(_)) {
        // SAFETY: the node was parked in this channel.
        unsafe { core.state().lock().unpark_sender(NonNull::from(&mut node)) };
    }
    match (node.take(), reason) {
        (None, _) => Ok(()),
        (Some(message), Reason::Arm(_)) => Err(SendFailure::Closed(message)),
        (Some(message), Reason::TimedOut) => Err(SendFailure::TimedOut(message)),
        (Some(message), Reason::Cancelled) => Err(SendFailure::Cancelled(message)),
    }
}

/// Receives, waiting for a message until `deadline_ns`.
pub(crate) fn receive<T>(core: &Core<T>, deadline_ns: Option<u64>) -> Result<T, RecvFailure> {
    let Ok(party) = Party::enter() else { return Err(RecvFailure::Cancelled) };
    let mut node = Node::new(party.waiter(), 0, None);
    party.waiter().word().arm();
    // SAFETY: node-lives — this frame waits below until the node is unlinked or fired.
    if let Some(received) = unsafe { core.receive_or_park(&mut node) } {
        party.waiter().word().rest();
        return match received {
            Received::Done(message, wake) => {
                wake_if_any(wake, Urgency::Queued);
                party.has_not_waited();
                Ok(message)
            }
            Received::Closed => Err(RecvFailure::Closed),
            Received::Empty => unreachable!("an empty channel parks the receiver"),
        };
    }
    let reason = party.wait(deadline_ns);
    if !matches!(reason, Reason::Arm(_)) {
        // SAFETY: the node was parked in this channel.
        unsafe { core.state().lock().unpark_receiver(NonNull::from(&mut node)) };
    }
    match (node.take(), reason) {
        (Some(message), _) => Ok(message),
        (None, Reason::Arm(_)) => Err(RecvFailure::Closed),
        (None, Reason::TimedOut) => Err(RecvFailure::TimedOut),
        (None, Reason::Cancelled) => Err(RecvFailure::Cancelled),
    }
}
