//! Sending and receiving in `async` code. Dropped in the middle, such a future loses no message.
//!
//! A receiver may be handed a message that it never comes to fetch, because it is dropped first. Then the
//! message goes to the next receiver, or back to the front of the channel.
//!
//! Models: futures.

#![allow(unsafe_code, reason = "lends the channel a node that is pinned in the future")]

use core::future::Future;
use core::pin::Pin;
use core::ptr::NonNull;
use core::task::{Context, Poll};
use std::fmt;

use super::core::{Core, Received, Sent};
use super::error::{RecvError, SendError};
use super::{Receiver, Sender};
use crate::wait::future::FutureWaiter;
use crate::wait::list::Node;
use crate::wait::waiter::{Urgency, wake_if_any};
use crate::wait::word::Reason;

/// What [`Receiver::recv_async`] returns.
///
/// # Examples
/// ```
/// let (tx, rx) = moonfleet::channel::bounded(1);
/// tx.send(1).unwrap();
/// assert_eq!(moonfleet::block_on(rx.recv_async()), Ok(1));
/// ```
/// What must not compile: a message that cannot go elsewhere, going there; a future that waits, moved.
/// ```compile_fail,E0277
/// let (_tx, rx) = moonfleet::channel::bounded::<std::rc::Rc<u8>>(1);
/// let received = rx.recv_async();
/// std::thread::scope(|s| s.spawn(|| moonfleet::block_on(received)).join().is_ok());
/// ```
/// ```compile_fail,E0277
/// let (_tx, rx) = moonfleet::channel::bounded::<u8>(1);
/// let mut received = rx.recv_async();
/// let waits = std::pin::Pin::new(&mut received);
/// ```
#[must_use = "futures do nothing unless they are awaited"]
pub struct RecvFuture<'a, T> {
    core: &'a Core<T>,
    waiting: FutureWaiter,
    /// INVARIANT(future-node): in place while the future waits, linked until it was fired.
    node: Option<Node<T>>,
}

/// What [`Sender::send_async`] returns.
///
/// # Examples
/// ```
/// let (tx, rx) = moonfleet::channel::bounded(1);
/// moonfleet::block_on(tx.send_async(1)).unwrap();
/// assert_eq!(rx.recv(), Ok(1));
/// ```
#[must_use = "futures do nothing unless they are awaited"]
pub struct SendFuture<'a, T> {
    core: &'a Core<T>,
    waiting: FutureWaiter,
    message: Option<T>,
    /// See future-node.
    node: Option<Node<T>>,
}

// SAFETY: the node is reached from elsewhere as the channel's protocol says, wherever the future is; what it
// carries may change threads if `T` may.
unsafe impl<T: Send> Send for RecvFuture<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for SendFuture<'_, T> {}

impl<T> Receiver<T> {
    /// Receives a message in `async` code, under any executor.
    ///
    /// Dropped before it is done, the future takes no message with it.
    ///
    /// **Shape** `async () → Result<T, RecvError>`
    /// # Errors
    /// [`RecvError`] if the channel is closed and drained.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = moonfleet::channel::rendezvous();
    /// std::thread::spawn(move || tx.send(7));
    /// assert_eq!(moonfleet::block_on(async { rx.recv_async().await }), Ok(7));
    /// ```
    pub fn recv_async(&self) -> RecvFuture<'_, T> {
        RecvFuture { core: self.core(), waiting: FutureWaiter::new(), node: None }
    }
}

impl<T> Sender<T> {
    /// Sends a message in `async` code, under any executor.
    ///
    /// Dropped before it is done, the future drops the message, and nobody receives it.
    ///
    /// **Shape** `async T → Result<(), SendError<T>>`
    /// # Errors
    /// [`SendError`] with the message if the channel is closed.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = moonfleet::channel::rendezvous();
    /// let receiver = std::thread::spawn(move || rx.recv());
    /// moonfleet::block_on(async { tx.send_async(7).await }).unwrap();
    /// assert_eq!(receiver.join().unwrap(), Ok(7));
    /// ```
    pub fn send_async(&self, message: T) -> SendFuture<'_, T> {
        SendFuture { core: self.core(), waiting: FutureWaiter::new(), message: Some(message), node: None }
    }
}

impl<T> Future for RecvFuture<'_, T> {
    type Output = Result<T, RecvError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: future-node — nothing is moved out but the node, after its wait has ended.
        let this = unsafe { self.get_unchecked_mut() };
        if let Some(node) = &mut this.node {
            let Some(_fired) = this.waiting.poll(context.waker()) else { return Poll::Pending };
            let received = node.take();
            this.node = None;
            return Poll::Ready(received.ok_or(RecvError));
        }
        this.waiting.begin(context.waker());
        let node = this.node.insert(Node::new(this.waiting.waiter(), 0, None));
        // SAFETY: node-lives — future-node, and `drop` unlinks it.
        let received = unsafe { this.core.receive_or_park(node) };
        let result = match received {
            None => return Poll::Pending,
            Some(Received::Done(message, wake)) => {
                wake_if_any(wake, Urgency::Queued);
                Ok(message)
            }
            Some(Received::Closed | Received::Empty) => Err(RecvError),
        };
        this.waiting.waiter().word().rest();
        this.node = None;
        Poll::Ready(result)
    }
}

impl<T> Future for SendFuture<'_, T> {
    type Output = Result<(), SendError<T>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: future-node — nothing is moved out but the node, after its wait has ended, and the message,
        // which is not pinned.
        let this = unsafe { self.get_unchecked_mut() };
        if let Some(node) = &mut this.node {
            let Some(_fired) = this.waiting.poll(context.waker()) else { return Poll::Pending };
            let unsent = node.take();
            this.node = None;
            return Poll::Ready(unsent.map_or(Ok(()), |message| Err(SendError(message))));
        }
        let message = this.message.take().expect("a `SendFuture` was polled after it was done");
        this.waiting.begin(context.waker());
        let node = this.node.insert(Node::new(this.waiting.waiter(), 0, None));
        // SAFETY: node-lives — future-node, and `drop` unlinks it.
        let sent = unsafe { this.core.send_or_park(message, node) };
        let result = match sent {
            None => return Poll::Pending,
            Some(Sent::Done(wake)) => {
                wake_if_any(wake, Urgency::Queued);
                Ok(())
            }
            Some(Sent::Closed(message) | Sent::Full(message) | Sent::NoRoom(message)) => {
                Err(SendError(message))
            }
        };
        this.waiting.waiter().word().rest();
        this.node = None;
        Poll::Ready(result)
    }
}

impl<T> Drop for RecvFuture<'_, T> {
    fn drop(&mut self) {
        let Some(node) = &mut self.node else { return };
        match self.waiting.give_up() {
            // SAFETY: the node was parked as a receiver of this channel.
            None => unsafe { self.core.state().lock().unpark_receiver(NonNull::from(node)) },
            Some(Reason::Arm(_) | Reason::TimedOut | Reason::Cancelled) => {
                if let Some(message) = node.take() {
                    self.core.put_back(message);
                }
            }
        }
    }
}

impl<T> Drop for SendFuture<'_, T> {
    fn drop(&mut self) {
        let Some(node) = &mut self.node else { return };
        if self.waiting.give_up().is_none() {
            // SAFETY: the node was parked as a sender of this channel.
            unsafe { self.core.state().lock().unpark_sender(NonNull::from(node)) };
        }
    }
}

impl<T> fmt::Debug for RecvFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvFuture").field("waits", &self.node.is_some()).finish()
    }
}

impl<T> fmt::Debug for SendFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendFuture").field("waits", &self.node.is_some()).finish()
    }
}
