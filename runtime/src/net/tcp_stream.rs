//! A TCP connection.

use std::fmt;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::os::fd::AsRawFd as _;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{SocketType, connect};

use super::ToSocketAddrs;
use super::half::{ReadHalf, WriteHalf, split};
use super::resolve::resolve;
use super::socket::{
    has_timeouts, has_ttl, is_a_socket, local_addr, no_address, not_zero, peer_addr, socket_for,
};
use super::stream::{Ends, reads_and_writes};
use crate::reactor::slot::Direction;
use crate::reactor::source::{Failure, Source, settle};
use crate::sys::clock;

/// A TCP connection: [`std::net::TcpStream`], whose operations suspend.
///
/// It is read and written by [`Read`](io::Read) and [`Write`](io::Write), by value or by reference: one task may read while another one
/// writes. Reading, writing, and whatever else waits ends with an error as soon as somebody calls
/// [`close`](TcpStream::close). A write to a connection whose other side is gone is an error, never a signal.
///
/// **Cancellation** unwinds silently. A `read` or `write` that is cancelled has moved nothing; of `read_exact`,
/// `write_all` and the like, which are made of several, it is not known how far they came.
///
/// # Examples
/// ```
/// use moonfleet::net::{TcpListener, TcpStream};
/// use std::io::{Read, Write};
///
/// moonfleet::run(|| {
///     let listener = TcpListener::bind("127.0.0.1:0").unwrap();
///     let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
///     let (mut far, _) = listener.accept().unwrap();
///     near.write_all(b"ahoy").unwrap();
///     drop(near);
///     let mut text = String::new();
///     far.read_to_string(&mut text).unwrap();
///     assert_eq!(text, "ahoy");
/// });
/// ```
pub struct TcpStream {
    pub(super) source: Source,
}

impl TcpStream {
    /// Connects to the first of the addresses that answers.
    ///
    /// **Shape** `impl ToSocketAddrs → io::Result<TcpStream>`
    /// # Suspends
    /// While a name is looked up, and until the connection is made.
    /// # Errors
    /// Those of the look-up, or of the last address: `ConnectionRefused`, `TimedOut` when the kernel gives up
    /// (after minutes; see [`connect_timeout`](TcpStream::connect_timeout)), …
    /// # Cancellation
    /// Unwinds silently; the attempt is given up.
    ///
    /// # Examples
    /// See [`TcpStream`].
    pub fn connect(address: impl ToSocketAddrs) -> io::Result<Self> {
        settle(Self::connect_before(address, None))
    }

    /// Connects as [`TcpStream::connect`] does, looking up and trying all addresses within `timeout`. Each address
    /// may take its share of the time that is left.
    ///
    /// **Shape** `(impl ToSocketAddrs, Duration) → io::Result<TcpStream>`
    /// # Suspends
    /// As [`TcpStream::connect`], up to `timeout`.
    /// # Errors
    /// As [`TcpStream::connect`]; `TimedOut`; `InvalidInput` for a timeout of zero.
    /// # Cancellation
    /// Unwinds silently; the attempt is given up.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::net::{TcpListener, TcpStream};
    /// use std::time::Duration;
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let address = listener.local_addr().unwrap();
    /// assert!(TcpStream::connect_timeout(&address, Duration::from_secs(5)).is_ok());
    /// ```
    pub fn connect_timeout(address: impl ToSocketAddrs, timeout: Duration) -> io::Result<Self> {
        settle(Self::connect_before(address, Some(clock::after(not_zero(timeout)?))))
    }

    pub(crate) fn connect_before(
        address: impl ToSocketAddrs,
        deadline_ns: Option<u64>,
    ) -> Result<Self, Failure> {
        let mut addresses = resolve(address, deadline_ns)?;
        let mut last = no_address();
        while let Some(address) = addresses.next() {
            let share = deadline_ns.map(|deadline_ns| {
                let left_ns = deadline_ns.saturating_sub(clock::now_ns());
                Duration::from_nanos(left_ns / (addresses.len() as u64 + 1))
            });
            match Self::connect_one(&address, share) {
                Err(Failure::Io(error)) => last = error,
                result => return result,
            }
        }
        Err(last.into())
    }

    fn connect_one(address: &SocketAddr, timeout: Option<Duration>) -> Result<Self, Failure> {
        let source = Source::new(socket_for(address, SocketType::STREAM)?);
        // Asked again, Linux tells how the attempt that is under way goes, and how it has ended.
        let connected = source.perform_within(Direction::Write, timeout, |fd| match connect(fd, address) {
            Err(Errno::INPROGRESS | Errno::ALREADY) => Err(Errno::AGAIN.into()),
            Err(Errno::ISCONN) => Ok(()),
            connected => Ok(connected?),
        });
        connected.map_err(|failure| match failure {
            Failure::Io(error) => explain(address, timeout, error).into(),
            cancelled => cancelled,
        })?;
        Ok(Self { source })
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
    /// ```
    /// use moonfleet::net::{TcpListener, TcpStream};
    /// use std::io::Write;
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    /// let (far, _) = listener.accept().unwrap();
    /// near.write_all(b"a").unwrap();
    /// assert_eq!((far.peek(&mut [0; 9]).unwrap(), far.peek(&mut [0; 9]).unwrap()), (1, 1));
    /// ```
    pub fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        settle(self.look(buffer))
    }

    /// Ends one direction of the connection, or both, whoever else uses it: whoever waits in it is told.
    ///
    /// After `Write` the other side reads what was written, then the end of the stream.
    ///
    /// # Errors
    /// `NotConnected` if the connection has ended.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::net::{TcpListener, TcpStream};
    /// use std::io::Read;
    /// use std::net::Shutdown;
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    /// let (mut far, _) = listener.accept().unwrap();
    /// near.shutdown(Shutdown::Write).unwrap();
    /// assert_eq!(far.read(&mut [0]).unwrap(), 0);
    /// ```
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

    /// The address of this side.
    ///
    /// # Examples
    /// See the [module](crate::net).
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        local_addr(&self.source)
    }

    /// The address of the other side.
    ///
    /// # Errors
    /// `NotConnected` if the connection has ended.
    ///
    /// # Examples
    /// See the [module](crate::net).
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        peer_addr(&self.source)
    }
}

#[cold]
fn explain(address: &SocketAddr, timeout: Option<Duration>, error: io::Error) -> io::Error {
    match timeout {
        Some(timeout) if error.raw_os_error().is_none() && error.kind() == io::ErrorKind::TimedOut => {
            let error = format!("{address} did not answer within {timeout:?}");
            io::Error::new(io::ErrorKind::TimedOut, error)
        }
        _ => error,
    }
}

impl Ends for TcpStream {
    const TELLS_BY_SHORT_COUNTS: bool = true;

    #[allow(private_interfaces, reason = "as in the trait")]
    #[inline]
    fn source(&self) -> &Source {
        &self.source
    }
}

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("TcpStream");
        if let Ok(address) = self.local_addr() {
            fields.field("addr", &address);
        }
        if let Ok(address) = self.peer_addr() {
            fields.field("peer", &address);
        }
        fields.field("fd", &self.as_raw_fd()).finish()
    }
}

is_a_socket!(TcpStream, std::net::TcpStream);
has_timeouts!(TcpStream);
has_ttl!(TcpStream);
reads_and_writes!(TcpStream);
