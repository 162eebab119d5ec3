//! [`Channel`]: a channel of Lua in the hands of Rust code. It is the same channel in every state that gets it.

use std::fmt;
use std::time::Duration;

use moonfleet::channel::{RecvTimeoutError, SendTimeoutError, TryRecvError, TrySendError};

use crate::embed::parcel::{pack, unpack};
use crate::embed::{Error, FromLuaMany, Mismatch, ToLuaMany, Values};
use crate::value::{Handle, Message};

/// A channel between Rust code and Lua states. Its messages are any number of Lua values.
///
/// # Examples
/// ```
/// use moonfleet_lua::{Channel, LuaState};
///
/// moonfleet::run(|| {
///     let (questions, answers) = (Channel::bounded(1), Channel::bounded(1));
///     let lua = LuaState::builder().spawn_here().unwrap();
///     lua.set("questions", questions.clone()).unwrap();
///     lua.set("answers", answers.clone()).unwrap();
///     let script = lua.start(|lua| lua.exec("for a, b in questions:iter() do answers:send(a * b) end")).unwrap();
///     questions.send((6, 7)).unwrap();
///     assert_eq!(answers.receive::<i64>().unwrap(), Some(42));
///     questions.close();
///     script.join().unwrap();
/// });
/// ```
#[derive(Clone)]
pub struct Channel(Handle);

impl Channel {
    /// A channel without room: a send waits for its receiver.
    ///
    /// # Examples
    /// ```
    /// assert!(!moonfleet_lua::Channel::rendezvous().try_send(1).unwrap());
    /// ```
    #[must_use]
    pub fn rendezvous() -> Self {
        Self(Handle::rendezvous())
    }

    /// A channel with room for `capacity` messages.
    ///
    /// # Examples
    /// See [`Channel`].
    #[must_use]
    pub fn bounded(capacity: usize) -> Self {
        Self(Handle::bounded(capacity))
    }

    /// A channel whose sends never wait. A script that has one can use up the memory of the process.
    ///
    /// # Examples
    /// ```
    /// let channel = moonfleet_lua::Channel::unbounded();
    /// (0..100).for_each(|n| channel.send(n).unwrap());
    /// assert_eq!(channel.len(), 100);
    /// ```
    #[must_use]
    pub fn unbounded() -> Self {
        Self(Handle::unbounded())
    }

    /// Sends a message.
    ///
    /// **Shape** values to `()`
    /// # Suspends
    /// Until there is room, or a receiver.
    /// # Errors
    /// [`Error::Closed`]: the channel. [`Error::Mismatch`]: a function, which stays in its state.
    /// # Cancellation
    /// Unwinds silently; the message is not sent.
    ///
    /// # Examples
    /// See [`Channel`].
    pub fn send(&self, message: impl ToLuaMany) -> Result<(), Error> {
        self.0.sender().send(message_of(message)?).map_err(|_| Error::Closed)
    }

    /// Sends a message, if that takes no longer than `timeout`: whether it did.
    ///
    /// **Shape** `(values, Duration)` to `bool`
    /// # Suspends
    /// As [`send`](Self::send), up to `timeout`.
    /// # Errors
    /// As [`send`](Self::send).
    /// # Cancellation
    /// As [`send`](Self::send).
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// let channel = moonfleet_lua::Channel::rendezvous();
    /// assert!(!channel.send_timeout(1, Duration::from_millis(1)).unwrap());
    /// ```
    pub fn send_timeout(&self, message: impl ToLuaMany, timeout: Duration) -> Result<bool, Error> {
        match self.0.sender().send_timeout(message_of(message)?, timeout) {
            Ok(()) => Ok(true),
            Err(SendTimeoutError::Timeout(_)) => Ok(false),
            Err(_) => Err(Error::Closed),
        }
    }

    /// Sends a message if there is room now: whether there was.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    ///
    /// # Examples
    /// See [`Channel::rendezvous`].
    pub fn try_send(&self, message: impl ToLuaMany) -> Result<bool, Error> {
        match self.0.sender().try_send(message_of(message)?) {
            Ok(()) => Ok(true),
            Err(TrySendError::Full(_)) => Ok(false),
            Err(_) => Err(Error::Closed),
        }
    }

    /// Receives the oldest message; `None` once the channel is closed and empty.
    ///
    /// **Shape** `()` to `Option<values>`
    /// # Suspends
    /// Until there is a message, or the channel is closed.
    /// # Errors
    /// [`Error::Mismatch`]: the message is something else, or cannot leave Lua. It is gone then.
    /// # Cancellation
    /// Unwinds silently; no message is taken.
    ///
    /// # Examples
    /// See [`Channel`].
    pub fn receive<T: FromLuaMany>(&self) -> Result<Option<T>, Error> {
        self.0.receiver().recv().ok().map(values_of).transpose()
    }

    /// Receives the oldest message, if there is one before `timeout` is over.
    ///
    /// **Shape** `Duration` to `Option<values>`
    /// # Suspends
    /// As [`receive`](Self::receive), up to `timeout`.
    /// # Errors
    /// As [`receive`](Self::receive), and [`Error::Closed`]: the channel is closed and empty.
    /// # Cancellation
    /// As [`receive`](Self::receive).
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// let channel = moonfleet_lua::Channel::rendezvous();
    /// assert_eq!(channel.receive_timeout::<i64>(Duration::from_millis(1)).unwrap(), None);
    /// ```
    pub fn receive_timeout<T: FromLuaMany>(&self, timeout: Duration) -> Result<Option<T>, Error> {
        match self.0.receiver().recv_timeout(timeout) {
            Ok(message) => values_of(message).map(Some),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(_) => Err(Error::Closed),
        }
    }

    /// Receives the oldest message, if there is one now.
    ///
    /// # Errors
    /// As [`receive_timeout`](Self::receive_timeout).
    ///
    /// # Examples
    /// ```
    /// let channel = moonfleet_lua::Channel::bounded(1);
    /// channel.send("x").unwrap();
    /// assert_eq!(channel.try_receive::<String>().unwrap(), Some("x".to_owned()));
    /// assert_eq!(channel.try_receive::<String>().unwrap(), None);
    /// ```
    pub fn try_receive<T: FromLuaMany>(&self) -> Result<Option<T>, Error> {
        match self.0.receiver().try_recv() {
            Ok(message) => values_of(message).map(Some),
            Err(TryRecvError::Empty) => Ok(None),
            Err(_) => Err(Error::Closed),
        }
    }

    /// Closes the channel: nothing can be sent any more, and what is inside can still be received. True the first time.
    ///
    /// # Examples
    /// ```
    /// let channel = moonfleet_lua::Channel::bounded(1);
    /// assert!(channel.close() && !channel.close());
    /// assert!(channel.send(1).is_err());
    /// ```
    pub fn close(&self) -> bool {
        self.0.sender().close()
    }

    /// How many messages are inside.
    ///
    /// # Examples
    /// See [`Channel::unbounded`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.receiver().len()
    }

    /// Whether there is no message inside.
    ///
    /// # Examples
    /// ```
    /// assert!(moonfleet_lua::Channel::rendezvous().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.0
    }

    pub(super) fn number(&self) -> u32 {
        self.0.number()
    }
}

fn message_of(values: impl ToLuaMany) -> Result<Message, Mismatch> {
    pack(&values.to_lua_many())
}

fn values_of<T: FromLuaMany>(message: Message) -> Result<T, Error> {
    let values: Values = unpack(&message)?;
    T::from_lua_many(values).map_err(|(index, mismatch)| mismatch.at(&format!("value {}", index + 1)).into())
}

impl From<Handle> for Channel {
    fn from(handle: Handle) -> Self {
        Self(handle)
    }
}

impl PartialEq for Channel {
    /// Whether it is the same channel.
    fn eq(&self, other: &Self) -> bool {
        self.number() == other.number()
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Channel").field(&self.number()).finish()
    }
}
