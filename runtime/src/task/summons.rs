//! The summons: others ask a task's home to look at the task, as often as they like, by one inbox link.
//!
//! ```text
//!            call: this caller pushes the link               call: nothing to do
//!   ANSWERED ─────────────────────────────────▶ CALLED ──────────────────────────▶ CALLED
//!      ▲                                          │
//!      └────────── answer (home, by the link) ────┘
//! ```
//! A caller writes its reason, then calls; the home answers, then looks for reasons. Both are exchanges of one
//! word. So either the home has yet to answer, and sees the reason of a caller that found `CALLED`, or it has
//! answered, and the caller pushes the link again.
//!
//! Models: summons.

#![allow(unsafe_code, reason = "a summons is reached from its link")]

use core::mem::offset_of;
use core::ptr::NonNull;

use crate::home::inbox::Link;
use crate::primitive::atomic::{AtomicBool, Ordering};

/// The summons of one task.
///
/// INVARIANT(summons-link): the link belongs to the caller that found no call pending, until it is pushed; and
/// to the home from the drain that returns it until the answer.
#[derive(Debug)]
pub(crate) struct Summons {
    is_called: AtomicBool,
    link: Link,
}

impl Summons {
    /// Nobody has called yet.
    pub(crate) fn new() -> Self {
        Self { is_called: AtomicBool::new(false), link: Link::new() }
    }

    /// Asks the home to look. The link, if the caller is to put it among the home's orders; otherwise another
    /// caller has done so, or is about to.
    pub(crate) fn call(&self) -> Option<NonNull<Link>> {
        // ORDER: AcqRel; pairs with the exchange in `answer`. Release: the home sees the reason of a caller that
        // leaves the link to another. Acquire: the home is done with the link.
        let was_called = self.is_called.swap(true, Ordering::AcqRel);
        (!was_called).then(|| NonNull::from(&self.link))
    }

    /// The summons that `link` is embedded in.
    ///
    /// # Safety
    /// `link` was obtained by [`Summons::call`].
    pub(crate) unsafe fn of_link(link: NonNull<Link>) -> NonNull<Summons> {
        // SAFETY: the link lies at this offset within the summons that contains it.
        unsafe { link.byte_sub(offset_of!(Summons, link)) }.cast()
    }

    /// The home has the link and is about to look: from now on whoever has a new reason calls again.
    pub(crate) fn answer(&self) {
        // ORDER: AcqRel; pairs with the exchange in `call`. An exchange, because a store could overwrite a call
        // without having seen its reason.
        self.is_called.swap(false, Ordering::AcqRel);
    }
}
