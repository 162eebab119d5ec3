//! [`Handle`]: a channel as Lua sees it. It crosses states by reference, and every state has one userdata per
//! channel.

use std::ffi::{CStr, c_void};
use std::sync::Arc;

use moonfleet::channel::{self, Receiver, Sender};

use crate::raw::Class;
use crate::raw::compat::Key;
use crate::value::Message;

/// Both ends of a channel of messages. One pointer; clones share the channel.
#[derive(Clone)]
pub(crate) struct Handle(Arc<Ends>);

struct Ends {
    sender: Sender<Message>,
    receiver: Receiver<Message>,
}

impl Handle {
    /// A channel without a buffer: a send waits for its receiver.
    pub(crate) fn rendezvous() -> Self {
        Self::new(channel::rendezvous())
    }

    /// A channel that holds up to `capacity` messages.
    pub(crate) fn bounded(capacity: usize) -> Self {
        Self::new(channel::bounded(capacity))
    }

    /// A channel whose sends never wait.
    pub(crate) fn unbounded() -> Self {
        Self::new(channel::unbounded())
    }

    fn new((sender, receiver): (Sender<Message>, Receiver<Message>)) -> Self {
        Self(Arc::new(Ends { sender, receiver }))
    }

    #[inline]
    pub(crate) fn sender(&self) -> &Sender<Message> {
        &self.0.sender
    }

    #[inline]
    pub(crate) fn receiver(&self) -> &Receiver<Message> {
        &self.0.receiver
    }
}

impl Class for Handle {
    const NAME: &'static CStr = c"channel";

    fn key() -> &'static Key {
        static KEY: Key = Key::new();
        &KEY
    }

    fn identity(&self) -> *const c_void {
        Arc::as_ptr(&self.0).cast()
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "channel({:p})", self.0)
    }
}
