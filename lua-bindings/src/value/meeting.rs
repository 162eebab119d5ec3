//! [`Meeting`]: a channel between tasks of one Lua state, without a lock and without a copy.
//!
//! The tasks of a state share a worker and take turns, and their Lua threads share a heap. So a value goes from the
//! sender's Lua stack straight to the receiver's, whichever of the two had to wait. That is only for values that
//! look the same by reference as by copy, and for channels that no other state knows; the rest goes through
//! [`Handle`](super::Handle).
//!
//! A meeting is a rendezvous, or a channel of capacity one: then it has a shelf, on which one plain value may rest.
//! That is what a reply channel needs, and it takes no memory outside the userdata, so nothing has to be finalized.
//!
//! ```text
//!   Meeting ── senders   ──▶ Seat ⇄ Seat          Seat ──▶ Party: who waits, on which Lua stack, what came of it
//!           └─ receivers ──▶ Seat ⇄ …
//! ```
//! INVARIANT(seated): a seat is linked only while its party waits on the same native stack; it unlinks itself when
//! dropped, and nothing moves it in between. A party outlives its seats.

#![allow(unsafe_code, reason = "links seats that live on native stacks; moves values between Lua stacks")]

use std::cell::Cell;
use std::ffi::c_int;
use std::marker::PhantomPinned;
use std::ptr::NonNull;
use std::time::Instant;

use moonfleet::foreign::Cancelled;
use moonfleet::neighbour::{self, Neighbour};

use crate::raw::Frame;
use crate::value::scalar::Plain;

/// Where tasks of one state meet.
#[derive(Default)]
pub(crate) struct Meeting {
    senders: Queue,
    receivers: Queue,
    closed: Cell<bool>,
    shelf: Shelf,
}

/// The place for one value at rest.
#[derive(Clone, Copy, Default)]
enum Slot {
    /// There is no shelf: a rendezvous.
    #[default]
    None,
    Free,
    Taken(Plain),
}

#[derive(Default)]
struct Shelf(Cell<Slot>);

/// What an attempt to meet came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Met {
    /// A partner was there. For a receiver: that many values are on top of its stack.
    Yes(c_int),
    /// Nobody is there yet.
    NotYet,
    /// The message does not fit: on the shelf, because it is not a plain value, or on the receiver's Lua stack. A
    /// sender goes on with a handle; a receiver fails, and the message stays where it is.
    TooMuch,
    /// The channel is closed.
    Closed,
}

/// Why a party's wait ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    /// A partner came to the seat with this arm number. For a receiver: the arm number, if asked for, and the
    /// values are on top of its stack; this many in all.
    Met(c_int, c_int),
    /// The channel of that seat was closed.
    Closed(c_int),
    /// Something has changed that the party must see for itself, such as that other states know the channel now.
    Again,
    /// The deadline passed.
    TimedOut,
}

/// A task that waits in one or more seats.
pub(crate) struct Party<'a> {
    frame: Frame<'a>,
    neighbour: Neighbour,
    ending: Cell<Option<Ending>>,
}

/// The values that a sender offers: `count` of them on its Lua stack, from index `first`.
#[derive(Clone, Copy)]
pub(crate) struct Values {
    pub(crate) first: c_int,
    pub(crate) count: c_int,
}

/// One place in a queue.
pub(crate) struct Seat<'p> {
    party: &'p Party<'p>,
    arm: c_int,
    role: Role,
    queue: Cell<Option<NonNull<Queue>>>,
    prev: Cell<Option<NonNull<Seat<'p>>>>,
    next: Cell<Option<NonNull<Seat<'p>>>>,
    _stays: PhantomPinned,
}

/// What a seated party came for.
#[derive(Clone, Copy)]
pub(crate) enum Role {
    /// To send these values.
    Send(Values),
    /// To receive; in a select, with the arm number in front.
    Receive { numbered: bool },
}

/// Seated parties, first come first.
#[derive(Default)]
struct Queue {
    head: Cell<Option<NonNull<Seat<'static>>>>,
    tail: Cell<Option<NonNull<Seat<'static>>>>,
}

impl Meeting {
    /// A meeting with a shelf: a channel of capacity one.
    pub(crate) fn with_shelf() -> Self {
        Self { shelf: Shelf(Cell::new(Slot::Free)), ..Self::default() }
    }

    /// How many messages may rest here.
    pub(crate) fn capacity(&self) -> usize {
        usize::from(!matches!(self.shelf.0.get(), Slot::None))
    }

    /// Whether a send of these values never needs a handle. `[-0, +0, -]`
    pub(crate) fn could_keep(&self, frame: Frame<'_>, values: Values) -> bool {
        self.capacity() == 0 || (values.count == 1 && Plain::read(frame, values.first).is_some())
    }

    /// The value at rest.
    pub(crate) fn resting(&self) -> Option<Plain> {
        match self.shelf.0.get() {
            Slot::Taken(value) => Some(value),
            Slot::None | Slot::Free => None,
        }
    }

    /// Sends to the first receiver that waits, or puts the message on the shelf.
    #[inline]
    pub(crate) fn send(&self, frame: Frame<'_>, values: Values) -> Met {
        if self.closed.get() {
            return Met::Closed;
        }
        let Some(seat) = self.receivers.pop_waiting() else { return self.shelf.put(frame, values) };
        let numbered = matches!(seat.role, Role::Receive { numbered: true });
        if !hand_over(frame, values, seat.party.frame, numbered.then_some(seat.arm)) {
            self.receivers.push(seat);
            return Met::TooMuch;
        }
        seat.party.end(Ending::Met(seat.arm, values.count + c_int::from(numbered)));
        // SAFETY: seated — the party waits, and learns its ending before it leaves.
        unsafe { seat.party.neighbour.wake_next() };
        Met::Yes(0)
    }

    /// Receives from the first sender that waits; in a select, with the arm number in front.
    #[inline]
    pub(crate) fn receive(&self, frame: Frame<'_>, number: Option<c_int>) -> Met {
        if let Slot::Taken(value) = self.shelf.0.get() {
            self.shelf.0.set(Slot::Free);
            return self.receive_from_shelf(frame, value, number);
        }
        let Some(seat) = self.senders.pop_waiting() else {
            return if self.closed.get() { Met::Closed } else { Met::NotYet };
        };
        let Role::Send(values) = seat.role else { unreachable!("a receiver among the senders") };
        if !hand_over(seat.party.frame, values, frame, number) {
            self.senders.push(seat);
            return Met::TooMuch;
        }
        seat.party.end(Ending::Met(seat.arm, 0));
        // SAFETY: seated — as in `send`.
        unsafe { seat.party.neighbour.wake() };
        Met::Yes(values.count + c_int::from(number.is_some()))
    }

    /// Takes what rested on the shelf, and lets the first sender have the place. `[-0, +n, -]`
    #[inline]
    fn receive_from_shelf(&self, frame: Frame<'_>, value: Plain, number: Option<c_int>) -> Met {
        if let Some(number) = number {
            frame.push_integer(i64::from(number));
        }
        value.push(frame);
        if let Some(seat) = self.senders.pop_waiting() {
            let Role::Send(values) = seat.role else { unreachable!("a receiver among the senders") };
            let put = self.shelf.put(seat.party.frame, values);
            seat.party.end(if put == Met::TooMuch { Ending::Again } else { Ending::Met(seat.arm, 0) });
            // SAFETY: seated — as in `send`.
            unsafe { seat.party.neighbour.wake() };
        }
        Met::Yes(1 + c_int::from(number.is_some()))
    }

    /// Seats a party that found nobody.
    #[inline]
    pub(crate) fn seat(&self, seat: &Seat<'_>) {
        match seat.role {
            Role::Send(_) => self.senders.push(seat),
            Role::Receive { .. } => self.receivers.push(seat),
        }
    }

    /// Closes the meeting; false if it was closed.
    pub(crate) fn close(&self) -> bool {
        if self.closed.replace(true) {
            return false;
        }
        self.dismiss(|seat| Ending::Closed(seat.arm));
        true
    }

    /// Whether the meeting is closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.get()
    }

    /// Sends everybody away, to try again where other states can be met too.
    pub(crate) fn dissolve(&self) {
        self.dismiss(|_| Ending::Again);
    }

    fn dismiss(&self, ending: impl Fn(&Seat<'_>) -> Ending) {
        while let Some(seat) = self.receivers.pop_waiting().or_else(|| self.senders.pop_waiting()) {
            seat.party.end(ending(seat));
            // SAFETY: seated — as in `send`.
            unsafe { seat.party.neighbour.wake() };
        }
    }
}

impl Shelf {
    #[inline]
    fn put(&self, frame: Frame<'_>, values: Values) -> Met {
        if !matches!(self.0.get(), Slot::Free) {
            return Met::NotYet;
        }
        let value = (values.count == 1).then(|| Plain::read(frame, values.first)).flatten();
        value.map_or(Met::TooMuch, |value| {
            self.0.set(Slot::Taken(value));
            Met::Yes(0)
        })
    }
}

/// So many slots, and one more, are free on the Lua stack of every callback that sends, receives or selects: Lua
/// grants twenty, and select uses up to eleven or asks for more.
const FREE_SLOTS: c_int = Frame::COPIED_AT_ONCE;

/// Moves copies of a sender's values to a receiver's Lua stack, `number` in front; false if that cannot grow.
/// `[-0, +0, -]` for the sender, `[-0, +n, -]` for the receiver.
#[inline]
fn hand_over(from: Frame<'_>, values: Values, to: Frame<'_>, number: Option<c_int>) -> bool {
    if values.count > FREE_SLOTS && !to.reserve(values.count + 1) {
        return false;
    }
    if let Some(number) = number {
        to.push_integer(i64::from(number));
    }
    from.copy_to(to, values.first, values.count);
    true
}

impl<'a> Party<'a> {
    /// The running task, whose Lua stack `frame` shows; `None` outside a task.
    #[inline]
    pub(crate) fn new(frame: Frame<'a>) -> Option<Self> {
        Some(Self { frame, neighbour: Neighbour::current()?, ending: Cell::new(None) })
    }

    /// Waits until the party is met, dismissed, or `deadline` passes.
    #[inline]
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> Result<Ending, Cancelled> {
        let woken = neighbour::wait(deadline);
        // A meeting beats a timeout and a cancel: the values have changed hands.
        match (self.ending.get(), woken) {
            (Some(ending), _) => Ok(ending),
            (None, Ok(_)) => Ok(Ending::TimedOut),
            (None, Err(cancelled)) => Err(cancelled),
        }
    }

    /// Whether nothing has ended the wait. A party whose deadline has passed, or that was cancelled, is handed nothing.
    #[inline]
    fn still_waits(&self) -> bool {
        // SAFETY: seated — the party has not left its wait.
        self.ending.get().is_none() && unsafe { self.neighbour.is_waiting() }
    }

    #[inline]
    fn end(&self, ending: Ending) {
        self.ending.set(Some(ending));
    }
}

impl<'p> Seat<'p> {
    /// A seat for arm number `arm` of what `party` waits for.
    #[inline]
    pub(crate) fn new(party: &'p Party<'p>, arm: c_int, role: Role) -> Self {
        let (queue, prev, next) = (Cell::new(None), Cell::new(None), Cell::new(None));
        Self { party, arm, role, queue, prev, next, _stays: PhantomPinned }
    }

    #[inline]
    fn unlink(&self) {
        let Some(queue) = self.queue.take() else { return };
        // SAFETY: seated — the queue is in a userdata that the waiting call keeps on its Lua stack.
        let queue = unsafe { queue.as_ref() };
        let (prev, next) = (self.prev.take(), self.next.take());
        match prev {
            // SAFETY: seated — a linked neighbour is alive.
            Some(prev) => unsafe { prev.as_ref() }.next.set(next),
            None => queue.head.set(next.map(NonNull::cast)),
        }
        match next {
            // SAFETY: seated — a linked neighbour is alive.
            Some(next) => unsafe { next.as_ref() }.prev.set(prev),
            None => queue.tail.set(prev.map(NonNull::cast)),
        }
    }
}

impl Drop for Seat<'_> {
    #[inline]
    fn drop(&mut self) {
        self.unlink();
    }
}

impl Queue {
    #[inline]
    fn push(&self, seat: &Seat<'_>) {
        debug_assert!(seat.queue.get().is_none(), "a seat is linked once");
        let link: NonNull<Seat<'static>> = NonNull::from(seat).cast();
        let tail = self.tail.replace(Some(link));
        seat.queue.set(Some(NonNull::from(self)));
        seat.prev.set(tail.map(NonNull::cast));
        match tail {
            // SAFETY: seated — a linked seat is alive.
            Some(tail) => unsafe { tail.as_ref() }.next.set(Some(link)),
            None => self.head.set(Some(link)),
        }
    }

    /// Unlinks the first seat whose party still waits.
    #[inline]
    fn pop_waiting(&self) -> Option<&Seat<'static>> {
        while let Some(seat) = self.head.get() {
            // SAFETY: seated — a linked seat is alive, and its party waits: it cannot leave before it has run.
            let seat = unsafe { seat.as_ref() };
            seat.unlink();
            if seat.party.still_waits() {
                return Some(seat);
            }
        }
        None
    }
}
