//! What all sockets have in common: how they are made, and the methods and conversions that each of them has.

use std::io::{self, ErrorKind};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::io::ioctl_fionbio;
use rustix::net::{AddressFamily, SocketAddrAny, SocketFlags, SocketType, socket_with};

use super::address::ToSocketAddrs;
use super::resolve::resolve;
use crate::reactor::source::{Failure, Source, settle};

/// Every socket of ours is non-blocking, and is not passed on to child processes.
pub(super) const FLAGS: SocketFlags = SocketFlags::NONBLOCK.union(SocketFlags::CLOEXEC);

/// A socket of the family that `address` belongs to.
pub(super) fn socket_for(address: &SocketAddr, kind: SocketType) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    Ok(socket_with(family, kind, FLAGS, None)?)
}

/// The internet address that the kernel gave.
pub(super) fn internet(address: SocketAddrAny) -> io::Result<SocketAddr> {
    Ok(SocketAddr::try_from(address)?)
}

/// The internet address of the other side, as it comes with what it sent.
pub(super) fn sender(address: Option<SocketAddrAny>) -> io::Result<SocketAddr> {
    internet(address.ok_or(ErrorKind::NotConnected)?)
}

/// The socket's own address.
pub(super) fn local_addr(socket: impl AsFd) -> io::Result<SocketAddr> {
    internet(rustix::net::getsockname(socket)?)
}

/// The address of the other side.
pub(super) fn peer_addr(socket: impl AsFd) -> io::Result<SocketAddr> {
    sender(rustix::net::getpeername(socket)?)
}

/// What `operate` makes of the first address that it succeeds with.
///
/// # Errors
/// Those of the look-up, or of the last address.
pub(super) fn first_of<R>(
    target: impl ToSocketAddrs,
    mut operate: impl FnMut(SocketAddr) -> io::Result<R>,
) -> io::Result<R> {
    let mut last = no_address();
    let mut addresses = settle(resolve(target, None))?;
    let first = addresses.find_map(|address| operate(address).map_err(|error| last = error).ok());
    first.ok_or(last)
}

/// The error of an operation that was given an empty list.
pub(super) fn no_address() -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, "the list of addresses is empty: there is nothing to try")
}

/// A source of a socket that may be in blocking mode.
pub(super) fn source_of(fd: OwnedFd) -> Source {
    // It can fail for descriptors without a file (`O_PATH`) alone, on which every other operation fails as well.
    let _ = ioctl_fionbio(&fd, true);
    Source::new(fd)
}

/// The descriptor of a source, in blocking mode.
pub(super) fn blocking_fd(source: Source) -> OwnedFd {
    let fd = source.into_fd();
    // As in `source_of`.
    let _ = ioctl_fionbio(&fd, false);
    fd
}

/// The directions that are to end, for the kernel.
pub(super) fn direction(how: Shutdown) -> rustix::net::Shutdown {
    match how {
        Shutdown::Read => rustix::net::Shutdown::Read,
        Shutdown::Write => rustix::net::Shutdown::Write,
        Shutdown::Both => rustix::net::Shutdown::Both,
    }
}

/// What an operation on nothing gives: it is a point of cancellation like any other, and does not wait.
pub(super) fn nothing() -> Result<usize, Failure> {
    crate::suspend::check()?;
    Ok(0)
}

/// A timeout as it is given for one operation.
///
/// # Errors
/// `InvalidInput` for zero, as in the standard library.
pub(super) fn not_zero(timeout: Duration) -> io::Result<Duration> {
    if timeout.is_zero() {
        let error = "a timeout of zero would end the operation at once: give it some time";
        return Err(io::Error::new(ErrorKind::InvalidInput, error));
    }
    Ok(timeout)
}

/// What every type with a field `source` has: handles, errors, closing, and conversions, `$std` being its twin in
/// the standard library.
macro_rules! is_a_socket {
    ($socket:ident, $std:ty) => {
        impl $socket {
            pub(super) fn from_source(source: crate::reactor::source::Source) -> Self {
                Self { source }
            }

            /// Another handle of the same socket, which stays open until all of them are dropped.
            ///
            /// It has the timeouts that this one has now; later changes are each handle's own. To *share* a socket
            /// between tasks a reference, or an `Arc`, will do, and costs no descriptor.
            ///
            /// # Errors
            /// The process has as many descriptors as it may; the socket was closed.
            ///
            /// # Examples
            /// See the [module](crate::net).
            pub fn try_clone(&self) -> std::io::Result<Self> {
                self.source.try_clone().map(Self::from_source)
            }

            /// The error that has come up since the last call, if any; it is forgotten.
            ///
            /// # Examples
            /// See the [module](crate::net).
            pub fn take_error(&self) -> std::io::Result<Option<std::io::Error>> {
                Ok(rustix::net::sockopt::socket_error(&self.source)?.err().map(Into::into))
            }

            /// Closes this handle while others may be using it: whoever waits is told at once.
            ///
            /// What they do, and what is done with the handle later, fails with `NotConnected`. Handles made by
            /// `try_clone` stay open.
            ///
            /// # Errors
            /// None but those of a descriptor that is no socket.
            ///
            /// # Examples
            /// See the [module](crate::net).
            pub fn close(&self) -> std::io::Result<()> {
                self.source.close()
            }
        }

        impl std::os::fd::AsFd for $socket {
            #[inline]
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                std::os::fd::AsFd::as_fd(&self.source)
            }
        }

        impl std::os::fd::AsRawFd for $socket {
            #[inline]
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                std::os::fd::AsRawFd::as_raw_fd(&std::os::fd::AsFd::as_fd(self))
            }
        }

        /// Takes a socket over, and puts it, with all its handles, into non-blocking mode.
        impl From<std::os::fd::OwnedFd> for $socket {
            fn from(fd: std::os::fd::OwnedFd) -> Self {
                Self { source: crate::net::socket::source_of(fd) }
            }
        }

        /// Gives the descriptor, which stays in non-blocking mode.
        impl From<$socket> for std::os::fd::OwnedFd {
            fn from(socket: $socket) -> Self {
                socket.source.into_fd()
            }
        }

        /// Takes a socket over, and puts it, with all its handles, into non-blocking mode.
        impl From<$std> for $socket {
            fn from(socket: $std) -> Self {
                std::os::fd::OwnedFd::from(socket).into()
            }
        }

        /// Gives a socket that blocks its thread; so do all other handles of it.
        impl From<$socket> for $std {
            fn from(socket: $socket) -> Self {
                crate::net::socket::blocking_fd(socket.source).into()
            }
        }
    };
}

/// The timeouts of a type with a field `source` that reads and writes.
macro_rules! has_timeouts {
    ($socket:ident) => {
        impl $socket {
            /// Lets each read wait no longer than `timeout`; `None`, the beginning, for ever.
            ///
            /// A read that is not in time fails with `TimedOut` (the standard library's with `WouldBlock`).
            ///
            /// # Errors
            /// `InvalidInput` for zero.
            ///
            /// # Examples
            /// See the [module](crate::net).
            pub fn set_read_timeout(&self, timeout: Option<std::time::Duration>) -> std::io::Result<()> {
                self.source.set_timeout(crate::reactor::slot::Direction::Read, timeout)
            }

            /// Lets each write wait no longer than `timeout`; as [`set_read_timeout`](Self::set_read_timeout).
            ///
            /// # Errors
            /// `InvalidInput` for zero.
            ///
            /// # Examples
            /// See the [module](crate::net).
            pub fn set_write_timeout(&self, timeout: Option<std::time::Duration>) -> std::io::Result<()> {
                self.source.set_timeout(crate::reactor::slot::Direction::Write, timeout)
            }

            /// How long a read may wait.
            ///
            /// # Errors
            /// None; it is a `Result` as in the standard library.
            ///
            /// # Examples
            /// See the [module](crate::net).
            pub fn read_timeout(&self) -> std::io::Result<Option<std::time::Duration>> {
                Ok(self.source.timeout(crate::reactor::slot::Direction::Read))
            }

            /// How long a write may wait.
            ///
            /// # Errors
            /// None; it is a `Result` as in the standard library.
            ///
            /// # Examples
            /// See the [module](crate::net).
            pub fn write_timeout(&self) -> std::io::Result<Option<std::time::Duration>> {
                Ok(self.source.timeout(crate::reactor::slot::Direction::Write))
            }

            /// Has the kernel keep up to `bytes` that were not read yet. (Linux takes twice the number, and bounds
            /// it: see `net.core.rmem_max`.)
            ///
            /// # Examples
            /// See the [module](crate::net).
            pub fn set_recv_buffer_size(&self, bytes: usize) -> std::io::Result<()> {
                Ok(rustix::net::sockopt::set_socket_recv_buffer_size(&self.source, bytes)?)
            }

            /// How many bytes the kernel keeps that were not read yet.
            ///
            /// # Examples
            /// See the [module](crate::net).
            pub fn recv_buffer_size(&self) -> std::io::Result<usize> {
                Ok(rustix::net::sockopt::socket_recv_buffer_size(&self.source)?)
            }

            /// Has the kernel keep up to `bytes` that were not sent yet. (Linux takes twice the number, and bounds
            /// it: see `net.core.wmem_max`.)
            ///
            /// # Examples
            /// See the [module](crate::net).
            pub fn set_send_buffer_size(&self, bytes: usize) -> std::io::Result<()> {
                Ok(rustix::net::sockopt::set_socket_send_buffer_size(&self.source, bytes)?)
            }

            /// How many bytes the kernel keeps that were not sent yet.
            ///
            /// # Examples
            /// See the [module](crate::net).
            pub fn send_buffer_size(&self) -> std::io::Result<usize> {
                Ok(rustix::net::sockopt::socket_send_buffer_size(&self.source)?)
            }
        }
    };
}

/// The accept timeout of a type with a field `source`.
macro_rules! has_accept_timeout {
    ($socket:ident) => {
        impl $socket {
            /// Lets each accept wait no longer than `timeout`; `None`, the beginning, for ever.
            ///
            /// One that is not in time fails with `TimedOut`.
            ///
            /// # Errors
            /// `InvalidInput` for zero.
            ///
            /// # Examples
            /// See the [module](crate::net).
            pub fn set_accept_timeout(&self, timeout: Option<std::time::Duration>) -> std::io::Result<()> {
                self.source.set_timeout(crate::reactor::slot::Direction::Read, timeout)
            }

            /// How long an accept may wait.
            ///
            /// # Errors
            /// None; it is a `Result` as that of a stream's `read_timeout`.
            ///
            /// # Examples
            /// See the [module](crate::net).
            pub fn accept_timeout(&self) -> std::io::Result<Option<std::time::Duration>> {
                Ok(self.source.timeout(crate::reactor::slot::Direction::Read))
            }
        }
    };
}

/// The time to live of what an internet socket sends.
macro_rules! has_ttl {
    ($socket:ident) => {
        impl $socket {
            /// Lets what the socket sends pass `ttl` routers at most.
            ///
            /// # Examples
            /// See the [module](crate::net).
            pub fn set_ttl(&self, ttl: u32) -> std::io::Result<()> {
                Ok(rustix::net::sockopt::set_ip_ttl(&self.source, ttl)?)
            }

            /// How many routers what the socket sends may pass.
            ///
            /// # Examples
            /// See the [module](crate::net).
            pub fn ttl(&self) -> std::io::Result<u32> {
                Ok(rustix::net::sockopt::ip_ttl(&self.source)?)
            }
        }
    };
}

pub(super) use {has_accept_timeout, has_timeouts, has_ttl, is_a_socket};
