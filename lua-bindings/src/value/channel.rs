//! [`Channel`]: the userdata that scripts hold.
//!
//! Most channels never leave their state: a reply channel, the requests of an owner task. So a small one starts as a
//! [`Meeting`], which costs no lock, no allocation outside Lua and no finalizer. It becomes a [`Handle`] for good
//! when another state gets to know it, or when it is used in a way that only a handle can do; whoever waits in the
//! meeting at that moment tries again there. Scripts cannot tell the two apart.

use std::cell::OnceCell;
use std::ffi::{CStr, c_int};

use crate::raw::{Class, Entry, Frame, Raise};
use crate::value::{Handle, Meeting, Message};

/// A channel in one Lua state.
pub(crate) struct Channel {
    meeting: Meeting,
    handle: OnceCell<Handle>,
}

impl Channel {
    /// A rendezvous that only this state knows.
    pub(crate) fn meeting() -> Self {
        Self { meeting: Meeting::default(), handle: OnceCell::new() }
    }

    /// A channel of capacity one that only this state knows.
    pub(crate) fn meeting_with_shelf() -> Self {
        Self { meeting: Meeting::with_shelf(), handle: OnceCell::new() }
    }

    /// The meeting, while only this state knows the channel.
    #[inline]
    pub(crate) fn as_meeting(&self) -> Option<&Meeting> {
        self.handle.get().is_none().then_some(&self.meeting)
    }

    /// The handle, if other states may know the channel.
    #[inline]
    pub(crate) fn as_handle(&self) -> Option<&Handle> {
        self.handle.get()
    }

    /// The handle of the channel at `index`, which from now on other states may know. `[-0, +0, -]`
    pub(crate) fn share<'a>(&'a self, frame: Frame<'_>, index: c_int) -> Result<&'a Handle, Raise> {
        if let Some(handle) = self.handle.get() {
            return Ok(handle);
        }
        let handle = Handle::bounded(self.meeting.capacity());
        if let Some(value) = self.meeting.resting() {
            // There is room: the handle is new.
            let _sent = handle.sender().try_send(Message::plain(value));
        }
        if self.meeting.is_closed() {
            handle.sender().close();
        }
        // First what may fail, so that a failure changes nothing.
        frame.file_userdata(index, Self::METATABLE, handle.number())?;
        let handle = self.handle.get_or_init(|| handle);
        self.meeting.dissolve();
        frame.weigh(Handle::WEIGHT);
        Ok(handle)
    }
}

impl From<Handle> for Channel {
    fn from(handle: Handle) -> Self {
        Self { meeting: Meeting::default(), handle: OnceCell::from(handle) }
    }
}

impl Class for Channel {
    const NAME: &'static CStr = c"channel";
    const METATABLE: Entry = Entry::Channel;

    #[inline]
    fn metatable(&self) -> Entry {
        if self.handle.get().is_some() { Entry::Channel } else { Entry::Meeting }
    }

    #[inline]
    fn number(&self) -> Option<u32> {
        self.handle.get().map(Handle::number)
    }
}
