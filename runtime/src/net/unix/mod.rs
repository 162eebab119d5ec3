//! Unix sockets: streams and datagrams between the processes of one host.
//!
//! - [`address`]: paths, abstract names, and what the kernel makes of them.
//! - [`patience`]: operations of which the kernel does not say when they are worth another try.
//! - [`UnixListener`], [`UnixStream`], [`UnixDatagram`].

mod address;
mod datagram;
mod listener;
mod patience;
mod stream;

pub use self::datagram::UnixDatagram;
pub use self::listener::UnixListener;
pub use self::stream::{UCred, UnixStream};
