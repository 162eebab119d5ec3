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

/// The right and the duty to initialize. Dropped, it leaves that to the next.
#[derive(Debug)]
#[must_use = "a claim that is dropped is abandoned"]
pub(crate) struct Claim<'a> {
    once: &'a RawOnce,
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
        // ORDER: Relaxed; it is our own address only if we wrote it.
        let is_mine = self.word.load(Ordering::Relaxed) == me;
        assert!(
            !is_mine,
            "an initializer asked for what it is to initialize: it would wait for itself for ever"
        );
        let mut place = Place::Last;
        loop {
            match wait_in(&party, &self.queue, place, (), None, |_| self.look(me)) {
                Waited::AtOnce(COMPLETE) => return Ok(None),
                Waited::AtOnce(_) => return Ok(Some(Claim { once: self })),
                Waited::Woken(_) => place = Place::First,
                Waited::TimedOut | Waited::Cancelled => return Err(Cancelled),
            }
        }
    }

    /// Under the queue's lock: what was found, having left `me` if that was INCOMPLETE; `None` to wait.
    fn look(&self, me: usize) -> Option<usize> {
        // ORDER: Acquire; pairs with the Release in `Claim::complete`, and in its drop: what an attempt that
        // failed has done is visible to the next.
        match self.word.load(Ordering::Acquire) {
            INCOMPLETE => {
                // ORDER: Relaxed; it carries no data, and the queue's lock orders those that claim.
                self.word.store(me, Ordering::Relaxed);
                Some(INCOMPLETE)
            }
            COMPLETE => Some(COMPLETE),
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
        let Self { once } = self;
        core::mem::forget(self);
        // ORDER: Release; pairs with the Acquire in `is_complete` and `look`; publishes what was done.
        once.word.store(COMPLETE, Ordering::Release);
        loop {
            let fired = once.queue.lock().fire_first();
            let Some(fired) = fired else { return };
            fired.leave().wake(Urgency::Queued);
        }
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut queue = self.once.queue.lock();
        // ORDER: Release; pairs with the Acquire in `look`.
        self.once.word.store(INCOMPLETE, Ordering::Release);
        let wake = queue.fire_first().map(Fired::leave);
        drop(queue);
        wake_if_any(wake, Urgency::Queued);
    }
}
