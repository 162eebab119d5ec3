//! The messages at rest in a channel: a ring for small bounds, a list of segments for large or no bounds.
//!
//! A push never allocates, because it happens under the channel's lock: the ring is allocated with the
//! channel, and a segment is made before the lock is taken and offered by [`Buffer::add_segment`].

use std::collections::{LinkedList, VecDeque};

/// Bounds up to this many messages get a ring of exactly that size.
const MAX_RING: usize = 1024;
/// Messages in one segment of a larger buffer.
const SEGMENT: usize = 64;

/// A FIFO of messages with a bound (possibly none, possibly zero).
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Buffer<T> {
    len: usize,
    bound: usize,
    store: Store<T>,
}

#[derive(Debug)]
enum Store<T> {
    Ring(VecDeque<T>),
    Segments(LinkedList<VecDeque<T>>),
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
    /// Below the bound, but a segment must be added first.
    NoRoom(T),
}

impl<T> Buffer<T> {
    /// An empty buffer for at most `bound` messages; `usize::MAX` means no bound.
    pub(crate) fn new(bound: usize) -> Self {
        let store = if bound <= MAX_RING {
            Store::Ring(VecDeque::with_capacity(bound))
        } else {
            Store::Segments(LinkedList::new())
        };
        Self { store, len: 0, bound }
    }

    /// How many messages rest here.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Appends a message, without allocating.
    #[inline]
    pub(crate) fn push(&mut self, message: T) -> Result<(), NotPushed<T>> {
        if self.len >= self.bound {
            return Err(NotPushed::Full(message));
        }
        match &mut self.store {
            Store::Ring(ring) => ring.push_back(message),
            Store::Segments(segments) => match segments.back_mut() {
                Some(last) if last.len() < last.capacity() => last.push_back(message),
                _ => return Err(NotPushed::NoRoom(message)),
            },
        }
        self.len += 1;
        Ok(())
    }

    /// Adds room for more messages.
    pub(crate) fn add_segment(&mut self, segment: &mut Segment<T>) {
        if let Store::Segments(segments) = &mut self.store {
            segments.append(&mut segment.0);
        }
    }

    /// Takes the oldest message. The last segment stays, so that a short queue never allocates again.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<T> {
        if self.len == 0 {
            return None;
        }
        self.len -= 1;
        match &mut self.store {
            Store::Ring(ring) => ring.pop_front(),
            Store::Segments(segments) => Self::pop_segment(segments),
        }
    }

    /// All messages, leaving an empty buffer without room: for dropping them outside the lock.
    pub(crate) fn take_all(&mut self) -> Self {
        core::mem::replace(self, Self::new(0))
    }

    fn pop_segment(segments: &mut LinkedList<VecDeque<T>>) -> Option<T> {
        if segments.front()?.is_empty() && segments.len() > 1 {
            segments.pop_front();
        }
        segments.front_mut()?.pop_front()
    }
}
