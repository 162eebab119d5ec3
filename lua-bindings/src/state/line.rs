//! [`Line`]: tasks of one state that wait for something to be granted, first come, first served.
//!
//! What locks of one state need: its tasks take turns on one worker, so there is nothing to lock. Each place in the line
//! is on the native stack of the task that waits.
//!
//! INVARIANT(placed): a place is linked only while its task waits on the same native stack; it unlinks itself when
//! dropped, and nothing moves it in between. The line is in a userdata that the waiting call keeps on its Lua stack.

#![allow(unsafe_code, reason = "links places that live on native stacks")]

use std::cell::Cell;
use std::marker::PhantomPinned;
use std::ptr::NonNull;
use std::time::Instant;

use moonfleet::foreign::Cancelled;
use moonfleet::neighbour::{self, Neighbour};

use crate::raw::{Frame, Raise};
use crate::state::{Local, Wait};

/// Waiting tasks, first come first.
#[derive(Default)]
pub(crate) struct Line {
    head: Cell<Option<NonNull<Place>>>,
    tail: Cell<Option<NonNull<Place>>>,
}

/// One place in a line.
struct Place {
    neighbour: Neighbour,
    /// The number of the task.
    task: u64,
    is_granted: Cell<bool>,
    line: Cell<Option<NonNull<Line>>>,
    prev: Cell<Option<NonNull<Place>>>,
    next: Cell<Option<NonNull<Place>>>,
    _stays: PhantomPinned,
}

/// How a wait in a line has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Turn {
    /// It was granted. That beats a timeout and a cancel.
    Granted,
    TimedOut,
    Cancelled,
}

impl Line {
    /// Joins the line, until somebody [`grant`](Self::grant)s or `deadline` passes.
    pub(crate) fn wait(
        &self,
        frame: Frame<'_>,
        what: &'static &'static str,
        deadline: Option<Instant>,
    ) -> Result<Turn, Raise> {
        let local = Local::of(frame);
        let neighbour = Neighbour::current().ok_or_else(|| Raise::error("nobody waits outside a task"))?;
        let place = Place {
            neighbour,
            task: local.running().number(),
            is_granted: Cell::new(false),
            line: Cell::new(None),
            prev: Cell::new(None),
            next: Cell::new(None),
            _stays: PhantomPinned,
        };
        self.push(&place);
        let woken = local.wait(frame, Wait::inside(what, deadline), || neighbour::wait(deadline))?;
        Ok(match woken {
            _ if place.is_granted.get() => Turn::Granted,
            Ok(_) => Turn::TimedOut,
            Err(Cancelled) => Turn::Cancelled,
        })
    }

    /// Grants the first who waits what it waits for: the number of its task.
    pub(crate) fn grant(&self) -> Option<u64> {
        while let Some(place) = self.head.get() {
            // SAFETY: placed — a linked place is alive, and its task waits: it cannot leave before it has run.
            let place = unsafe { place.as_ref() };
            place.unlink();
            // SAFETY: placed — as above.
            if unsafe { place.neighbour.wake() } {
                place.is_granted.set(true);
                return Some(place.task);
            }
        }
        None
    }

    fn push(&self, place: &Place) {
        let link = NonNull::from(place);
        let tail = self.tail.replace(Some(link));
        place.line.set(Some(NonNull::from(self)));
        place.prev.set(tail);
        match tail {
            // SAFETY: placed — a linked place is alive.
            Some(tail) => unsafe { tail.as_ref() }.next.set(Some(link)),
            None => self.head.set(Some(link)),
        }
    }
}

impl Place {
    fn unlink(&self) {
        let Some(line) = self.line.take() else { return };
        // SAFETY: placed — the waiting call keeps the line alive.
        let line = unsafe { line.as_ref() };
        let (prev, next) = (self.prev.take(), self.next.take());
        match prev {
            // SAFETY: placed — a linked place is alive.
            Some(prev) => unsafe { prev.as_ref() }.next.set(next),
            None => line.head.set(next),
        }
        match next {
            // SAFETY: placed — a linked place is alive.
            Some(next) => unsafe { next.as_ref() }.prev.set(prev),
            None => line.tail.set(prev),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.unlink();
    }
}
