//! The wait word: one per party that can wait; it decides, once per wait, why the party wakes.
//!
//! ```text
//!            arm (owner)              fire(reason) (anyone, exactly one wins)
//!   IDLE ───────────────▶ WAITING ───────────────────────────────────────────▶ reason
//!     ▲                                                                          │
//!     └──────────────────────────────── take (owner) ────────────────────────────┘
//! ```
//!
//! Select arms, timers, cancels and shutdown all race for the same word, so a party is woken once per wait
//! and learns one reason. A value is handed over only by the winner: a timeout that wins loses nothing.

use crate::primitive::atomic::{AtomicUsize, Ordering};

const IDLE: usize = 0;
const WAITING: usize = 1;
/// Reasons are stored above the two states.
const FIRST_REASON: usize = 2;

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The deadline passed.
    TimedOut,
    /// The party was told to stop waiting.
    Cancelled,
    /// What arm number so-and-so waited for has happened.
    Arm(usize),
}

impl Reason {
    #[inline]
    const fn encode(self) -> usize {
        match self {
            Reason::TimedOut => FIRST_REASON,
            Reason::Cancelled => FIRST_REASON + 1,
            Reason::Arm(index) => FIRST_REASON + 2 + index,
        }
    }

    #[inline]
    const fn decode(word: usize) -> Self {
        match word - FIRST_REASON {
            0 => Reason::TimedOut,
            1 => Reason::Cancelled,
            arm => Reason::Arm(arm - 2),
        }
    }
}

/// One party's wait word.
#[derive(Debug)]
pub(crate) struct Word(AtomicUsize);

impl Word {
    /// A word whose party is not waiting.
    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(IDLE))
    }

    /// The owner announces a wait. It does so before it links any node.
    #[inline]
    pub(crate) fn arm(&self) {
        debug_assert_eq!(self.load_relaxed(), IDLE, "a party waits for one thing at a time");
        // ORDER: Relaxed; others reach this word only through a node, and the lock that links the node
        // publishes this store with it.
        self.0.store(WAITING, Ordering::Relaxed);
    }

    /// Tries to end the wait for `reason`; true for the one caller per wait that does. The winner owes the
    /// party a wake, after it has filled whatever it hands over.
    #[inline]
    #[must_use = "the winner must wake the party"]
    pub(crate) fn fire(&self, reason: Reason) -> bool {
        // ORDER: Relaxed both ways; the winner's hand-over is published by the wake that follows (queue push
        // or parker flag), and losers read nothing through this word.
        self.0.compare_exchange(WAITING, reason.encode(), Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// As [`Word::fire`], for a wait that no other thread can know of: a plain store decides.
    #[inline]
    #[must_use = "the winner must wake the party"]
    pub(crate) fn fire_unshared(&self, reason: Reason) -> bool {
        let waiting = self.load_relaxed() == WAITING;
        if waiting {
            // ORDER: Relaxed; only the owner's thread reads or writes the word during such a wait.
            self.0.store(reason.encode(), Ordering::Relaxed);
        }
        waiting
    }

    /// The owner, woken, reads why, and is idle again.
    #[inline]
    pub(crate) fn take(&self) -> Reason {
        let word = self.load_relaxed();
        debug_assert!(word >= FIRST_REASON, "woken without a reason: word {word}");
        // ORDER: Relaxed; only the owner moves the word out of a reason, and nobody else reads it idle.
        self.0.store(IDLE, Ordering::Relaxed);
        Reason::decode(word)
    }

    /// The owner takes its announcement back before it has linked any node: nobody can have fired it.
    #[inline]
    pub(crate) fn rest(&self) {
        debug_assert_eq!(self.load_relaxed(), WAITING, "only an unlinked wait is taken back");
        // ORDER: Relaxed; nobody else has seen this wait.
        self.0.store(IDLE, Ordering::Relaxed);
    }

    /// The owner ends a wait that nobody has fired yet: true if it was still waiting, and is idle now.
    #[inline]
    #[must_use = "false means that a wake is on its way and must be awaited"]
    pub(crate) fn disarm(&self) -> bool {
        // ORDER: Relaxed; see `fire`: no data travels through this word.
        self.0.compare_exchange(WAITING, IDLE, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Whether the wait goes on, for the owner's thread.
    #[inline]
    pub(crate) fn is_waiting(&self) -> bool {
        self.load_relaxed() == WAITING
    }

    #[inline]
    fn load_relaxed(&self) -> usize {
        // ORDER: Relaxed; the owner reads after its wake, which ordered everything before it.
        self.0.load(Ordering::Relaxed)
    }
}
