//! An open file, read and written in the way its kind asks for: what [`fs::File`](crate::fs::File) and the standard
//! streams are made of.
//!
//! | kind | how it waits |
//! |---|---|
//! | file, directory, block device | [`disk`]: on a thread that may block; reads from the page cache at once |
//! | pipe, terminal, other devices that can be polled | by the reactor, in non-blocking mode |
//! | socket that came from elsewhere | by the reactor; each call says that it must not block |
//!
//! Non-blocking mode belongs to the open file description, which other processes may share: a shell's terminal is
//! the same for all its jobs. Therefore [`reopen`] makes a description of our own before the mode is changed.

mod disk;
mod reopen;

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::epoll;
use rustix::fs::{FileType, fstat};
use rustix::io::ioctl_fionbio;
use rustix::net::{RecvFlags, SendFlags, recv, send};

pub(crate) use self::disk::Disk;
use crate::offload::blocking_io;
use crate::reactor::source::{Source, settle};

/// An open file of whatever kind.
#[derive(Debug)]
pub(crate) enum Device {
    /// One of which epoll knows nothing.
    Disk(Disk),
    /// One that the reactor watches, in non-blocking mode.
    Stream(Source),
    /// A socket in whatever mode others have chosen.
    Socket(Source),
}

impl Device {
    /// A file that this process alone has, just opened.
    pub(crate) fn of_own(file: File) -> io::Result<Self> {
        match Kind::of(&file)? {
            Kind::Disk => Ok(Self::Disk(Disk::new(file))),
            Kind::Stream => Ok(Self::Stream(non_blocking(file)?)),
            Kind::Socket => Ok(Self::Socket(Source::new(file.into()))),
        }
    }

    /// A file that others may have, too. Nothing that they could notice is changed; if that leaves no other way, it
    /// is read and written by threads that may block.
    pub(crate) fn of_shared(file: File) -> Self {
        let reopened = match Kind::of(&file) {
            Ok(Kind::Socket) => return Self::Socket(Source::new(file.into())),
            Ok(Kind::Stream) => reopen::non_blocking(file.as_fd()),
            Ok(Kind::Disk) | Err(_) => None,
        };
        reopened.map_or_else(|| Self::Disk(Disk::new(file)), |own| Self::Stream(Source::new(own)))
    }

    /// Reads from where the file is at.
    ///
    /// # Suspends
    /// Until there is something to read, or the end.
    pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Disk(disk) => disk.read(buffer, None),
            Self::Stream(source) => settle(source.read_with(|fd| Ok(rustix::io::read(fd, &mut *buffer)?))),
            Self::Socket(source) => {
                settle(source.read_with(|fd| Ok(recv(fd, &mut *buffer, RecvFlags::DONTWAIT)?.0)))
            }
        }
    }

    /// Reads from where the file is at up to its end, as [`Read::read_to_end`].
    ///
    /// # Suspends
    /// Until the end.
    pub(crate) fn read_to_end(&self, bytes: &mut Vec<u8>) -> io::Result<usize> {
        match self {
            // One call for all of it.
            Self::Disk(disk) => blocking_io(|| disk.file().read_to_end(bytes)),
            _ => Reader(self).read_to_end(bytes),
        }
    }

    /// Writes to where the file is at.
    ///
    /// # Suspends
    /// Until something was written.
    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Disk(disk) => disk.write(bytes, None),
            Self::Stream(source) => settle(source.write_with(|fd| Ok(rustix::io::write(fd, bytes)?))),
            Self::Socket(source) => {
                let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
                settle(source.write_with(|fd| Ok(send(fd, bytes, flags)?)))
            }
        }
    }

    /// Makes a call that any kind of file understands and that may block.
    ///
    /// # Suspends
    /// Until the call returns.
    pub(crate) fn call<T: Send>(&self, call: impl FnOnce(&File) -> io::Result<T> + Send) -> io::Result<T> {
        match self {
            Self::Disk(disk) => blocking_io(|| call(disk.file())),
            Self::Stream(source) | Self::Socket(source) => {
                let file = File::from(source.as_fd().try_clone_to_owned()?);
                blocking_io(move || call(&file))
            }
        }
    }

    /// Another descriptor of the same file: both are at the same place.
    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        match self {
            Self::Disk(disk) => Ok(Self::Disk(Disk::new(disk.file().try_clone()?))),
            Self::Stream(source) => Ok(Self::Stream(Source::new(source.as_fd().try_clone_to_owned()?))),
            Self::Socket(source) => Ok(Self::Socket(Source::new(source.as_fd().try_clone_to_owned()?))),
        }
    }

    /// The file, in blocking mode.
    pub(crate) fn into_std(self) -> File {
        match self {
            Self::Disk(disk) => disk.into_file(),
            Self::Stream(source) => blocking(source).into(),
            Self::Socket(source) => source.into_fd().into(),
        }
    }
}

/// A descriptor of ours, to be watched by the reactor.
///
/// # Errors
/// It is no longer open.
pub(crate) fn non_blocking(descriptor: impl Into<OwnedFd>) -> io::Result<Source> {
    let descriptor = descriptor.into();
    ioctl_fionbio(&descriptor, true)?;
    Ok(Source::new(descriptor))
}

/// The descriptor, for those who expect that it blocks.
pub(crate) fn blocking(source: Source) -> OwnedFd {
    let descriptor = source.into_fd();
    // An open descriptor takes any mode.
    let _ = ioctl_fionbio(&descriptor, false);
    descriptor
}

impl AsFd for Device {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Disk(disk) => disk.file().as_fd(),
            Self::Stream(source) | Self::Socket(source) => source.as_fd(),
        }
    }
}

/// Reads a device by the provided functions of [`Read`].
struct Reader<'a>(&'a Device);

impl Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

/// What is to be known of a file to wait for it.
enum Kind {
    Disk,
    Stream,
    Socket,
}

impl Kind {
    fn of(file: &File) -> io::Result<Self> {
        Ok(match FileType::from_raw_mode(fstat(file)?.st_mode) {
            FileType::Socket => Self::Socket,
            FileType::RegularFile | FileType::Directory | FileType::BlockDevice => Self::Disk,
            _ if is_pollable(file.as_fd())? => Self::Stream,
            _ => Self::Disk,
        })
    }
}

/// Whether epoll takes the file: it does not take all devices.
fn is_pollable(file: BorrowedFd<'_>) -> io::Result<bool> {
    let probe = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    Ok(epoll::add(&probe, file, epoll::EventData::new_u64(0), epoll::EventFlags::IN).is_ok())
}

/// Makes `call` until it is not interrupted by a signal.
fn retry<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
