//! A UDP socket.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::time::Duration;

use rustix::net::{RecvFlags, SendFlags, connect, recv, recvfrom, send, sendto};

use super::resolve::resolve;
use super::socket::{
    first_of, has_timeouts, has_ttl, is_a_socket, local_addr, no_address, peer_addr, sender,
};
use super::{SocketBuilder, ToSocketAddrs};
use crate::reactor::slot::Direction;
use crate::reactor::source::{Failure, Source, settle};

/// A UDP socket: [`std::net::UdpSocket`], whose operations suspend.
///
/// A datagram is sent as a whole or not at all: one that is longer than the protocol or the link allows (65507 bytes
/// with IPv4) fails with the error `EMSGSIZE`, "Message too long". A received one that is longer than the buffer
/// is cut off, silently, as in the standard library.
///
/// # Examples
/// ```
/// use moonfleet::net::UdpSocket;
///
/// moonfleet::run(|| {
///     let (near, far) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
///     near.send_to(b"ahoy", far.local_addr().unwrap()).unwrap();
///     let mut buffer = [0; 100];
///     let (len, from) = far.recv_from(&mut buffer).unwrap();
///     assert_eq!((&buffer[..len], from), (&b"ahoy"[..], near.local_addr().unwrap()));
///
///     far.connect(from).unwrap();
///     far.send(b"and ahoy to you").unwrap();
///     assert_eq!(near.recv(&mut buffer).unwrap(), 15);
/// });
/// ```
pub struct UdpSocket {
    pub(super) source: Source,
}

impl UdpSocket {
    /// Binds to the first of the addresses that can be bound. Port 0: to a free one.
    ///
    /// **Shape** `impl ToSocketAddrs → io::Result<UdpSocket>`
    /// # Suspends
    /// While a name is looked up.
    /// # Errors
    /// Those of the look-up, or of the last address: `AddrInUse`, `AddrNotAvailable`, `PermissionDenied`, …
    /// # Cancellation
    /// Unwinds silently; nothing is bound.
    ///
    /// # Examples
    /// See [`UdpSocket`].
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        Self::builder().bind(address)
    }

    /// For a socket with settings of its own: several receivers of one multicast share its address, say.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::net::UdpSocket;
    ///
    /// let first = UdpSocket::builder().reuse_addr(true).bind("127.0.0.1:0").unwrap();
    /// let address = first.local_addr().unwrap();
    /// assert!(UdpSocket::builder().reuse_addr(true).bind(address).is_ok());
    /// assert!(UdpSocket::bind(address).is_err());
    /// ```
    pub fn builder() -> SocketBuilder<Self> {
        SocketBuilder::new(false)
    }

    /// Has [`send`](UdpSocket::send) go to the first of the addresses that works, and receives from there alone.
    ///
    /// **Shape** `impl ToSocketAddrs → io::Result<()>`
    /// # Suspends
    /// While a name is looked up.
    /// # Errors
    /// Those of the look-up, or of the last address. Whether anybody is there is not found out.
    /// # Cancellation
    /// Unwinds silently; the socket is as it was.
    ///
    /// # Examples
    /// See [`UdpSocket`].
    pub fn connect(&self, address: impl ToSocketAddrs) -> io::Result<()> {
        first_of(address, |address| Ok(connect(&self.source, &address)?))
    }

    /// Sends a datagram to the address that the socket is connected to.
    ///
    /// **Shape** `&[u8] → io::Result<usize>`, the length.
    /// # Suspends
    /// Until there is room, up to the write timeout.
    /// # Errors
    /// `EMSGSIZE` if it is too long; `ConnectionRefused` if an earlier one met nobody there; not connected
    /// (`EDESTADDRREQ`); `TimedOut`; `NotConnected` after [`close`](UdpSocket::close).
    /// # Cancellation
    /// Unwinds silently; it was not sent.
    ///
    /// # Examples
    /// See [`UdpSocket`].
    pub fn send(&self, datagram: &[u8]) -> io::Result<usize> {
        settle(self.send_within(datagram, self.source.timeout(Direction::Write)))
    }

    /// Sends a datagram to `address`, or to the first one of several.
    ///
    /// **Shape** `(&[u8], impl ToSocketAddrs) → io::Result<usize>`
    /// # Suspends
    /// While a name is looked up; until there is room, up to the write timeout.
    /// # Errors
    /// As [`send`](UdpSocket::send); those of the look-up; `InvalidInput` for an empty list.
    /// # Cancellation
    /// Unwinds silently; it was not sent.
    ///
    /// # Examples
    /// See [`UdpSocket`].
    pub fn send_to(&self, datagram: &[u8], address: impl ToSocketAddrs) -> io::Result<usize> {
        let address = settle(resolve(address, None))?.next();
        let address = address.ok_or_else(no_address)?;
        settle(self.send_to_within(datagram, &address, self.source.timeout(Direction::Write)))
    }

    /// Receives a datagram from the address that the socket is connected to; or from any, if it is not.
    ///
    /// **Shape** `&mut [u8] → io::Result<usize>`, the length of what fits.
    /// # Suspends
    /// Until one comes, up to the read timeout.
    /// # Errors
    /// `ConnectionRefused` if a datagram that was sent met nobody there; `TimedOut`; `NotConnected` after
    /// [`close`](UdpSocket::close).
    /// # Cancellation
    /// Unwinds silently; the datagram stays.
    ///
    /// # Examples
    /// See [`UdpSocket`].
    pub fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        settle(self.recv_within(buffer, self.source.timeout(Direction::Read)))
    }

    /// Receives a datagram; gives its length, as far as it fits, and the address of its sender.
    ///
    /// **Shape** `&mut [u8] → io::Result<(usize, SocketAddr)>`
    /// # Suspends
    /// Until one comes, up to the read timeout.
    /// # Errors
    /// As [`recv`](UdpSocket::recv).
    /// # Cancellation
    /// Unwinds silently; the datagram stays.
    ///
    /// # Examples
    /// See [`UdpSocket`].
    pub fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let timeout = self.source.timeout(Direction::Read);
        settle(self.recv_from_within(buffer, RecvFlags::empty(), timeout))
    }

    /// As [`recv`](UdpSocket::recv); the datagram stays, and comes again.
    ///
    /// **Shape** `&mut [u8] → io::Result<usize>`
    /// # Suspends
    /// As [`recv`](UdpSocket::recv).
    /// # Cancellation
    /// Unwinds silently.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::net::UdpSocket;
    ///
    /// let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    /// socket.connect(socket.local_addr().unwrap()).unwrap();
    /// socket.send(b"to myself").unwrap();
    /// assert_eq!((socket.peek(&mut [0; 9]).unwrap(), socket.recv(&mut [0; 9]).unwrap()), (9, 9));
    /// ```
    pub fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        settle(self.source.read_with(|fd| Ok(recv(fd, &mut *buffer, RecvFlags::PEEK)?.0)))
    }

    /// As [`recv_from`](UdpSocket::recv_from); the datagram stays, and comes again.
    ///
    /// **Shape** `&mut [u8] → io::Result<(usize, SocketAddr)>`
    /// # Suspends
    /// As [`recv_from`](UdpSocket::recv_from).
    /// # Cancellation
    /// Unwinds silently.
    ///
    /// # Examples
    /// See [`UdpSocket::peek`].
    pub fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let timeout = self.source.timeout(Direction::Read);
        settle(self.recv_from_within(buffer, RecvFlags::PEEK, timeout))
    }

    pub(crate) fn send_within(&self, datagram: &[u8], timeout: Option<Duration>) -> Result<usize, Failure> {
        let attempt = |fd: BorrowedFd<'_>| Ok(send(fd, datagram, SendFlags::NOSIGNAL)?);
        self.source.perform_within(Direction::Write, timeout, attempt)
    }

    pub(crate) fn send_to_within(
        &self,
        datagram: &[u8],
        address: &SocketAddr,
        timeout: Option<Duration>,
    ) -> Result<usize, Failure> {
        let attempt = |fd: BorrowedFd<'_>| Ok(sendto(fd, datagram, SendFlags::NOSIGNAL, address)?);
        self.source.perform_within(Direction::Write, timeout, attempt)
    }

    pub(crate) fn recv_within(&self, buffer: &mut [u8], timeout: Option<Duration>) -> Result<usize, Failure> {
        let attempt = |fd: BorrowedFd<'_>| Ok(recv(fd, &mut *buffer, RecvFlags::empty())?.0);
        self.source.perform_within(Direction::Read, timeout, attempt)
    }

    pub(crate) fn recv_from_within(
        &self,
        buffer: &mut [u8],
        flags: RecvFlags,
        timeout: Option<Duration>,
    ) -> Result<(usize, SocketAddr), Failure> {
        self.source.perform_within(Direction::Read, timeout, |fd| {
            let (len, _, address) = recvfrom(fd, &mut *buffer, flags)?;
            Ok((len, sender(address)?))
        })
    }

    pub(crate) fn timeout(&self, direction: Direction) -> Option<Duration> {
        self.source.timeout(direction)
    }

    /// The address that the socket is bound to.
    ///
    /// # Examples
    /// See [`UdpSocket`].
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        local_addr(&self.source)
    }

    /// The address that the socket is connected to.
    ///
    /// # Errors
    /// `NotConnected` if it is to none.
    ///
    /// # Examples
    /// ```
    /// let socket = moonfleet::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    /// assert_eq!(socket.peer_addr().unwrap_err().kind(), std::io::ErrorKind::NotConnected);
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        peer_addr(&self.source)
    }
}

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("UdpSocket");
        if let Ok(address) = self.local_addr() {
            fields.field("addr", &address);
        }
        if let Ok(address) = self.peer_addr() {
            fields.field("peer", &address);
        }
        fields.field("fd", &self.as_raw_fd()).finish()
    }
}

is_a_socket!(UdpSocket, std::net::UdpSocket);
has_timeouts!(UdpSocket);
has_ttl!(UdpSocket);
