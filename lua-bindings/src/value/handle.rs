//! [`Handle`]: a channel that several states may know. It crosses by reference, and every state has one userdata
//! per channel.
//!
//! Channels are recycled: a rendezvous channel that nobody else holds, open and with nobody waiting, is as good as a
//! new one.

use std::cell::RefCell;
use std::sync::atomic::{Ordering, fence};
use std::sync::{Arc, Mutex, PoisonError};

use moonfleet::channel::{self, Receiver, Sender};

use crate::value::Message;

/// Both ends of a channel of messages. One pointer; clones share the channel.
/// Only `drop` takes the pointer out.
pub(crate) struct Handle(Option<Arc<Ends>>);

struct Ends {
    sender: Sender<Message>,
    receiver: Receiver<Message>,
    number: Number,
}

/// How many unused channels a worker keeps at most.
const SPARES: usize = 16_384;

thread_local! {
    /// Channels as good as new, on their way from one state of this worker to another.
    static SPARE: RefCell<Vec<Arc<Ends>>> = const { RefCell::new(Vec::new()) };
}

impl Handle {
    /// About how many bytes a channel takes, itself and its place in the cache.
    pub(crate) const WEIGHT: usize = 384;

    /// A channel without a buffer: a send waits for its receiver.
    #[inline]
    pub(crate) fn rendezvous() -> Self {
        let spare = SPARE.with(|spare| spare.borrow_mut().pop());
        spare.map_or_else(|| Self::new(channel::rendezvous()), |ends| Self(Some(ends)))
    }

    /// A channel that holds up to `capacity` messages.
    pub(crate) fn bounded(capacity: usize) -> Self {
        Self::new(channel::bounded(capacity))
    }

    /// A channel whose sends never wait.
    pub(crate) fn unbounded() -> Self {
        Self::new(channel::unbounded())
    }

    fn new((sender, receiver): (Sender<Message>, Receiver<Message>)) -> Self {
        Self(Some(Arc::new(Ends { sender, receiver, number: Number::new() })))
    }

    #[inline]
    fn ends(&self) -> &Ends {
        match &self.0 {
            Some(ends) => ends,
            None => unreachable!("only a dropped handle is empty"),
        }
    }

    /// A number that no other live channel has.
    #[inline]
    pub(crate) fn number(&self) -> u32 {
        self.ends().number.0
    }

    #[inline]
    pub(crate) fn sender(&self) -> &Sender<Message> {
        &self.ends().sender
    }

    #[inline]
    pub(crate) fn receiver(&self) -> &Receiver<Message> {
        &self.ends().receiver
    }
}

impl Clone for Handle {
    #[inline]
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl Drop for Handle {
    #[inline]
    fn drop(&mut self) {
        if let Some(ends) = self.0.take()
            && Arc::strong_count(&ends) == 1
        {
            retire(ends);
        }
    }
}

/// Keeps the last handle of a channel for reuse, if the channel is fit for it.
fn retire(ends: Arc<Ends>) {
    // ORDER: Acquire; pairs with the Release of the other handles' drops: what they did is over.
    fence(Ordering::Acquire);
    if ends.sender.capacity() != Some(0) || ends.sender.is_closed() {
        return;
    }
    // While a thread ends its spares are gone, and the channel with them.
    let _ = SPARE.try_with(|spare| {
        let mut spare = spare.borrow_mut();
        if spare.len() < SPARES {
            spare.push(ends);
        }
    });
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "channel {}", self.ends().number.0)
    }
}

/// A number that no other live channel has, as small as possible: states file their handles in arrays.
struct Number(u32);

/// The numbers in use are those up to `last`, without the free ones.
struct Numbers {
    last: u32,
    free: Vec<u32>,
}

static NUMBERS: Mutex<Numbers> = Mutex::new(Numbers { last: 0, free: Vec::new() });

impl Number {
    fn new() -> Self {
        let mut numbers = NUMBERS.lock().unwrap_or_else(PoisonError::into_inner);
        Self(numbers.free.pop().unwrap_or_else(|| {
            numbers.last += 1;
            numbers.last
        }))
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        NUMBERS.lock().unwrap_or_else(PoisonError::into_inner).free.push(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_channel_is_recycled_unless_it_was_closed() {
        let first = Handle::rendezvous();
        let (number, other) = (first.number(), first.clone());
        drop(first);
        assert_ne!(Handle::rendezvous().number(), number, "a handle is still out");
        drop(other);
        let again = Handle::rendezvous();
        assert_eq!(again.number(), number);
        again.sender().close();
        drop(again);
        assert!(!Handle::rendezvous().sender().is_closed());
    }
}
