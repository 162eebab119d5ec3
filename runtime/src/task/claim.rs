//! The claim word: who starts a task, where it lives from then on, and whether it was told to end.
//!
//! ```text
//!   0 ──claim──▶ home                 claim: exactly one caller wins, and its home is the task's for life
//!   │              │
//!  cancel        cancel               cancel: the first caller learns whether a home must be told
//!   ▼              ▼
//!   1 ──claim──▶ home + 1
//! ```
//! One word holds all three facts, so there is no moment at which a task is started but its canceller
//! believes that nobody has to be told: either the claimer sees the cancel, or the canceller sees the home.
//!
//! Models: claim, cancel.

#![allow(unsafe_code, reason = "the word holds a tagged reference")]

use core::ptr;

use crate::primitive::atomic::{AtomicPtr, Ordering};

/// The bit that says "cancelled"; homes are aligned to more than that.
const CANCELLED: usize = 1;

/// The claim word of one task, with homes of type `H`.
///
/// INVARIANT(home-or-null): but for its low bit, the word is null or the address of a `&'static H`.
#[derive(Debug)]
pub(crate) struct Claim<H: 'static> {
    word: AtomicPtr<H>,
}

/// What a canceller has to do.
#[derive(Debug)]
pub(crate) enum Told<H: 'static> {
    /// Nothing: it was cancelled before.
    Before,
    /// Nothing: whoever starts the task will see it.
    Unstarted,
    /// Tell this home.
    Home(&'static H),
}

impl<H> Claim<H> {
    /// The word of an unstarted task.
    pub(crate) fn new() -> Self {
        const { assert!(align_of::<H>() > CANCELLED, "the low bit of a home's address is free") };
        Self { word: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Claims the start of the task for `home`: true for one caller, who now starts it.
    #[inline]
    pub(crate) fn claim(&self, home: &'static H) -> bool {
        let home = ptr::from_ref(home).cast_mut();
        // ORDER: AcqRel; Acquire pairs with the Release that published the task through a queue, for a
        // claimer that came by the join handle instead. Release pairs with the Acquire in `cancel`.
        let claimed = self.word.compare_exchange(ptr::null_mut(), home, Ordering::AcqRel, Ordering::Relaxed);
        // RE-CHECK: a cancelled task is claimed, too, so that somebody ends it.
        claimed.is_ok() || self.claim_cancelled(home)
    }

    /// Claims a task that was cancelled before it started.
    #[cold]
    fn claim_cancelled(&self, home: *mut H) -> bool {
        let unclaimed = ptr::without_provenance_mut(CANCELLED);
        let claimed = home.map_addr(|address| address | CANCELLED);
        // ORDER: AcqRel; as in `claim`, and Acquire pairs with the Release in `cancel`.
        self.word.compare_exchange(unclaimed, claimed, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// The home gives the task up, to whoever claims it next. It neither runs nor waits.
    pub(crate) fn give_up(&self) {
        let unclaimed = |word: *mut H| Some(ptr::without_provenance_mut(word.addr() & CANCELLED));
        // ORDER: Release; pairs with the Acquire in `claim`: the next home sees what this one did. A cancel before it
        // is passed on with it: an exchange continues what the one before has released.
        let given_up = self.word.fetch_update(Ordering::Release, Ordering::Relaxed, unclaimed);
        debug_assert!(given_up.is_ok(), "the update is unconditional");
    }

    /// The home, if the task is claimed. Otherwise whoever claims it next sees what the caller did before.
    pub(crate) fn home_or_tell_claimer(&self) -> Option<&'static H> {
        // ORDER: AcqRel; an exchange that changes nothing. Acquire pairs with the Release in `claim`; Release
        // pairs with the Acquire there, because the claim comes next in the order of the word.
        let word = self.word.fetch_update(Ordering::AcqRel, Ordering::Relaxed, Some);
        word.ok().and_then(home_in)
    }

    /// Whether the task lives at `home`.
    #[inline]
    pub(crate) fn is_at(&self, home: &H) -> bool {
        // ORDER: Relaxed; only compared.
        self.word.load(Ordering::Relaxed).addr() & !CANCELLED == ptr::from_ref(home).addr()
    }

    /// The home, if the task is claimed.
    pub(crate) fn home(&self) -> Option<&'static H> {
        // ORDER: Acquire; pairs with the Release in `claim`.
        home_in(self.word.load(Ordering::Acquire))
    }

    /// Whether the task was told to end.
    #[inline]
    pub(crate) fn is_cancelled(&self) -> bool {
        // ORDER: Acquire; pairs with the Release in `cancel`: what its caller did before is visible.
        self.word.load(Ordering::Acquire).addr() & CANCELLED != 0
    }

    /// Tells the task to end.
    pub(crate) fn cancel(&self) -> Told<H> {
        let told =
            |word: *mut H| (word.addr() & CANCELLED == 0).then(|| word.map_addr(|addr| addr | CANCELLED));
        // ORDER: AcqRel; Acquire pairs with the Release in `claim`: the home's claim is complete. Release
        // pairs with the Acquire in `is_cancelled` and in `claim_cancelled`. A failure reads nothing.
        match self.word.fetch_update(Ordering::AcqRel, Ordering::Relaxed, told) {
            Err(_) => Told::Before,
            Ok(before) => home_in(before).map_or(Told::Unstarted, Told::Home),
        }
    }
}

/// The home in a claim word.
fn home_in<H: 'static>(word: *mut H) -> Option<&'static H> {
    // SAFETY: home-or-null — without the bit it is null or a reference that was given to `claim`.
    unsafe { word.map_addr(|address| address & !CANCELLED).as_ref() }
}
