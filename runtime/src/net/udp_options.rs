//! Settings of a UDP socket: broadcasts, and groups of receivers.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

use rustix::net::sockopt;

use super::UdpSocket;

impl UdpSocket {
    /// Whether datagrams may be sent to broadcast addresses.
    ///
    /// # Examples
    /// ```
    /// let socket = moonfleet::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    /// socket.set_broadcast(true).unwrap();
    /// assert!(socket.broadcast().unwrap());
    /// ```
    pub fn set_broadcast(&self, broadcast: bool) -> io::Result<()> {
        Ok(sockopt::set_socket_broadcast(&self.source, broadcast)?)
    }

    /// Whether datagrams may be sent to broadcast addresses.
    ///
    /// # Examples
    /// See [`UdpSocket::set_broadcast`].
    pub fn broadcast(&self) -> io::Result<bool> {
        Ok(sockopt::socket_broadcast(&self.source)?)
    }

    /// Receives what is sent to `group`, too, at the interface that has the address `interface` (unspecified: at
    /// one that the system chooses).
    ///
    /// # Errors
    /// `InvalidInput` if `group` is no multicast address; there is no such interface (`ENODEV`).
    ///
    /// # Examples
    /// ```
    /// use moonfleet::net::UdpSocket;
    /// use std::net::Ipv4Addr;
    ///
    /// let (group, interface) = (Ipv4Addr::new(239, 1, 2, 3), Ipv4Addr::LOCALHOST);
    /// let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    /// socket.join_multicast_v4(&group, &interface).unwrap();
    /// socket.leave_multicast_v4(&group, &interface).unwrap();
    /// assert!(socket.join_multicast_v4(&interface, &interface).is_err());
    /// ```
    pub fn join_multicast_v4(&self, group: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        Ok(sockopt::set_ip_add_membership(&self.source, group, interface)?)
    }

    /// Ends [`join_multicast_v4`](UdpSocket::join_multicast_v4).
    ///
    /// # Errors
    /// `AddrNotAvailable` if it was never called.
    ///
    /// # Examples
    /// See [`UdpSocket::join_multicast_v4`].
    pub fn leave_multicast_v4(&self, group: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        Ok(sockopt::set_ip_drop_membership(&self.source, group, interface)?)
    }

    /// Receives what is sent to `group`, too, at the interface number `interface` (0: at one that the system
    /// chooses).
    ///
    /// # Errors
    /// As [`join_multicast_v4`](UdpSocket::join_multicast_v4).
    ///
    /// # Examples
    /// ```no_run
    /// use moonfleet::net::UdpSocket;
    ///
    /// let group = "ff02::123".parse().unwrap();
    /// let socket = UdpSocket::bind("[::]:0").unwrap();
    /// socket.join_multicast_v6(&group, 0).unwrap();
    /// socket.leave_multicast_v6(&group, 0).unwrap();
    /// ```
    pub fn join_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        Ok(sockopt::set_ipv6_add_membership(&self.source, group, interface)?)
    }

    /// Ends [`join_multicast_v6`](UdpSocket::join_multicast_v6).
    ///
    /// # Errors
    /// `AddrNotAvailable` if it was never called.
    ///
    /// # Examples
    /// See [`UdpSocket::join_multicast_v6`].
    pub fn leave_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        Ok(sockopt::set_ipv6_drop_membership(&self.source, group, interface)?)
    }

    /// Whether receivers of this host get what is sent to an IPv4 group.
    ///
    /// # Examples
    /// ```
    /// let socket = moonfleet::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    /// socket.set_multicast_loop_v4(false).unwrap();
    /// socket.set_multicast_ttl_v4(3).unwrap();
    /// assert!(!socket.multicast_loop_v4().unwrap());
    /// assert_eq!(socket.multicast_ttl_v4().unwrap(), 3);
    /// ```
    pub fn set_multicast_loop_v4(&self, loops: bool) -> io::Result<()> {
        Ok(sockopt::set_ip_multicast_loop(&self.source, loops)?)
    }

    /// Whether receivers of this host get what is sent to an IPv4 group.
    ///
    /// # Examples
    /// See [`UdpSocket::set_multicast_loop_v4`].
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        Ok(sockopt::ip_multicast_loop(&self.source)?)
    }

    /// Lets what is sent to an IPv4 group pass `ttl` routers at most. 1 at the beginning.
    ///
    /// # Examples
    /// See [`UdpSocket::set_multicast_loop_v4`].
    pub fn set_multicast_ttl_v4(&self, ttl: u32) -> io::Result<()> {
        Ok(sockopt::set_ip_multicast_ttl(&self.source, ttl)?)
    }

    /// How many routers what is sent to an IPv4 group may pass.
    ///
    /// # Examples
    /// See [`UdpSocket::set_multicast_loop_v4`].
    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        Ok(sockopt::ip_multicast_ttl(&self.source)?)
    }

    /// Whether receivers of this host get what is sent to an IPv6 group.
    ///
    /// # Examples
    /// See [`UdpSocket::set_multicast_loop_v4`].
    pub fn set_multicast_loop_v6(&self, loops: bool) -> io::Result<()> {
        Ok(sockopt::set_ipv6_multicast_loop(&self.source, loops)?)
    }

    /// Whether receivers of this host get what is sent to an IPv6 group.
    ///
    /// # Examples
    /// See [`UdpSocket::set_multicast_loop_v4`].
    pub fn multicast_loop_v6(&self) -> io::Result<bool> {
        Ok(sockopt::ipv6_multicast_loop(&self.source)?)
    }
}
