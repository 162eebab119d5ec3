//! Any descriptor as something to wait for.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio};

use crate::reactor::slot::Direction;
use crate::reactor::source::{Failure, Source, settle};

/// Anything with a descriptor that the kernel can wait for, and operations on it that suspend: a socket of another
/// library, a pipe, a terminal, an inotify or timer descriptor.
///
/// Two tasks may wait at once, one to read and one to write; so may more, and all are woken.
///
/// # Examples
/// ```
/// use moonfleet::io::Pollable;
/// use std::io::{Read, Write};
///
/// moonfleet::run(|| {
///     let (reader, mut writer) = std::io::pipe().unwrap();
///     let reader = Pollable::new(reader).unwrap();
///     let task = moonfleet::spawn(move || {
///         let mut text = [0; 4];
///         reader.read_with(|mut pipe| pipe.read(&mut text)).map(|_| text)
///     });
///     writer.write_all(b"ahoy").unwrap();
///     assert_eq!(&task.join().unwrap().unwrap(), b"ahoy");
/// });
/// ```
pub struct Pollable<T: AsFd> {
    source: Source<T>,
}

impl<T: AsFd> Pollable<T> {
    /// Takes `owner` over, and puts the file behind its descriptor into non-blocking mode: for everybody who has it
    /// open by a copy of the descriptor.
    ///
    /// # Errors
    /// The descriptor is for paths only (`O_PATH`).
    ///
    /// # Examples
    /// See [`Pollable`].
    pub fn new(owner: T) -> io::Result<Self> {
        ioctl_fionbio(&owner, true)?;
        Ok(Self { source: Source::new(owner) })
    }

    /// What was taken over.
    ///
    /// # Examples
    /// See [`Pollable::wait_readable`].
    pub fn get_ref(&self) -> &T {
        self.source.owner()
    }

    /// Gives back what was taken over. Its file stays in non-blocking mode.
    ///
    /// # Examples
    /// See [`Pollable::wait_readable`].
    pub fn into_inner(self) -> T {
        self.source.into_fd()
    }

    /// Waits until a read would not block: there is something, or the end, or an error.
    ///
    /// Somebody else may read it first; [`read_with`](Pollable::read_with) waits again then.
    ///
    /// **Shape** `() → io::Result<()>`
    /// # Suspends
    /// Until then, up to the read timeout.
    /// # Errors
    /// `TimedOut`; the kernel cannot wait for it (`EPERM`).
    /// # Cancellation
    /// Unwinds silently.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::io::Pollable;
    /// use std::io::{ErrorKind, Read, Write};
    /// use std::time::Duration;
    ///
    /// let (reader, mut writer) = std::io::pipe().unwrap();
    /// let reader = Pollable::new(reader).unwrap();
    /// reader.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    /// assert_eq!(reader.wait_readable().unwrap_err().kind(), ErrorKind::TimedOut);
    /// writer.write_all(b"a").unwrap();
    /// reader.wait_readable().unwrap();
    /// assert_eq!(reader.get_ref().read(&mut [0; 9]).unwrap(), 1);
    /// assert!(Pollable::new(writer).unwrap().wait_writable().is_ok());
    /// drop(reader.into_inner());
    /// ```
    pub fn wait_readable(&self) -> io::Result<()> {
        settle(self.wait_within(Direction::Read, self.source.timeout(Direction::Read)))
    }

    /// Waits until a write would not block: there is room, or an error.
    ///
    /// **Shape** `() → io::Result<()>`
    /// # Suspends
    /// Until then, up to the write timeout.
    /// # Errors
    /// As [`wait_readable`](Pollable::wait_readable).
    /// # Cancellation
    /// Unwinds silently.
    ///
    /// # Examples
    /// See [`Pollable::wait_readable`].
    pub fn wait_writable(&self) -> io::Result<()> {
        settle(self.wait_within(Direction::Write, self.source.timeout(Direction::Write)))
    }

    /// Calls `attempt` until it does not fail with `WouldBlock`, waiting in between until there is something to read.
    ///
    /// `attempt` must make a call to the kernel that would block: an error of its own making waits for an event
    /// that may never come.
    ///
    /// **Shape** `FnMut(&T) → io::Result<R>` to `io::Result<R>`
    /// # Suspends
    /// Between attempts, up to the read timeout.
    /// # Errors
    /// Those of `attempt`, but for `WouldBlock` and `Interrupted`; `TimedOut`; the kernel cannot wait for it (`EPERM`).
    /// # Cancellation
    /// Unwinds silently, before or between attempts.
    ///
    /// # Examples
    /// See [`Pollable`].
    pub fn read_with<R>(&self, mut attempt: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        settle(self.source.read_with(|_| attempt(self.get_ref())))
    }

    /// As [`read_with`](Pollable::read_with), waiting until there is room to write.
    ///
    /// **Shape** `FnMut(&T) → io::Result<R>` to `io::Result<R>`
    /// # Suspends
    /// Between attempts, up to the write timeout.
    /// # Errors
    /// As [`read_with`](Pollable::read_with).
    /// # Cancellation
    /// Unwinds silently, before or between attempts.
    ///
    /// # Examples
    /// ```
    /// use std::io::Write;
    ///
    /// let (_reader, writer) = std::io::pipe().unwrap();
    /// let writer = moonfleet::io::Pollable::new(writer).unwrap();
    /// assert_eq!(writer.write_with(|mut pipe| pipe.write(b"ahoy")).unwrap(), 4);
    /// ```
    pub fn write_with<R>(&self, mut attempt: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        settle(self.source.write_with(|_| attempt(self.get_ref())))
    }

    pub(crate) fn wait_within(&self, direction: Direction, timeout: Option<Duration>) -> Result<(), Failure> {
        let wanted = match direction {
            Direction::Read => PollFlags::IN | PollFlags::PRI | PollFlags::RDHUP,
            Direction::Write => PollFlags::OUT,
        };
        self.source.perform_within(direction, timeout, |fd| Ok(is_ready(fd, wanted)?))
    }

    pub(super) fn source(&self) -> &Source<T> {
        &self.source
    }

    /// Lets each wait to read last no longer than `timeout`; `None`, the beginning, for ever.
    ///
    /// # Errors
    /// `InvalidInput` for zero.
    ///
    /// # Examples
    /// See [`Pollable::wait_readable`].
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.source.set_timeout(Direction::Read, timeout)
    }

    /// Lets each wait to write last no longer than `timeout`; `None`, the beginning, for ever.
    ///
    /// # Errors
    /// `InvalidInput` for zero.
    ///
    /// # Examples
    /// See [`Pollable::wait_readable`].
    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.source.set_timeout(Direction::Write, timeout)
    }
}

/// Whether `fd` is ready for one of the things `wanted`, or broken.
fn is_ready(fd: BorrowedFd<'_>, wanted: PollFlags) -> Result<(), Errno> {
    let ready = poll(&mut [PollFd::new(&fd, wanted)], Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))?;
    if ready > 0 { Ok(()) } else { Err(Errno::AGAIN) }
}

impl<T: AsFd> AsFd for Pollable<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.source.as_fd()
    }
}

impl<T: AsFd + fmt::Debug> fmt::Debug for Pollable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pollable").field(self.get_ref()).finish()
    }
}
