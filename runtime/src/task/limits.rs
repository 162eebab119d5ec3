//! What may end a party's waits early: a cancel of the whole party, and the scopes that it is in.
//!
//! ```text
//!   root: cancelled? ◀── timeout(1 s) ◀── mask ◀── timeout(5 ms) ◀── token.run      the innermost scope
//!                       ╰── hidden by the mask ──╯ ╰────────── visible ─────────╯
//! ```
//! A scope lasts as long as a call. It is counted, not a frame of the stack: other coroutines inside the party may
//! be suspended in the middle of such calls, and come back to them in any order. A wait is interrupted when any *visible* scope is over; the
//! unwind goes to the outermost one that is, or to the party's root if the whole is cancelled.
//!
//! A destructor that runs in an unwind must not be unwound itself, but what runs in a scope *inside* of it may
//! be, as far as that scope. So while the party unwinds, those scopes alone are visible that were entered in this
//! very unwind: while the party unwound, and none has begun since.
//!
//! Models: stop, cancel.

use core::cell::Cell;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use crate::primitive::atomic::{AtomicBool, Ordering};
use crate::wait::word::Word;

/// The limits of one party, which alone uses them; and the home of a task while that is suspended.
pub(crate) struct Limits {
    /// Whether there is anything at all to look at: all that an unlimited party pays for.
    any: Cell<bool>,
    cancelled: Cell<bool>,
    cancellable: bool,
    innermost: Cell<Option<Rc<Scope>>>,
    /// Unwinds that have begun, and were not seen to end.
    unwinds: Cell<u32>,
}

/// One scope.
#[derive(Debug)]
pub(crate) struct Scope {
    end: End,
    outer: Option<Rc<Scope>>,
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
        let outer = self.with_innermost(|innermost| innermost.cloned());
        let scope = Rc::new(Scope { end, outer, entered_in: self.unwind(is_unwinding) });
        self.enter(Some(Rc::clone(&scope)));
        let _leave = Leave { limits: self, scope: &scope };
        body(&scope)
    }

    fn enter(&self, innermost: Option<Rc<Scope>>) {
        self.any.set(innermost.is_some() || self.cancelled.get());
        self.innermost.set(innermost);
    }

    /// Looks at the innermost scope. `look` calls nothing that asks for it again.
    fn with_innermost<R>(&self, look: impl FnOnce(Option<&Rc<Scope>>) -> R) -> R {
        let innermost = self.innermost.take();
        let seen = look(innermost.as_ref());
        self.innermost.set(innermost);
        seen
    }

    /// Whether a wait that begins at `now_ns` must not.
    pub(crate) fn is_interrupted(&self, is_unwinding: bool, now_ns: u64) -> bool {
        let unwind = self.unwind(is_unwinding);
        self.with_innermost(|innermost| self.is_interrupted_from(innermost.map(Rc::as_ref), unwind, now_ns))
    }

    /// Takes `word` back, which the party has armed, if the wait must not last; true if so. Its deadlines are left to
    /// its timer.
    ///
    /// Some operations wait more than once: a party that is woken for a lock may lose it to another. Whoever ends a
    /// party's waits in between finds none to end, and does not come again.
    pub(crate) fn end_at_once(&self, word: &Word, is_unwinding: bool) -> bool {
        // RE-CHECK: what ended the party's waits may have come since it last asked whether it may wait. But who has fired
        // the word has handed something over: that is the party's.
        self.is_interrupted(is_unwinding, 0) && word.disarm()
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
        scope.is_over(now_ns) && !self.is_interrupted_from(scope.outer.as_deref(), scope.entered_in, now_ns)
    }

    fn is_interrupted_from(&self, innermost: Option<&Scope>, unwind: Unwind, now_ns: u64) -> bool {
        let mut masked = false;
        let over = visible(innermost, unwind).any(|scope| {
            masked |= matches!(scope.end, End::Mask);
            !masked && scope.is_over(now_ns)
        });
        over || (!masked && unwind.is_none() && self.cancelled.get())
    }

    /// The nearest moment at which a visible scope is over.
    pub(crate) fn nearest_ns(&self, is_unwinding: bool) -> Option<u64> {
        let unwind = self.unwind(is_unwinding);
        self.with_innermost(|innermost| {
            let visible = visible(innermost.map(Rc::as_ref), unwind);
            let unmasked = visible.take_while(|scope| !matches!(scope.end, End::Mask));
            let moments = unmasked.filter_map(|scope| match scope.end {
                End::At(ns) => Some(ns),
                End::Flag(_) | End::Mask => None,
            });
            moments.min()
        })
    }

    fn unwind(&self, is_unwinding: bool) -> Unwind {
        is_unwinding.then(|| self.unwinds.get())
    }
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits")
            .field("any", &self.any.get())
            .field("cancelled", &self.cancelled.get())
            .finish()
    }
}

/// Leaves a scope.
struct Leave<'a> {
    limits: &'a Limits,
    scope: &'a Scope,
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.limits.enter(self.scope.outer.clone());
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
fn visible(innermost: Option<&Scope>, unwind: Unwind) -> impl Iterator<Item = &Scope> {
    let chain = core::iter::successors(innermost, |scope| scope.outer.as_deref());
    chain.take_while(move |scope| unwind.is_none() || scope.entered_in == unwind)
}
