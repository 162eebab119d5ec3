//! The messages at rest in a channel: a ring for small bounds, a list of segments for large or no bounds.
//!
//! A push never allocates, because it happens under the channel's lock: the ring is allocated with the
//! channel, and a segment is made before the lock is taken and offered by [`Buffer::add_segment`].
//!
//! ```text
//!   used   [..····] [······] [····──]      spare  [──────] or none     · message  ─ free  . taken
//!           front                back              takes its place behind the back when that is full
//! ```
//! INVARIANT(full-has-spare): a full buffer has a spare segment, or says `NoRoom` until it is given one. So
//! whoever takes a message from a full buffer can push one in its place: while `n` messages are left in the
//! front segment, the back and the spare have room for `n` more, and a drained front is the next spare.
//! Messages that came back ([`Buffer::put_back`]) take no place in the store, so taking one frees none.
//!
//! Models: core.

use std::collections::{LinkedList, VecDeque};

/// Bounds up to this many messages get a ring of exactly that size.
const MAX_RING: usize = 1024;
/// Messages in one segment of a larger buffer.
const SEGMENT: usize = 64;

/// A FIFO of messages with a bound (possibly none, possibly zero).
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Buffer<T> {
    /// All messages: those in the store, and those that came back.
    len: usize,
    bound: usize,
    /// Messages that were taken and came back: older than those in the store, and beyond the bound.
    returned: LinkedList<T>,
    store: Store<T>,
}

#[derive(Debug)]
enum Store<T> {
    Ring(VecDeque<T>),
    Segments(Segments<T>),
}

/// Segments in the order of their messages, none of them empty but a single one; and at most one spare.
#[derive(Debug)]
struct Segments<T> {
    used: LinkedList<VecDeque<T>>,
    spare: LinkedList<VecDeque<T>>,
}

/// Room for more messages, allocated outside the lock.
#[derive(Debug)]
pub(crate) struct Segment<T>(LinkedList<VecDeque<T>>);

impl<T> Segment<T> {
    /// Allocates a segment.
    pub(crate) fn allocate() -> Self {
        Self(LinkedList::from([VecDeque::with_capacity(SEGMENT)]))
    }
}

/// Why a message was not pushed.
#[derive(Debug)]
pub(crate) enum NotPushed<T> {
    /// The bound is reached.
    Full(T),
    /// A segment must be added first, to hold it or to keep full-has-spare.
    NoRoom(T),
}

impl<T> Buffer<T> {
    /// An empty buffer for at most `bound` messages; `usize::MAX` means no bound.
    pub(crate) fn new(bound: usize) -> Self {
        let store = if bound <= MAX_RING {
            Store::Ring(VecDeque::with_capacity(bound))
        } else {
            Store::Segments(Segments { used: LinkedList::new(), spare: LinkedList::new() })
        };
        Self { store, returned: LinkedList::new(), len: 0, bound }
    }

    /// How many messages rest here.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Appends a message, without allocating.
    #[inline]
    pub(crate) fn push(&mut self, message: T) -> Result<(), NotPushed<T>> {
        if self.bound == 0 {
            // A rendezvous: said at once, it leaves the line with the store out of the cache.
            return Err(NotPushed::Full(message));
        }
        let full = self.is_full();
        match &mut self.store {
            Store::Ring(_) if full => return Err(NotPushed::Full(message)),
            Store::Ring(ring) => ring.push_back(message),
            Store::Segments(segments) if full => return Err(segments.refuse(message)),
            Store::Segments(segments) => match segments.back_with_room() {
                Some(back) => back.push_back(message),
                None => return Err(NotPushed::NoRoom(message)),
            },
        }
        self.len += 1;
        Ok(())
    }

    /// Adds room for more messages, unless somebody else has just done so.
    pub(crate) fn add_segment(&mut self, segment: &mut Segment<T>) {
        if let Store::Segments(segments) = &mut self.store
            && segments.spare.is_empty()
        {
            segments.spare.append(&mut segment.0);
        }
    }

    /// Whether another message would be refused: the store holds as many as it may.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.len - self.returned.len() >= self.bound
    }

    /// Puts messages that were taken back to the front, whether there is room or not.
    pub(crate) fn put_back(&mut self, mut messages: LinkedList<T>) {
        self.len += messages.len();
        messages.append(&mut self.returned);
        self.returned = messages;
    }

    /// Takes the oldest message.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<T> {
        if self.len == 0 {
            return None;
        }
        self.len -= 1;
        if !self.returned.is_empty() {
            return self.returned.pop_front();
        }
        match &mut self.store {
            Store::Ring(ring) => ring.pop_front(),
            Store::Segments(segments) => segments.pop(),
        }
    }

    /// All messages, leaving an empty buffer without room: for dropping them outside the lock.
    pub(crate) fn take_all(&mut self) -> Self {
        core::mem::replace(self, Self::new(0))
    }
}

impl<T> Segments<T> {
    /// The last segment if it has room, else the spare in its new place.
    #[inline]
    fn back_with_room(&mut self) -> Option<&mut VecDeque<T>> {
        if self.used.back().is_none_or(|back| back.len() == back.capacity()) {
            self.used.append(&mut self.spare);
        }
        self.used.back_mut().filter(|back| back.len() < back.capacity())
    }

    fn refuse(&self, message: T) -> NotPushed<T> {
        if self.spare.is_empty() { NotPushed::NoRoom(message) } else { NotPushed::Full(message) }
    }

    /// The last segment stays, and one more as a spare, so that a short queue never allocates again.
    #[inline]
    fn pop(&mut self) -> Option<T> {
        let front = self.used.front_mut()?;
        let oldest = front.pop_front();
        if front.is_empty() && self.used.len() > 1 {
            let rest = self.used.split_off(1);
            let drained = core::mem::replace(&mut self.used, rest);
            if self.spare.is_empty() {
                self.spare = drained;
            }
        }
        oldest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pushes as the channel does: with a new segment if need be. False if the buffer is full.
    fn push(buffer: &mut Buffer<usize>, message: usize) -> bool {
        match buffer.push(message) {
            Ok(()) => true,
            Err(NotPushed::Full(_)) => false,
            Err(NotPushed::NoRoom(message)) => {
                buffer.add_segment(&mut Segment::allocate());
                push(buffer, message)
            }
        }
    }

    #[test]
    fn a_full_buffer_always_takes_one_message_for_another() {
        for bound in (1..200).chain(MAX_RING - 1..MAX_RING + 3 * SEGMENT) {
            let mut buffer = Buffer::new(bound);
            let mut sent = 0;
            while push(&mut buffer, sent) {
                sent += 1;
            }
            assert_eq!(sent, bound);
            for received in 0..4 * bound.max(SEGMENT) {
                assert_eq!(buffer.pop(), Some(received));
                assert!(buffer.push(sent).is_ok(), "bound {bound}, after {received} messages");
                sent += 1;
            }
        }
    }

    #[test]
    fn messages_that_came_back_take_no_place_and_give_none() {
        for bound in [1, 2, SEGMENT, MAX_RING, MAX_RING + 1, MAX_RING + 3 * SEGMENT] {
            // More of them than a spare segment has room for.
            let returned = 3 * SEGMENT;
            let mut buffer = Buffer::new(bound);
            (0..returned).rev().for_each(|message| buffer.put_back(LinkedList::from([message])));
            assert!(!buffer.is_full(), "bound {bound}");
            let mut sent = returned;
            while push(&mut buffer, sent) {
                sent += 1;
            }
            assert_eq!((sent, buffer.len()), (returned + bound, returned + bound));
            for received in 0..returned {
                assert_eq!(buffer.pop(), Some(received));
                assert!(buffer.is_full(), "bound {bound}: the store is as full as before");
            }
            for received in returned..returned + bound {
                assert_eq!(buffer.pop(), Some(received));
                assert!(buffer.push(sent).is_ok(), "bound {bound}, after {received} messages");
                sent += 1;
            }
        }
    }

    #[test]
    fn segments_offered_by_many_leave_no_gap() {
        let mut buffer = Buffer::new(usize::MAX);
        for round in 0..10 * SEGMENT {
            for _ in 0..3 {
                buffer.add_segment(&mut Segment::allocate());
            }
            assert!(push(&mut buffer, round));
        }
        assert!((0..10 * SEGMENT).all(|round| buffer.pop() == Some(round)));
        assert_eq!((buffer.pop(), buffer.len()), (None, 0));
    }
}
