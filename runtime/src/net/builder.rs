//! Settings of a socket that have to be made before it is bound.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use rustix::net::{SocketType, bind, listen, sockopt};

use super::socket::{first_of, socket_for};
use super::{TcpListener, ToSocketAddrs, UdpSocket};
use crate::reactor::source::Source;

/// Connections that wait to be accepted, at most, unless told otherwise: what Linux allows by itself.
const BACKLOG: u32 = 4096;

/// How a socket is to be bound: what [`TcpListener::builder`] and [`UdpSocket::builder`] give.
///
/// # Examples
/// ```
/// use moonfleet::net::TcpListener;
///
/// // One listener for each worker, all of one port: the kernel spreads the connections.
/// let first = TcpListener::builder().reuse_port(true).backlog(128).bind("127.0.0.1:0").unwrap();
/// let port = first.local_addr().unwrap();
/// let second = TcpListener::builder().reuse_port(true).bind(port).unwrap();
/// assert_eq!(second.local_addr().unwrap(), port);
/// ```
#[must_use = "nothing is bound before `bind`"]
pub struct SocketBuilder<S> {
    reuse_addr: bool,
    reuse_port: bool,
    only_v6: Option<bool>,
    backlog: u32,
    socket: PhantomData<fn() -> S>,
}

impl<S> SocketBuilder<S> {
    pub(super) fn new(reuse_addr: bool) -> Self {
        Self { reuse_addr, reuse_port: false, only_v6: None, backlog: BACKLOG, socket: PhantomData }
    }

    /// Whether an address may be bound that a socket had which was closed a moment ago (`SO_REUSEADDR`). Of
    /// listeners true unless told otherwise, as in the standard library; datagram sockets *share* the address then.
    ///
    /// # Examples
    /// See [`SocketBuilder`].
    pub fn reuse_addr(mut self, reuse: bool) -> Self {
        self.reuse_addr = reuse;
        self
    }

    /// Whether other sockets of this user may be bound to the same address, if they say so, too (`SO_REUSEPORT`).
    ///
    /// # Examples
    /// See [`SocketBuilder`].
    pub fn reuse_port(mut self, reuse: bool) -> Self {
        self.reuse_port = reuse;
        self
    }

    /// Whether a socket of an IPv6 address leaves IPv4 alone. Unless told, `net.ipv6.bindv6only` of the system says
    /// so. Sockets of IPv4 addresses do not care.
    ///
    /// # Examples
    /// See [`SocketBuilder`].
    pub fn only_v6(mut self, only: bool) -> Self {
        self.only_v6 = Some(only);
        self
    }

    fn bind_one(&self, address: &SocketAddr, kind: SocketType) -> io::Result<OwnedFd> {
        let socket = socket_for(address, kind)?;
        if self.reuse_addr {
            sockopt::set_socket_reuseaddr(&socket, true)?;
        }
        if self.reuse_port {
            sockopt::set_socket_reuseport(&socket, true)?;
        }
        if let Some(only) = self.only_v6
            && address.is_ipv6()
        {
            sockopt::set_ipv6_v6only(&socket, only)?;
        }
        bind(&socket, address)?;
        Ok(socket)
    }
}

impl SocketBuilder<TcpListener> {
    /// How many connections may wait to be accepted; the system bounds it (`net.core.somaxconn`). 4096 unless told
    /// otherwise. Beyond that, clients try again on their own.
    ///
    /// # Examples
    /// See [`SocketBuilder`].
    pub fn backlog(mut self, connections: u32) -> Self {
        self.backlog = connections;
        self
    }

    /// Listens at the first of the addresses that can be bound.
    ///
    /// **Shape** `impl ToSocketAddrs → io::Result<TcpListener>`
    /// # Suspends
    /// While a name is looked up.
    /// # Errors
    /// Those of [`TcpListener::bind`].
    /// # Cancellation
    /// Unwinds silently; nothing is bound.
    ///
    /// # Examples
    /// See [`SocketBuilder`].
    pub fn bind(&self, address: impl ToSocketAddrs) -> io::Result<TcpListener> {
        first_of(address, |address| {
            let socket = self.bind_one(&address, SocketType::STREAM)?;
            listen(&socket, i32::try_from(self.backlog).unwrap_or(i32::MAX))?;
            Ok(TcpListener::from_source(Source::new(socket)))
        })
    }
}

impl SocketBuilder<UdpSocket> {
    /// Binds to the first of the addresses that can be bound.
    ///
    /// **Shape** `impl ToSocketAddrs → io::Result<UdpSocket>`
    /// # Suspends
    /// While a name is looked up.
    /// # Errors
    /// Those of [`UdpSocket::bind`].
    /// # Cancellation
    /// Unwinds silently; nothing is bound.
    ///
    /// # Examples
    /// See [`UdpSocket::builder`].
    pub fn bind(&self, address: impl ToSocketAddrs) -> io::Result<UdpSocket> {
        first_of(address, |address| {
            let socket = self.bind_one(&address, SocketType::DGRAM)?;
            Ok(UdpSocket::from_source(Source::new(socket)))
        })
    }
}

impl<S> fmt::Debug for SocketBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("SocketBuilder");
        fields.field("reuse_addr", &self.reuse_addr).field("reuse_port", &self.reuse_port);
        fields.field("only_v6", &self.only_v6).field("backlog", &self.backlog).finish()
    }
}

impl<S> Clone for SocketBuilder<S> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}
