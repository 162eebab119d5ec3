//! Files and directories that go away by themselves: those of the crate `tempfile`, off the worker.

use std::io;
use std::path::{Path, PathBuf};

use super::file::File;
use crate::device::Device;
use crate::offload::blocking_io;
use crate::suspend::masked;

/// Makes a file without a name: it is gone when its last handle is closed, even if the process is killed.
///
/// **Shape** `() → io::Result<File>`
/// # Suspends
/// Until it is made.
/// # Errors
/// Those of making a file in [`std::env::temp_dir`].
/// # Cancellation
/// [As all of `fs`](crate::fs#cancellation).
///
/// # Examples
/// ```
/// use std::io::{Read, Seek, Write};
///
/// moonfleet::run(|| {
///     let mut scratch = moonfleet::fs::tempfile().unwrap();
///     scratch.write_all(b"sums").unwrap();
///     scratch.rewind().unwrap();
///     let mut text = String::new();
///     scratch.read_to_string(&mut text).unwrap();
///     assert_eq!(text, "sums");
/// });
/// ```
pub fn tempfile() -> io::Result<File> {
    blocking_io(|| Device::of_own(tempfile::tempfile()?).map(File::from_device))
}

/// Makes a directory in [`std::env::temp_dir`], with a name nobody can guess, for its owner alone.
///
/// **Shape** `() → io::Result<TempDir>`
/// # Suspends
/// Until it is made.
/// # Errors
/// Those of [`std::fs::create_dir`].
/// # Cancellation
/// [As all of `fs`](crate::fs#cancellation).
///
/// # Examples
/// See [`TempDir`].
pub fn tempdir() -> io::Result<TempDir> {
    tempdir_in(std::env::temp_dir())
}

/// Makes such a directory in another one.
///
/// **Shape** `&Path → io::Result<TempDir>`
/// # Suspends
/// Until it is made.
/// # Errors
/// Those of [`std::fs::create_dir`].
/// # Cancellation
/// [As all of `fs`](crate::fs#cancellation).
///
/// # Examples
/// ```
/// use moonfleet::fs;
///
/// let outer = fs::tempdir().unwrap();
/// let inner = fs::tempdir_in(outer.path()).unwrap();
/// assert_eq!(inner.path().parent(), Some(outer.path()));
/// ```
pub fn tempdir_in(folder: impl AsRef<Path>) -> io::Result<TempDir> {
    let folder = folder.as_ref();
    let directory = blocking_io(|| tempfile::tempdir_in(folder))?;
    Ok(TempDir(Some(directory)))
}

/// A directory that is removed, with all that is in it, when this is dropped.
///
/// The drop suspends until it is removed, and says nothing of errors; [`TempDir::close`] does. A process that is
/// killed leaves it behind.
///
/// # Examples
/// ```
/// use moonfleet::fs;
///
/// moonfleet::run(|| {
///     let folder = fs::tempdir().unwrap();
///     let path = folder.path().to_owned();
///     fs::write(path.join("notes"), "for a while").unwrap();
///     drop(folder);
///     assert!(!fs::exists(path).unwrap());
/// });
/// ```
#[derive(Debug)]
pub struct TempDir(Option<tempfile::TempDir>);

impl TempDir {
    /// Where it is.
    ///
    /// # Examples
    /// See [`TempDir`].
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.as_ref().expect("taken when it is used up").path()
    }

    /// Removes the directory, and tells if that fails.
    ///
    /// **Shape** `TempDir → io::Result<()>`
    /// # Suspends
    /// Until it is removed.
    /// # Errors
    /// Those of [`std::fs::remove_dir_all`].
    /// # Cancellation
    /// [As all of `fs`](crate::fs#cancellation): a task that is being cancelled already unwinds, and the directory is
    /// removed all the same.
    ///
    /// # Examples
    /// ```
    /// moonfleet::fs::tempdir().unwrap().close().unwrap();
    /// ```
    pub fn close(mut self) -> io::Result<()> {
        // Before anything is taken out of `self`, whose drop removes it as well.
        crate::cancel::check();
        let directory = self.0.take().expect("used up once");
        masked(|| blocking_io(|| directory.close()))
    }

    /// Leaves the directory where it is.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::fs;
    ///
    /// let path = fs::tempdir().unwrap().keep();
    /// fs::remove_dir(path).unwrap();
    /// ```
    #[must_use]
    pub fn keep(mut self) -> PathBuf {
        self.0.take().expect("used up once").keep()
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        if let Some(directory) = self.0.take() {
            drop_off_worker(directory);
        }
    }
}

/// A file with a name, which is removed when this is dropped; or gets the name that it deserves.
///
/// # Examples
/// Who reads the settings sees the old ones or the new ones, never a part:
/// ```
/// use moonfleet::fs::{self, NamedTempFile};
/// use std::io::Write;
///
/// # fn main() -> std::io::Result<()> {
/// # let folder = fs::tempdir()?;
/// # let folder = folder.path();
/// let draft = NamedTempFile::new_in(folder)?;
/// write!(draft.file(), "speed = 7")?;
/// draft.file().sync_all()?;
/// draft.persist(folder.join("settings"))?;
/// assert_eq!(fs::read_to_string(folder.join("settings"))?, "speed = 7");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct NamedTempFile(Option<(File, tempfile::TempPath)>);

impl NamedTempFile {
    /// Makes a file in [`std::env::temp_dir`], with a name nobody can guess, for its owner alone.
    ///
    /// **Shape** `() → io::Result<NamedTempFile>`
    /// # Suspends
    /// Until it is made.
    /// # Errors
    /// Those of making a file.
    /// # Cancellation
    /// [As all of `fs`](crate::fs#cancellation).
    ///
    /// # Examples
    /// ```
    /// let file = moonfleet::fs::NamedTempFile::new().unwrap();
    /// assert!(file.path().starts_with(std::env::temp_dir()));
    /// ```
    pub fn new() -> io::Result<Self> {
        Self::new_in(std::env::temp_dir())
    }

    /// Makes such a file in `folder`: where it is to stay in the end, for a file gets no name on another disk.
    ///
    /// **Shape** `&Path → io::Result<NamedTempFile>`
    /// # Suspends
    /// Until it is made.
    /// # Errors
    /// Those of making a file.
    /// # Cancellation
    /// [As all of `fs`](crate::fs#cancellation).
    ///
    /// # Examples
    /// See [`NamedTempFile`].
    pub fn new_in(folder: impl AsRef<Path>) -> io::Result<Self> {
        let folder = folder.as_ref();
        blocking_io(|| {
            let (file, path) = tempfile::NamedTempFile::new_in(folder)?.into_parts();
            Ok(Self(Some((File::from_device(Device::of_own(file)?), path))))
        })
    }

    /// The file.
    ///
    /// # Examples
    /// See [`NamedTempFile`].
    #[must_use]
    pub fn file(&self) -> &File {
        &self.parts().0
    }

    /// The name that it has for now.
    ///
    /// # Examples
    /// See [`NamedTempFile::new`].
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.parts().1
    }

    fn parts(&self) -> &(File, tempfile::TempPath) {
        self.0.as_ref().expect("taken when it is used up")
    }

    /// Gives the file a name to keep, replacing what had that name, in one step. Gives the file.
    ///
    /// **Shape** `(NamedTempFile, &Path) → io::Result<File>`
    /// # Suspends
    /// Until the kernel has done it.
    /// # Errors
    /// Those of [`std::fs::rename`]; the file is removed then.
    /// # Cancellation
    /// [As all of `fs`](crate::fs#cancellation): a task that is being cancelled already unwinds, and the file is
    /// removed.
    ///
    /// # Examples
    /// See [`NamedTempFile`].
    pub fn persist(mut self, to: impl AsRef<Path>) -> io::Result<File> {
        crate::cancel::check();
        let (file, path) = self.0.take().expect("used up once");
        let to = to.as_ref();
        masked(|| blocking_io(|| Ok(path.persist(to)?)))?;
        Ok(file)
    }
}

impl Drop for NamedTempFile {
    fn drop(&mut self) {
        if let Some((_, path)) = self.0.take() {
            drop_off_worker(path);
        }
    }
}

/// Drops what removes something from a disk. A cancel does not hinder it.
fn drop_off_worker(rubbish: impl Send) {
    // Without a thread for it, the closure is dropped here.
    let _ = masked(|| {
        blocking_io(move || {
            drop(rubbish);
            Ok(())
        })
    });
}
