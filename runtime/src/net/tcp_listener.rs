//! A socket that accepts TCP connections.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd as _;
use std::time::Duration;

use rustix::net::acceptfrom_with;

use super::serve::{Accepts, Incoming, serve};
use super::socket::{FLAGS, has_accept_timeout, has_ttl, is_a_socket, local_addr, sender};
use super::{SocketBuilder, TcpStream, ToSocketAddrs};
use crate::reactor::slot::Direction;
use crate::reactor::source::{Failure, Source, settle};

/// A socket that accepts TCP connections: [`std::net::TcpListener`], whose operations suspend.
///
/// Any number of tasks and threads may accept from one listener.
///
/// # Examples
/// ```
/// use moonfleet::net::{TcpListener, TcpStream};
/// use std::io::Read;
///
/// moonfleet::run(|| {
///     let listener = TcpListener::bind("127.0.0.1:0").unwrap();
///     let address = listener.local_addr().unwrap();
///     let client = moonfleet::spawn(move || TcpStream::connect(address).unwrap().local_addr().unwrap());
///     let (mut stream, peer) = listener.accept().unwrap();
///     assert_eq!(stream.read(&mut [0]).unwrap(), 0);
///     assert_eq!(client.join().unwrap(), peer);
/// });
/// ```
pub struct TcpListener {
    pub(super) source: Source,
}

impl TcpListener {
    /// Listens at the first of the addresses that can be bound. Port 0: at a free one.
    ///
    /// **Shape** `impl ToSocketAddrs → io::Result<TcpListener>`
    /// # Suspends
    /// While a name is looked up.
    /// # Errors
    /// Those of the look-up, or of the last address: `AddrInUse`, `AddrNotAvailable`, `PermissionDenied`, …
    /// # Cancellation
    /// Unwinds silently; nothing is bound.
    ///
    /// # Examples
    /// See [`TcpListener`].
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        Self::builder().bind(address)
    }

    /// For a listener with settings of its own.
    ///
    /// # Examples
    /// See [`SocketBuilder`].
    pub fn builder() -> SocketBuilder<Self> {
        SocketBuilder::new(true)
    }

    /// Accepts a connection; gives it with the address of the other side.
    ///
    /// **Shape** `() → io::Result<(TcpStream, SocketAddr)>`
    /// # Suspends
    /// Until there is a connection, up to the accept timeout.
    /// # Errors
    /// `TimedOut`, `NotConnected` after [`close`](TcpListener::close); the process or the system has as many
    /// descriptors as it may: then the connection stays in the queue, and a later call gets it.
    /// # Cancellation
    /// Unwinds silently; no connection is lost.
    ///
    /// # Examples
    /// See [`TcpListener`].
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        settle(self.accept_within(self.source.timeout(Direction::Read)))
    }

    /// The connections that come in, one after the other; each step is an [`accept`](TcpListener::accept). It ends
    /// when the listener is closed.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::net::{TcpListener, TcpStream};
    ///
    /// moonfleet::run(|| {
    ///     let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    ///     let address = listener.local_addr().unwrap();
    ///     moonfleet::spawn(move || (0..3).for_each(|_| drop(TcpStream::connect(address).unwrap())));
    ///     assert_eq!(listener.incoming().take(3).filter(Result::is_ok).count(), 3);
    ///     listener.close().unwrap();
    ///     assert!(listener.incoming().next().is_none());
    /// });
    /// ```
    pub fn incoming(&self) -> Incoming<'_, Self> {
        Incoming::new(self)
    }

    /// Calls `handler` with each connection that comes in and the address of its other side, in a task of its own,
    /// which any worker may take; returns when the listener is closed.
    ///
    /// What happens to one connection is no matter of the others: a handler that panics ends its own task. If the
    /// process or the system is out of descriptors or memory, the connections stay in the queue, and it goes on when
    /// there are some. If the runtime has as many tasks as it may, a connection is closed, and the others stay.
    ///
    /// To bound how many there are at a time, see [`serve_at_most`](TcpListener::serve_at_most).
    ///
    /// **Shape** `Fn(TcpStream, SocketAddr)` to `io::Result<()>`; may be called by several tasks.
    /// # Suspends
    /// Until the listener is closed. Handlers run on.
    /// # Errors
    /// Those of [`accept`](TcpListener::accept) that do not go away; the caller is no task.
    /// # Cancellation
    /// Unwinds silently. No connection is lost, and handlers run on.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::net::{TcpListener, TcpStream};
    /// use std::io::{Read, Write};
    /// use std::net::Shutdown;
    /// use std::sync::Arc;
    ///
    /// moonfleet::run(|| {
    ///     let listener = Arc::new(TcpListener::bind("127.0.0.1:0").unwrap());
    ///     let server = moonfleet::spawn({
    ///         let listener = Arc::clone(&listener);
    ///         move || listener.serve(|stream, _| drop(std::io::copy(&mut &stream, &mut &stream)))
    ///     });
    ///     let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    ///     stream.write_all(b"ahoy").unwrap();
    ///     stream.shutdown(Shutdown::Write).unwrap();
    ///     let mut echo = String::new();
    ///     stream.read_to_string(&mut echo).unwrap();
    ///     assert_eq!(echo, "ahoy");
    ///     listener.close().unwrap();
    ///     server.join().unwrap().unwrap();
    /// });
    /// ```
    pub fn serve<F>(&self, handler: F) -> io::Result<()>
    where
        F: Fn(TcpStream, SocketAddr) + Send + Sync + 'static,
    {
        serve(self, None, move |(stream, peer)| handler(stream, peer))
    }

    /// As [`serve`](TcpListener::serve), with no more than `most` handlers at a time: further connections stay in
    /// the queue until one ends.
    ///
    /// **Shape** `(usize, Fn(TcpStream, SocketAddr))` to `io::Result<()>`
    /// # Suspends
    /// Until the listener is closed. Handlers run on.
    /// # Errors
    /// As [`serve`](TcpListener::serve).
    /// # Panics
    /// If `most` is zero.
    /// # Cancellation
    /// As [`serve`](TcpListener::serve).
    ///
    /// # Examples
    /// See [`serve`](TcpListener::serve).
    pub fn serve_at_most<F>(&self, most: usize, handler: F) -> io::Result<()>
    where
        F: Fn(TcpStream, SocketAddr) + Send + Sync + 'static,
    {
        serve(self, Some(most), move |(stream, peer)| handler(stream, peer))
    }

    /// The address that the socket is bound to.
    ///
    /// # Examples
    /// See [`TcpListener`].
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        local_addr(&self.source)
    }
}

impl Accepts for TcpListener {
    type Stream = TcpStream;
    type Peer = SocketAddr;

    #[allow(private_interfaces, reason = "as in the trait")]
    fn source(&self) -> &Source {
        &self.source
    }

    fn accept_within(&self, timeout: Option<Duration>) -> Result<(TcpStream, SocketAddr), Failure> {
        self.source.perform_within(Direction::Read, timeout, |fd| {
            // The address comes with the connection: another call could find it gone.
            let (fd, address) = acceptfrom_with(fd, FLAGS)?;
            Ok((TcpStream::from_source(Source::new(fd)), sender(address)?))
        })
    }
}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("TcpListener");
        if let Ok(address) = self.local_addr() {
            fields.field("addr", &address);
        }
        fields.field("fd", &self.as_raw_fd()).finish()
    }
}

is_a_socket!(TcpListener, std::net::TcpListener);
has_accept_timeout!(TcpListener);
has_ttl!(TcpListener);
