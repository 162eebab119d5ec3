//! The idle protocol: no published task is overlooked while a worker sleeps, and no crowd is woken for one.
//!
//! A producer publishes a task, then looks for a worker to wake. A worker announces its sleep, then looks
//! for tasks once more. Each has a sequentially consistent fence between its two steps:
//!
//! ```text
//!   producer:  publish ─ fence ─ read searching, claim a sleeper's bit
//!   sleeper:   set own bit ─ fence ─ read the queues ─ sleep
//! ```
//! In the single order of the fences one comes first. If the producer's: the sleeper reads the queue and
//! finds the task. If the sleeper's: the producer finds its bit. Without either fence both may miss.
//!
//! While a worker searches, producers wake nobody: a searcher that finds a task and was the last one wakes
//! a successor ([`Idle::end_search`]), and one that finds nothing announces its sleep and looks again.
//! A producer that claims a bit counts the sleeper as searching on its behalf, so one wake is in flight.
//!
//! Models: idle.

use crate::primitive::atomic::{AtomicU64, AtomicUsize, Ordering, fence};

const BITS: usize = u64::BITS as usize;

/// Who sleeps and how many search, for one runtime.
#[derive(Debug)]
pub(crate) struct Idle {
    searching: AtomicUsize,
    max_searching: usize,
    /// One bit per worker: it sleeps, or is about to, and may be claimed.
    sleepers: Box<[AtomicU64]>,
}

impl Idle {
    /// A runtime of `workers` workers, all awake, none searching.
    pub(crate) fn new(workers: usize) -> Self {
        let words = workers.div_ceil(BITS);
        Self {
            searching: AtomicUsize::new(0),
            max_searching: workers.div_ceil(2),
            sleepers: (0..words).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// A producer has published a task: claims a sleeper to wake, if one is needed. The claimed worker
    /// counts as searching from now on.
    #[inline]
    #[must_use = "a claimed sleeper must be notified"]
    pub(crate) fn claim_sleeper(&self) -> Option<usize> {
        loop {
            // ORDER: SeqCst fence; pairs with those in `announce_sleep` and `stop_search`. Without it: we see no
            // sleeper's bit, or a searcher that has stopped, and they see no task.
            fence(Ordering::SeqCst);
            // ORDER: Relaxed; the fence above orders the read. A searcher that is counted here looks at the
            // queues again after it stops, behind its own fence.
            if self.searching.load(Ordering::Relaxed) != 0 || !self.has_sleepers() {
                return None;
            }
            // Counted before it is claimed: it may wake by itself, search, and stop before we go on.
            // ORDER: Relaxed; the count is a throttle. The claimed worker is certain to look.
            self.searching.fetch_add(1, Ordering::Relaxed);
            if let Some(index) = self.claim_any_bit() {
                return Some(index);
            }
            // RE-CHECK: others were faster. A producer that has seen our count relies on us, so we look again.
            if !self.stop_search() {
                return None;
            }
        }
    }

    /// A worker out of work asks to search other workers' queues. At most half of them do so at a time.
    #[must_use]
    pub(crate) fn start_search(&self) -> bool {
        // ORDER: Relaxed; a throttle, see above.
        if self.searching.load(Ordering::Relaxed) >= self.max_searching {
            return false;
        }
        // ORDER: Relaxed; as above. Overshooting the cap in a race is harmless.
        self.searching.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// A searcher stops; `found` tells whether with a task, `has_task` looks at the queues. True if it owes somebody
    /// a wake, as a producer does: the last searcher, which takes its task along, leaves another one behind.
    #[must_use = "a task that was published during the search waits for a worker"]
    pub(crate) fn end_search(&self, found: bool, has_task: impl FnOnce() -> bool) -> bool {
        let was_last = self.stop_search();
        // RE-CHECK: producers that saw us search have woken nobody. One that finds nothing looks before it sleeps.
        found && was_last && has_task()
    }

    /// A searcher stops. True if it was the last one.
    fn stop_search(&self) -> bool {
        // ORDER: Relaxed; the fence below orders what the last one looks at, and the others do not look again.
        let was_last = self.searching.fetch_sub(1, Ordering::Relaxed) == 1;
        if was_last {
            // ORDER: SeqCst fence; pairs with the one in `claim_sleeper`. Without it: the producer sees a
            // searcher and wakes nobody, the searcher sees no task and wakes nobody.
            fence(Ordering::SeqCst);
        }
        was_last
    }

    /// Worker `index`, which does not search, announces its sleep; `has_task` looks at all queues. True if it may
    /// sleep. In either case it takes the announcement back before it goes on.
    #[must_use = "a task may have been published meanwhile"]
    pub(crate) fn announce_sleep(&self, index: usize, has_task: impl FnOnce() -> bool) -> bool {
        // ORDER: Relaxed; the fence below orders it.
        self.sleepers[index / BITS].fetch_or(1 << (index % BITS), Ordering::Relaxed);
        // ORDER: SeqCst fence; pairs with the one in `claim_sleeper`. Without it: we see no task, the
        // producer sees no bit.
        fence(Ordering::SeqCst);
        // RE-CHECK: a producer that came before the fence has seen no bit, and wakes nobody.
        !has_task()
    }

    /// Worker `index` takes its announcement back. True if a producer had claimed it: then it counts as
    /// searching, and must search.
    #[must_use = "a claimed worker counts as searching"]
    pub(crate) fn retract_sleep(&self, index: usize) -> bool {
        let bit = 1 << (index % BITS);
        // ORDER: Relaxed; the bit is moved by read-modify-writes alone, so exactly one side clears it.
        self.sleepers[index / BITS].fetch_and(!bit, Ordering::Relaxed) & bit == 0
    }

    /// Whether a worker sleeps or looks for work. A hint.
    pub(crate) fn is_anyone_free(&self) -> bool {
        // ORDER: Relaxed; a hint.
        self.searching.load(Ordering::Relaxed) != 0 || self.has_sleepers()
    }

    fn has_sleepers(&self) -> bool {
        // ORDER: Relaxed; the caller's fence orders the read.
        self.sleepers.iter().any(|word| word.load(Ordering::Relaxed) != 0)
    }

    fn claim_any_bit(&self) -> Option<usize> {
        for (word_index, word) in self.sleepers.iter().enumerate() {
            // ORDER: Relaxed; the callers' fence orders the read, and the claim below decides.
            let mut bits = word.load(Ordering::Relaxed);
            while bits != 0 {
                let bit = bits & bits.wrapping_neg();
                // ORDER: Relaxed; see `retract_sleep`.
                bits = word.fetch_and(!bit, Ordering::Relaxed);
                if bits & bit != 0 {
                    return Some(word_index * BITS + bit.trailing_zeros() as usize);
                }
            }
        }
        None
    }
}
