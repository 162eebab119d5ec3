//! A socket that accepts connections of processes of the same host.

use std::fmt;
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, acceptfrom_with, bind, listen, socket_with};

use super::UnixStream;
use super::address::{from_kernel, local_addr, of_path, to_kernel};
use crate::net::serve::{Accepts, Incoming, serve};
use crate::net::socket::{FLAGS, has_accept_timeout, is_a_socket};
use crate::reactor::slot::Direction;
use crate::reactor::source::{Failure, Source, settle};

/// Connections that wait to be accepted, at most; the system bounds it (`net.core.somaxconn`).
const BACKLOG: i32 = 4096;

/// A socket that accepts connections of processes of the same host: [`std::os::unix::net::UnixListener`], whose
/// operations suspend.
///
/// The file at its path stays when it is dropped: remove it before the next one is bound there.
///
/// # Examples
/// ```
/// use moonfleet::net::{UnixListener, UnixStream};
///
/// let path = std::env::temp_dir().join(format!("moonfleet-{}.sock", std::process::id()));
/// moonfleet::run(|| {
///     let listener = UnixListener::bind(&path).unwrap();
///     let near = UnixStream::connect(&path).unwrap();
///     let (far, peer) = listener.accept().unwrap();
///     assert!(peer.is_unnamed() && near.local_addr().unwrap().is_unnamed());
///     assert_eq!(near.peer_addr().unwrap().as_pathname(), Some(&*path));
///     assert_eq!(far.local_addr().unwrap().as_pathname(), Some(&*path));
/// });
/// std::fs::remove_file(path).unwrap();
/// ```
pub struct UnixListener {
    pub(super) source: Source,
}

impl UnixListener {
    /// Listens at `path`, where no file may be.
    ///
    /// # Errors
    /// `AddrInUse` if there is a file; `NotFound`, `PermissionDenied`; `InvalidInput` for a path of more than 107
    /// bytes.
    ///
    /// # Examples
    /// See [`UnixListener`].
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::bind_at(&of_path(path.as_ref())?)
    }

    /// Listens at `address`, which may be abstract: a name without a file, gone with its socket.
    ///
    /// # Errors
    /// As [`bind`](UnixListener::bind).
    ///
    /// # Examples
    /// ```
    /// use moonfleet::net::{UnixListener, UnixStream};
    /// use std::os::linux::net::SocketAddrExt;
    /// use std::os::unix::net::SocketAddr;
    ///
    /// let name = format!("moonfleet-{}", std::process::id());
    /// let address = SocketAddr::from_abstract_name(name).unwrap();
    /// moonfleet::run(|| {
    ///     let listener = UnixListener::bind_addr(&address).unwrap();
    ///     UnixStream::connect_addr(&address).unwrap();
    ///     listener.accept().unwrap();
    /// });
    /// ```
    pub fn bind_addr(address: &SocketAddr) -> io::Result<Self> {
        Self::bind_at(&to_kernel(address)?)
    }

    fn bind_at(address: &SocketAddrUnix) -> io::Result<Self> {
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, FLAGS, None)?;
        bind(&socket, address)?;
        listen(&socket, BACKLOG)?;
        Ok(Self { source: Source::new(socket) })
    }

    /// Accepts a connection; gives it with the address of the other side, which rarely has one.
    ///
    /// **Shape** `() → io::Result<(UnixStream, SocketAddr)>`
    /// # Suspends
    /// Until there is a connection, up to the accept timeout.
    /// # Errors
    /// As [`TcpListener::accept`](crate::net::TcpListener::accept).
    /// # Cancellation
    /// Unwinds silently; no connection is lost.
    ///
    /// # Examples
    /// See [`UnixListener`].
    pub fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        settle(self.accept_within(self.source.timeout(Direction::Read)))
    }

    /// The connections that come in, one after the other; each step is an [`accept`](UnixListener::accept). It ends
    /// when the listener is closed.
    ///
    /// # Examples
    /// See [`TcpListener::incoming`](crate::net::TcpListener::incoming).
    pub fn incoming(&self) -> Incoming<'_, Self> {
        Incoming::new(self)
    }

    /// Calls `handler` with each connection in a task of its own; see
    /// [`TcpListener::serve`](crate::net::TcpListener::serve).
    ///
    /// **Shape** `Fn(UnixStream, SocketAddr)` to `io::Result<()>`
    /// # Suspends
    /// Until the listener is closed. Handlers run on.
    /// # Errors
    /// Those of [`accept`](UnixListener::accept) that do not go away; the caller is no task.
    /// # Cancellation
    /// Unwinds silently. No connection is lost, and handlers run on.
    ///
    /// # Examples
    /// See [`TcpListener::serve`](crate::net::TcpListener::serve).
    pub fn serve<F>(&self, handler: F) -> io::Result<()>
    where
        F: Fn(UnixStream, SocketAddr) + Send + Sync + 'static,
    {
        serve(self, None, move |(stream, peer)| handler(stream, peer))
    }

    /// As [`serve`](UnixListener::serve), with no more than `most` handlers at a time.
    ///
    /// **Shape** `(usize, Fn(UnixStream, SocketAddr))` to `io::Result<()>`
    /// # Suspends
    /// Until the listener is closed. Handlers run on.
    /// # Errors
    /// As [`serve`](UnixListener::serve).
    /// # Panics
    /// If `most` is zero.
    /// # Cancellation
    /// As [`serve`](UnixListener::serve).
    ///
    /// # Examples
    /// See [`TcpListener::serve`](crate::net::TcpListener::serve).
    pub fn serve_at_most<F>(&self, most: usize, handler: F) -> io::Result<()>
    where
        F: Fn(UnixStream, SocketAddr) + Send + Sync + 'static,
    {
        serve(self, Some(most), move |(stream, peer)| handler(stream, peer))
    }

    /// The address that the socket is bound to.
    ///
    /// # Examples
    /// See [`UnixListener`].
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        local_addr(&self.source)
    }
}

impl Accepts for UnixListener {
    type Stream = UnixStream;
    type Peer = SocketAddr;

    #[allow(private_interfaces, reason = "as in the trait")]
    fn source(&self) -> &Source {
        &self.source
    }

    fn accept_within(&self, timeout: Option<Duration>) -> Result<(UnixStream, SocketAddr), Failure> {
        self.source.perform_within(Direction::Read, timeout, |fd| {
            let (fd, address) = acceptfrom_with(fd, FLAGS)?;
            Ok((UnixStream::from_source(Source::new(fd)), from_kernel(address)?))
        })
    }
}

impl fmt::Debug for UnixListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("UnixListener");
        fields.field("fd", &self.as_raw_fd());
        if let Ok(address) = self.local_addr() {
            fields.field("local", &address);
        }
        fields.finish()
    }
}

is_a_socket!(UnixListener, std::os::unix::net::UnixListener);
has_accept_timeout!(UnixListener);
