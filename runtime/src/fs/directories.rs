//! Directories: made, removed, and listed.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{self, FileType, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use crate::offload::blocking_io;

/// Entries that are fetched by one hand-over to another thread: about what one call of the kernel gives.
const BATCH: usize = 512;

/// Makes a directory.
///
/// **Shape** `&Path → io::Result<()>`
/// # Suspends
/// Until the kernel has made it.
/// # Errors
/// Those of [`std::fs::create_dir`].
/// # Cancellation
/// [As all of `fs`](crate::fs#cancellation).
///
/// # Examples
/// ```
/// use moonfleet::fs;
///
/// # fn main() -> std::io::Result<()> {
/// let folder = fs::tempdir()?;
/// fs::create_dir(folder.path().join("hold"))?;
/// let again = fs::create_dir(folder.path().join("hold")).unwrap_err();
/// assert_eq!(again.kind(), std::io::ErrorKind::AlreadyExists);
/// # Ok(())
/// # }
/// ```
pub fn create_dir(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref();
    blocking_io(|| fs::create_dir(path))
}

/// Makes a directory, and those above it that are missing.
///
/// **Shape** `&Path → io::Result<()>`
/// # Suspends
/// Until the kernel has made them.
/// # Errors
/// Those of [`std::fs::create_dir_all`].
/// # Cancellation
/// [As all of `fs`](crate::fs#cancellation).
///
/// # Examples
/// ```
/// use moonfleet::fs;
///
/// # fn main() -> std::io::Result<()> {
/// let folder = fs::tempdir()?;
/// fs::create_dir_all(folder.path().join("a/b/c"))?;
/// fs::remove_dir(folder.path().join("a/b/c"))?;
/// fs::remove_dir_all(folder.path().join("a"))?;
/// assert!(!fs::exists(folder.path().join("a"))?);
/// # Ok(())
/// # }
/// ```
pub fn create_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref();
    blocking_io(|| fs::create_dir_all(path))
}

/// Removes an empty directory.
///
/// **Shape** `&Path → io::Result<()>`
/// # Suspends
/// Until the kernel has removed it.
/// # Errors
/// Those of [`std::fs::remove_dir`].
/// # Cancellation
/// [As all of `fs`](crate::fs#cancellation).
///
/// # Examples
/// See [`create_dir_all`].
pub fn remove_dir(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref();
    blocking_io(|| fs::remove_dir(path))
}

/// Removes a directory with all that is in it. Symbolic links are removed, not followed.
///
/// **Shape** `&Path → io::Result<()>`
/// # Suspends
/// Until all is removed.
/// # Errors
/// Those of [`std::fs::remove_dir_all`].
/// # Cancellation
/// [As all of `fs`](crate::fs#cancellation).
///
/// # Examples
/// See [`create_dir_all`].
pub fn remove_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref();
    blocking_io(|| fs::remove_dir_all(path))
}

/// Lists a directory, in no particular order, without `.` and `..`.
///
/// **Shape** `&Path → io::Result<ReadDir>`, an iterator of `io::Result<DirEntry>`
/// # Suspends
/// Until the first entries are there, and so does every 512th step of the iterator.
/// # Errors
/// Those of [`std::fs::read_dir`].
/// # Cancellation
/// [As all of `fs`](crate::fs#cancellation).
///
/// # Examples
/// ```
/// let mut names = Vec::new();
/// moonfleet::run(|| {
///     for entry in moonfleet::fs::read_dir("/proc/self").unwrap() {
///         names.push(entry.unwrap().file_name());
///     }
/// });
/// assert!(names.iter().any(|name| name == "comm"));
/// ```
pub fn read_dir(path: impl AsRef<Path>) -> io::Result<ReadDir> {
    let path = path.as_ref();
    blocking_io(|| {
        let mut listing = ReadDir { rest: Some(fs::read_dir(path)?), batch: VecDeque::new() };
        listing.fetch();
        Ok(listing)
    })
}

/// The entries of a directory; see [`read_dir`].
///
/// # Examples
/// See [`read_dir`].
#[derive(Debug)]
pub struct ReadDir {
    batch: VecDeque<io::Result<DirEntry>>,
    /// What follows; `None` after the end.
    rest: Option<fs::ReadDir>,
}

impl ReadDir {
    /// Fetches the next batch. Blocks the thread.
    fn fetch(&mut self) {
        let Some(rest) = &mut self.rest else { return };
        self.batch.extend(rest.take(BATCH).map(|entry| entry.map(DirEntry::new)));
        if self.batch.len() < BATCH {
            self.rest = None;
        }
    }
}

impl Iterator for ReadDir {
    type Item = io::Result<DirEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.batch.is_empty()
            && self.rest.is_some()
            && let Err(no_thread) = blocking_io(|| {
                self.fetch();
                Ok(())
            })
        {
            return Some(Err(no_thread));
        }
        self.batch.pop_front()
    }
}

/// One entry of a directory.
///
/// # Examples
/// ```
/// let me = moonfleet::fs::read_dir("/proc").unwrap().map(Result::unwrap).find(|entry| entry.file_name() == "self");
/// let me = me.unwrap();
/// assert!(me.file_type().unwrap().is_symlink() && me.metadata().unwrap().is_symlink());
/// assert_eq!(me.path().to_str(), Some("/proc/self"));
/// ```
#[derive(Debug)]
pub struct DirEntry {
    entry: fs::DirEntry,
    /// Found with the entry: nearly every file system tells it there.
    file_type: Option<FileType>,
}

impl DirEntry {
    fn new(entry: fs::DirEntry) -> Self {
        let file_type = entry.file_type().ok();
        Self { entry, file_type }
    }

    /// The path of the directory, as it was given to [`read_dir`], with the name.
    ///
    /// # Examples
    /// See [`DirEntry`].
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.entry.path()
    }

    /// The name alone.
    ///
    /// # Examples
    /// See [`DirEntry`].
    #[must_use]
    pub fn file_name(&self) -> OsString {
        self.entry.file_name()
    }

    /// What the kernel knows of the entry. Symbolic links are not followed.
    ///
    /// **Shape** `&DirEntry → io::Result<Metadata>`
    /// # Suspends
    /// Until the kernel has answered.
    /// # Errors
    /// Those of [`std::fs::DirEntry::metadata`].
    /// # Cancellation
    /// [As all of `fs`](crate::fs#cancellation).
    ///
    /// # Examples
    /// See [`DirEntry`].
    pub fn metadata(&self) -> io::Result<Metadata> {
        blocking_io(|| self.entry.metadata())
    }

    /// Whether the entry is a file, a directory or something else. Symbolic links are not followed.
    ///
    /// **Shape** `&DirEntry → io::Result<FileType>`; found with the entry, on nearly every file system.
    /// # Suspends
    /// Where the file system has not told it with the entry.
    /// # Errors
    /// Those of [`std::fs::DirEntry::file_type`].
    /// # Cancellation
    /// [As all of `fs`](crate::fs#cancellation).
    ///
    /// # Examples
    /// See [`DirEntry`].
    pub fn file_type(&self) -> io::Result<FileType> {
        self.file_type.map_or_else(|| blocking_io(|| self.entry.file_type()), Ok)
    }
}
