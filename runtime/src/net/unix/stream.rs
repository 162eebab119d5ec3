//! A connection between two processes of one host.

use std::fmt;
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, connect, socket_with, socketpair};

use super::address::{local_addr, of_path, peer_addr, to_kernel};
use super::patience::write_patiently;
use crate::net::half::{ReadHalf, WriteHalf, split};
use crate::net::socket::{FLAGS, has_timeouts, is_a_socket, not_zero};
use crate::net::stream::{Ends, reads_and_writes};
use crate::reactor::slot::Direction;
use crate::reactor::source::{Failure, Source, settle};
use crate::sys::unix_socket::peer_credentials;

/// A connection between two processes of one host: [`std::os::unix::net::UnixStream`], whose operations suspend.
///
/// It is read and written by [`Read`](io::Read) and [`Write`](io::Write), by value or by reference, as a
/// [`TcpStream`](crate::net::TcpStream) is, and cancelled in the same way.
///
/// # Examples
/// ```
/// use moonfleet::net::UnixStream;
/// use std::io::{Read, Write};
///
/// moonfleet::run(|| {
///     let (mut near, mut far) = UnixStream::pair().unwrap();
///     let reader = moonfleet::spawn(move || {
///         let mut text = String::new();
///         far.read_to_string(&mut text).map(|_| text)
///     });
///     near.write_all(b"ahoy").unwrap();
///     drop(near);
///     assert_eq!(reader.join().unwrap().unwrap(), "ahoy");
/// });
/// ```
pub struct UnixStream {
    pub(super) source: Source,
}

/// Who is at the other end of a [`UnixStream`]: as it was when the connection was made.
///
/// # Examples
/// ```
/// let (near, _far) = moonfleet::net::UnixStream::pair().unwrap();
/// assert_eq!(near.peer_cred().unwrap().pid, Some(std::process::id()));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UCred {
    /// The user's number.
    pub uid: u32,
    /// The group's number.
    pub gid: u32,
    /// The process's number, if it has one in this process's namespace.
    pub pid: Option<u32>,
}

impl UnixStream {
    /// Connects to the listener at `path`.
    ///
    /// **Shape** `impl AsRef<Path> → io::Result<UnixStream>`
    /// # Suspends
    /// While the listener's queue is full.
    /// # Errors
    /// `NotFound`, `ConnectionRefused`, `PermissionDenied`; `InvalidInput` for a path of more than 107 bytes.
    /// # Cancellation
    /// Unwinds silently; no connection was made.
    ///
    /// # Examples
    /// See [`UnixListener`](crate::net::UnixListener).
    pub fn connect(path: impl AsRef<Path>) -> io::Result<Self> {
        settle(Self::connect_within(&of_path(path.as_ref())?, None))
    }

    /// Connects to the listener at `path`, if its queue has room within `timeout`.
    ///
    /// **Shape** `(impl AsRef<Path>, Duration) → io::Result<UnixStream>`
    /// # Suspends
    /// While the listener's queue is full, up to `timeout`.
    /// # Errors
    /// As [`connect`](UnixStream::connect); `TimedOut`; `InvalidInput` for a timeout of zero.
    /// # Cancellation
    /// Unwinds silently; no connection was made.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::net::UnixStream;
    /// use std::io::ErrorKind;
    /// use std::time::Duration;
    ///
    /// let nobody = UnixStream::connect_timeout("/nowhere/at/all", Duration::from_secs(1));
    /// assert_eq!(nobody.unwrap_err().kind(), ErrorKind::NotFound);
    /// ```
    pub fn connect_timeout(path: impl AsRef<Path>, timeout: Duration) -> io::Result<Self> {
        settle(Self::connect_within(&of_path(path.as_ref())?, Some(not_zero(timeout)?)))
    }

    /// Connects to the listener at `address`, which may be abstract.
    ///
    /// **Shape** `&SocketAddr → io::Result<UnixStream>`
    /// # Suspends
    /// While the listener's queue is full.
    /// # Errors
    /// As [`connect`](UnixStream::connect).
    /// # Cancellation
    /// Unwinds silently; no connection was made.
    ///
    /// # Examples
    /// See [`UnixListener::bind_addr`](crate::net::UnixListener::bind_addr).
    pub fn connect_addr(address: &SocketAddr) -> io::Result<Self> {
        settle(Self::connect_within(&to_kernel(address)?, None))
    }

    pub(crate) fn connect_path_within(path: &Path, timeout: Option<Duration>) -> Result<Self, Failure> {
        Self::connect_within(&of_path(path)?, timeout)
    }

    fn connect_within(address: &SocketAddrUnix, timeout: Option<Duration>) -> Result<Self, Failure> {
        let socket =
            socket_with(AddressFamily::UNIX, SocketType::STREAM, FLAGS, None).map_err(io::Error::from)?;
        let source = Source::new(socket);
        write_patiently(&source, timeout, |fd| match connect(fd, address) {
            Err(Errno::ISCONN) => Ok(()),
            connected => Ok(connected?),
        })?;
        Ok(Self { source })
    }

    /// Two streams that are connected to each other.
    ///
    /// # Examples
    /// See [`UnixStream`].
    pub fn pair() -> io::Result<(Self, Self)> {
        let (near, far) = socketpair(AddressFamily::UNIX, SocketType::STREAM, FLAGS, None)?;
        Ok((Self::from_source(Source::new(near)), Self::from_source(Source::new(far))))
    }

    /// Reads what is there without taking it: the next read gets it again.
    ///
    /// **Shape** `&mut [u8] → io::Result<usize>`; zero at the end of the stream.
    /// # Suspends
    /// Until something is there, up to the read timeout. Never with an empty buffer.
    /// # Errors
    /// As reading.
    /// # Cancellation
    /// Unwinds silently.
    ///
    /// # Examples
    /// See [`TcpStream::peek`](crate::net::TcpStream::peek).
    pub fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        settle(self.look(buffer))
    }

    /// Ends one direction of the connection, or both, whoever else uses it: whoever waits in it is told.
    ///
    /// # Errors
    /// `NotConnected` if it is not connected.
    ///
    /// # Examples
    /// See [`TcpStream::shutdown`](crate::net::TcpStream::shutdown).
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.shut_down(how)
    }

    /// The two directions as values of their own. The writing half ends its direction when it is dropped.
    ///
    /// # Examples
    /// See [`ReadHalf`].
    #[must_use]
    pub fn into_split(self) -> (ReadHalf<Self>, WriteHalf<Self>) {
        split(self)
    }

    /// Who is at the other end.
    ///
    /// # Examples
    /// See [`UCred`].
    pub fn peer_cred(&self) -> io::Result<UCred> {
        let peer = peer_credentials(self.as_fd())?;
        let pid = u32::try_from(peer.pid).ok().filter(|&pid| pid != 0);
        Ok(UCred { uid: peer.uid, gid: peer.gid, pid })
    }

    /// The address of this side.
    ///
    /// # Examples
    /// See [`UnixListener`](crate::net::UnixListener).
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        local_addr(&self.source)
    }

    /// The address of the other side.
    ///
    /// # Errors
    /// `NotConnected` if there is none.
    ///
    /// # Examples
    /// See [`UnixListener`](crate::net::UnixListener).
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        peer_addr(&self.source)
    }
}

impl Ends for UnixStream {
    const TELLS_BY_SHORT_COUNTS: bool = false;

    #[allow(private_interfaces, reason = "as in the trait")]
    #[inline]
    fn source(&self) -> &Source {
        &self.source
    }
}

impl fmt::Debug for UnixStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("UnixStream");
        fields.field("fd", &self.as_raw_fd());
        if let Ok(address) = self.local_addr() {
            fields.field("local", &address);
        }
        if let Ok(address) = self.peer_addr() {
            fields.field("peer", &address);
        }
        fields.finish()
    }
}

is_a_socket!(UnixStream, std::os::unix::net::UnixStream);
has_timeouts!(UnixStream);
reads_and_writes!(UnixStream);
