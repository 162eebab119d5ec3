//! What the sockets have in common: making them, and their addresses.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};

use rustix::net::{AddressFamily, SocketAddrAny, SocketFlags, SocketType, socket_with};

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

/// The socket's own address.
pub(super) fn local_addr(socket: impl AsFd) -> io::Result<SocketAddr> {
    internet(rustix::net::getsockname(socket)?)
}

/// The address of the other side.
pub(super) fn peer_addr(socket: impl AsFd) -> io::Result<SocketAddr> {
    internet(rustix::net::getpeername(socket)?.ok_or(io::ErrorKind::NotConnected)?)
}
