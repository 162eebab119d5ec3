//! [`Handle`]: a channel that several states may know. It crosses by reference, and every state has one userdata
//! per channel.
//!
//! Channels are recycled: a small one that nobody else holds, open, empty and with nobody waiting, is as good as a new
//! one.
//!
//! No model: the one fence pairs with the standard library's own count of references, which loom does not follow.

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

/// Channels of these capacities are recycled: meetings and reply channels.
const RECYCLED: usize = 2;

/// How many channels move between a worker and the depot at once.
const BATCH: usize = 64;

/// How many batches the depot keeps of each capacity; what comes on top is freed.
const MOST_BATCHES: usize = 256;

/// Channels as good as new.
type Spares = [Vec<Arc<Ends>>; RECYCLED];

thread_local! {
    /// This worker's.
    static SPARE: RefCell<Spares> = const { RefCell::new([const { Vec::new() }; RECYCLED]) };
}

/// Those that one worker has too many of: a channel is often made in one state and collected last in another.
static DEPOT: Mutex<[Vec<Vec<Arc<Ends>>>; RECYCLED]> = Mutex::new([const { Vec::new() }; RECYCLED]);

impl Handle {
    /// About how many bytes a channel takes, itself and its place in the cache.
    pub(crate) const WEIGHT: usize = 384;

    /// A channel without a buffer: a send waits for its receiver.
    #[inline]
    pub(crate) fn rendezvous() -> Self {
        Self::bounded(0)
    }

    /// A channel that holds up to `capacity` messages.
    #[inline]
    pub(crate) fn bounded(capacity: usize) -> Self {
        let spare = if capacity < RECYCLED { take_spare(capacity) } else { None };
        spare.map_or_else(|| Self::new(channel::bounded(capacity)), |ends| Self(Some(ends)))
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
    let Some(capacity @ ..RECYCLED) = ends.sender.capacity() else { return };
    if ends.sender.is_closed() || !ends.receiver.is_empty() {
        return;
    }
    // While a thread ends its spares are gone, and the channel with them.
    let _ = SPARE.try_with(|spare| {
        let spare = &mut spare.borrow_mut()[capacity];
        spare.push(ends);
        if spare.len() == 2 * BATCH {
            let batch = spare.split_off(BATCH);
            let depot = &mut depot()[capacity];
            if depot.len() < MOST_BATCHES {
                depot.push(batch);
            }
        }
    });
}

/// A channel of this capacity that is as good as new: this worker's, or one from the depot.
#[inline]
fn take_spare(capacity: usize) -> Option<Arc<Ends>> {
    SPARE.with(|spare| {
        let spare = &mut spare.borrow_mut()[capacity];
        if spare.is_empty()
            && let Some(batch) = depot()[capacity].pop()
        {
            *spare = batch;
        }
        spare.pop()
    })
}

/// A panic while the lock is held can only come from the allocator; the lists are whole all the same.
fn depot() -> std::sync::MutexGuard<'static, [Vec<Vec<Arc<Ends>>>; RECYCLED]> {
    DEPOT.lock().unwrap_or_else(PoisonError::into_inner)
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
