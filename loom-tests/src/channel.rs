//! The runtime's channels without the public ends, which count themselves in a plain `Arc`.

#[path = "../../runtime/src/channel/blocking.rs"]
pub(crate) mod blocking;
#[path = "../../runtime/src/channel/broadcast/mod.rs"]
pub mod broadcast;
#[path = "../../runtime/src/channel/watch.rs"]
pub mod watch;
#[path = "../../runtime/src/channel/buffer.rs"]
pub(crate) mod buffer;
#[path = "../../runtime/src/channel/core.rs"]
pub(crate) mod core;
#[path = "../../runtime/src/channel/error.rs"]
mod error;
#[path = "../../runtime/src/channel/futures.rs"]
pub(crate) mod futures;
#[path = "../../runtime/src/channel/polling.rs"]
pub(crate) mod polling;
#[path = "../../runtime/src/channel/oneshot.rs"]
pub(crate) mod oneshot;

use std::sync::Arc;

use self::core::Core;
pub use self::error::{RecvError, RecvTimeoutError, SendError};

/// Several channels side by side: a select locks channels in the order of their addresses, and a model must
/// run the same way every time.
pub struct Channels<T>(Arc<Vec<Core<T>>>);

/// An end of a channel, as `select` knows it.
pub struct End<T> {
    channels: Arc<Vec<Core<T>>>,
    index: usize,
}

pub type Sender<T> = End<T>;
pub type Receiver<T> = End<T>;

impl<T> Channels<T> {
    /// One channel for each of `bounds`.
    pub(crate) fn new<const N: usize>(bounds: [usize; N]) -> Self {
        Self(Arc::new(bounds.into_iter().map(Core::new).collect()))
    }

    /// An end of channel number `index`, for either direction.
    pub(crate) fn end(&self, index: usize) -> End<T> {
        End { channels: Arc::clone(&self.0), index }
    }
}

impl<T> End<T> {
    pub(crate) fn core(&self) -> &Core<T> {
        &self.channels[self.index]
    }
}
