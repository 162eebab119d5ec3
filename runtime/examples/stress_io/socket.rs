//! An end of a connection, and the ways to use it.

use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use fastrand::Rng;
use moonfleet::foreign::{self, IoFailure};
use moonfleet::net::{TcpStream, UnixStream};
use moonfleet::time;

/// A stream of either kind.
pub(crate) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// The handles of one end: the last of them writes, the first reads.
pub(crate) struct End {
    handles: Vec<Socket>,
}

/// What an operation did.
#[derive(Debug)]
pub(crate) enum Did {
    /// So many bytes went.
    Moved(usize),
    /// The time was over, or the task is to end: no byte went.
    Nothing,
    Failed(ErrorKind),
}

/// Does the same with a stream of either kind.
macro_rules! with {
    ($socket:expr, $stream:ident => $do:expr) => {
        match $socket {
            Socket::Tcp($stream) => $do,
            Socket::Unix($stream) => $do,
        }
    };
}

impl From<io::Result<usize>> for Did {
    fn from(result: io::Result<usize>) -> Self {
        match result {
            Ok(moved) => Self::Moved(moved),
            Err(error) if error.kind() == ErrorKind::TimedOut => Self::Nothing,
            Err(error) => Self::Failed(error.kind()),
        }
    }
}

impl From<Result<usize, IoFailure>> for Did {
    fn from(result: Result<usize, IoFailure>) -> Self {
        match result {
            Err(IoFailure::Io(error)) => Self::from(Err(error)),
            Err(IoFailure::Cancelled) => Self::Nothing,
            Ok(moved) => Self::Moved(moved),
        }
    }
}

impl End {
    /// An end of `socket`. Some have a handle of its own for each direction, some have little room in the kernel.
    pub(crate) fn new(socket: Socket, random: &mut Rng) -> io::Result<Self> {
        if random.bool() {
            // Only the sender's: a receiver with less room than one packet makes the kernel probe for ages.
            let bytes = random.usize(1..20_000);
            with!(&socket, s => s.set_send_buffer_size(bytes)?);
        }
        if let Socket::Tcp(stream) = &socket {
            stream.set_nodelay(random.bool())?;
        }
        let clone = match &socket {
            _ if random.u32(..3) > 0 => None,
            Socket::Tcp(stream) => Some(Socket::Tcp(stream.try_clone()?)),
            Socket::Unix(stream) => Some(Socket::Unix(stream.try_clone()?)),
        };
        Ok(Self { handles: [Some(socket), clone].into_iter().flatten().collect() })
    }

    fn reader(&self) -> &Socket {
        &self.handles[0]
    }

    fn writer(&self) -> &Socket {
        &self.handles[self.handles.len() - 1]
    }

    /// Reads, in one of the ways to do it.
    pub(crate) fn read(&self, buffer: &mut [u8], random: &mut Rng) -> Did {
        let limit = moment(random);
        with!(self.reader(), s => match random.u32(..9) {
            0 => {
                let read = s.set_read_timeout(Some(limit)).and_then(|()| (&*s).read(buffer));
                s.set_read_timeout(None).and(read).into()
            }
            1 => foreign::read(s, buffer, Some(Instant::now() + limit)).into(),
            2 => time::timeout(limit, || (&*s).read(buffer)).map_or(Did::Nothing, Did::from),
            3 => {
                let (front, back) = buffer.split_at_mut(buffer.len() / 3);
                (&*s).read_vectored(&mut [IoSliceMut::new(front), IoSliceMut::new(back)]).into()
            }
            // Somebody who waits and takes nothing.
            4 => match time::timeout(limit, || s.peek(&mut buffer[..1])) {
                Ok(Err(error)) => Did::from(Err(error)),
                _ => Did::Nothing,
            },
            _ => (&*s).read(buffer).into(),
        })
    }

    /// Writes, in one of the ways to do it.
    pub(crate) fn write(&self, bytes: &[u8], random: &mut Rng) -> Did {
        let limit = moment(random);
        with!(self.writer(), s => match random.u32(..8) {
            0 => {
                let written = s.set_write_timeout(Some(limit)).and_then(|()| (&*s).write(bytes));
                s.set_write_timeout(None).and(written).into()
            }
            1 => foreign::write(s, bytes, Some(Instant::now() + limit)).into(),
            2 => time::timeout(limit, || (&*s).write(bytes)).map_or(Did::Nothing, Did::from),
            3 => {
                let (front, back) = bytes.split_at(bytes.len() / 3);
                (&*s).write_vectored(&[IoSlice::new(front), IoSlice::new(back)]).into()
            }
            _ => (&*s).write(bytes).into(),
        })
    }

    /// No more will be written: the other side learns it after all that was.
    pub(crate) fn finish(&self) -> Result<(), ErrorKind> {
        with!(self.writer(), s => s.shutdown(Shutdown::Write)).map_err(|error| error.kind())
    }

    /// Ends the connection, whoever waits for it: with a reset, if that is wanted, and possible.
    pub(crate) fn close(&self, with_reset: bool) -> io::Result<()> {
        for handle in &self.handles {
            if let (Socket::Tcp(stream), true) = (handle, with_reset) {
                // The other handle of the same end may have been closed a moment ago; this one is open.
                stream.set_linger(Some(Duration::ZERO))?;
            }
            with!(handle, s => s.close())?;
        }
        Ok(())
    }
}

/// A short while, sometimes none.
pub(crate) fn moment(random: &mut Rng) -> Duration {
    let most = [1, 50, 500, 5_000][random.usize(..4)];
    Duration::from_micros(random.u64(..most) + 1)
}
