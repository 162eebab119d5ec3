//! Whether a descriptor may be worth another try, in one direction: the protocol between tries and events.
//!
//! ```text
//!   party:    observe ─ try ─ (would block) ─ lock ─ nothing said since? link and wait ─ … ─ observe, try again
//!   reactor:  (the kernel says: changed) ─ lock ─ count the event, end the epoch ─ wake all who waited
//! ```
//! Events are edges: each is told once. So a party *observes* how much has been said before it tries, and waits
//! only if nothing was said since. An event that comes between its try and its wait makes it try again; one that
//! came before it observed had changed the descriptor before it tried. No flag has to be cleared, so nobody can
//! clear what another has yet to see. (Go's network poller and tokio keep a flag instead, and a tick beside it.)
//!
//! One word holds all of it: how many events there were, what is so for good, and which *generation* of the slot
//! it belongs to. Slots are used again for later descriptors, and an event of an earlier one is told apart by
//! that. The word is written under the lock of the waiting parties alone, and read by anybody.
//!
//! Models: readiness.

use crate::epoch::{Epochs, Passed};
use crate::primitive::atomic::{AtomicU64, Ordering};
use crate::suspend::Party;

/// The descriptor was closed: who waits for it waits in vain.
const CLOSED: u64 = 1;
/// Something has happened that a short read does not tell of; see [`Observed::shows_drained`].
const UNUSUAL: u64 = 1 << 1;
/// A reactor tells of events.
const SERVED: u64 = 1 << 2;
/// One event.
const EVENT: u64 = 1 << 3;
/// Where the generation begins.
const GENERATION_SHIFT: u32 = 40;
/// The bits that count events.
const EVENTS: u64 = (1 << GENERATION_SHIFT) - EVENT;
/// What no word is while its descriptor may be drained.
const NEVER: u64 = CLOSED;

/// One direction of one descriptor.
#[derive(Debug)]
pub(crate) struct Readiness {
    /// INVARIANT(word-lock): written in a change of `waiting` alone.
    word: AtomicU64,
    /// The word that was observed before a try that left nothing to try for.
    drained: AtomicU64,
    waiting: Epochs<()>,
}

/// What had been said of a descriptor at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Observed(u64);

impl Observed {
    /// Whether the descriptor was closed.
    #[inline]
    pub(crate) fn is_closed(self) -> bool {
        self.0 & CLOSED != 0
    }

    /// Whether a reactor tells of its events.
    #[inline]
    pub(crate) fn is_served(self) -> bool {
        self.0 & SERVED != 0
    }

    /// The same, with a reactor to tell of what comes.
    pub(crate) fn served(self) -> Self {
        Self(self.0 | SERVED)
    }

    /// Which descriptor of this slot it is.
    pub(crate) fn generation(self) -> u32 {
        (self.0 >> GENERATION_SHIFT) as u32
    }
}

impl Readiness {
    /// Of a slot's first descriptor, of which nothing was said yet.
    pub(crate) fn new() -> Self {
        Self { word: AtomicU64::new(0), drained: AtomicU64::new(NEVER), waiting: Epochs::new(()) }
    }

    /// What has been said so far. Before each try.
    #[inline]
    pub(crate) fn observe(&self) -> Observed {
        // ORDER: Acquire; pairs with the Release in `say`: the try that follows finds what the event told of.
        Observed(self.word.load(Ordering::Acquire))
    }

    /// A try that came after `observed` took all there was: until the next event, trying again is in vain.
    #[inline]
    pub(crate) fn note_drained(&self, observed: Observed) {
        // ORDER: Relaxed; it is compared with the word, which orders what matters.
        self.drained.store(observed.0, Ordering::Relaxed);
    }

    /// Whether nothing was said since a try that took all there was.
    ///
    /// Never after an end of the stream, an error or urgent data: those may have been told of together with the
    /// data that came before them, and are not told again.
    #[inline]
    pub(crate) fn is_drained(&self, observed: Observed) -> bool {
        // ORDER: Relaxed; as in `note_drained`.
        observed.0 & (UNUSUAL | CLOSED) == 0 && self.drained.load(Ordering::Relaxed) == observed.0
    }

    /// Waits until something is said that was not `observed`, or until `deadline_ns`.
    ///
    /// The caller has asked [`Party::enter`] who it is.
    ///
    /// # Suspends
    /// Unless something was said already.
    pub(crate) fn wait(&self, party: &Party, observed: Observed, deadline_ns: Option<u64>) -> Passed<(), ()> {
        // ORDER: Relaxed; the lock orders it, by word-lock. RE-CHECK: an event since the try was told to nobody.
        let has_news = || self.word.load(Ordering::Relaxed) != observed.0;
        self.waiting.wait(party, deadline_ns, |_| has_news().then_some(()), |_| ())
    }

    /// The reactor tells of an event of the descriptor `generation`.
    pub(crate) fn tell(&self, generation: u32, is_unusual: bool) {
        self.say(|word| {
            // RE-CHECK: the event may be of a descriptor that had this slot before.
            let is_meant = Observed(word).generation() == generation;
            let counted = word & !EVENTS | (word.wrapping_add(EVENT) & EVENTS);
            is_meant.then_some(counted | if is_unusual { UNUSUAL } else { 0 })
        });
    }

    /// From now on a reactor tells of events.
    pub(crate) fn serve(&self) {
        self.say(|word| Some(word | SERVED));
    }

    /// The reactor tells of events no more. Who waits is woken, to find another.
    pub(crate) fn abandon(&self) {
        self.say(|word| Some(word & !SERVED));
    }

    /// The descriptor is closed. Who waits is woken, and learns it.
    pub(crate) fn close(&self) {
        self.say(|word| Some(word | CLOSED));
    }

    /// The slot is free for another descriptor. Nobody waits any more.
    pub(crate) fn renew(&self) {
        // ORDER: Relaxed; the slot passes to its next descriptor under a lock.
        self.drained.store(NEVER, Ordering::Relaxed);
        self.say(|word| Some(((word >> GENERATION_SHIFT) + 1) << GENERATION_SHIFT));
    }

    /// Changes the word, and wakes all who wait, if `change` says what to.
    fn say(&self, change: impl FnOnce(u64) -> Option<u64>) {
        self.waiting.change(|present| {
            // ORDER: Relaxed; by word-lock nobody else writes.
            if let Some(word) = change(self.word.load(Ordering::Relaxed)) {
                // ORDER: Release; pairs with the Acquire in `observe`.
                self.word.store(word, Ordering::Release);
                present.end();
            }
        });
    }
}
