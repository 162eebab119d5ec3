//! Reading and writing streams of bytes: what TCP and Unix streams have in common.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags, recv, send, sendmsg, shutdown};

use super::socket::{direction, nothing};
use crate::reactor::slot::Direction;
use crate::reactor::source::{Failure, Source, closed};

/// Bytes that one call to the kernel moves, at most.
const MOST_BYTES: usize = 0x7fff_f000;
/// Buffers that one call to the kernel takes, at most.
const MOST_BUFFERS: usize = 1024;

/// A connected stream of bytes: [`TcpStream`](super::TcpStream), [`UnixStream`](super::UnixStream). Sealed.
pub trait Stream: Ends {}

impl<S: Ends> Stream for S {}

/// What a stream is made of, and the operations on it, with cancellation as a value.
pub trait Ends {
    /// Whether a read or write that does less than it was asked to leaves nothing to be done for now.
    ///
    /// So with TCP. A read of a Unix stream ends early where descriptors were sent along, too, and a write where
    /// memory is short.
    const TELLS_BY_SHORT_COUNTS: bool;

    /// The socket.
    #[allow(private_interfaces, reason = "the trait cannot be named outside of the crate")]
    fn source(&self) -> &Source;

    /// Reads what is there, up to the length of `buffer`.
    ///
    /// An empty `buffer` never waits, though the kernel would: it looks for data before it looks at the buffer.
    #[inline]
    fn receive(&self, buffer: &mut [u8], timeout: Option<Duration>) -> Result<usize, Failure> {
        if buffer.is_empty() {
            return nothing();
        }
        let wanted = buffer.len();
        self.read_attempt(timeout, wanted, |fd| Ok(recv(fd, &mut *buffer, RecvFlags::empty())?.0))
    }

    /// Reads what is there without taking it.
    fn look(&self, buffer: &mut [u8]) -> Result<usize, Failure> {
        if buffer.is_empty() {
            return nothing();
        }
        self.source().read_with(|fd| Ok(recv(fd, &mut *buffer, RecvFlags::PEEK)?.0))
    }

    /// As [`Ends::receive`], into several buffers.
    fn receive_vectored(
        &self,
        buffers: &mut [IoSliceMut<'_>],
        timeout: Option<Duration>,
    ) -> Result<usize, Failure> {
        let most = buffers.len().min(MOST_BUFFERS);
        let buffers = &mut buffers[..most];
        let wanted = buffers.iter().map(|buffer| buffer.len()).sum();
        if wanted == 0 {
            return nothing();
        }
        self.read_attempt(timeout, wanted, |fd| Ok(rustix::io::readv(fd, buffers)?))
    }

    /// Writes what there is room for.
    #[inline]
    fn transmit(&self, bytes: &[u8], timeout: Option<Duration>) -> Result<usize, Failure> {
        if bytes.is_empty() {
            return nothing();
        }
        self.write_attempt(timeout, bytes.len(), |fd| Ok(send(fd, bytes, SendFlags::NOSIGNAL)?))
    }

    /// As [`Ends::transmit`], from several buffers.
    fn transmit_vectored(
        &self,
        buffers: &[IoSlice<'_>],
        timeout: Option<Duration>,
    ) -> Result<usize, Failure> {
        let buffers = &buffers[..buffers.len().min(MOST_BUFFERS)];
        let offered = buffers.iter().map(|buffer| buffer.len()).sum();
        if offered == 0 {
            return nothing();
        }
        self.write_attempt(timeout, offered, |fd| {
            // Not `writev`, which would raise SIGPIPE if the other side is gone.
            let mut control: [MaybeUninit<u8>; 0] = [];
            let mut control = SendAncillaryBuffer::new(&mut control);
            Ok(sendmsg(fd, buffers, &mut control, SendFlags::NOSIGNAL)?)
        })
    }

    /// Ends one direction, or both.
    fn shut_down(&self, how: Shutdown) -> io::Result<()> {
        // What a closed socket was replaced by is not the connection.
        if self.source().is_closed() {
            return Err(closed());
        }
        Ok(shutdown(self.source(), direction(how))?)
    }

    #[doc(hidden)]
    #[inline]
    fn read_attempt(
        &self,
        timeout: Option<Duration>,
        wanted: usize,
        attempt: impl FnMut(BorrowedFd<'_>) -> io::Result<usize>,
    ) -> Result<usize, Failure> {
        if Self::TELLS_BY_SHORT_COUNTS {
            self.source().read_stream(timeout, wanted.min(MOST_BYTES), attempt)
        } else {
            self.source().perform_within(Direction::Read, timeout, attempt)
        }
    }

    #[doc(hidden)]
    #[inline]
    fn write_attempt(
        &self,
        timeout: Option<Duration>,
        offered: usize,
        attempt: impl FnMut(BorrowedFd<'_>) -> io::Result<usize>,
    ) -> Result<usize, Failure> {
        if Self::TELLS_BY_SHORT_COUNTS {
            self.source().write_stream(timeout, offered.min(MOST_BYTES), attempt)
        } else {
            self.source().perform_within(Direction::Write, timeout, attempt)
        }
    }
}

/// `Read` and `Write` of a stream, and of references to it: two tasks may use one stream at once.
macro_rules! reads_and_writes {
    ($stream:ident) => {
        impl crate::io::Reads for $stream {
            fn read_by(&self, attempt: crate::io::Attempt<'_>) -> Result<usize, Failure> {
                self.source.read_with(attempt)
            }
        }

        impl crate::io::Writes for $stream {
            fn write_by(&self, attempt: crate::io::Attempt<'_>) -> Result<usize, Failure> {
                self.source.write_with(attempt)
            }
        }

        impl std::io::Read for &$stream {
            #[inline]
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                settle(self.receive(buffer, self.source.timeout(Direction::Read)))
            }

            fn read_vectored(&mut self, buffers: &mut [std::io::IoSliceMut<'_>]) -> std::io::Result<usize> {
                settle(self.receive_vectored(buffers, self.source.timeout(Direction::Read)))
            }
        }

        impl std::io::Write for &$stream {
            #[inline]
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                settle(self.transmit(bytes, self.source.timeout(Direction::Write)))
            }

            fn write_vectored(&mut self, buffers: &[std::io::IoSlice<'_>]) -> std::io::Result<usize> {
                settle(self.transmit_vectored(buffers, self.source.timeout(Direction::Write)))
            }

            /// Does nothing: a stream keeps no bytes back.
            #[inline]
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }

        impl std::io::Read for $stream {
            #[inline]
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                (&*self).read(buffer)
            }

            fn read_vectored(&mut self, buffers: &mut [std::io::IoSliceMut<'_>]) -> std::io::Result<usize> {
                (&*self).read_vectored(buffers)
            }
        }

        impl std::io::Write for $stream {
            #[inline]
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                (&*self).write(bytes)
            }

            fn write_vectored(&mut self, buffers: &[std::io::IoSlice<'_>]) -> std::io::Result<usize> {
                (&*self).write_vectored(buffers)
            }

            /// Does nothing: a stream keeps no bytes back.
            #[inline]
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
    };
}

pub(super) use reads_and_writes;
