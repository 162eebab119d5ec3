//! One arm of a select: a send or a receive on one channel, with the message it owns.
//!
//! Models: select.

#![allow(unsafe_code, reason = "holds several channel locks at once and lends them stack nodes")]

use std::fmt;
use std::ptr::NonNull;

use crate::channel::core::{Core, Received, Sent};
use crate::channel::{Receiver, RecvError, SendError, Sender};
use crate::wait::list::Node;
use crate::wait::waiter::{Urgency, Waiter, Wake, wake_if_any};

/// An operation that a select may do: [`RecvArm`] or [`SendArm`].
///
/// The trait is sealed: its methods are a protocol between the arms and [`select`](fn@super::select).
///
/// # Examples
/// ```
/// use moonfleet::select::{Arm, RecvArm};
///
/// let (_tx, rx) = moonfleet::channel::bounded::<u8>(1);
/// let mut arm = RecvArm::new(&rx);
/// let _arms: [&mut dyn Arm; 1] = [&mut arm];
/// ```
#[allow(private_bounds, reason = "sealed")]
pub trait Arm: Operation {}

/// What an attempt under the lock came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// It was done.
    Done,
    /// It would have to wait.
    NotReady,
    /// It must be tried once without the locks, because memory has to be allocated.
    Unlocked,
}

/// The steps of a select. INVARIANT(arm-locked): methods named `_locked` are called between `lock` and
/// `unlock` of the arm's channel, by the select that did so.
pub(crate) trait Operation {
    /// The channel, for ordering and telling apart.
    fn address(&self) -> usize;
    /// Takes the channel's lock.
    fn lock(&self);
    /// Frees the channel's lock.
    fn unlock(&self);
    /// Tries the operation on its own; true if it was done.
    fn attempt(&mut self) -> bool;
    /// Tries the operation; a wake it owes is kept for `settle`.
    fn attempt_locked(&mut self) -> Attempt;
    /// Parks a node for arm number `index` of the wait of `waiter`.
    fn park_locked(&mut self, waiter: &Waiter, index: usize);
    /// Performs the wake kept by `attempt_locked`, after the locks were freed.
    fn settle(&mut self);
    /// After the wait: keeps the result if this arm `fired`, else takes the node back.
    fn conclude(&mut self, fired: bool);
}

/// Receive from a channel.
///
/// # Examples
/// ```
/// use moonfleet::select::{RecvArm, Wait, select};
///
/// let (tx, rx) = moonfleet::channel::bounded(1);
/// tx.send('!').unwrap();
/// let mut arm = RecvArm::new(&rx);
/// select(&mut [&mut arm], Wait::Forever);
/// assert_eq!(arm.take(), Some(Ok('!')));
/// ```
pub struct RecvArm<'a, T> {
    core: &'a Core<T>,
    result: Option<Result<T, RecvError>>,
    node: Option<Node<T>>,
    owed: Option<Wake>,
}

/// Send a message into a channel.
///
/// # Examples
/// ```
/// use moonfleet::select::{SendArm, Selected, Wait, select};
///
/// let (tx, _rx) = moonfleet::channel::rendezvous();
/// let mut arm = SendArm::new(&tx, "message");
/// assert_eq!(select(&mut [&mut arm], Wait::Poll), Selected::WouldBlock);
/// assert_eq!(arm.into_message(), Some("message"));
/// ```
pub struct SendArm<'a, T> {
    core: &'a Core<T>,
    message: Option<T>,
    result: Option<Result<(), SendError<T>>>,
    node: Option<Node<T>>,
    owed: Option<Wake>,
}

impl<'a, T> RecvArm<'a, T> {
    /// An arm that receives from `receiver`.
    ///
    /// # Examples
    /// ```
    /// let (_tx, rx) = moonfleet::channel::bounded::<u8>(1);
    /// let arm = moonfleet::select::RecvArm::new(&rx);
    /// # drop(arm);
    /// ```
    #[inline]
    #[must_use]
    pub fn new(receiver: &'a Receiver<T>) -> Self {
        Self { core: receiver.core(), result: None, node: None, owed: None }
    }

    /// The result, if the arm has fired and it was not taken yet.
    ///
    /// # Errors
    /// [`RecvError`] inside: the channel is closed and drained.
    ///
    /// # Examples
    /// ```
    /// let (_tx, rx) = moonfleet::channel::bounded::<u8>(1);
    /// assert_eq!(moonfleet::select::RecvArm::new(&rx).take(), None);
    /// ```
    #[inline]
    pub fn take(&mut self) -> Option<Result<T, RecvError>> {
        self.result.take()
    }
}

impl<'a, T> SendArm<'a, T> {
    /// An arm that sends `message` by `sender`.
    ///
    /// # Examples
    /// ```
    /// let (tx, _rx) = moonfleet::channel::bounded(1);
    /// let arm = moonfleet::select::SendArm::new(&tx, 1);
    /// # drop(arm);
    /// ```
    #[inline]
    #[must_use]
    pub fn new(sender: &'a Sender<T>, message: T) -> Self {
        Self { core: sender.core(), message: Some(message), result: None, node: None, owed: None }
    }

    /// The result, if the arm has fired and it was not taken yet.
    ///
    /// # Errors
    /// [`SendError`] inside, with the message: the channel is closed.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::select::{SendArm, Wait, select};
    ///
    /// let (tx, rx) = moonfleet::channel::bounded(1);
    /// let mut arm = SendArm::new(&tx, 1);
    /// select(&mut [&mut arm], Wait::Forever);
    /// assert_eq!(arm.take(), Some(Ok(())));
    /// assert_eq!(rx.recv(), Ok(1));
    /// ```
    #[inline]
    pub fn take(&mut self) -> Option<Result<(), SendError<T>>> {
        self.result.take()
    }

    /// The message, if the arm did not fire.
    ///
    /// # Examples
    /// ```
    /// let (tx, _rx) = moonfleet::channel::bounded(1);
    /// assert_eq!(moonfleet::select::SendArm::new(&tx, 1).into_message(), Some(1));
    /// ```
    #[must_use]
    pub fn into_message(self) -> Option<T> {
        self.message
    }
}

impl<T> Arm for RecvArm<'_, T> {}
impl<T> Arm for SendArm<'_, T> {}

impl<T> RecvArm<'_, T> {
    /// Keeps what an attempt received; the wake it owes, if it was done.
    #[inline]
    fn note(&mut self, received: Received<T>) -> Option<Option<Wake>> {
        let (result, wake) = match received {
            Received::Done(message, wake) => (Ok(message), wake),
            Received::Closed => (Err(RecvError), None),
            Received::Empty => return None,
        };
        self.result = Some(result);
        Some(wake)
    }
}

impl<T> Operation for RecvArm<'_, T> {
    fn address(&self) -> usize {
        core::ptr::from_ref(self.core).addr()
    }

    fn lock(&self) {
        // SAFETY: `select` calls `unlock` after it, on the same thread.
        unsafe { self.core.state().acquire_raw() };
    }

    fn unlock(&self) {
        // SAFETY: arm-locked — `select` has called `lock`, and the accesses of the steps between are over.
        unsafe { self.core.state().release() };
    }

    #[inline]
    fn attempt(&mut self) -> bool {
        let received = self.core.try_receive();
        self.note(received).map(|wake| wake_if_any(wake, Urgency::Queued)).is_some()
    }

    fn attempt_locked(&mut self) -> Attempt {
        // SAFETY: arm-locked.
        let access = unsafe { self.core.state().held() };
        // SAFETY: arm-locked — the only access while this statement runs.
        let received = unsafe { access.deref() }.receive();
        match self.note(received) {
            Some(wake) => {
                self.owed = wake;
                Attempt::Done
            }
            None => Attempt::NotReady,
        }
    }

    fn park_locked(&mut self, waiter: &Waiter, index: usize) {
        let node = NonNull::from(self.node.insert(Node::new(waiter, index, None)));
        // SAFETY: arm-locked.
        let access = unsafe { self.core.state().held() };
        // SAFETY: arm-locked; node-lives — `select` keeps the arm borrowed until `conclude`; the attempt
        // under this lock found nothing.
        unsafe { access.deref().park_receiver(node) };
    }

    fn settle(&mut self) {
        wake_if_any(self.owed.take(), Urgency::Queued);
    }

    fn conclude(&mut self, fired: bool) {
        let Some(node) = &mut self.node else { return };
        if fired {
            self.result = Some(node.take().ok_or(RecvError));
        } else {
            // SAFETY: the node was parked as a receiver of this channel.
            unsafe { self.core.state().lock().unpark_receiver(NonNull::from(node)) };
        }
        self.node = None;
    }
}

impl<T> SendArm<'_, T> {
    /// Keeps what became of the message; the wake owed, if it was sent or the channel is closed.
    #[inline]
    fn note(&mut self, sent: Sent<T>) -> Result<Option<Wake>, Attempt> {
        match sent {
            Sent::Done(wake) => {
                self.result = Some(Ok(()));
                Ok(wake)
            }
            Sent::Closed(message) => {
                self.result = Some(Err(SendError(message)));
                Ok(None)
            }
            Sent::Full(message) => {
                self.message = Some(message);
                Err(Attempt::NotReady)
            }
            Sent::NoRoom(message) => {
                self.message = Some(message);
                Err(Attempt::Unlocked)
            }
        }
    }
}

impl<T> Operation for SendArm<'_, T> {
    fn address(&self) -> usize {
        core::ptr::from_ref(self.core).addr()
    }

    fn lock(&self) {
        // SAFETY: `select` calls `unlock` after it, on the same thread.
        unsafe { self.core.state().acquire_raw() };
    }

    fn unlock(&self) {
        // SAFETY: arm-locked — `select` has called `lock`, and the accesses of the steps between are over.
        unsafe { self.core.state().release() };
    }

    #[inline]
    fn attempt(&mut self) -> bool {
        let Some(message) = self.message.take() else { return false };
        let sent = self.core.try_send(message);
        self.note(sent).map(|wake| wake_if_any(wake, Urgency::Next)).is_ok()
    }

    fn attempt_locked(&mut self) -> Attempt {
        let Some(message) = self.message.take() else { return Attempt::NotReady };
        // SAFETY: arm-locked.
        let access = unsafe { self.core.state().held() };
        // SAFETY: arm-locked — the only access while this statement runs.
        let sent = unsafe { access.deref() }.send(message);
        match self.note(sent) {
            Ok(wake) => {
                self.owed = wake;
                Attempt::Done
            }
            Err(attempt) => attempt,
        }
    }

    fn park_locked(&mut self, waiter: &Waiter, index: usize) {
        let node = NonNull::from(self.node.insert(Node::new(waiter, index, self.message.take())));
        // SAFETY: arm-locked.
        let access = unsafe { self.core.state().held() };
        // SAFETY: arm-locked; node-lives — `select` keeps the arm borrowed until `conclude`; the attempt
        // under this lock found the channel full.
        unsafe { access.deref().park_sender(node) };
    }

    fn settle(&mut self) {
        wake_if_any(self.owed.take(), Urgency::Next);
    }

    fn conclude(&mut self, fired: bool) {
        let Some(node) = &mut self.node else { return };
        if fired {
            self.result = Some(node.take().map_or(Ok(()), |message| Err(SendError(message))));
        } else {
            // SAFETY: the node was parked as a sender of this channel.
            unsafe { self.core.state().lock().unpark_sender(NonNull::from(&mut *node)) };
            self.message = node.take();
        }
        self.node = None;
    }
}

impl<T> fmt::Debug for RecvArm<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvArm").field("fired", &self.result.is_some()).finish()
    }
}

impl<T> fmt::Debug for SendArm<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendArm").field("fired", &self.result.is_some()).finish()
    }
}
