//! The ends of a child's pipes that are ours.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::process::{self, Stdio};

use crate::device::{blocking, non_blocking};
use crate::reactor::source::{Source, settle};

/// Writes to a child's standard input. Dropped, it tells the child that there is no more.
///
/// What the pipe cannot hold waits until the child reads: the writer suspends. A cancel unwinds it while it waits.
///
/// # Examples
/// See [`Child`](super::Child).
#[derive(Debug)]
pub struct ChildStdin(Source);

/// Reads a child's standard output.
///
/// A reader suspends until something comes. A cancel unwinds it while it waits, and nothing is lost.
///
/// # Examples
/// See [`Child`](super::Child).
#[derive(Debug)]
pub struct ChildStdout(Source);

/// Reads a child's error output.
///
/// A reader suspends until something comes. A cancel unwinds it while it waits, and nothing is lost.
///
/// # Examples
/// See [`Child`](super::Child).
#[derive(Debug)]
pub struct ChildStderr(Source);

/// What the three ends have in common. Each is the only descriptor of its end in this process, so its mode is ours.
macro_rules! end {
    ($End:ident) => {
        impl $End {
            pub(super) fn new(end: process::$End) -> io::Result<Self> {
                non_blocking(end).map(Self)
            }
        }

        impl AsFd for $End {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.0.as_fd()
            }
        }

        impl AsRawFd for $End {
            fn as_raw_fd(&self) -> RawFd {
                self.as_fd().as_raw_fd()
            }
        }

        /// In blocking mode.
        impl From<$End> for OwnedFd {
            fn from(end: $End) -> Self {
                blocking(end.0)
            }
        }

        /// For another child.
        impl From<$End> for Stdio {
            fn from(end: $End) -> Self {
                OwnedFd::from(end).into()
            }
        }
    };
}

/// What the ends for reading have in common.
macro_rules! read_end {
    ($End:ident) => {
        end!($End);

        impl $End {
            pub(super) fn source(&self) -> &Source {
                &self.0
            }
        }

        impl Read for &$End {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                settle(self.0.read_with(|fd| Ok(rustix::io::read(fd, &mut *buffer)?)))
            }

            fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                settle(self.0.read_with(|fd| Ok(rustix::io::readv(fd, buffers)?)))
            }
        }

        impl Read for $End {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                (&*self).read(buffer)
            }

            fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                (&*self).read_vectored(buffers)
            }
        }
    };
}

end!(ChildStdin);
read_end!(ChildStdout);
read_end!(ChildStderr);

impl Write for &ChildStdin {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        settle(self.0.write_with(|fd| Ok(rustix::io::write(fd, bytes)?)))
    }

    fn write_vectored(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        settle(self.0.write_with(|fd| Ok(rustix::io::writev(fd, buffers)?)))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for ChildStdin {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self).write(bytes)
    }

    fn write_vectored(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        (&*self).write_vectored(buffers)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
