//! The inbox: an intrusive MPSC stack of woken tasks, whose head word is also the worker's sleep flag.
//!
//! ```text
//!   EMPTY ──push──▶ link ──push──▶ link → link …        drain: any ──swap──▶ EMPTY   (owner)
//!     │                                                 doze:  EMPTY ──CAS──▶ SLEEPING (owner)
//!     ├─notify─▶ NOTIFIED                               SLEEPING ──push/notify──▶ … and ring the bell
//!     └──doze──▶ SLEEPING
//! ```
//! One word holds both facts, so there is no window between "look for work" and "fall asleep": a worker
//! falls asleep only by replacing EMPTY, and whoever replaces SLEEPING, exactly one per sleep, rings.

#![allow(unsafe_code, reason = "follows intrusive links")]

use core::ptr::{self, NonNull};

use crate::primitive::UnsafeCell;
use crate::primitive::atomic::{AtomicPtr, Ordering};

/// What an inbox member embeds.
///
/// INVARIANT(link-owner): `next` belongs to the pusher until its push succeeds, and to the inbox's owner
/// from the drain that returns it.
#[derive(Debug)]
#[repr(align(8))]
pub(crate) struct Link {
    next: UnsafeCell<*mut Link>,
}

impl Link {
    /// An unlinked link.
    pub(crate) fn new() -> Self {
        Self { next: UnsafeCell::new(ptr::null_mut()) }
    }

    /// Sets `next`, for the link's owner; gives the one before.
    #[inline]
    fn point_to(&self, next: *mut Link) -> *mut Link {
        let access = self.next.get_mut();
        // SAFETY: link-owner — private, and called by the owner alone.
        core::mem::replace(unsafe { access.deref() }, next)
    }
}

const EMPTY: *mut Link = ptr::null_mut();
const SLEEPING: *mut Link = ptr::without_provenance_mut(1);
const NOTIFIED: *mut Link = ptr::without_provenance_mut(2);

/// Whether the sender must ring the owner's doorbell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a sleeping worker wakes by its bell only"]
pub(crate) enum Bell {
    /// The owner sleeps, or is about to: wake it.
    Ring,
    /// It is awake and will look.
    Silent,
}

/// The head word.
#[derive(Debug)]
pub(crate) struct Inbox {
    head: AtomicPtr<Link>,
}

impl Inbox {
    /// An empty inbox with an owner awake.
    pub(crate) fn new() -> Self {
        Self { head: AtomicPtr::new(EMPTY) }
    }

    /// Adds `link`.
    ///
    /// # Safety
    /// The link is in no inbox, and stays in place until a drain has returned it.
    #[inline]
    pub(crate) unsafe fn push(&self, link: NonNull<Link>) -> Bell {
        // ORDER: Relaxed; only a first guess for the exchange below.
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            let next = if head == SLEEPING || head == NOTIFIED { EMPTY } else { head };
            // SAFETY: link-owner — not pushed yet, so the link is ours.
            unsafe { link.as_ref() }.point_to(next);
            // ORDER: Release; pairs with the Acquire in `drain`; publishes the link and everything that the
            // waker did before, such as filling the woken task's slot.
            match self.head.compare_exchange_weak(head, link.as_ptr(), Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return if head == SLEEPING { Bell::Ring } else { Bell::Silent },
                Err(found) => head = found,
            }
        }
    }

    /// Leaves word that there is something to look at.
    #[inline]
    pub(crate) fn notify(&self) -> Bell {
        // ORDER: Relaxed; only a first guess for the exchange below.
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            // Where there is news already, the exchange changes nothing, but it must be made: a mere read may
            // see old news, which the owner has drained, and falls asleep without what we have to show.
            let word = if head == EMPTY || head == SLEEPING { NOTIFIED } else { head };
            // ORDER: Release; pairs with the Acquire in `drain`; publishes what the owner is to look at.
            match self.head.compare_exchange_weak(head, word, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return if head == SLEEPING { Bell::Ring } else { Bell::Silent },
                Err(found) => head = found,
            }
        }
    }

    /// Whether there is something to drain. A hint to any thread; exact for the owner about its own past.
    #[inline]
    pub(crate) fn has_news(&self) -> bool {
        // ORDER: Relaxed; `drain` does the synchronizing.
        let head = self.head.load(Ordering::Relaxed);
        head != EMPTY && head != SLEEPING
    }

    /// Whether the owner sleeps with nothing on its way to it. Exact at the moment of the look.
    pub(crate) fn is_sleeping(&self) -> bool {
        // ORDER: Acquire; keeps the looks that follow behind this one: see `Lookout::all_sleep_throughout`.
        self.head.load(Ordering::Acquire) == SLEEPING
    }

    /// The owner takes everything, oldest first, and is awake.
    #[inline]
    pub(crate) fn drain(&self) -> Drained {
        // ORDER: Acquire; pairs with the Release in `push` and `notify`. (Taking all at once leaves no ABA.)
        let mut head = self.head.swap(EMPTY, Ordering::Acquire);
        if head == SLEEPING || head == NOTIFIED {
            head = EMPTY;
        }
        let mut oldest_first = EMPTY;
        while let Some(link) = NonNull::new(head) {
            // SAFETY: link-owner — the swap gave us the whole chain.
            head = unsafe { link.as_ref() }.point_to(oldest_first);
            oldest_first = link.as_ptr();
        }
        Drained { next: oldest_first }
    }

    /// The owner announces its sleep; false if there is news to look at first.
    #[inline]
    pub(crate) fn doze(&self) -> bool {
        // ORDER: Relaxed; a failure is followed by `drain`, and a success publishes nothing: whoever displaces
        // SLEEPING needs to know only that.
        self.head.compare_exchange(EMPTY, SLEEPING, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// The links of one drain, oldest first.
#[derive(Debug)]
pub(crate) struct Drained {
    next: *mut Link,
}

impl Iterator for Drained {
    type Item = NonNull<Link>;

    #[inline]
    fn next(&mut self) -> Option<NonNull<Link>> {
        let link = NonNull::new(self.next)?;
        // SAFETY: link-owner — drained links are the owner's, and this one was not returned yet.
        self.next = unsafe { link.as_ref() }.point_to(EMPTY);
        Some(link)
    }
}
