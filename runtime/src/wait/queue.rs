//! A state and the FIFO of parties that wait for it to change, under one tiny lock: what `sync` is made of.
//!
//! Whoever changes the state decides under the lock whose wait ends by that, and wakes those parties after
//! unlocking. A party that waits leaves in its slot what it *wants* (how many permits, read or write), so
//! that the decision can be made for it; it finds there what it was given.
//!
//! Models: queue, semaphore.

#![allow(unsafe_code, reason = "links stack nodes under the lock")]

use core::ptr::NonNull;

use super::list::{Fired, List, Node};
use super::lock::{Guard, Lock};
use crate::primitive::const_fn;

/// A state of type `S`, and parties that want a `W`.
#[derive(Debug)]
pub(crate) struct Queue<S, W = ()> {
    inner: Lock<Inner<S, W>>,
}

/// What the lock guards. INVARIANT(queue-lock): `&mut Inner` exists only inside [`Queue::lock`]'s guard.
#[derive(Debug)]
pub(crate) struct Inner<S, W> {
    /// What the parties wait for.
    pub(crate) state: S,
    waiting: List<W>,
}

/// Where a party that has to wait stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Behind all others.
    Last,
    /// Before all others: it has waited before, and somebody was faster when it was woken.
    First,
}

impl<S, W> Inner<S, W> {
    /// Whether nobody waits.
    #[inline]
    pub(crate) fn is_deserted(&self) -> bool {
        self.waiting.is_empty()
    }

    /// What the party that waits longest wants.
    pub(crate) fn first_wish(&self) -> Option<&W> {
        // SAFETY: list-lock — queue-lock: we are inside the guard, and the answer borrows from it.
        unsafe { self.waiting.front() }
    }

    /// Ends the wait of the party that waits longest; `None` if nobody waits. Wake it after unlocking.
    #[inline]
    pub(crate) fn fire_first(&mut self) -> Option<Fired<W>> {
        // SAFETY: list-lock — queue-lock: we are inside the guard.
        unsafe { self.waiting.fire_first() }
    }

    /// The same, if what that party wants is `granted`; otherwise it goes on waiting, and so do all behind it.
    ///
    /// A party whose wait has just ended otherwise may stand first and want too much: when it has unlinked
    /// itself, it must see to those who stood behind it.
    #[inline]
    pub(crate) fn fire_first_if(&mut self, granted: impl Fn(&W) -> bool) -> Option<Fired<W>> {
        // SAFETY: list-lock — queue-lock: we are inside the guard.
        unsafe { self.waiting.fire_first_if(|wish| wish.is_some_and(&granted)) }
    }

    /// Takes the first party out without ending its wait, if it waits at all; gives what it had left here.
    pub(crate) fn take_first(&mut self) -> Option<W> {
        // SAFETY: list-lock — queue-lock: we are inside the guard.
        unsafe { self.waiting.take_first() }
    }
}

impl<S, W> Queue<S, W> {
    const_fn! {
        /// A queue in which nobody waits.
        pub(crate) fn new(state: S) -> Self {
            Self { inner: Lock::new(Inner { state, waiting: List::new() }) }
        }
    }

    /// Takes the lock: for a few instructions, without suspending, allocating, or calling the user's code.
    #[inline]
    pub(crate) fn lock(&self) -> Guard<'_, Inner<S, W>> {
        self.inner.lock()
    }

    /// Under the lock: gives what `attempt` gives, or, if that is nothing, links `node`.
    ///
    /// # Safety
    /// The node stays in place as node-lives demands, and its slot holds what the party wants. If parties of
    /// this queue are fired, its word is armed.
    #[inline]
    pub(crate) unsafe fn try_or_link<R>(
        &self,
        node: &mut Node<W>,
        place: Place,
        attempt: impl FnOnce(&mut Inner<S, W>) -> Option<R>,
    ) -> Option<R> {
        let mut inner = self.inner.lock();
        let done = attempt(&mut inner);
        if done.is_none() {
            let node = NonNull::from(node);
            match place {
                // SAFETY: list-lock — queue-lock; node-lives by the caller.
                Place::Last => unsafe { inner.waiting.push_back(node) },
                // SAFETY: as above.
                Place::First => unsafe { inner.waiting.push_front(node) },
            }
        }
        done
    }

    /// As [`Queue::try_or_link`], for a wish that is made under the lock: `attempt` gives what is done, or the
    /// wish to link `node` with, behind all others.
    ///
    /// # Safety
    /// The node's word is armed, its slot is empty, and it stays in place as node-lives demands.
    #[inline]
    pub(crate) unsafe fn try_or_wish<R>(
        &self,
        node: &mut Node<W>,
        attempt: impl FnOnce(&mut Inner<S, W>) -> Result<R, W>,
    ) -> Option<R> {
        let mut inner = self.inner.lock();
        match attempt(&mut inner) {
            Ok(done) => Some(done),
            Err(wish) => {
                node.offer(wish);
                // SAFETY: list-lock — queue-lock; node-lives by the caller.
                unsafe { inner.waiting.push_back(NonNull::from(node)) };
                None
            }
        }
    }

    /// Unlinks the node of a party whose wait ended otherwise.
    ///
    /// # Safety
    /// `node` was linked by [`Queue::try_or_link`] or [`Queue::try_or_wish`] of this queue.
    pub(crate) unsafe fn unlink(&self, node: &mut Node<W>) {
        // SAFETY: list-lock — held by the guard; the node is of this list by the caller.
        unsafe { self.inner.lock().waiting.unlink(NonNull::from(node)) };
    }
}
