//! An intrusive FIFO of wait nodes. Nodes live on the waiters' stacks; the list lives under a lock.
//!
//! ```text
//!   List { head ──▶ Node ⇄ Node ⇄ Node ◀── tail }      each Node ──▶ Waiter, arm number, value slot
//! ```
//! Linking, popping the head and unlinking from the middle are O(1), so a timeout or a cancel is cheap.
//!
//! Models: core, futures.

#![allow(unsafe_code, reason = "the links of an intrusive list are raw pointers")]

use core::marker::PhantomPinned;
use core::ptr::NonNull;

use super::waiter::{Waiter, Wake};
use super::word::Reason;
use crate::primitive::{UnsafeCell, prefetch};

/// One party in one wait list, with the slot through which a value of type `T` is handed over.
///
/// INVARIANT(node-lives): a linked node is not moved or freed; the party unlinks it, or was fired through
/// it, before its frame goes on.
/// INVARIANT(list-lock): `prev`, `next` and `linked` are touched only under the lock of the list the node
/// is (or was last) linked in.
/// INVARIANT(slot-owner): `slot` belongs to the party until the node is linked, to the holder of the lock
/// while it is linked, to the firer from a won fire to its wake, and to the party again afterwards.
#[derive(Debug)]
pub(crate) struct Node<T> {
    prev: Option<NonNull<Node<T>>>,
    next: Option<NonNull<Node<T>>>,
    linked: bool,
    waiter: NonNull<Waiter>,
    arm: usize,
    slot: UnsafeCell<Option<T>>,
    /// Others write to a linked node: `&mut Node` must not promise the compiler that nobody does.
    _linked_elsewhere: PhantomPinned,
}

impl<T> Node<T> {
    /// A node for arm number `arm` of the wait of `waiter`, with `slot` in its slot.
    pub(crate) fn new(waiter: &Waiter, arm: usize, slot: Option<T>) -> Self {
        let waiter = NonNull::from(waiter);
        Self {
            prev: None,
            next: None,
            linked: false,
            waiter,
            arm,
            slot: UnsafeCell::new(slot),
            _linked_elsewhere: PhantomPinned,
        }
    }

    /// Puts a value to offer into the slot. For the party, before linking.
    #[inline]
    pub(crate) fn offer(&mut self, value: T) {
        let slot = self.slot.get_mut();
        // SAFETY: slot-owner — `&mut self` shows that the node is not linked; see `take`.
        *unsafe { slot.deref() } = Some(value);
    }

    /// Takes what is in the slot. For the party, before linking or after its wake.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<T> {
        let slot = self.slot.get_mut();
        // SAFETY: slot-owner — `&mut self` shows that the node is not linked: a linked node is borrowed by
        // its list through a pointer that the party may not alias until it is unlinked or woken.
        unsafe { slot.deref() }.take()
    }
}

/// A node that left its list because its waiter was fired: the slot is ours until the wake.
#[derive(Debug)]
#[must_use = "a fired waiter must be woken"]
pub(crate) struct Fired<T> {
    node: NonNull<Node<T>>,
    wake: Wake,
}

impl<T> Fired<T> {
    /// Hands `value` to the party, and gives the wake that is now owed.
    #[inline]
    pub(crate) fn fill(self, value: T) -> Wake {
        // SAFETY: node-lives, slot-owner — the waiter was fired through this node and is not woken yet.
        let slot = unsafe { self.node.as_ref() }.slot.get_mut();
        // SAFETY: slot-owner — see above. The slot of a receiving party is empty: no destructor runs here.
        *unsafe { slot.deref() } = Some(value);
        self.wake
    }

    /// Takes the value that the party offers, and gives the wake that is now owed.
    #[inline]
    pub(crate) fn empty(self) -> (T, Wake) {
        // SAFETY: node-lives, slot-owner — as in `fill`.
        let slot = unsafe { self.node.as_ref() }.slot.get_mut();
        // SAFETY: slot-owner — as in `fill`.
        let value = unsafe { slot.deref() }.take();
        (value.expect("a linked sender offers a value"), self.wake)
    }

    /// Leaves the slot as it is: the party learns from that that what it waited on was closed.
    #[inline]
    pub(crate) fn leave(self) -> Wake {
        self.wake
    }
}

/// A FIFO of linked nodes.
#[derive(Debug)]
pub(crate) struct List<T> {
    head: Option<NonNull<Node<T>>>,
    tail: Option<NonNull<Node<T>>>,
}

// SAFETY: list-lock — the list is used only under its lock, from whichever thread holds it; the values in
// the slots travel between threads, so they must be `Send`.
unsafe impl<T: Send> Send for List<T> {}

impl<T> List<T> {
    /// An empty list.
    pub(crate) const fn new() -> Self {
        Self { head: None, tail: None }
    }

    /// Links `node` at the tail.
    ///
    /// # Safety
    /// The caller holds the list's lock; the node is unlinked and stays in place as node-lives demands.
    #[inline]
    pub(crate) unsafe fn push_back(&mut self, mut node: NonNull<Node<T>>) {
        // SAFETY: list-lock — the caller's promise.
        let links = unsafe { node.as_mut() };
        debug_assert!(!links.linked, "a node is linked once");
        links.prev = self.tail;
        links.next = None;
        links.linked = true;
        match self.tail {
            // SAFETY: node-lives, list-lock — the tail is linked here, and we hold the lock.
            Some(mut tail) => unsafe { tail.as_mut() }.next = Some(node),
            None => self.head = Some(node),
        }
        self.tail = Some(node);
    }

    /// Links `node` at the head: for a party that has waited here before, and lost what it was woken for.
    ///
    /// # Safety
    /// As for [`List::push_back`].
    pub(crate) unsafe fn push_front(&mut self, mut node: NonNull<Node<T>>) {
        // SAFETY: list-lock — the caller's promise.
        let links = unsafe { node.as_mut() };
        debug_assert!(!links.linked, "a node is linked once");
        links.prev = None;
        links.next = self.head;
        links.linked = true;
        match self.head {
            // SAFETY: node-lives, list-lock — the head is linked here, and we hold the lock.
            Some(mut head) => unsafe { head.as_mut() }.prev = Some(node),
            None => self.tail = Some(node),
        }
        self.head = Some(node);
    }

    /// Whether no node is linked.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.head.is_none()
    }

    /// What the party at the head has in its slot.
    ///
    /// # Safety
    /// The caller holds the list's lock, for as long as it uses the answer.
    #[inline]
    pub(crate) unsafe fn front(&self) -> Option<&T> {
        let node = self.head?;
        // SAFETY: node-lives, list-lock — it is linked here, and the caller holds the lock.
        let access = unsafe { node.as_ref() }.slot.get_mut();
        // SAFETY: slot-owner — a linked node's slot is the lock holder's; we only look.
        unsafe { &*core::ptr::from_mut(access.deref()) }.as_ref()
    }

    /// Unlinks `node` if it is still linked; false if somebody has popped it.
    ///
    /// # Safety
    /// The caller holds the list's lock; if linked at all, the node is linked in this list.
    #[inline]
    pub(crate) unsafe fn unlink(&mut self, mut node: NonNull<Node<T>>) -> bool {
        // SAFETY: list-lock — the caller's promise.
        let links = unsafe { node.as_mut() };
        // RE-CHECK: who has fired the node since has unlinked it.
        if !links.linked {
            return false;
        }
        links.linked = false;
        let (prev, next) = (links.prev.take(), links.next.take());
        match prev {
            // SAFETY: node-lives, list-lock — neighbours are linked here, and we hold the lock.
            Some(mut prev) => unsafe { prev.as_mut() }.next = next,
            None => self.head = next,
        }
        match next {
            // SAFETY: node-lives, list-lock — as above.
            Some(mut next) => unsafe { next.as_mut() }.prev = prev,
            None => self.tail = prev,
        }
        true
    }

    /// Has the cache fetch what the next two pops will touch. Parties that wait in one list often live on
    /// another core, and each pop would miss twice: for the node, and for its waiter.
    #[inline]
    fn prefetch_head(&self) {
        let Some(head) = self.head else { return };
        // SAFETY: node-lives, list-lock — it is linked here, and we hold the lock.
        let head = unsafe { head.as_ref() };
        prefetch(head.waiter.as_ptr());
        if let Some(second) = head.next {
            prefetch(second.as_ptr());
        }
    }

    /// Unlinks the node at the head without firing its waiter, and takes what it had in its slot.
    ///
    /// # Safety
    /// The caller holds the list's lock.
    pub(crate) unsafe fn take_first(&mut self) -> Option<T> {
        let node = self.head?;
        // SAFETY: list-lock, node-lives — it is the head, and the caller holds the lock.
        unsafe { self.unlink(node) };
        // SAFETY: node-lives — its party cannot go on while we hold the lock that it must take to unlink.
        let slot = unsafe { node.as_ref() }.slot.get_mut();
        // SAFETY: slot-owner — the node was linked until just now, and we still hold the lock.
        unsafe { slot.deref() }.take()
    }

    /// Pops nodes from the head until one of their waiters can be fired; losers just leave the list.
    ///
    /// # Safety
    /// The caller holds the list's lock.
    #[inline]
    pub(crate) unsafe fn fire_first(&mut self) -> Option<Fired<T>> {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.fire_first_if(|_| true) }
    }

    /// As [`List::fire_first`], but stops at the first node whose slot `granted` refuses.
    ///
    /// # Safety
    /// The caller holds the list's lock.
    #[inline]
    pub(crate) unsafe fn fire_first_if(&mut self, granted: impl Fn(Option<&T>) -> bool) -> Option<Fired<T>> {
        while let Some(node) = self.head {
            // SAFETY: list-lock — the caller holds the lock, and the answer is used up here.
            if !granted(unsafe { self.front() }) {
                return None;
            }
            // SAFETY: list-lock, node-lives — it is the head, and the caller holds the lock.
            let unlinked = unsafe { self.unlink(node) };
            debug_assert!(unlinked, "the head is linked");
            self.prefetch_head();
            // SAFETY: node-lives — its party cannot go on while we hold the lock that it must take to
            // unlink the node, or before the wake that we owe it if we win.
            let (waiter, arm) = unsafe { (node.as_ref().waiter, node.as_ref().arm) };
            // SAFETY: waiter-lives — the node was linked under the lock that the caller holds.
            if let Some(wake) = unsafe { Waiter::fire(waiter, Reason::Arm(arm)) } {
                return Some(Fired { node, wake });
            }
        }
        None
    }
}
