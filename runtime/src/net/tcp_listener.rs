//! A socket that accepts connections.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

use rustix::net::{SocketType, bind, listen, sockopt};

use super::TcpStream;
use super::socket::{FLAGS, internet, local_addr, socket_for};
use crate::reactor::source::{Source, settle};

/// Connections that wait to be accepted, at most, unless told otherwise.
const BACKLOG: i32 = 1024;

/// A socket that accepts connections.
#[derive(Debug)]
pub struct TcpListener {
    source: Source,
}

impl TcpListener {
    /// Listens at the first of the addresses that can be bound.
    ///
    /// # Errors
    /// Those of the last address that was tried.
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        let mut last = None;
        for address in address.to_socket_addrs()? {
            match Self::bind_one(&address) {
                Ok(listener) => return Ok(listener),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no address to bind to")))
    }

    fn bind_one(address: &SocketAddr) -> io::Result<Self> {
        let socket = socket_for(address, SocketType::STREAM)?;
        sockopt::set_socket_reuseaddr(&socket, true)?;
        bind(&socket, address)?;
        listen(&socket, BACKLOG)?;
        Ok(Self { source: Source::new(socket) })
    }

    /// Accepts a connection; gives it with the address of the other side.
    ///
    /// # Suspends
    /// Until there is a connection.
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let accepted = self.source.read_with(|fd| {
            // The address comes with the connection: another call could find it gone.
            let (fd, address) = rustix::net::acceptfrom_with(fd, FLAGS)?;
            Ok((fd, address))
        });
        let (fd, address) = settle(accepted)?;
        let address = address.ok_or(io::ErrorKind::NotConnected)?;
        Ok((TcpStream::from_source(Source::new(fd)), internet(address)?))
    }

    /// The address that the socket is bound to.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        local_addr(&self.source)
    }

    /// Closes the socket, though others may be accepting: they are told at once.
    pub fn close(&self) -> io::Result<()> {
        self.source.close()
    }
}
