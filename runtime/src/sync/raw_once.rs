//! The protocol under [`Once`](super::Once) and [`OnceCell`](super::OnceCell): who initializes, and who waits.
//!
//! ```text
//!   INCOMPLETE ── claim ──▶ address of the initializer's waiter ── complete ──▶ COMPLETE
//!       ▲                                   │
//!       └─────────── abandon ───────────────┘       a panic, an error, a cancel
//! ```
//! The initializer runs without any lock and may suspend. Completion wakes all that wait; an abandoned attempt
//! wakes one, which tries in its turn.
//!
//! INVARIANT(claimed): the word leaves INCOMPLETE, and its queue is joined, under the queue's lock only; the one
//! [`Claim`] that stands for an address in the word moves it on. So who is queued waits for a claim that lives,
//! and the end of that claim wakes it. Whoever is woken looks again before it waits again, even if it is being
//! cancelled: the wake of an abandoned attempt is never lost.
//!
//! Models: once.

use crate::park::{Waited, wait_in};
use crate::primitive::atomic::{AtomicUsize, Ordering};
use crate::primitive::const_fn;
use crate::suspend::{Cancelled, Party};
use crate::wait::list::Fired;
use crate::wait::queue::{Place, Queue};
use crate::wait::waiter::{Urgency, wake_if_any};

const INCOMPLETE: usize = 0;
const COMPLETE: usize = 1;

/// Something that is done once.
#[derive(Debug)]
pub(crate) struct RawOnce {
    word: AtomicUsize,
    queue: Queue<(), ()>,
}

/// What a party finds that need not wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// It is done.
    Done,
    /// Nobody was at it: the party is, now.
    Claim,
    /// The party itself is at it.
    Oneself,
}

/// The right and the duty to initialize. Dropped, it leaves that to the next.
#[must_use = "a claim that is dropped is abandoned"]
pub(crate) struct Claim<'a> {
    once: &'a RawOnce,
    /// Whose address is in the word: kept, lest another party gets it meanwhile.
    _maker: Party,
}

impl RawOnce {
    const_fn! {
        /// Something that is yet to be done.
        pub(crate) fn new() -> Self {
            Self { word: AtomicUsize::new(INCOMPLETE), queue: Queue::new(()) }
        }
    }

    const_fn! {
        /// Something that was done before anybody else could know of it.
        pub(crate) fn completed() -> Self {
            Self { word: AtomicUsize::new(COMPLETE), queue: Queue::new(()) }
        }
    }

    /// Whether it is done; what was done is visible then.
    #[inline]
    pub(crate) fn is_complete(&self) -> bool {
        // ORDER: Acquire; pairs with the Release in `Claim::complete`.
        self.word.load(Ordering::Acquire) == COMPLETE
    }

    /// Claims the initialization, or waits for the end of the one in progress; `None` once it is done.
    ///
    /// # Suspends
    /// While another party initializes.
    /// # Panics
    /// If the party is initializing this very thing: it would wait for itself.
    #[cold]
    pub(crate) fn claim(&self) -> Result<Option<Claim<'_>>, Cancelled> {
        let party = Party::enter()?;
        let me = core::ptr::from_ref(party.waiter()).addr();
        let mut place = Place::Last;
        loop {
            match wait_in(&party, &self.queue, place, (), None, |_| self.look(me)) {
                Waited::AtOnce(Found::Done) => return Ok(None),
                Waited::AtOnce(Found::Claim) => return Ok(Some(Claim { once: self, _maker: party })),
                Waited::AtOnce(Found::Oneself) => {
                    panic!(
                        "an initializer asked for what it is to initialize: it would wait for itself for ever"
                    )
                }
                // RE-CHECK: woken by the end of an attempt, which may have failed.
                Waited::Woken(_) => place = Place::First,
                Waited::TimedOut | Waited::Cancelled => return Err(Cancelled),
            }
        }
    }

    /// Under the queue's lock: what the party at `me` finds, which claims what is INCOMPLETE; `None` to wait.
    fn look(&self, me: usize) -> Option<Found> {
        // ORDER: Acquire; pairs with the Release in `Claim::complete`. What an attempt that failed has done is visible
        // to the next by the lock.
        match self.word.load(Ordering::Acquire) {
            INCOMPLETE => {
                // ORDER: Relaxed; it carries no data, and the queue's lock orders those that claim.
                self.word.store(me, Ordering::Relaxed);
                Some(Found::Claim)
            }
            COMPLETE => Some(Found::Done),
            maker if maker == me => Some(Found::Oneself),
            _ => None,
        }
    }
}

impl Default for RawOnce {
    fn default() -> Self {
        Self::new()
    }
}

impl Claim<'_> {
    /// It is done: everybody may go on.
    pub(crate) fn complete(self) {
        // ORDER: Release; pairs with the Acquire in `is_complete` and `look`; publishes what was done.
        self.once.word.store(COMPLETE, Ordering::Release);
        loop {
            let fired = self.once.queue.lock().fire_first();
            let Some(fired) = fired else { return };
            fired.leave().wake(Urgency::Queued);
        }
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if self.once.is_complete() {
            return;
        }
        let mut queue = self.once.queue.lock();
        // ORDER: Relaxed; whoever finds it INCOMPLETE holds the queue's lock, which orders us before.
        self.once.word.store(INCOMPLETE, Ordering::Relaxed);
        let wake = queue.fire_first().map(Fired::leave);
        drop(queue);
        wake_if_any(wake, Urgency::Queued);
    }
}
