//! A value handed over once, from one giver to one taker: joins and oneshot channels. One word, no lock.
//!
//! ```text
//!              ┌──────────── giver: swap BUSY, then store ───────────┐
//!   EMPTY ─────┤                                                     ├──▶ VALUE ─taken─▶ CLOSED
//!     │ ▲      │                                                     └──▶ CLOSED  (gave nothing)
//! wait │ │ withdraw
//!     ▼ │      │
//!   waiter ────┘        taker leaves: EMPTY ──▶ GONE, and the giver keeps its value
//! ```
//! The giver's last access is its final store, and the taker acts on nothing but that store. So whichever
//! side finds the other's mark knows that the other is done with the cell, and may free it: no count.
//!
//! BUSY lasts for the few instructions in which the giver fires the waiter it found. A taker that withdraws
//! at that moment waits for the end of it, because its waiter must not be reused meanwhile.
//!
//! Models: one.

#![allow(unsafe_code, reason = "the word decides who owns the value")]

use core::ptr::{self, NonNull};

use super::waiter::{Waiter, Wake};
use super::word::Reason;
use crate::primitive::atomic::{AtomicPtr, Ordering};
use crate::primitive::{UnsafeCell, relax};

const EMPTY: *mut Waiter = ptr::null_mut();
const BUSY: *mut Waiter = ptr::without_provenance_mut(1);
const VALUE: *mut Waiter = ptr::without_provenance_mut(2);
const CLOSED: *mut Waiter = ptr::without_provenance_mut(3);
const GONE: *mut Waiter = ptr::without_provenance_mut(4);

/// The cell between the two sides.
///
/// INVARIANT(two-sides): one giver calls `put` or `close`, once; one taker calls the rest, from one thread
/// at a time.
/// INVARIANT(value-owner): `value` is the giver's until it stores VALUE, and the taker's from then on.
#[derive(Debug)]
pub(crate) struct One<T> {
    word: AtomicPtr<Waiter>,
    value: UnsafeCell<Option<T>>,
}

// SAFETY: value-owner — the value is one side's at a time, and passes between threads only if it may.
unsafe impl<T: Send> Sync for One<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for One<T> {}

/// What an attempt to take found.
#[derive(Debug)]
pub(crate) enum Taken<T> {
    /// The value.
    Value(T),
    /// There is none, and there will be none.
    Closed,
    /// Not yet.
    Empty,
}

/// What a taker that leaves finds.
#[derive(Debug)]
pub(crate) enum Left<T> {
    /// The giver has yet to act. The cell is the giver's alone now.
    GiverRemains,
    /// The giver is done, possibly with a value that nobody took. The cell is the taker's alone.
    Alone(Option<T>),
}

impl<T> One<T> {
    /// An open, empty cell.
    pub(crate) fn new() -> Self {
        Self { word: AtomicPtr::new(EMPTY), value: UnsafeCell::new(None) }
    }

    /// The giver gives the value, and owes the wake of a taker that waits. `Err` if the taker has left: the
    /// cell is the giver's alone then.
    #[inline]
    pub(crate) fn put(&self, value: T) -> Result<Option<Wake>, T> {
        self.with_value(|cell| *cell = Some(value));
        self.finish(VALUE).map_err(|TakerGone| self.with_value(Option::take).expect("it was put just now"))
    }

    /// The giver leaves without a value; as for [`One::put`] otherwise.
    #[inline]
    pub(crate) fn close(&self) -> Result<Option<Wake>, TakerGone> {
        self.finish(CLOSED)
    }

    #[inline]
    fn finish(&self, end: *mut Waiter) -> Result<Option<Wake>, TakerGone> {
        // ORDER: Acquire; pairs with the Release in `take_or_wait`: the waiter and its armed word are visible; and
        // with that in `leave`: who finds GONE may free the cell. BUSY publishes nothing, our last store does.
        let found = self.word.swap(BUSY, Ordering::Acquire);
        if found == GONE {
            return Err(TakerGone);
        }
        let wake = NonNull::new(found).and_then(|waiter| {
            // SAFETY: waiter-lives — a taker that withdraws waits until the store below.
            unsafe { Waiter::fire(waiter, Reason::Arm(0)) }
        });
        // ORDER: Release; pairs with the Acquire in `settled`; publishes the value. Our last access.
        self.word.store(end, Ordering::Release);
        Ok(wake)
    }

    /// The taker takes the value if it is there.
    #[inline]
    pub(crate) fn take(&self) -> Taken<T> {
        match self.settled() {
            VALUE => {
                // ORDER: Relaxed; the giver is done, and only the taker reads from here on.
                self.word.store(CLOSED, Ordering::Relaxed);
                self.with_value(Option::take).map_or(Taken::Closed, Taken::Value)
            }
            CLOSED => Taken::Closed,
            _ => Taken::Empty,
        }
    }

    /// The taker takes the value, or announces that it waits for it with `waiter` (then the answer is
    /// `Empty`): to be fired as arm zero, after which it takes again.
    ///
    /// # Safety
    /// The waiter's word is armed, and it lives until the taker was fired, or has called [`One::withdraw`].
    #[inline]
    pub(crate) unsafe fn take_or_wait(&self, waiter: &Waiter) -> Taken<T> {
        loop {
            let taken = self.take();
            let waiting = ptr::from_ref(waiter).cast_mut();
            // ORDER: Release on success; pairs with the Acquire in `finish`: publishes the armed word. After a
            // failure `take` looks again, with its own ordering.
            if !matches!(taken, Taken::Empty)
                // RE-CHECK: a failure means that the giver has come meanwhile.
                || self.word.compare_exchange(EMPTY, waiting, Ordering::Release, Ordering::Relaxed).is_ok()
            {
                return taken;
            }
        }
    }

    /// The taker, whose wait ended for another reason, takes its waiter back. The value may have come
    /// meanwhile: it takes again.
    pub(crate) fn withdraw(&self, waiter: &Waiter) {
        let waiting = ptr::from_ref(waiter).cast_mut();
        // ORDER: Relaxed on success: nobody has touched the waiter. After a failure the giver may be at it:
        // `settled` waits for its last store.
        if self.word.compare_exchange(waiting, EMPTY, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            // RE-CHECK: it lets go of the waiter with that store, not before.
            self.settled();
        }
    }

    /// The taker leaves.
    #[inline]
    pub(crate) fn leave(&self) -> Left<T> {
        loop {
            match self.settled() {
                EMPTY => {
                    // ORDER: Release; pairs with the AcqRel in `finish`: the giver, who may free the cell when
                    // it finds GONE, comes after our accesses.
                    // RE-CHECK: a failure means that the giver has come meanwhile, and may have left a value.
                    if self.word.compare_exchange(EMPTY, GONE, Ordering::Release, Ordering::Relaxed).is_ok() {
                        return Left::GiverRemains;
                    }
                }
                VALUE => return Left::Alone(self.with_value(Option::take)),
                _ => return Left::Alone(None),
            }
        }
    }

    /// Whether the giver is done. A hint, but to the taker, for whom `true` lasts.
    pub(crate) fn is_done(&self) -> bool {
        // ORDER: Relaxed; `take` does the synchronizing.
        matches!(self.word.load(Ordering::Relaxed), VALUE | CLOSED)
    }

    /// Whether the taker has left. A hint to the giver: it may leave right after.
    pub(crate) fn is_taker_gone(&self) -> bool {
        // ORDER: Relaxed; `finish` does the synchronizing.
        self.word.load(Ordering::Relaxed) == GONE
    }

    /// The word, once the giver is not in the middle of its two steps.
    #[inline]
    fn settled(&self) -> *mut Waiter {
        let mut round = 0;
        loop {
            // ORDER: Acquire; pairs with the last store in `finish`: the value is visible.
            let word = self.word.load(Ordering::Acquire);
            if word != BUSY {
                return word;
            }
            relax(&mut round);
        }
    }

    #[inline]
    fn with_value<R>(&self, access: impl FnOnce(&mut Option<T>) -> R) -> R {
        let value = self.value.get_mut();
        // SAFETY: value-owner — the giver calls this before its last store, the taker after it has seen that.
        access(unsafe { value.deref() })
    }
}

/// The taker had left before: the cell is the giver's alone.
#[derive(Debug)]
pub(crate) struct TakerGone;
