//! A value handed over once: one side puts it, the other takes it or waits. Joins and oneshot channels.
//!
//! The value goes straight into the slot of a waiting receiver; otherwise it rests here. Either side may
//! leave: then the other learns `Closed`, and a value nobody took is given back to whoever closes last.

#![allow(unsafe_code, reason = "links stack nodes under the lock")]

use core::ptr::NonNull;

use super::list::{List, Node};
use super::lock::Lock;
use super::waiter::Wake;

/// The cell between the two sides.
#[derive(Debug)]
pub(crate) struct One<T> {
    state: Lock<State<T>>,
}

#[derive(Debug)]
struct State<T> {
    value: Option<T>,
    receiver: List<T>,
    closed: bool,
}

/// What an attempt to take found.
#[derive(Debug)]
pub(crate) enum Taken<T> {
    /// The value.
    Value(T),
    /// There is none, and there will be none.
    Closed,
    /// Not yet. If a node was given, it is linked now.
    Empty,
}

impl<T> One<T> {
    /// An open, empty cell.
    pub(crate) fn new() -> Self {
        Self { state: Lock::new(State { value: None, receiver: List::new(), closed: false }) }
    }

    /// Puts the value: into the waiting receiver's slot, or here. `Err` if the receiver has left.
    #[inline]
    pub(crate) fn put(&self, value: T) -> Result<Option<Wake>, T> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(value);
        }
        // Nothing follows the value: a receiver that comes later finds it first, then `closed`.
        state.closed = true;
        // SAFETY: list-lock — `state` is the guard of the list's lock.
        match unsafe { state.receiver.fire_first() } {
            Some(fired) => Ok(Some(fired.fill(value))),
            None => {
                state.value = Some(value);
                Ok(None)
            }
        }
    }

    /// Takes the value; if there is none yet, links `node` to wait for it.
    ///
    /// # Safety
    /// `node`, if given, is unlinked, its word is armed, and it stays in place as node-lives demands.
    #[inline]
    pub(crate) unsafe fn take_or_link(&self, node: Option<NonNull<Node<T>>>) -> Taken<T> {
        let mut state = self.state.lock();
        if let Some(value) = state.value.take() {
            return Taken::Value(value);
        }
        if state.closed {
            return Taken::Closed;
        }
        if let Some(node) = node {
            // SAFETY: list-lock — we hold the guard; the caller vouches for the node.
            unsafe { state.receiver.push_back(node) };
        }
        Taken::Empty
    }

    /// Takes the value if it is there.
    #[inline]
    pub(crate) fn try_take(&self) -> Taken<T> {
        // SAFETY: no node is given.
        unsafe { self.take_or_link(None) }
    }

    /// Unlinks a node whose wait ended for another reason.
    ///
    /// # Safety
    /// `node` was given to [`One::take_or_link`] of this cell.
    pub(crate) unsafe fn unlink(&self, node: NonNull<Node<T>>) {
        let mut state = self.state.lock();
        // SAFETY: list-lock — we hold the guard, and the node was linked nowhere else.
        unsafe { state.receiver.unlink(node) };
    }

    /// One side leaves. Gives the wake owed to a waiting receiver, and a value that nobody will take: the
    /// caller drops that outside the lock.
    pub(crate) fn close(&self) -> (Option<Wake>, Option<T>) {
        let mut state = self.state.lock();
        state.closed = true;
        // SAFETY: list-lock — `state` is the guard of the list's lock.
        let wake = unsafe { state.receiver.fire_first() }.map(super::list::Fired::leave);
        (wake, state.value.take())
    }

    /// Whether the value was put, or a side has left.
    pub(crate) fn is_closed(&self) -> bool {
        self.state.lock().closed
    }
}
