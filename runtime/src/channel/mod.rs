//! Channels: messages from any task or thread to any other, in the order of the sends.
//!
//! - [`rendezvous`]: no buffer; a send ends when a receiver has the message.
//! - [`bounded`]: up to `n` messages rest in the channel.
//! - [`unbounded`]: a send never waits.
//! - [`oneshot()`]: one message, one sender, one receiver.
//! - [`broadcast()`]: every receiver sees every message.
//! - [`watch()`]: one value, the latest, for all to see.
//!
//! All ends cross threads, and work from tasks and from plain OS threads alike; those of the first three clone.
//! Such a channel closes when either end closes it, or when the last sender or the last receiver is dropped.
//! Senders then get their message back; receivers drain what rests in it, then learn that it is closed.
//!
//! # Examples
//! ```
//! use moonfleet::channel;
//!
//! let sum = moonfleet::run(|| {
//!     let (tx, rx) = channel::rendezvous();
//!     for n in 1..=3 {
//!         let tx = tx.clone();
//!         moonfleet::spawn(move || tx.send(n));
//!     }
//!     drop(tx);
//!     rx.iter().sum::<i32>()
//! });
//! assert_eq!(sum, 6);
//! ```
//!
//! In this folder: `core` is the protocol, `buffer` the messages at rest, `blocking` the waits, `sender` and
//! `receiver` the public ends, `ends` what they share, `futures` and `polling` their `async` forms, `oneshot` and `error` what their names say.

pub(crate) mod buffer;
pub(crate) mod core;
pub(crate) mod blocking;
pub(crate) mod ends;
mod sender;
mod receiver;
mod futures;
pub(crate) mod polling;
pub mod oneshot;
pub mod broadcast;
pub mod watch;
mod error;

use std::sync::Arc;

pub use self::error::{RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError};
pub use self::futures::{RecvFuture, SendFuture};
pub use self::receiver::{Iter, Receiver};
pub use self::sender::Sender;

/// A channel without a buffer: a send and a receive meet, and both go on.
///
/// **Shape** `() → (Sender<T>, Receiver<T>)`
///
/// # Examples
/// ```
/// use moonfleet::channel::rendezvous;
///
/// moonfleet::run(|| {
///     let (tx, rx) = rendezvous();
///     moonfleet::spawn(move || tx.send("ahoy"));
///     assert_eq!(rx.recv(), Ok("ahoy"));
/// });
/// ```
#[must_use]
pub fn rendezvous<T>() -> (Sender<T>, Receiver<T>) {
    bounded(0)
}

/// A channel in which up to `capacity` messages rest. With capacity zero it is a [`rendezvous`].
///
/// **Shape** `usize → (Sender<T>, Receiver<T>)`; capacities up to 1,024 are allocated at once, larger ones in
/// segments as they fill.
///
/// # Examples
/// ```
/// use moonfleet::channel::bounded;
///
/// let (tx, rx) = bounded(2);
/// tx.send('a').unwrap();
/// tx.send('b').unwrap();
/// assert_eq!((rx.recv(), rx.recv()), (Ok('a'), Ok('b')));
/// ```
#[must_use]
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    ends::pair(Arc::new(ends::Shared::new(capacity)))
}

/// A channel in which any number of messages rest: a send never waits. Memory is the only bound.
///
/// **Shape** `() → (Sender<T>, Receiver<T>)`
///
/// # Examples
/// ```
/// use moonfleet::channel::unbounded;
///
/// let (tx, rx) = unbounded();
/// (0..1000).for_each(|n| tx.send(n).unwrap());
/// drop(tx);
/// assert_eq!(rx.iter().count(), 1000);
/// ```
#[must_use]
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    bounded(usize::MAX)
}

/// A channel for one message.
///
/// **Shape** `() → (oneshot::Sender<T>, oneshot::Receiver<T>)`
///
/// # Examples
/// ```
/// use moonfleet::channel::oneshot;
///
/// moonfleet::run(|| {
///     let (tx, rx) = oneshot();
///     moonfleet::spawn(move || tx.send(42));
///     assert_eq!(rx.recv(), Ok(42));
/// });
/// ```
#[must_use]
pub fn oneshot<T>() -> (oneshot::Sender<T>, oneshot::Receiver<T>) {
    oneshot::pair()
}

/// A channel whose every receiver sees every message that is sent after it subscribed.
///
/// It keeps the last `capacity` messages. Sending never waits: a receiver that falls further behind loses the
/// oldest, and is told so.
///
/// **Shape** `usize → (broadcast::Sender<T>, broadcast::Receiver<T>)`; all places are allocated at once.
/// # Panics
/// If `capacity` is zero, or exceeds [`broadcast::MAX_CAPACITY`].
///
/// # Examples
/// ```
/// use moonfleet::channel::broadcast;
///
/// let (tx, mut first) = broadcast(16);
/// let mut second = tx.subscribe();
/// tx.send("ahoy").unwrap();
/// assert_eq!((first.recv(), second.recv()), (Ok("ahoy"), Ok("ahoy")));
/// ```
#[must_use]
pub fn broadcast<T>(capacity: usize) -> (broadcast::Sender<T>, broadcast::Receiver<T>) {
    broadcast::pair(capacity)
}

/// A channel that holds one value, the latest. It begins with `initial`, which its receiver has seen.
///
/// **Shape** `T → (watch::Sender<T>, watch::Receiver<T>)`
///
/// # Examples
/// ```
/// use moonfleet::channel::watch;
///
/// let (tx, mut rx) = watch(1);
/// tx.send(2);
/// tx.send(3);
/// assert_eq!(rx.changed(), Ok(()));
/// assert_eq!(rx.get(), 3);
/// ```
#[must_use]
pub fn watch<T>(initial: T) -> (watch::Sender<T>, watch::Receiver<T>) {
    watch::pair(initial)
}
