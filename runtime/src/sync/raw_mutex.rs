//! The protocol under [`Mutex`](super::Mutex): one word that says who may enter, and a queue to wait in.
//!
//! ```text
//!                word = LOCKED | WAITING | STARVED
//!   lock             FREE ──▶ LOCKED          one exchange when nobody is in the way
//!   unlock         LOCKED ──▶ FREE            likewise; with WAITING it wakes the first in the queue
//! ```
//! # Barging, and its bound
//! An unlock frees the lock and wakes the first waiter, which then tries like everybody else. Whoever runs may
//! take the lock at once: were it kept for a party that is yet to run, all others would wait for that, too.
//! So a woken waiter may lose. It waits again in front of all others, and once it has been at it for
//! [`PATIENCE_NS`] it says so (STARVED): the next unlock does not free the lock but hands it over.
//!
//! # No wake is lost
//! INVARIANT(announced): WAITING and STARVED change under the queue's lock only. WAITING is set, while LOCKED
//! is, before a party is linked, and stays until the queue is empty; so the unlock that follows knows of it.
//!
//! A waiter that was woken and loses has found LOCKED in the exchange that announces it again. Whatever then
//! ends its wait, a deadline or a cancel, the holder's unlock wakes the next: no wake ends with the party that
//! got it. A waiter that was handed the lock is never reported as timed out or cancelled.
//!
//! Models: mutex.

use crate::park::{Refused, Waited, wait_in};
use crate::primitive::atomic::{AtomicUsize, Ordering};
use crate::primitive::{Lookout, const_fn};
use crate::suspend::{Party, unwind_cancelled};
use crate::sys::clock;
use crate::wait::list::Fired;
use crate::wait::queue::{Place, Queue};
use crate::wait::waiter::{Urgency, wake_if_any};

const FREE: usize = 0;
/// Somebody has the lock.
const LOCKED: usize = 1;
/// The queue may not be empty.
const WAITING: usize = 2;
/// The first in the queue gets the lock from the next unlock.
const STARVED: usize = 4;

/// How long a waiter may go on losing before the lock is handed to it, in nanoseconds. Until a new holder runs,
/// nobody gets anything done: handing over must stay rare, so this is the time of a thousand short holds.
pub(crate) const PATIENCE_NS: u64 = 500_000;

/// What a waiter leaves in its slot, and finds there when it is woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Claim {
    /// It is content to try again.
    Chance,
    /// It has lost for too long: it wants the lock itself. Woken with that, it was too late, and tries again.
    Starved,
    /// It has the lock.
    Lock,
}

/// A lock without a value. It belongs to no thread: who has it may pass it on.
#[derive(Debug)]
pub(crate) struct RawMutex {
    word: AtomicUsize,
    queue: Queue<(), Claim>,
    lookout: Lookout,
}

impl RawMutex {
    const_fn! {
        /// A free lock.
        pub(crate) fn new() -> Self {
            Self { word: AtomicUsize::new(FREE), queue: Queue::new(()), lookout: Lookout::new() }
        }
    }

    /// Takes the lock, waiting as long as it takes.
    ///
    /// # Suspends
    /// While somebody else has the lock. A cancelled task is unwound instead of waiting.
    #[inline]
    pub(crate) fn lock(&self) {
        if !self.take_uncontended() {
            self.lock_or_unwind();
        }
    }

    /// Takes the lock, waiting until the deadline if there is one; it is asked for only if somebody has the lock.
    #[inline]
    pub(crate) fn lock_until(&self, deadline_ns: impl FnOnce() -> Option<u64>) -> Result<(), Refused> {
        if self.try_lock() {
            return Ok(());
        }
        self.lock_contended(deadline_ns(), PATIENCE_NS)
    }

    /// Takes the lock if nobody has it.
    #[inline]
    pub(crate) fn try_lock(&self) -> bool {
        self.take_uncontended() || self.take_free()
    }

    /// Frees the lock and wakes a waiter, if there is one; or hands the lock over.
    ///
    /// The caller has the lock, and has it no more.
    #[inline]
    pub(crate) fn unlock(&self) {
        // ORDER: Release on success; pairs with the Acquire of whoever takes the lock next; publishes what the
        // holder wrote. A failure reads nothing, so Relaxed.
        if self.word.compare_exchange(LOCKED, FREE, Ordering::Release, Ordering::Relaxed).is_err() {
            self.unlock_contended();
        }
    }

    /// Whether somebody has the lock. A hint.
    pub(crate) fn is_locked(&self) -> bool {
        // ORDER: Relaxed; a hint guards nothing.
        self.word.load(Ordering::Relaxed) & LOCKED != 0
    }

    // ── taking ──────────────────────────────────────────────────────────────────────────────────────────

    #[inline]
    fn take_uncontended(&self) -> bool {
        // ORDER: Acquire on success; pairs with the Release of the unlock before. A failure reads nothing.
        self.word.compare_exchange(FREE, LOCKED, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Takes the lock unless somebody has it, whoever may be waiting.
    #[inline]
    fn take_free(&self) -> bool {
        // ORDER: Relaxed; the exchange decides.
        let mut word = self.word.load(Ordering::Relaxed);
        while word & LOCKED == 0 {
            // ORDER: as in `take_uncontended`.
            match self.word.compare_exchange(word, word | LOCKED, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(found) => word = found,
            }
        }
        false
    }

    /// Under the queue's lock: takes the lock, or announces a party that is about to be linked with `claim`.
    fn take_or_announce(&self, claim: Claim) -> bool {
        let announced = if claim == Claim::Starved { WAITING | STARVED } else { WAITING };
        // ORDER: Relaxed; the exchange decides.
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            // RE-CHECK: it may have been freed since the last look, by one that saw nobody WAITING.
            let is_free = word & LOCKED == 0;
            let next = word | if is_free { LOCKED } else { announced };
            // ORDER: Acquire on success, for the case that this takes the lock: as in `take_uncontended`.
            match self.word.compare_exchange(word, next, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return is_free,
                Err(found) => word = found,
            }
        }
    }

    #[cold]
    fn lock_or_unwind(&self) {
        // `unwind_cancelled` returns to a task that is unwinding already: its destructors still get the lock.
        while self.lock_contended(None, PATIENCE_NS).is_err() {
            unwind_cancelled();
        }
    }

    /// Takes the lock after a first attempt has failed. A waiter that has lost, and waits for `patience_ns` by
    /// then, gets the lock handed over.
    #[cold]
    pub(crate) fn lock_contended(&self, deadline_ns: Option<u64>, patience_ns: u64) -> Result<(), Refused> {
        let party = Party::enter().map_err(|_| Refused::Cancelled)?;
        // Now, because the turn may be over: a holder that steps aside would keep everybody waiting.
        party.has_not_waited();
        if self.take_soon() {
            return Ok(());
        }
        let since_ns = clock::now_ns();
        let (mut place, mut claim) = (Place::Last, Claim::Chance);
        loop {
            let attempt = |_: &mut _| self.take_or_announce(claim).then_some(());
            match wait_in(&party, &self.queue, place, claim, deadline_ns, attempt) {
                Waited::AtOnce(()) => {
                    self.lookout.regret();
                    return Ok(());
                }
                Waited::Woken(Some(Claim::Lock)) => return Ok(()),
                // RE-CHECK: a wake promises nothing: others may take the lock first.
                Waited::Woken(_) if self.take_soon() => return Ok(()),
                Waited::Woken(_) => place = Place::First,
                Waited::TimedOut => return Err(Refused::TimedOut),
                Waited::Cancelled => return Err(Refused::Cancelled),
            }
            if clock::now_ns().saturating_sub(since_ns) >= patience_ns {
                claim = Claim::Starved;
            }
        }
    }

    fn take_soon(&self) -> bool {
        self.take_free() || self.lookout.watch(|| self.take_free())
    }

    // ── freeing ─────────────────────────────────────────────────────────────────────────────────────────

    #[cold]
    fn unlock_contended(&self) {
        // ORDER: Relaxed; the exchange decides. STARVED, once seen, stays: only an unlock clears it.
        let mut word = self.word.load(Ordering::Relaxed);
        while word & STARVED == 0 {
            // ORDER: Release on success; as in `unlock`.
            match self.word.compare_exchange(word, word & !LOCKED, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return self.wake_first(),
                Err(found) => word = found,
            }
        }
        self.hand_over();
    }

    /// Gives the first waiter a chance at the lock, which is free.
    fn wake_first(&self) {
        let mut queue = self.queue.lock();
        let fired = queue.fire_first();
        if queue.is_deserted() {
            // ORDER: Relaxed; no data travels by this bit, and a read-modify-write keeps what the unlock before
            // it has released.
            self.word.fetch_and(!WAITING, Ordering::Relaxed);
        }
        drop(queue);
        wake_if_any(fired.map(Fired::leave), Urgency::Queued);
    }

    /// Gives the first waiter the lock, which the caller has; frees it if all waiters have gone.
    fn hand_over(&self) {
        let mut queue = self.queue.lock();
        let fired = queue.fire_first();
        // RE-CHECK: who announced that it starves may have given up.
        let freed = if fired.is_none() { LOCKED } else { 0 };
        // Who lost a moment later stood before one that has starved: that one is next.
        let fed = if queue.first_wish() == Some(&Claim::Starved) { 0 } else { STARVED };
        let deserted = if queue.is_deserted() { WAITING } else { 0 };
        // ORDER: Release, for the case that this frees the lock: as in `unlock`. A new holder is ordered after
        // the old one by its wake.
        self.word.fetch_and(!(freed | fed | deserted), Ordering::Release);
        let wake = fired.map(|fired| fired.fill(Claim::Lock));
        drop(queue);
        wake_if_any(wake, Urgency::Next);
    }
}

impl Default for RawMutex {
    fn default() -> Self {
        Self::new()
    }
}
