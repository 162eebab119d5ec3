//! Sockets for frames that must not unwind.
//!
//! A `deadline` takes the place of the socket's own timeout. One that has passed lets an operation that need not wait
//! succeed.

use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::net::RecvFlags;

use super::IoFailure;
use crate::io::Pollable;
use crate::net::{Listener, Stream, TcpStream, ToSocketAddrs, UdpSocket, UnixStream, resolve};
use crate::reactor::slot::Direction;
use crate::sys::clock;

/// Connects; see [`TcpStream::connect`].
///
/// # Suspends
/// As [`TcpStream::connect`], up to `deadline`.
/// # Errors
/// [`IoFailure`]: those of [`TcpStream::connect_timeout`], or cancelled.
///
/// # Examples
/// See [`read`].
pub fn connect(address: impl ToSocketAddrs, deadline: Option<Instant>) -> Result<TcpStream, IoFailure> {
    TcpStream::connect_before(address, deadline.map(clock::at))
}

/// Connects; see [`UnixStream::connect`].
///
/// # Suspends
/// As [`UnixStream::connect`], up to `deadline`.
/// # Errors
/// [`IoFailure`]: those of [`UnixStream::connect_timeout`], or cancelled.
///
/// # Examples
/// ```
/// assert!(moonfleet::foreign::connect_unix("/nowhere/at/all", None).is_err());
/// ```
pub fn connect_unix(path: impl AsRef<Path>, deadline: Option<Instant>) -> Result<UnixStream, IoFailure> {
    UnixStream::connect_path_within(path.as_ref(), deadline.map(left))
}

/// Accepts; see [`TcpListener::accept`](crate::net::TcpListener::accept).
///
/// # Suspends
/// Until there is a connection, up to `deadline`.
/// # Errors
/// [`IoFailure`]: those of [`TcpListener::accept`](crate::net::TcpListener::accept), or cancelled.
///
/// # Examples
/// See [`read`].
pub fn accept<L: Listener>(
    listener: &L,
    deadline: Option<Instant>,
) -> Result<(L::Stream, L::Peer), IoFailure> {
    let timeout = deadline.map(left).or_else(|| listener.source().timeout(Direction::Read));
    listener.accept_within(timeout)
}

/// Reads from a stream; see [`TcpStream`].
///
/// # Suspends
/// Until something is there, up to `deadline`. Never with an empty buffer.
/// # Errors
/// [`IoFailure`]: those of reading, or cancelled, and then nothing was read.
///
/// # Examples
/// ```
/// use moonfleet::{foreign, net::TcpListener};
///
/// moonfleet::run(|| {
///     let listener = TcpListener::bind("127.0.0.1:0").unwrap();
///     let near = foreign::connect(listener.local_addr().unwrap(), None).unwrap();
///     let (far, _) = foreign::accept(&listener, None).unwrap();
///     assert_eq!(foreign::write(&near, b"ahoy", None).unwrap(), 4);
///     let mut buffer = [0; 100];
///     assert_eq!(foreign::read(&far, &mut buffer, None).unwrap(), 4);
/// });
/// ```
#[inline]
pub fn read<S: Stream>(stream: &S, buffer: &mut [u8], deadline: Option<Instant>) -> Result<usize, IoFailure> {
    stream.receive(buffer, deadline.map(left).or_else(|| stream.source().timeout(Direction::Read)))
}

/// Writes to a stream; see [`TcpStream`].
///
/// # Suspends
/// Until there is room for a byte, up to `deadline`. Never without bytes.
/// # Errors
/// [`IoFailure`]: those of writing, or cancelled, and then nothing was written.
///
/// # Examples
/// See [`read`].
#[inline]
pub fn write<S: Stream>(stream: &S, bytes: &[u8], deadline: Option<Instant>) -> Result<usize, IoFailure> {
    stream.transmit(bytes, deadline.map(left).or_else(|| stream.source().timeout(Direction::Write)))
}

/// Sends a datagram to where the socket is connected to; see [`UdpSocket::send`].
///
/// # Suspends
/// Until there is room, up to `deadline`.
/// # Errors
/// [`IoFailure`]: those of [`UdpSocket::send`], or cancelled, and then it was not sent.
///
/// # Examples
/// See [`recv_from`].
pub fn send_datagram(
    socket: &UdpSocket,
    datagram: &[u8],
    deadline: Option<Instant>,
) -> Result<usize, IoFailure> {
    socket.send_within(datagram, deadline.map(left).or_else(|| socket.timeout(Direction::Write)))
}

/// Sends a datagram to `address`; see [`UdpSocket::send_to`].
///
/// # Suspends
/// Until there is room, up to `deadline`.
/// # Errors
/// [`IoFailure`]: those of [`UdpSocket::send_to`], or cancelled, and then it was not sent.
///
/// # Examples
/// See [`recv_from`].
pub fn send_to(
    socket: &UdpSocket,
    datagram: &[u8],
    address: &SocketAddr,
    deadline: Option<Instant>,
) -> Result<usize, IoFailure> {
    let timeout = deadline.map(left).or_else(|| socket.timeout(Direction::Write));
    socket.send_to_within(datagram, address, timeout)
}

/// Receives a datagram; see [`UdpSocket::recv`].
///
/// # Suspends
/// Until one comes, up to `deadline`.
/// # Errors
/// [`IoFailure`]: those of [`UdpSocket::recv`], or cancelled, and then it stays.
///
/// # Examples
/// See [`recv_from`].
pub fn recv_datagram(
    socket: &UdpSocket,
    buffer: &mut [u8],
    deadline: Option<Instant>,
) -> Result<usize, IoFailure> {
    socket.recv_within(buffer, deadline.map(left).or_else(|| socket.timeout(Direction::Read)))
}

/// Receives a datagram, and the address of its sender; see [`UdpSocket::recv_from`].
///
/// # Suspends
/// Until one comes, up to `deadline`.
/// # Errors
/// [`IoFailure`]: those of [`UdpSocket::recv_from`], or cancelled, and then it stays.
///
/// # Examples
/// ```
/// use moonfleet::{foreign, net::UdpSocket};
///
/// moonfleet::run(|| {
///     let [near, far] = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
///     let address = far.local_addr().unwrap();
///     foreign::send_to(&near, b"ahoy", &address, None).unwrap();
///     let mut buffer = [0; 100];
///     let (len, from) = foreign::recv_from(&far, &mut buffer, None).unwrap();
///     assert_eq!((len, from), (4, near.local_addr().unwrap()));
///     far.connect(from).unwrap();
///     foreign::send_datagram(&far, b"ahoy", None).unwrap();
///     assert_eq!(foreign::recv_datagram(&near, &mut buffer, None).unwrap(), 4);
/// });
/// ```
pub fn recv_from(
    socket: &UdpSocket,
    buffer: &mut [u8],
    deadline: Option<Instant>,
) -> Result<(usize, SocketAddr), IoFailure> {
    let timeout = deadline.map(left).or_else(|| socket.timeout(Direction::Read));
    socket.recv_from_within(buffer, RecvFlags::empty(), timeout)
}

/// Looks the addresses of a host up; see [`net::lookup_host`](crate::net::lookup_host).
///
/// # Suspends
/// Until the system answers, up to `deadline`.
/// # Errors
/// [`IoFailure`]: those of [`net::lookup_host`](crate::net::lookup_host), not in time, or cancelled.
///
/// # Examples
/// ```
/// moonfleet::run(|| assert!(!moonfleet::foreign::lookup_host("localhost", 80, None).unwrap().is_empty()));
/// ```
pub fn lookup_host(host: &str, port: u16, deadline: Option<Instant>) -> Result<Vec<SocketAddr>, IoFailure> {
    Ok(resolve((host, port), deadline.map(clock::at))?.collect())
}

/// Waits until a read would not block; see [`Pollable::wait_readable`].
///
/// # Suspends
/// Until then, or until `deadline`; without one there is no end to it.
/// # Errors
/// [`IoFailure`]: those of [`Pollable::wait_readable`], or cancelled.
///
/// # Examples
/// ```
/// use moonfleet::{foreign, io::Pollable};
/// use std::time::Instant;
///
/// let (reader, writer) = std::io::pipe().unwrap();
/// let (reader, writer) = (Pollable::new(reader).unwrap(), Pollable::new(writer).unwrap());
/// assert!(foreign::wait_writable(&writer, None).is_ok());
/// assert!(foreign::wait_readable(&reader, Some(Instant::now())).is_err());
/// ```
pub fn wait_readable<T: AsFd>(file: &Pollable<T>, deadline: Option<Instant>) -> Result<(), IoFailure> {
    file.wait_within(Direction::Read, deadline.map(left))
}

/// Waits until a write would not block; see [`Pollable::wait_writable`].
///
/// # Suspends
/// Until then, or until `deadline`; without one there is no end to it.
/// # Errors
/// [`IoFailure`]: those of [`Pollable::wait_writable`], or cancelled.
///
/// # Examples
/// See [`wait_readable`].
pub fn wait_writable<T: AsFd>(file: &Pollable<T>, deadline: Option<Instant>) -> Result<(), IoFailure> {
    file.wait_within(Direction::Write, deadline.map(left))
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}
