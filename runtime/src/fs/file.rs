//! An open file, and what is done with it as a whole; reading and writing are in `streams`.

use std::fs::{self, FileTimes, Metadata, Permissions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::path::Path;

use super::options::OpenOptions;
use crate::device::Device;

/// An open file. It is closed when dropped.
///
/// Reading, writing and seeking go by [`Read`](io::Read), [`Write`](io::Write) and [`Seek`](io::Seek), for `&File`,
/// too. Who reads and writes with an offset of its own, by [`read_at`](File::read_at) and
/// [`write_at`](File::write_at), may do so from many tasks at once.
///
/// # Examples
/// ```
/// use moonfleet::fs::File;
/// use std::io::{BufRead, BufReader};
///
/// moonfleet::run(|| {
///     let file = File::open("/proc/self/status").unwrap();
///     let mut lines = BufReader::new(file).lines().map(Result::unwrap);
///     assert!(lines.any(|line| line.starts_with("Threads:")));
/// });
/// ```
#[derive(Debug)]
pub struct File {
    pub(super) device: Device,
}

impl File {
    /// Opens a file to read it.
    ///
    /// **Shape** `&Path → io::Result<File>`
    /// # Suspends
    /// As [`OpenOptions::open`].
    /// # Errors
    /// Those of [`std::fs::File::open`].
    /// # Cancellation
    /// As [`OpenOptions::open`].
    ///
    /// # Examples
    /// See [`File`].
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        OpenOptions::new().read(true).open(path)
    }

    /// Opens a file to write it, throwing away what is in it; makes it if there is none.
    ///
    /// **Shape** `&Path → io::Result<File>`
    /// # Suspends
    /// As [`OpenOptions::open`].
    /// # Errors
    /// Those of [`std::fs::File::create`].
    /// # Cancellation
    /// As [`OpenOptions::open`].
    ///
    /// # Examples
    /// ```
    /// use moonfleet::fs::{File, tempdir};
    /// use std::io::Write;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let folder = tempdir()?;
    /// let mut file = File::create(folder.path().join("log"))?;
    /// file.write_all(b"all well")?;
    /// file.sync_all()?;
    /// assert_eq!(file.metadata()?.len(), 8);
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        OpenOptions::new().write(true).create(true).truncate(true).open(path)
    }

    /// Makes a file, to read and write it.
    ///
    /// **Shape** `&Path → io::Result<File>`
    /// # Suspends
    /// As [`OpenOptions::open`].
    /// # Errors
    /// Those of [`std::fs::File::create_new`]; `AlreadyExists`.
    /// # Cancellation
    /// As [`OpenOptions::open`].
    ///
    /// # Examples
    /// ```
    /// let error = moonfleet::fs::File::create_new("/proc/self/comm").unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists);
    /// ```
    pub fn create_new(path: impl AsRef<Path>) -> io::Result<Self> {
        OpenOptions::new().read(true).write(true).create_new(true).open(path)
    }

    /// Other ways to open a file.
    ///
    /// # Examples
    /// See [`OpenOptions`].
    #[must_use]
    pub fn options() -> OpenOptions {
        OpenOptions::new()
    }

    pub(super) fn from_device(device: Device) -> Self {
        Self { device }
    }

    /// Waits until everything that was written has arrived on the disk.
    ///
    /// **Shape** `&File → io::Result<()>`
    /// # Suspends
    /// Until the disk says so.
    /// # Errors
    /// Those of [`std::fs::File::sync_all`].
    /// # Cancellation
    /// [As all of `fs`](crate::fs#cancellation).
    ///
    /// # Examples
    /// See [`File::create`].
    pub fn sync_all(&self) -> io::Result<()> {
        self.device.call(fs::File::sync_all)
    }

    /// As [`sync_all`](File::sync_all), without what only concerns the file's times.
    ///
    /// **Shape** `&File → io::Result<()>`
    /// # Suspends
    /// Until the disk says so.
    /// # Errors
    /// Those of [`std::fs::File::sync_data`].
    /// # Cancellation
    /// [As all of `fs`](crate::fs#cancellation).
    ///
    /// # Examples
    /// See [`File::create`].
    pub fn sync_data(&self) -> io::Result<()> {
        self.device.call(fs::File::sync_data)
    }

    /// Cuts the file to `size` bytes, or lengthens it by zeros.
    ///
    /// **Shape** `(&File, u64) → io::Result<()>`
    /// # Suspends
    /// Until the kernel has done it.
    /// # Errors
    /// Those of [`std::fs::File::set_len`].
    /// # Cancellation
    /// [As all of `fs`](crate::fs#cancellation).
    ///
    /// # Examples
    /// ```
    /// let file = moonfleet::fs::tempfile().unwrap();
    /// file.set_len(1 << 20).unwrap();
    /// assert_eq!(file.metadata().unwrap().len(), 1 << 20);
    /// ```
    pub fn set_len(&self, size: u64) -> io::Result<()> {
        self.device.call(|file| file.set_len(size))
    }

    /// What the kernel knows of the file.
    ///
    /// **Shape** `&File → io::Result<Metadata>`
    /// # Suspends
    /// Until the kernel has answered.
    /// # Errors
    /// Those of [`std::fs::File::metadata`].
    /// # Cancellation
    /// [As all of `fs`](crate::fs#cancellation).
    ///
    /// # Examples
    /// See [`File::set_len`].
    pub fn metadata(&self) -> io::Result<Metadata> {
        self.device.call(fs::File::metadata)
    }

    /// Changes who may do what with the file.
    ///
    /// **Shape** `(&File, Permissions) → io::Result<()>`
    /// # Suspends
    /// Until the kernel has done it.
    /// # Errors
    /// Those of [`std::fs::File::set_permissions`].
    /// # Cancellation
    /// [As all of `fs`](crate::fs#cancellation).
    ///
    /// # Examples
    /// ```
    /// let file = moonfleet::fs::tempfile().unwrap();
    /// let mut permissions = file.metadata().unwrap().permissions();
    /// permissions.set_readonly(true);
    /// file.set_permissions(permissions).unwrap();
    /// assert!(file.metadata().unwrap().permissions().readonly());
    /// ```
    pub fn set_permissions(&self, permissions: Permissions) -> io::Result<()> {
        self.device.call(|file| file.set_permissions(permissions))
    }

    /// Changes when the file was last read and written.
    ///
    /// **Shape** `(&File, FileTimes) → io::Result<()>`
    /// # Suspends
    /// Until the kernel has done it.
    /// # Errors
    /// Those of [`std::fs::File::set_times`].
    /// # Cancellation
    /// [As all of `fs`](crate::fs#cancellation).
    ///
    /// # Examples
    /// ```
    /// use moonfleet::fs::{FileTimes, tempfile};
    /// use std::time::SystemTime;
    ///
    /// let file = tempfile().unwrap();
    /// file.set_times(FileTimes::new().set_modified(SystemTime::UNIX_EPOCH)).unwrap();
    /// assert_eq!(file.metadata().unwrap().modified().unwrap(), SystemTime::UNIX_EPOCH);
    /// ```
    pub fn set_times(&self, times: FileTimes) -> io::Result<()> {
        self.device.call(|file| file.set_times(times))
    }

    /// Another handle of the same open file: reading and writing by one moves the place of the other.
    ///
    /// **Shape** `&File → io::Result<File>`
    /// # Errors
    /// The process has no descriptor left.
    ///
    /// # Examples
    /// ```
    /// use std::io::{Read, Seek, Write};
    ///
    /// let mut file = moonfleet::fs::tempfile().unwrap();
    /// let mut twin = file.try_clone().unwrap();
    /// file.write_all(b"once").unwrap();
    /// twin.rewind().unwrap();
    /// let mut text = String::new();
    /// file.read_to_string(&mut text).unwrap();
    /// assert_eq!(text, "once");
    /// ```
    pub fn try_clone(&self) -> io::Result<Self> {
        self.device.try_clone().map(Self::from_device)
    }
}

/// A FIFO or terminal is opened once more, for a description of our own, as its mode may concern others. Where that
/// cannot be, threads that may block read and write it.
impl From<fs::File> for File {
    fn from(file: fs::File) -> Self {
        Self::from_device(Device::of_shared(file))
    }
}

/// As from a file of std's.
impl From<OwnedFd> for File {
    fn from(descriptor: OwnedFd) -> Self {
        fs::File::from(descriptor).into()
    }
}

/// A FIFO or device is blocking afterwards; and so are clones of this file: use them no more.
impl From<File> for fs::File {
    fn from(file: File) -> Self {
        file.device.into_std()
    }
}

/// As into a file of std's.
impl From<File> for OwnedFd {
    fn from(file: File) -> Self {
        fs::File::from(file).into()
    }
}

/// For the standard streams of a child process.
impl From<File> for std::process::Stdio {
    fn from(file: File) -> Self {
        fs::File::from(file).into()
    }
}

impl AsFd for File {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.device.as_fd()
    }
}

impl AsRawFd for File {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}
