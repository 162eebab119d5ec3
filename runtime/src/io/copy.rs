//! Moving bytes from one stream to another without looking at them: through a pipe in the kernel, by splice(2).
//!
//! The pipe is emptied before more is put into it. So whatever would block is the stream at one of its ends, and that
//! is waited for.

use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{SendFlags, send};
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};

use super::Pollable;
use crate::reactor::source::{Failure, Source, settle};
use crate::sys::sigpipe;

/// What the pipe is asked to hold: each piece of a packet takes the place of a page in it.
const PIPE_BYTES: usize = 256 << 10;
/// The buffer that stands in for the pipe where the kernel cannot splice.
const BUFFER_BYTES: usize = 16 << 10;

/// What [`copy`] reads: streams, their reading halves, and every [`Pollable`]. Sealed.
pub trait CopyFrom: Reads {}

/// What [`copy`] writes: streams, their writing halves, and every [`Pollable`]. Sealed.
pub trait CopyTo: Writes {}

impl<R: Reads + ?Sized> CopyFrom for R {}
impl<W: Writes + ?Sized> CopyTo for W {}

/// An attempt at something with a descriptor that may have to wait.
pub(crate) type Attempt<'a> = &'a mut dyn FnMut(BorrowedFd<'_>) -> io::Result<usize>;

/// A descriptor that is read.
pub trait Reads {
    /// Makes `attempt`, waiting until there is something to read.
    fn read_by(&self, attempt: Attempt<'_>) -> Result<usize, Failure>;
}

/// A descriptor that is written.
pub trait Writes {
    /// Makes `attempt`, waiting until there is room.
    fn write_by(&self, attempt: Attempt<'_>) -> Result<usize, Failure>;
}

/// Copies everything from one stream to another, up to the end of the first; gives how many bytes it was.
///
/// As [`std::io::copy`], which does for any reader and writer. Between descriptors the bytes do not come to this
/// process, if the kernel can do without: sockets and pipes. Programs that do not ignore SIGPIPE, as Rust's do from the
/// beginning, copy through a buffer: the kernel would raise it.
///
/// The direction that is written is not ended.
///
/// **Shape** `(&impl CopyFrom, &impl CopyTo) → io::Result<u64>`
/// # Suspends
/// While there is nothing to read, or no room to write, up to the timeouts of the streams.
/// # Errors
/// Those of reading and writing.
/// # Cancellation
/// Unwinds silently. What was read and not yet written is lost.
///
/// # Examples
/// ```
/// use moonfleet::net::{TcpListener, TcpStream, UnixStream};
/// use std::io::{Read, Write};
/// use std::net::Shutdown;
///
/// moonfleet::run(|| {
///     // From a TCP connection to a Unix one.
///     let listener = TcpListener::bind("127.0.0.1:0").unwrap();
///     let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
///     let (far, _) = listener.accept().unwrap();
///     let (into, mut out) = UnixStream::pair().unwrap();
///     let copy = moonfleet::spawn(move || moonfleet::io::copy(&far, &into));
///     near.write_all(b"ahoy").unwrap();
///     near.shutdown(Shutdown::Write).unwrap();
///     let mut text = String::new();
///     out.read_to_string(&mut text).unwrap();
///     assert_eq!(text, "ahoy");
///     assert_eq!(copy.join().unwrap().unwrap(), 4);
/// });
/// ```
pub fn copy<R: CopyFrom + ?Sized, W: CopyTo + ?Sized>(from: &R, to: &W) -> io::Result<u64> {
    settle(copy_or_cancelled(from, to))
}

fn copy_or_cancelled<R: Reads + ?Sized, W: Writes + ?Sized>(from: &R, to: &W) -> Result<u64, Failure> {
    let mut way = Way::best();
    let mut total = 0;
    loop {
        let read = match way.take(from) {
            Err(Failure::Io(error)) if way.is_pipe() && cannot_splice(&error) => {
                way = Way::buffer();
                continue;
            }
            read => read?,
        };
        if read == 0 {
            return Ok(total);
        }
        way.give(to, read)?;
        total += read as u64;
    }
}

/// What the bytes go through.
enum Way {
    Pipe { reader: OwnedFd, writer: OwnedFd },
    Buffer(Box<[u8]>),
}

impl Way {
    /// The pipe, if there can be one.
    fn best() -> Self {
        if !sigpipe::is_ignored() {
            return Self::buffer();
        }
        let Ok((reader, writer)) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK) else {
            return Self::buffer();
        };
        // Refused to users who have many pipes; then it holds less.
        let _ = fcntl_setpipe_size(&writer, PIPE_BYTES);
        Self::Pipe { reader, writer }
    }

    fn buffer() -> Self {
        Self::Buffer(vec![0; BUFFER_BYTES].into())
    }

    fn is_pipe(&self) -> bool {
        matches!(self, Self::Pipe { .. })
    }

    /// Takes what is there, up to what fits.
    fn take<R: Reads + ?Sized>(&mut self, from: &R) -> Result<usize, Failure> {
        from.read_by(&mut |fd| match self {
            Self::Pipe { writer, .. } => move_bytes(fd, writer.as_fd(), PIPE_BYTES),
            Self::Buffer(buffer) => Ok(rustix::io::read(fd, &mut buffer[..])?),
        })
    }

    /// Gives all of the `len` bytes that were taken.
    fn give<W: Writes + ?Sized>(&mut self, to: &W, len: usize) -> Result<(), Failure> {
        let mut given = 0;
        while given < len {
            let written = to.write_by(&mut |fd| match self {
                Self::Pipe { reader, .. } => move_bytes(reader.as_fd(), fd, len - given),
                Self::Buffer(buffer) => write(fd, &buffer[given..len]),
            });
            given += match written {
                Ok(0) => return Err(io::Error::from(ErrorKind::WriteZero).into()),
                Err(Failure::Io(error)) if self.is_pipe() && cannot_splice(&error) => {
                    self.fall_back(given, len)?;
                    0
                }
                written => written?,
            };
        }
        Ok(())
    }

    /// Fetches the rest of `len` bytes, of which some were `given`, from the pipe into a buffer that takes its place.
    fn fall_back(&mut self, given: usize, len: usize) -> io::Result<()> {
        let mut buffer = vec![0; len.max(BUFFER_BYTES)];
        if let Self::Pipe { reader, .. } = self {
            let mut at = given;
            while at < len {
                at += rustix::io::read(&*reader, &mut buffer[at..len])?;
            }
        }
        *self = Self::Buffer(buffer.into());
        Ok(())
    }
}

fn move_bytes(from: BorrowedFd<'_>, to: BorrowedFd<'_>, most: usize) -> io::Result<usize> {
    Ok(splice(from, None, to, None, most, SpliceFlags::MOVE | SpliceFlags::NONBLOCK)?)
}

/// Writes without a signal, if `fd` is a socket.
fn write(fd: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    match send(fd, bytes, SendFlags::NOSIGNAL) {
        Err(Errno::NOTSOCK) => Ok(rustix::io::write(fd, bytes)?),
        sent => Ok(sent?),
    }
}

/// Whether the kernel says that one of the files cannot be spliced.
fn cannot_splice(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP))
}

impl<T: AsFd> Reads for Source<T> {
    fn read_by(&self, attempt: Attempt<'_>) -> Result<usize, Failure> {
        self.read_with(attempt)
    }
}

impl<T: AsFd> Writes for Source<T> {
    fn write_by(&self, attempt: Attempt<'_>) -> Result<usize, Failure> {
        self.write_with(attempt)
    }
}

impl<T: AsFd> Reads for Pollable<T> {
    fn read_by(&self, attempt: Attempt<'_>) -> Result<usize, Failure> {
        self.source().read_by(attempt)
    }
}

impl<T: AsFd> Writes for Pollable<T> {
    fn write_by(&self, attempt: Attempt<'_>) -> Result<usize, Failure> {
        self.source().write_by(attempt)
    }
}
