//! Sockets whose operations suspend the task: the names of `std::net`, without blocking a worker.
//!
//! [`TcpListener`], [`TcpStream`], [`UdpSocket`], [`UnixListener`], [`UnixStream`] and [`UnixDatagram`] have the methods
//! of their twins in the standard library, and are made from them, and into them. Streams implement
//! [`Read`](std::io::Read) and [`Write`](std::io::Write), also by reference, so everything that is written for blocking
//! streams runs on top. All of it works in tasks and on plain OS threads alike.
//!
//! What is different:
//! - **Timeouts** are errors of the kind `TimedOut` (in the standard library: `WouldBlock`). Any operation can also be
//!   put into [`time::timeout`](crate::time::timeout).
//! - **`close`** closes a socket that others use: they are told at once.
//! - **Names** are looked up on another thread, for any type that implements our [`ToSocketAddrs`].
//! - **No signals**: a write to a connection that has ended is the error `BrokenPipe`, whatever the process does about
//!   SIGPIPE.
//! - **Cancellation** of the task ends every wait here, by unwinding; nothing was read, written or accepted then.
//! - There is no `set_nonblocking`: the sockets are always non-blocking underneath.
//!
//! # Examples
//! ```
//! use moonfleet::net::{TcpListener, TcpStream};
//! use std::io::{ErrorKind, Read, Write};
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! moonfleet::run(|| {
//!     let listener = TcpListener::bind("127.0.0.1:0").unwrap();
//!     listener.set_accept_timeout(Some(Duration::from_millis(1))).unwrap();
//!     assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::TimedOut);
//!
//!     let near = Arc::new(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
//!     let (far, peer) = listener.accept().unwrap();
//!     assert_eq!((near.local_addr().unwrap(), far.peer_addr().unwrap()), (peer, peer));
//!     near.set_nodelay(true).unwrap();
//!     near.set_ttl(9).unwrap();
//!     near.set_recv_buffer_size(100_000).unwrap();
//!     assert!(near.nodelay().unwrap() && near.ttl().unwrap() == 9 && near.take_error().unwrap().is_none());
//!     assert!(near.recv_buffer_size().unwrap() >= 100_000);
//!
//!     near.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
//!     assert_eq!((&*near).read(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
//!     near.set_read_timeout(None).unwrap();
//!
//!     // A clone is another handle; a reference does as well, and closing ends every wait.
//!     near.try_clone().unwrap().write_all(b"ahoy").unwrap();
//!     assert_eq!((&far).read(&mut [0; 100]).unwrap(), 4);
//!     let reader = moonfleet::spawn({
//!         let near = Arc::clone(&near);
//!         move || (&*near).read(&mut [0])
//!     });
//!     near.close().unwrap();
//!     assert_eq!(reader.join().unwrap().unwrap_err().kind(), ErrorKind::NotConnected);
//!
//!     // Back to a socket that blocks its thread.
//!     let far: std::net::TcpStream = far.into();
//!     let _far: TcpStream = far.into();
//! });
//! ```

mod address;
mod resolve;
mod socket;
mod builder;
mod stream;
mod half;
mod serve;
mod tcp_stream;
mod tcp_options;
mod tcp_listener;
mod udp_socket;
mod udp_options;
mod unix;

pub use self::address::{Target, ToSocketAddrs};
pub use self::builder::SocketBuilder;
pub use self::half::{ReadHalf, ReuniteError, WriteHalf};
pub use self::resolve::lookup_host;
pub(crate) use self::resolve::resolve;
pub use self::serve::{Incoming, Listener};
pub use self::stream::Stream;
pub use self::tcp_listener::TcpListener;
pub use self::tcp_options::KeepAlive;
pub use self::tcp_stream::TcpStream;
pub use self::udp_socket::UdpSocket;
pub use self::unix::{UCred, UnixDatagram, UnixListener, UnixStream};
