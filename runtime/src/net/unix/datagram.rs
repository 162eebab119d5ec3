//! Datagrams between processes of one host.

use std::fmt;
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketType, bind, connect, recv, recvfrom, send,
    sendto, socket_with, socketpair,
};

use super::address::{from_kernel, local_addr, of_path, peer_addr, to_kernel};
use super::patience::write_patiently;
use crate::net::socket::{self, FLAGS, has_timeouts, is_a_socket};
use crate::reactor::slot::Direction;
use crate::reactor::source::{Failure, Source, settle};

/// Datagrams between processes of one host, in order and without losses: [`std::os::unix::net::UnixDatagram`],
/// whose operations suspend.
///
/// One that is too long for the send buffer fails with `EMSGSIZE`, "Message too long"; a received one that is longer
/// than the buffer is cut off.
///
/// # Examples
/// ```
/// use moonfleet::net::UnixDatagram;
///
/// moonfleet::run(|| {
///     let (near, far) = UnixDatagram::pair().unwrap();
///     near.send(b"ahoy").unwrap();
///     let mut buffer = [0; 100];
///     assert_eq!(far.recv(&mut buffer).unwrap(), 4);
/// });
/// ```
pub struct UnixDatagram {
    pub(super) source: Source,
}

impl UnixDatagram {
    /// A socket at `path`, where no file may be.
    ///
    /// # Errors
    /// As [`UnixListener::bind`](crate::net::UnixListener::bind).
    ///
    /// # Examples
    /// ```
    /// use moonfleet::net::UnixDatagram;
    ///
    /// let path = std::env::temp_dir().join(format!("moonfleet-{}.dgram", std::process::id()));
    /// let far = UnixDatagram::bind(&path).unwrap();
    /// let near = UnixDatagram::unbound().unwrap();
    /// near.send_to(b"ahoy", &path).unwrap();
    /// let (len, from) = far.recv_from(&mut [0; 9]).unwrap();
    /// assert!(len == 4 && from.is_unnamed());
    /// std::fs::remove_file(path).unwrap();
    /// ```
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::bind_at(&of_path(path.as_ref())?)
    }

    /// A socket at `address`, which may be abstract.
    ///
    /// # Errors
    /// As [`UnixListener::bind`](crate::net::UnixListener::bind).
    ///
    /// # Examples
    /// See [`UnixListener::bind_addr`](crate::net::UnixListener::bind_addr).
    pub fn bind_addr(address: &SocketAddr) -> io::Result<Self> {
        Self::bind_at(&to_kernel(address)?)
    }

    fn bind_at(address: &SocketAddrUnix) -> io::Result<Self> {
        let socket = Self::unbound()?;
        bind(&socket.source, address)?;
        Ok(socket)
    }

    /// A socket without an address: it may send, and receive from where it is connected to.
    ///
    /// # Examples
    /// See [`UnixDatagram::bind`].
    pub fn unbound() -> io::Result<Self> {
        let socket = socket_with(AddressFamily::UNIX, SocketType::DGRAM, FLAGS, None)?;
        Ok(Self { source: Source::new(socket) })
    }

    /// Two sockets that are connected to each other.
    ///
    /// # Examples
    /// See [`UnixDatagram`].
    pub fn pair() -> io::Result<(Self, Self)> {
        let (near, far) = socketpair(AddressFamily::UNIX, SocketType::DGRAM, FLAGS, None)?;
        Ok((Self::from_source(Source::new(near)), Self::from_source(Source::new(far))))
    }

    /// Has [`send`](UnixDatagram::send) go to the socket at `path`, and receives from there alone.
    ///
    /// # Errors
    /// `NotFound`, `ConnectionRefused`, `PermissionDenied`; `InvalidInput` for a path of more than 107 bytes.
    ///
    /// # Examples
    /// See [`UnixDatagram::connect_addr`].
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        Ok(connect(&self.source, &of_path(path.as_ref())?)?)
    }

    /// As [`connect`](UnixDatagram::connect), to an address which may be abstract.
    ///
    /// # Errors
    /// As [`connect`](UnixDatagram::connect).
    ///
    /// # Examples
    /// ```
    /// use moonfleet::net::UnixDatagram;
    /// use std::os::linux::net::SocketAddrExt;
    /// use std::os::unix::net::SocketAddr;
    ///
    /// let name = format!("moonfleet-{}-datagram", std::process::id());
    /// let far = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(name).unwrap()).unwrap();
    /// let near = UnixDatagram::unbound().unwrap();
    /// near.connect_addr(&far.local_addr().unwrap()).unwrap();
    /// assert_eq!(near.send(b"ahoy").unwrap(), 4);
    /// ```
    pub fn connect_addr(&self, address: &SocketAddr) -> io::Result<()> {
        Ok(connect(&self.source, &to_kernel(address)?)?)
    }

    /// Sends a datagram to the socket that this one is connected to.
    ///
    /// **Shape** `&[u8] → io::Result<usize>`, the length.
    /// # Suspends
    /// Until there is room there, up to the write timeout.
    /// # Errors
    /// `EMSGSIZE` if it is too long; `ConnectionRefused` if the other socket is gone; `NotConnected`; `TimedOut`.
    /// # Cancellation
    /// Unwinds silently; it was not sent.
    ///
    /// # Examples
    /// See [`UnixDatagram`].
    pub fn send(&self, datagram: &[u8]) -> io::Result<usize> {
        settle(self.send_within(datagram, self.source.timeout(Direction::Write)))
    }

    /// Sends a datagram to the socket at `path`.
    ///
    /// **Shape** `(&[u8], impl AsRef<Path>) → io::Result<usize>`
    /// # Suspends
    /// Until there is room there, up to the write timeout.
    /// # Errors
    /// As [`connect`](UnixDatagram::connect) and [`send`](UnixDatagram::send).
    /// # Cancellation
    /// Unwinds silently; it was not sent.
    ///
    /// # Examples
    /// See [`UnixDatagram::bind`].
    pub fn send_to(&self, datagram: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        settle(self.send_to_within(datagram, &of_path(path.as_ref())?))
    }

    /// Sends a datagram to the socket at `address`, which may be abstract.
    ///
    /// **Shape** `(&[u8], &SocketAddr) → io::Result<usize>`
    /// # Suspends
    /// Until there is room there, up to the write timeout.
    /// # Errors
    /// As [`connect`](UnixDatagram::connect) and [`send`](UnixDatagram::send).
    /// # Cancellation
    /// Unwinds silently; it was not sent.
    ///
    /// # Examples
    /// See [`UnixDatagram::connect_addr`].
    pub fn send_to_addr(&self, datagram: &[u8], address: &SocketAddr) -> io::Result<usize> {
        settle(self.send_to_within(datagram, &to_kernel(address)?))
    }

    /// Receives a datagram; gives its length, as far as it fits.
    ///
    /// **Shape** `&mut [u8] → io::Result<usize>`
    /// # Suspends
    /// Until one comes, up to the read timeout.
    /// # Errors
    /// `TimedOut`; `NotConnected` after [`close`](UnixDatagram::close).
    /// # Cancellation
    /// Unwinds silently; the datagram stays.
    ///
    /// # Examples
    /// See [`UnixDatagram`].
    pub fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        settle(self.recv_within(buffer, self.source.timeout(Direction::Read)))
    }

    /// Receives a datagram; gives its length, as far as it fits, and the address of its sender.
    ///
    /// **Shape** `&mut [u8] → io::Result<(usize, SocketAddr)>`
    /// # Suspends
    /// Until one comes, up to the read timeout.
    /// # Errors
    /// As [`recv`](UnixDatagram::recv).
    /// # Cancellation
    /// Unwinds silently; the datagram stays.
    ///
    /// # Examples
    /// See [`UnixDatagram::bind`].
    pub fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        settle(self.receive_from(buffer, RecvFlags::empty()))
    }

    /// As [`recv`](UnixDatagram::recv); the datagram stays, and comes again.
    ///
    /// **Shape** `&mut [u8] → io::Result<usize>`
    /// # Suspends
    /// As [`recv`](UnixDatagram::recv).
    /// # Cancellation
    /// Unwinds silently.
    ///
    /// # Examples
    /// See [`UdpSocket::peek`](crate::net::UdpSocket::peek).
    pub fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        settle(self.source.read_with(|fd| Ok(recv(fd, &mut *buffer, RecvFlags::PEEK)?.0)))
    }

    /// As [`recv_from`](UnixDatagram::recv_from); the datagram stays, and comes again.
    ///
    /// **Shape** `&mut [u8] → io::Result<(usize, SocketAddr)>`
    /// # Suspends
    /// As [`recv`](UnixDatagram::recv).
    /// # Cancellation
    /// Unwinds silently.
    ///
    /// # Examples
    /// See [`UdpSocket::peek`](crate::net::UdpSocket::peek).
    pub fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        settle(self.receive_from(buffer, RecvFlags::PEEK))
    }

    pub(crate) fn send_within(&self, datagram: &[u8], timeout: Option<Duration>) -> Result<usize, Failure> {
        let attempt = |fd: BorrowedFd<'_>| Ok(send(fd, datagram, SendFlags::NOSIGNAL)?);
        self.source.perform_within(Direction::Write, timeout, attempt)
    }

    pub(crate) fn recv_within(&self, buffer: &mut [u8], timeout: Option<Duration>) -> Result<usize, Failure> {
        let attempt = |fd: BorrowedFd<'_>| Ok(recv(fd, &mut *buffer, RecvFlags::empty())?.0);
        self.source.perform_within(Direction::Read, timeout, attempt)
    }

    fn send_to_within(&self, datagram: &[u8], address: &SocketAddrUnix) -> Result<usize, Failure> {
        write_patiently(&self.source, self.source.timeout(Direction::Write), |fd| {
            Ok(sendto(fd, datagram, SendFlags::NOSIGNAL, address)?)
        })
    }

    fn receive_from(&self, buffer: &mut [u8], flags: RecvFlags) -> Result<(usize, SocketAddr), Failure> {
        self.source.read_with(|fd| {
            let (len, _, address) = recvfrom(fd, &mut *buffer, flags)?;
            Ok((len, from_kernel(address)?))
        })
    }

    /// Ends one direction, or both, whoever else uses the socket: whoever waits in it is told.
    ///
    /// # Errors
    /// `NotConnected` if it is not connected.
    ///
    /// # Examples
    /// See [`TcpStream::shutdown`](crate::net::TcpStream::shutdown).
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        Ok(rustix::net::shutdown(&self.source, socket::direction(how))?)
    }

    /// The address that the socket is bound to.
    ///
    /// # Examples
    /// See [`UnixDatagram::connect_addr`].
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        local_addr(&self.source)
    }

    /// The address that the socket is connected to.
    ///
    /// # Errors
    /// `NotConnected` if it is to none.
    ///
    /// # Examples
    /// See [`UnixDatagram::connect_addr`].
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        peer_addr(&self.source)
    }
}

impl fmt::Debug for UnixDatagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("UnixDatagram");
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

is_a_socket!(UnixDatagram, std::os::unix::net::UnixDatagram);
has_timeouts!(UnixDatagram);
