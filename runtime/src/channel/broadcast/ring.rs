//! What the ends of a broadcast channel share: the last messages, each until every receiver has seen it.
//!
//! ```text
//!   slots   │ 8 │ 5 │ 6 │ 7 │      message number n rests in slot n % capacity
//!             ▲   ▲
//!        newest   oldest kept       a receiver that is to see number 3 next has lost two
//! ```
//! INVARIANT(unseen): the slot of a kept message counts the receivers that are yet to see it; at none, the
//! message leaves the slot. So the last receiver need not clone it, and nothing rests unwanted.
//!
//! Everything here runs under a lock. So messages come and go as `Arc`s, whose allocation, destruction and
//! clones of what is inside are left to the caller.
//!
//! Models: broadcast.

use std::sync::Arc;

/// The messages, and how many ends there are of each kind.
#[derive(Debug)]
pub(super) struct Ring<T> {
    slots: Box<[Slot<T>]>,
    /// The number of the next message.
    next: u64,
    pub(super) senders: usize,
    pub(super) receivers: usize,
    pub(super) closed: bool,
}

#[derive(Debug)]
struct Slot<T> {
    message: Option<Arc<T>>,
    unseen: usize,
}

/// What was sent: how many are to see it, and what it displaced, for the caller to drop.
pub(super) struct Sent<T> {
    pub(super) receivers: usize,
    pub(super) displaced: Option<Arc<T>>,
}

/// What a receiver found.
pub(super) enum Found<T> {
    Message(Arc<T>),
    /// So many messages were displaced before it saw them.
    Lagged(u64),
    Closed,
}

impl<T> Ring<T> {
    /// An empty ring for `capacity` messages, with one sender and one receiver.
    pub(super) fn new(capacity: usize) -> Self {
        let slots = (0..capacity).map(|_| Slot { message: None, unseen: 0 }).collect();
        Self { slots, next: 0, senders: 1, receivers: 1, closed: false }
    }

    /// Counts a new receiver in; it sees messages from the answered number on.
    pub(super) fn join(&mut self) -> u64 {
        self.receivers += 1;
        self.next
    }

    /// Counts a receiver out; the messages below the answered number are still counted on it, to be passed
    /// by [`Ring::pass`].
    pub(super) fn leave(&mut self) -> u64 {
        self.receivers -= 1;
        self.next
    }

    /// Keeps `message` for all receivers; gives it back if there are none, or the channel is closed.
    pub(super) fn send(&mut self, message: Arc<T>) -> Result<Sent<T>, Arc<T>> {
        if self.closed || self.receivers == 0 {
            return Err(message);
        }
        let receivers = self.receivers;
        let slot = self.slot(self.next);
        slot.unseen = receivers;
        let displaced = slot.message.replace(message);
        self.next += 1;
        Ok(Sent { receivers, displaced })
    }

    /// The message number `at`, which is the next for a receiver; `None` if it is not sent yet. Moves `at` on.
    pub(super) fn receive(&mut self, at: &mut u64) -> Option<Found<T>> {
        let lost = self.oldest().saturating_sub(*at);
        if lost > 0 {
            *at += lost;
            return Some(Found::Lagged(lost));
        }
        if *at == self.next {
            return self.closed.then_some(Found::Closed);
        }
        Some(Found::Message(self.see(at)))
    }

    /// Passes one message that a receiver does not want, below number `end`. Moves `at` on, and gives what the
    /// caller has to drop.
    pub(super) fn pass(&mut self, at: &mut u64, end: u64) -> Option<Arc<T>> {
        *at = self.oldest().clamp(*at, end);
        (*at < end).then(|| self.see(at))
    }

    /// How many messages wait for the receiver whose next is number `at`.
    pub(super) fn len(&self, at: u64) -> usize {
        let waiting = self.next - self.oldest().max(at);
        usize::try_from(waiting).expect("no more than there are slots")
    }

    /// One receiver sees the kept message number `at`.
    fn see(&mut self, at: &mut u64) -> Arc<T> {
        let slot = self.slot(*at);
        *at += 1;
        slot.unseen -= 1;
        let seen = if slot.unseen == 0 { slot.message.take() } else { slot.message.clone() };
        seen.expect("unseen: a message stays until every receiver has seen it")
    }

    /// The number of the oldest message that is kept.
    fn oldest(&self) -> u64 {
        self.next.saturating_sub(self.slots.len() as u64)
    }

    fn slot(&mut self, number: u64) -> &mut Slot<T> {
        let index = number % self.slots.len() as u64;
        &mut self.slots[usize::try_from(index).expect("below the number of slots")]
    }
}
