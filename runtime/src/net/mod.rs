//! Sockets whose operations suspend the task: the names of `std::net`, without blocking a worker.
//!
//! - [`TcpListener`], [`TcpStream`]: connections.

mod socket;
mod tcp_listener;
mod tcp_stream;

pub use self::tcp_listener::TcpListener;
pub use self::tcp_stream::TcpStream;
