//! What may end a party's waits early: a cancel of the whole party, and the scopes that it is in.
//!
//! ```text
//!   root: cancelled? ◀── timeout(1 s) ◀── mask ◀── timeout(5 ms) ◀── token.run      the innermost scope
//!                       ╰── hidden by the mask ──╯ ╰────────── visible ─────────╯
//! ```
//! A scope is a frame of the party's stack. A wait is interrupted when any *visible* scope is over; the
//! unwind goes to the outermost one that is, or to the party's root if the whole is cancelled.
//!
//! A destructor that runs in an unwind must not be unwound itself, but what runs in a scope *inside* of it may
//! be, as far as that scope. So while the party unwinds, those scopes alone are visible that were entered in this
//! very unwind: while the party unwound, and none has begun since.

#![allow(unsafe_code, reason = "scopes are frames of the party's stack, linked by pointers")]

use core::cell::Cell;
use core::ptr::NonNull;
use std::sync::Arc;

use crate::primitive::atomic::{AtomicBool, Ordering};

/// The limits of one party, which alone uses them; and the home of a task while that is suspended.
///
/// INVARIANT(scope-lives): a scope in the chain is a frame of the party's stack that has not ended; it takes
/// itself out before it does, in the reverse order of entering.
#[derive(Debug)]
pub(crate) struct Limits {
    /// Whether there is anything at all to look at: all that an unlimited party pays for.
    any: Cell<bool>,
    cancelled: Cell<bool>,
    cancellable: bool,
    innermost: Cell<Option<NonNull<Scope>>>,
    /// Unwinds that have begun, and were not seen to end.
    unwinds: Cell<u32>,
}

/// One scope.
#[derive(Debug)]
pub(crate) struct Scope {
    end: End,
    outer: Option<NonNull<Scope>>,
    entered_in: Unwind,
}

/// The unwind that a party is in: `None` is none, and others are told apart by how many have begun.
type Unwind = Option<u32>;

/// When a scope is over.
#[derive(Debug)]
pub(crate) enum End {
    /// At this moment, in nanoseconds.
    At(u64),
    /// Once this flag is set.
    Flag(Arc<AtomicBool>),
    /// Never, and what is outside cannot end it either.
    Mask,
}

impl Limits {
    /// No limits yet; `cancellable` tells whether a cancel of the whole will be one.
    pub(crate) const fn new(cancellable: bool) -> Self {
        let (any, cancelled) = (Cell::new(false), Cell::new(false));
        Self { any, cancelled, cancellable, innermost: Cell::new(None), unwinds: Cell::new(0) }
    }

    /// Whether there are no limits: the question of every wait.
    #[inline]
    pub(crate) fn is_unlimited(&self) -> bool {
        !self.any.get()
    }

    /// The whole party is cancelled, for good.
    pub(crate) fn cancel(&self) {
        if self.cancellable {
            self.cancelled.set(true);
            self.any.set(true);
        }
    }

    /// Whether the whole party is cancelled.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.get()
    }

    /// Enters a scope, runs `body`, and leaves it, also by an unwind. `body` gets to ask about the scope.
    pub(crate) fn within<R>(&self, end: End, is_unwinding: bool, body: impl FnOnce(&Scope) -> R) -> R {
        let (outer, entered_in) = (self.innermost.get(), self.unwind(is_unwinding));
        let scope = Scope { end, outer, entered_in };
        self.enter(Some(NonNull::from(&scope)));
        let _leave = Leave { limits: self, outer: scope.outer };
        body(&scope)
    }

    fn enter(&self, innermost: Option<NonNull<Scope>>) {
        self.innermost.set(innermost);
        self.any.set(innermost.is_some() || self.cancelled.get());
    }

    /// Whether a wait that begins at `now_ns` must not.
    pub(crate) fn is_interrupted(&self, is_unwinding: bool, now_ns: u64) -> bool {
        self.is_interrupted_from(self.innermost.get(), self.unwind(is_unwinding), now_ns)
    }

    /// The party begins to unwind; it may be unwinding already.
    pub(crate) fn begin_unwind(&self) {
        self.unwinds.set(self.unwinds.get().wrapping_add(1));
    }

    /// Runs `body`, which catches whatever unwinds in it: then all unwinds that have begun inside have ended.
    pub(crate) fn catching<R>(&self, body: impl FnOnce() -> R) -> R {
        let before = self.unwinds.get();
        let result = body();
        self.unwinds.set(before);
        result
    }

    /// Whether an unwind by interruption stops at `scope`: it is over, and nothing outside of it is that may be
    /// unwound.
    pub(crate) fn stops_at(&self, scope: &Scope, now_ns: u64) -> bool {
        scope.is_over(now_ns) && !self.is_interrupted_from(scope.outer, scope.entered_in, now_ns)
    }

    fn is_interrupted_from(&self, innermost: Option<NonNull<Scope>>, unwind: Unwind, now_ns: u64) -> bool {
        let mut masked = false;
        let over = visible(innermost, unwind).any(|scope| {
            masked |= matches!(scope.end, End::Mask);
            !masked && scope.is_over(now_ns)
        });
        over || (!masked && unwind.is_none() && self.cancelled.get())
    }

    /// The nearest moment at which a visible scope is over.
    pub(crate) fn nearest_ns(&self, is_unwinding: bool) -> Option<u64> {
        let visible = visible(self.innermost.get(), self.unwind(is_unwinding));
        let moments =
            visible.take_while(|scope| !matches!(scope.end, End::Mask)).filter_map(|scope| match scope.end {
                End::At(ns) => Some(ns),
                End::Flag(_) | End::Mask => None,
            });
        moments.min()
    }

    fn unwind(&self, is_unwinding: bool) -> Unwind {
        is_unwinding.then(|| self.unwinds.get())
    }
}

/// Leaves a scope.
struct Leave<'a> {
    limits: &'a Limits,
    outer: Option<NonNull<Scope>>,
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.limits.enter(self.outer);
    }
}

impl Scope {
    fn is_over(&self, now_ns: u64) -> bool {
        match self.end {
            End::At(ns) => ns <= now_ns,
            // ORDER: Acquire; pairs with the Release of whoever sets it: what happened before is visible.
            End::Flag(ref flag) => flag.load(Ordering::Acquire),
            End::Mask => false,
        }
    }
}

/// The scopes from `innermost` outwards that may end what runs in `unwind`.
fn visible<'a>(innermost: Option<NonNull<Scope>>, unwind: Unwind) -> impl Iterator<Item = &'a Scope> {
    chain(innermost).take_while(move |scope| unwind.is_none() || scope.entered_in == unwind)
}

/// The scopes from `innermost` outwards.
fn chain<'a>(innermost: Option<NonNull<Scope>>) -> impl Iterator<Item = &'a Scope> {
    let mut next = innermost;
    core::iter::from_fn(move || {
        // SAFETY: scope-lives — it is in the chain of a party that runs this, or is suspended in it.
        let scope: &Scope = unsafe { next?.as_ref() };
        next = scope.outer;
        Some(scope)
    })
}
