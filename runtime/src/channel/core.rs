//! The core of every channel: a buffer (possibly of size zero) and two FIFO lists of parked parties, under
//! one tiny lock. `bounded`, `rendezvous` and `unbounded` differ in nothing but the buffer's bound.
//!
//! # Hand-off
//! A sender that finds a parked receiver fires it and writes straight into its slot. A receiver that frees
//! a place in the buffer moves the first parked sender's message into it; without a buffer it takes that
//! message itself. So messages are received in the order of the sends, and a parked party is never
//! overtaken. INVARIANT(channel-order): receivers are parked only while the buffer is empty and no sender
//! is parked; senders are parked only while the buffer is full.
//!
//! Nothing here suspends. Attempts return the [`Wake`] that the caller owes after unlocking; closing, which
//! may owe any number of them, performs them itself, each with the lock free.
//!
//! Models: core.

#![allow(unsafe_code, reason = "links stack nodes under the lock")]

use core::ptr::NonNull;
use std::collections::LinkedList;

use super::buffer::{Buffer, NotPushed, Segment};
use crate::wait::list::{List, Node};
use crate::wait::lock::Lock;
use crate::wait::waiter::{Urgency, Wake, wake_if_any};

/// What the two ends of a channel share.
#[derive(Debug)]
pub(crate) struct Core<T> {
    state: Lock<State<T>>,
    bound: usize,
}

/// What the lock guards.
#[derive(Debug)]
///
/// The lists come first: together with the lock's word they fill one cache line, and a rendezvous touches
/// no other.
#[repr(C)]
pub(crate) struct State<T> {
    senders: List<T>,
    receivers: List<T>,
    closed: bool,
    buffer: Buffer<T>,
}

/// What an attempt to send came to.
#[derive(Debug)]
pub(crate) enum Sent<T> {
    /// The channel took the message; a receiver may have to be woken.
    Done(Option<Wake>),
    /// No place and no receiver.
    Full(T),
    /// The channel is closed.
    Closed(T),
    /// A segment must be allocated before the message can be buffered.
    NoRoom(T),
}

/// What an attempt to receive came to.
#[derive(Debug)]
pub(crate) enum Received<T> {
    /// A message; a sender may have to be woken.
    Done(T, Option<Wake>),
    /// Nothing to receive yet.
    Empty,
    /// The channel is closed and drained.
    Closed,
}

impl<T> State<T> {
    /// Tries to send.
    #[inline]
    pub(crate) fn send(&mut self, message: T) -> Sent<T> {
        if self.closed {
            return Sent::Closed(message);
        }
        // SAFETY: list-lock — `&mut State` is reached only by holding the lock.
        if let Some(fired) = unsafe { self.receivers.fire_first() } {
            return Sent::Done(Some(fired.fill(message)));
        }
        match self.buffer.push(message) {
            Ok(()) => Sent::Done(None),
            Err(NotPushed::Full(message)) => Sent::Full(message),
            Err(NotPushed::NoRoom(message)) => Sent::NoRoom(message),
        }
    }

    /// Tries to receive.
    #[inline]
    pub(crate) fn receive(&mut self) -> Received<T> {
        let oldest = self.buffer.pop();
        if oldest.is_some() && self.buffer.is_full() {
            // It was one that had come back: no place was freed for a parked sender.
            return oldest.map_or(Received::Empty, |message| Received::Done(message, None));
        }
        // SAFETY: list-lock — `&mut State` is reached only by holding the lock.
        let Some(sender) = (unsafe { self.senders.fire_first() }) else {
            return match oldest {
                Some(message) => Received::Done(message, None),
                None if self.closed => Received::Closed,
                None => Received::Empty,
            };
        };
        let (offered, wake) = sender.empty();
        match oldest {
            None => Received::Done(offered, Some(wake)),
            Some(message) => {
                let moved = self.buffer.push(offered);
                debug_assert!(moved.is_ok(), "a place was freed just now");
                Received::Done(message, Some(wake))
            }
        }
    }

    /// Hands on a message that was taken by a receiver that did not come to fetch it, or puts it back.
    pub(crate) fn put_back(&mut self, message: LinkedList<T>) -> Option<Wake> {
        // SAFETY: list-lock — `&mut State` is reached only by holding the lock.
        match unsafe { self.receivers.fire_first() } {
            Some(fired) => message.into_iter().next().map(|message| fired.fill(message)),
            None => {
                self.buffer.put_back(message);
                None
            }
        }
    }

    /// Parks a receiver.
    ///
    /// # Safety
    /// Node-lives for `node`; the last attempt under this lock found nothing to receive.
    #[inline]
    pub(crate) unsafe fn park_receiver(&mut self, node: NonNull<Node<T>>) {
        // SAFETY: list-lock — `&mut State` is reached only by holding the lock; node-lives by the caller.
        unsafe { self.receivers.push_back(node) };
    }

    /// Parks a sender, whose message is in the node's slot.
    ///
    /// # Safety
    /// Node-lives for `node`; the last attempt under this lock found the channel full.
    #[inline]
    pub(crate) unsafe fn park_sender(&mut self, node: NonNull<Node<T>>) {
        // SAFETY: list-lock — `&mut State` is reached only by holding the lock; node-lives by the caller.
        unsafe { self.senders.push_back(node) };
    }

    /// Unlinks a receiver whose wait ended otherwise.
    ///
    /// # Safety
    /// `node` was parked as a receiver of this channel.
    pub(crate) unsafe fn unpark_receiver(&mut self, node: NonNull<Node<T>>) {
        // SAFETY: list-lock, and the caller's promise.
        unsafe { self.receivers.unlink(node) };
    }

    /// Unlinks a sender whose wait ended otherwise.
    ///
    /// # Safety
    /// `node` was parked as a sender of this channel.
    pub(crate) unsafe fn unpark_sender(&mut self, node: NonNull<Node<T>>) {
        // SAFETY: list-lock, and the caller's promise.
        unsafe { self.senders.unlink(node) };
    }

    /// The next wake that a closed channel owes: first to its receivers, then to its senders.
    fn next_released(&mut self) -> Option<Wake> {
        // SAFETY: list-lock — `&mut State` is reached only by holding the lock.
        let receiver = unsafe { self.receivers.fire_first() };
        if let Some(fired) = receiver {
            return Some(fired.leave());
        }
        // SAFETY: list-lock — as above.
        unsafe { self.senders.fire_first() }.map(crate::wait::list::Fired::leave)
    }
}

impl<T> Core<T> {
    /// An open, empty channel for at most `bound` resting messages.
    pub(crate) fn new(bound: usize) -> Self {
        let buffer = Buffer::new(bound);
        let state = State { buffer, receivers: List::new(), senders: List::new(), closed: false };
        Self { state: Lock::new(state), bound }
    }

    /// The lock with the state in it.
    #[inline]
    pub(crate) fn state(&self) -> &Lock<State<T>> {
        &self.state
    }

    /// Sends without waiting: `Ok`, or the message back in `Full` or `Closed`.
    #[inline]
    pub(crate) fn try_send(&self, message: T) -> Sent<T> {
        let sent = self.state.lock().send(message);
        match sent {
            Sent::NoRoom(message) => self.send_with_new_segment(message),
            sent => sent,
        }
    }

    /// Receives without waiting.
    #[inline]
    pub(crate) fn try_receive(&self) -> Received<T> {
        self.state.lock().receive()
    }

    /// As [`State::put_back`].
    pub(crate) fn put_back(&self, message: T) {
        // The list node is allocated here, outside the lock.
        let message = LinkedList::from([message]);
        let wake = self.state.lock().put_back(message);
        wake_if_any(wake, Urgency::Next);
    }

    /// Sends, or parks `node` with the message in its slot (then the answer is `None`).
    ///
    /// # Safety
    /// The node's word is armed, its slot is empty, and it stays in place as node-lives demands.
    #[inline]
    pub(crate) unsafe fn send_or_park(&self, message: T, node: &mut Node<T>) -> Option<Sent<T>> {
        let mut state = self.state.lock();
        match state.send(message) {
            Sent::Full(message) => {
                node.offer(message);
                // SAFETY: node-lives by the caller; the attempt found the channel full.
                unsafe { state.park_sender(NonNull::from(node)) };
                None
            }
            Sent::NoRoom(message) => {
                drop(state);
                match self.send_with_new_segment(message) {
                    // Others filled the channel while the lock was free: park after all.
                    // SAFETY: the caller's promise, passed on.
                    Sent::Full(message) => unsafe { self.send_or_park(message, node) },
                    sent => Some(sent),
                }
            }
            sent => Some(sent),
        }
    }

    /// Receives, or parks `node` (then the answer is `None`).
    ///
    /// # Safety
    /// The node's word is armed, its slot is empty, and it stays in place as node-lives demands.
    #[inline]
    pub(crate) unsafe fn receive_or_park(&self, node: &mut Node<T>) -> Option<Received<T>> {
        let mut state = self.state.lock();
        match state.receive() {
            Received::Empty => {
                // SAFETY: node-lives by the caller; the attempt found nothing.
                unsafe { state.park_receiver(NonNull::from(node)) };
                None
            }
            received => Some(received),
        }
    }

    /// Closes the channel: parked senders and receivers wake and learn it; resting messages can still be
    /// received. False if it was closed already.
    pub(crate) fn close(&self) -> bool {
        let mut state = self.state.lock();
        if core::mem::replace(&mut state.closed, true) {
            return false;
        }
        drop(state);
        // Nobody parks on a closed channel, so the lists only shrink, and the lock is free between wakes.
        loop {
            let wake = self.state.lock().next_released();
            let Some(wake) = wake else { return true };
            wake.wake(Urgency::Queued);
        }
    }

    /// Closes the channel for want of receivers and drops the resting messages, outside the lock.
    pub(crate) fn close_and_discard(&self) {
        self.close();
        let rest = self.state.lock().buffer.take_all();
        drop(rest);
    }

    /// Whether the channel is closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.state.lock().closed
    }

    /// How many messages rest in the buffer.
    pub(crate) fn len(&self) -> usize {
        self.state.lock().buffer.len()
    }

    /// The bound; `usize::MAX` if there is none.
    pub(crate) fn bound(&self) -> usize {
        self.bound
    }

    #[cold]
    fn send_with_new_segment(&self, mut message: T) -> Sent<T> {
        loop {
            let mut segment = Segment::allocate();
            let mut state = self.state.lock();
            state.buffer.add_segment(&mut segment);
            match state.send(message) {
                // Others filled the new segment first, or it went to a channel that needs none.
                Sent::NoRoom(back) => message = back,
                sent => return sent,
            }
        }
    }
}
