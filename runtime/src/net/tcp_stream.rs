//! A connection.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, SocketType, connect, recv, send, sockopt};

use super::socket::{local_addr, peer_addr, socket_for};
use crate::reactor::slot::Direction;
use crate::reactor::source::{Source, settle};

/// A connection.
#[derive(Debug)]
pub struct TcpStream {
    source: Source,
}

impl TcpStream {
    /// Connects to the first of the addresses that can be reached.
    ///
    /// # Suspends
    /// Until the connection is made.
    pub fn connect(address: impl ToSocketAddrs) -> io::Result<Self> {
        let mut last = None;
        for address in address.to_socket_addrs()? {
            match Self::connect_one(&address, None) {
                Ok(stream) => return Ok(stream),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| io::Error::new(ErrorKind::InvalidInput, "no address to connect to")))
    }

    fn connect_one(address: &SocketAddr, timeout: Option<Duration>) -> io::Result<Self> {
        let source = Source::new(socket_for(address, SocketType::STREAM)?);
        // Asked again, Linux tells how the attempt that is under way goes, and how it has ended.
        let connected = source.perform_within(Direction::Write, timeout, |fd| match connect(fd, address) {
            Err(Errno::INPROGRESS | Errno::ALREADY) => Err(ErrorKind::WouldBlock.into()),
            Err(Errno::ISCONN) => Ok(()),
            connected => Ok(connected?),
        });
        settle(connected)?;
        Ok(Self { source })
    }

    pub(super) fn from_source(source: Source) -> Self {
        Self { source }
    }

    /// Whether small writes are sent at once.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        Ok(sockopt::set_tcp_nodelay(&self.source, nodelay)?)
    }

    /// The address of this side.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        local_addr(&self.source)
    }

    /// The address of the other side.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        peer_addr(&self.source)
    }

    /// How long a read may wait.
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.source.set_timeout(Direction::Read, timeout)
    }

    /// How long a write may wait.
    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.source.set_timeout(Direction::Write, timeout)
    }

    /// Closes the connection, though others may use it: they are told at once.
    pub fn close(&self) -> io::Result<()> {
        self.source.close()
    }
}

impl Read for &TcpStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = buffer.len();
        settle(self.source.read_stream(wanted, |fd| Ok(recv(fd, &mut *buffer, RecvFlags::empty())?.0)))
    }
}

impl Write for &TcpStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        settle(self.source.write_stream(bytes.len(), |fd| Ok(send(fd, bytes, SendFlags::NOSIGNAL)?)))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for TcpStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buffer)
    }
}

impl Write for TcpStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
