//! What an operation of `net` is to talk to: addresses, or a name that has to be looked up first.
//!
//! The standard library's trait of this name looks names up by itself, on the thread that asks, however long that
//! takes; and what it looks up may be borrowed, so it cannot be left behind on another thread either. Hence a trait
//! of our own, which says *what* to look up. It is implemented for the same types.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::vec;

/// What can be connected or bound to: the types of [`std::net::ToSocketAddrs`], and what you implement it for.
///
/// Numeric addresses are used at once. Names are looked up on another thread while the task waits, so that a
/// timeout or a cancel ends that wait, too.
///
/// # Examples
/// ```
/// use moonfleet::net::{Target, TcpListener, TcpStream, ToSocketAddrs};
///
/// struct Service {
///     host: String,
///     port: u16,
/// }
///
/// impl ToSocketAddrs for Service {
///     fn to_target(&self) -> std::io::Result<Target> {
///         (self.host.as_str(), self.port).to_target()
///     }
/// }
///
/// moonfleet::run(|| {
///     let listener = TcpListener::bind("localhost:0").unwrap();
///     let service = Service { host: "localhost".into(), port: listener.local_addr().unwrap().port() };
///     TcpStream::connect(&service).unwrap();
/// });
/// ```
///
/// A type that implements the standard library's trait alone is looked up by hand:
/// ```
/// use std::net::ToSocketAddrs;
///
/// moonfleet::run(|| {
///     let addresses: Vec<_> = moonfleet::blocking(|| "localhost:0".to_socket_addrs()).unwrap().collect();
///     moonfleet::net::UdpSocket::bind(&addresses[..]).unwrap();
/// });
/// ```
pub trait ToSocketAddrs {
    /// What to connect or bind to. It does not wait for anything.
    ///
    /// # Errors
    /// `InvalidInput` for a text that is no `host:port`.
    ///
    /// # Examples
    /// See [`ToSocketAddrs`].
    fn to_target(&self) -> io::Result<Target>;
}

/// Some addresses, or a name and a port.
///
/// # Examples
/// ```
/// use moonfleet::net::{Target, ToSocketAddrs};
///
/// assert_eq!("127.0.0.1:80".to_target().unwrap(), Target::address(([127, 0, 0, 1], 80).into()));
/// assert_eq!("localhost:80".to_target().unwrap(), Target::name("localhost", 80));
/// assert!("localhost".to_target().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target(pub(super) Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    One(SocketAddr),
    Many(Vec<SocketAddr>),
    Name { host: String, port: u16 },
}

/// The addresses that a target stands for.
#[derive(Debug, Clone)]
pub(crate) struct Addresses {
    one: Option<SocketAddr>,
    many: vec::IntoIter<SocketAddr>,
}

impl Target {
    /// One address.
    ///
    /// # Examples
    /// See [`Target`].
    #[must_use]
    pub fn address(address: SocketAddr) -> Self {
        Self(Kind::One(address))
    }

    /// Addresses, to be tried one after the other.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::net::{Target, ToSocketAddrs};
    ///
    /// let addresses = ["127.0.0.1:80".parse().unwrap(), "[::1]:80".parse().unwrap()];
    /// assert_eq!(addresses.as_slice().to_target().unwrap(), Target::addresses(addresses));
    /// ```
    #[must_use]
    pub fn addresses(addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self(Kind::Many(addresses.into_iter().collect()))
    }

    /// A name that is to be looked up; or a numeric address after all.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::net::Target;
    ///
    /// assert_eq!(Target::name("::1", 80), Target::address("[::1]:80".parse().unwrap()));
    /// ```
    #[must_use]
    pub fn name(host: impl Into<String>, port: u16) -> Self {
        let host = host.into();
        match host.parse::<IpAddr>() {
            Ok(ip) => Self::address((ip, port).into()),
            Err(_) => Self(Kind::Name { host, port }),
        }
    }
}

impl From<SocketAddr> for Addresses {
    fn from(address: SocketAddr) -> Self {
        Self { one: Some(address), many: Vec::new().into_iter() }
    }
}

impl From<Vec<SocketAddr>> for Addresses {
    fn from(addresses: Vec<SocketAddr>) -> Self {
        Self { one: None, many: addresses.into_iter() }
    }
}

impl Iterator for Addresses {
    type Item = SocketAddr;

    fn next(&mut self) -> Option<SocketAddr> {
        self.one.take().or_else(|| self.many.next())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = usize::from(self.one.is_some()) + self.many.len();
        (len, Some(len))
    }
}

impl ExactSizeIterator for Addresses {}

impl ToSocketAddrs for Target {
    fn to_target(&self) -> io::Result<Target> {
        Ok(self.clone())
    }
}

/// Of types that are one address.
macro_rules! is_an_address {
    ($($address:ty),*) => {$(
        impl ToSocketAddrs for $address {
            fn to_target(&self) -> io::Result<Target> {
                Ok(Target::address((*self).into()))
            }
        }
    )*};
}

is_an_address!(SocketAddr, SocketAddrV4, SocketAddrV6, (IpAddr, u16), (Ipv4Addr, u16), (Ipv6Addr, u16));

impl ToSocketAddrs for [SocketAddr] {
    fn to_target(&self) -> io::Result<Target> {
        Ok(Target::addresses(self.iter().copied()))
    }
}

impl<const N: usize> ToSocketAddrs for [SocketAddr; N] {
    fn to_target(&self) -> io::Result<Target> {
        self.as_slice().to_target()
    }
}

impl ToSocketAddrs for Vec<SocketAddr> {
    fn to_target(&self) -> io::Result<Target> {
        self.as_slice().to_target()
    }
}

impl ToSocketAddrs for (&str, u16) {
    fn to_target(&self) -> io::Result<Target> {
        Ok(Target::name(self.0, self.1))
    }
}

impl ToSocketAddrs for (String, u16) {
    fn to_target(&self) -> io::Result<Target> {
        (self.0.as_str(), self.1).to_target()
    }
}

impl ToSocketAddrs for str {
    fn to_target(&self) -> io::Result<Target> {
        if let Ok(address) = self.parse() {
            return Ok(Target::address(address));
        }
        let parts = self.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
        let (host, port) = parts.ok_or_else(|| {
            let error =
                format!("`{self}` is no address: give it as `host:port`, with a port from 0 to 65535");
            io::Error::new(ErrorKind::InvalidInput, error)
        })?;
        Ok(Target::name(host, port))
    }
}

impl ToSocketAddrs for String {
    fn to_target(&self) -> io::Result<Target> {
        self.as_str().to_target()
    }
}

impl<T: ToSocketAddrs + ?Sized> ToSocketAddrs for &T {
    fn to_target(&self) -> io::Result<Target> {
        (**self).to_target()
    }
}
