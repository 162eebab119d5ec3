//! The protocol under [`RwLock`](super::RwLock): one word that counts who is inside, and a queue to wait in.
//!
//! ```text
//!                word = WRITER | WAITING | readers × READER
//!   read            n ──▶ n + READER      one exchange while there is no WRITER and nobody is WAITING
//!   write        FREE ──▶ WRITER          likewise, while nobody is inside
//! ```
//! # Nobody starves
//! Once somebody waits, whoever comes waits behind, and the lock is handed over in the order of arrival: to one
//! writer, or to all readers up to the next writer. A stream of readers does not keep a writer out, nor the
//! other way round. That order costs a suspension for each party that waits; the lock is for data that is read
//! much more often than written, where few do.
//!
//! # No wake is lost
//! INVARIANT(announced): WAITING is set while a party is linked, and changes under the queue's lock only. While
//! it is set, only holders that leave change the rest of the word without that lock, and the last to leave
//! admits those that wait.
//!
//! A party that leaves the queue for a deadline or a cancel may have stood before others that need not wait any
//! more, say a writer before readers, among readers: so it admits them.
//!
//! Models: rwlock.

use crate::park::{Refused, Waited, wait_in};
use crate::primitive::atomic::{AtomicUsize, Ordering};
use crate::primitive::{Lookout, const_fn};
use crate::suspend::{Party, unwind_cancelled};
use crate::wait::queue::{Inner, Place, Queue};
use crate::wait::waiter::{Urgency, Wake};

const FREE: usize = 0;
/// A writer is inside.
const WRITER: usize = 1;
/// Somebody is in the queue.
const WAITING: usize = 2;
/// One reader that is inside. Guards that are forgotten stay counted: 2^62 of them fit.
const READER: usize = 4;

/// What a party wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// To be inside with other readers.
    Read,
    /// To be inside alone.
    Write,
}

impl Access {
    /// Whether those inside let the party in.
    #[inline]
    fn fits(self, word: usize) -> bool {
        match self {
            Access::Read => word & WRITER == 0,
            Access::Write => word & !WAITING == FREE,
        }
    }

    /// What the party adds to the word.
    #[inline]
    const fn weight(self) -> usize {
        match self {
            Access::Read => READER,
            Access::Write => WRITER,
        }
    }
}

/// A reader-writer lock without a value. It belongs to no thread: who is inside may pass that on.
#[derive(Debug)]
pub(crate) struct RawRwLock {
    word: AtomicUsize,
    queue: Queue<(), Access>,
    lookout: Lookout,
}

impl RawRwLock {
    const_fn! {
        /// A free lock.
        pub(crate) fn new() -> Self {
            Self { word: AtomicUsize::new(FREE), queue: Queue::new(()), lookout: Lookout::new() }
        }
    }

    /// Enters, waiting as long as it takes.
    ///
    /// # Suspends
    /// While those inside, or those that came before, keep the party out. A cancelled task is unwound instead.
    #[inline]
    pub(crate) fn enter(&self, access: Access) {
        if !self.try_enter(access) {
            self.enter_or_unwind(access);
        }
    }

    /// Enters, waiting until the deadline at most, which is asked for only if somebody is in the way.
    #[inline]
    pub(crate) fn enter_until(
        &self,
        access: Access,
        deadline_ns: impl FnOnce() -> Option<u64>,
    ) -> Result<(), Refused> {
        if self.try_enter(access) { Ok(()) } else { self.enter_contended(access, deadline_ns()) }
    }

    /// Enters if nobody is in the way, inside or waiting.
    #[inline]
    pub(crate) fn try_enter(&self, access: Access) -> bool {
        // ORDER: Relaxed; the exchange decides.
        let mut word = self.word.load(Ordering::Relaxed);
        while word & WAITING == 0 && access.fits(word) {
            let entered = word + access.weight();
            // ORDER: Acquire on success; pairs with the Release of those that left before.
            match self.word.compare_exchange(word, entered, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(found) => word = found,
            }
        }
        false
    }

    /// Leaves. The caller is inside by `access`, and is so no more.
    #[inline]
    pub(crate) fn leave(&self, access: Access) {
        // ORDER: Release; pairs with the Acquire of whoever enters later; publishes what a writer wrote, and
        // keeps what a reader read before the writes of the next writer.
        let before = self.word.fetch_sub(access.weight(), Ordering::Release);
        if before - access.weight() == WAITING {
            self.admit();
        }
    }

    /// Turns the caller, a writer, into a reader, without letting another writer in between.
    #[inline]
    pub(crate) fn downgrade(&self) {
        // ORDER: Release; as in `leave`: others may enter to read now.
        let before = self.word.fetch_add(READER - WRITER, Ordering::Release);
        if before & WAITING != 0 {
            self.admit();
        }
    }

    // ── waiting ─────────────────────────────────────────────────────────────────────────────────────────

    #[cold]
    fn enter_or_unwind(&self, access: Access) {
        // `unwind_cancelled` returns to a task that is unwinding already: its destructors still get in.
        while self.enter_contended(access, None).is_err() {
            unwind_cancelled();
        }
    }

    /// Enters after a first attempt has failed.
    #[cold]
    pub(crate) fn enter_contended(&self, access: Access, deadline_ns: Option<u64>) -> Result<(), Refused> {
        let party = Party::enter().map_err(|_| Refused::Cancelled)?;
        // Now, because the turn may be over: who steps aside inside keeps others waiting.
        party.has_not_waited();
        if self.lookout.watch(|| self.try_enter(access)) {
            return Ok(());
        }
        let attempt = |queue: &mut Inner<(), Access>| {
            let is_first = queue.is_deserted();
            self.enter_or_announce(access, is_first).then_some(())
        };
        match wait_in(&party, &self.queue, Place::Last, access, deadline_ns, attempt) {
            Waited::AtOnce(()) => self.lookout.regret(),
            Waited::Woken(_) => {}
            Waited::TimedOut => {
                // RE-CHECK: those behind may have waited for this party alone.
                self.admit();
                return Err(Refused::TimedOut);
            }
            Waited::Cancelled => {
                // RE-CHECK: those behind may have waited for this party alone.
                self.admit();
                return Err(Refused::Cancelled);
            }
        }
        Ok(())
    }

    /// Under the queue's lock: enters, or announces a party that is about to be linked.
    fn enter_or_announce(&self, access: Access, is_first: bool) -> bool {
        // ORDER: Relaxed; the exchange decides.
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            // RE-CHECK: those inside may have left since the last look, and have seen nobody WAITING.
            let enters = is_first && access.fits(word);
            let next = if enters { (word & !WAITING) + access.weight() } else { word | WAITING };
            // ORDER: Acquire on success, for the case that this enters: as in `try_enter`.
            match self.word.compare_exchange(word, next, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return enters,
                Err(found) => word = found,
            }
        }
    }

    // ── handing over ────────────────────────────────────────────────────────────────────────────────────

    /// Lets in whoever waits and need not any more, in the order of arrival.
    #[cold]
    fn admit(&self) {
        loop {
            let admitted = self.admit_first(&mut self.queue.lock());
            let Some((access, wake)) = admitted else { return };
            // Nobody else gets in before a writer has run. Readers come in numbers, and keep their order.
            wake.wake(if access == Access::Write { Urgency::Next } else { Urgency::Queued });
        }
    }

    /// Under the queue's lock: lets in the party that waits longest, if it fits.
    fn admit_first(&self, queue: &mut Inner<(), Access>) -> Option<(Access, Wake)> {
        // ORDER: Relaxed; announced — as long as somebody is linked, nobody enters but by this lock, and if the
        // last one leaves after this look, that one comes here, too.
        let word = self.word.load(Ordering::Relaxed);
        let fired = queue.fire_first_if(|access| access.fits(word));
        let deserted = if queue.is_deserted() { WAITING } else { 0 };
        let Some(fired) = fired else {
            // ORDER: Relaxed; no data travels by this bit, and a read-modify-write keeps what was released
            // before it.
            self.word.fetch_and(!deserted, Ordering::Relaxed);
            return None;
        };
        let (access, wake) = fired.empty();
        // In one step, or somebody could slip in between. The bit is set: a party was linked.
        // ORDER: Acquire; pairs with the Release of those that left: what they wrote goes on to the party with
        // its wake.
        self.word.fetch_add(access.weight().wrapping_sub(deserted), Ordering::Acquire);
        Some((access, wake))
    }
}

impl Default for RawRwLock {
    fn default() -> Self {
        Self::new()
    }
}
