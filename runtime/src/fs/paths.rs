//! What is done with the names of files.

use std::fs::{self, Metadata, Permissions};
use std::io;
use std::path::{Path, PathBuf};

use crate::offload::blocking_io;

/// Gives a file or directory another name, replacing what had that name, in one step.
///
/// **Shape** `(&Path, &Path) → io::Result<()>`
/// # Suspends
/// Until the kernel has answered.
/// # Errors
/// Those of [`std::fs::rename`].
/// # Cancellation
/// [As all of `fs`](crate::fs#cancellation).
///
/// # Examples
/// ```
/// use moonfleet::fs;
///
/// # fn main() -> std::io::Result<()> {
/// let folder = fs::tempdir()?;
/// let (draft, done) = (folder.path().join("draft"), folder.path().join("done"));
/// fs::write(&draft, "the whole truth")?;
/// fs::rename(&draft, &done)?;
/// assert!(fs::exists(&done)? && !fs::exists(&draft)?);
/// # Ok(())
/// # }
/// ```
pub fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    let (from, to) = (from.as_ref(), to.as_ref());
    blocking_io(|| fs::rename(from, to))
}

/// Removes a file: its name, and the file itself once nobody has it open.
///
/// **Shape** `&Path → io::Result<()>`
/// # Suspends
/// Until the kernel has answered.
/// # Errors
/// Those of [`std::fs::remove_file`].
/// # Cancellation
/// [As all of `fs`](crate::fs#cancellation).
///
/// # Examples
/// ```
/// use moonfleet::fs;
///
/// let missing = moonfleet::run(|| fs::remove_file("/no/such/file")).unwrap_err();
/// assert_eq!(missing.kind(), std::io::ErrorKind::NotFound);
/// ```
pub fn remove_file(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref();
    blocking_io(|| fs::remove_file(path))
}

/// What the kernel knows of a file, following symbolic links.
///
/// **Shape** `&Path → io::Result<Metadata>`
/// # Suspends
/// Until the kernel has answered.
/// # Errors
/// Those of [`std::fs::metadata`].
/// # Cancellation
/// [As all of `fs`](crate::fs#cancellation).
///
/// # Examples
/// ```
/// assert!(moonfleet::fs::metadata("/proc").unwrap().is_dir());
/// ```
pub fn metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    let path = path.as_ref();
    blocking_io(|| fs::metadata(path))
}

/// What the kernel knows of a file, or of the symbolic link itself.
///
/// **Shape** `&Path → io::Result<Metadata>`
/// # Suspends
/// Until the kernel has answered.
/// # Errors
/// Those of [`std::fs::symlink_metadata`].
/// # Cancellation
/// [As all of `fs`](crate::fs#cancellation).
///
/// # Examples
/// ```
/// assert!(moonfleet::fs::symlink_metadata("/proc/self").unwrap().is_symlink());
/// ```
pub fn symlink_metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    let path = path.as_ref();
    blocking_io(|| fs::symlink_metadata(path))
}

/// The absolute path of a file, without symbolic links.
///
/// **Shape** `&Path → io::Result<PathBuf>`
/// # Suspends
/// Until the kernel has answered.
/// # Errors
/// Those of [`std::fs::canonicalize`].
/// # Cancellation
/// [As all of `fs`](crate::fs#cancellation).
///
/// # Examples
/// ```
/// let here = moonfleet::fs::canonicalize(".").unwrap();
/// assert_eq!(here, std::env::current_dir().unwrap().canonicalize().unwrap());
/// ```
pub fn canonicalize(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    let path = path.as_ref();
    blocking_io(|| fs::canonicalize(path))
}

/// What a symbolic link points to.
///
/// **Shape** `&Path → io::Result<PathBuf>`
/// # Suspends
/// Until the kernel has answered.
/// # Errors
/// Those of [`std::fs::read_link`].
/// # Cancellation
/// [As all of `fs`](crate::fs#cancellation).
///
/// # Examples
/// ```
/// let me = moonfleet::fs::read_link("/proc/self").unwrap();
/// assert_eq!(me.to_str(), Some(std::process::id().to_string().as_str()));
/// ```
pub fn read_link(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    let path = path.as_ref();
    blocking_io(|| fs::read_link(path))
}

/// Gives a file a second name.
///
/// **Shape** `(&Path, &Path) → io::Result<()>`
/// # Suspends
/// Until the kernel has answered.
/// # Errors
/// Those of [`std::fs::hard_link`].
/// # Cancellation
/// [As all of `fs`](crate::fs#cancellation).
///
/// # Examples
/// ```
/// use moonfleet::fs;
///
/// # fn main() -> std::io::Result<()> {
/// let folder = fs::tempdir()?;
/// let (one, two) = (folder.path().join("one"), folder.path().join("two"));
/// fs::write(&one, "text")?;
/// fs::hard_link(&one, &two)?;
/// fs::remove_file(&one)?;
/// assert_eq!(fs::read_to_string(&two)?, "text");
/// # Ok(())
/// # }
/// ```
pub fn hard_link(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    let (original, link) = (original.as_ref(), link.as_ref());
    blocking_io(|| fs::hard_link(original, link))
}

/// Makes a symbolic link at `link` that points to `original`.
///
/// **Shape** `(&Path, &Path) → io::Result<()>`
/// # Suspends
/// Until the kernel has answered.
/// # Errors
/// Those of [`std::os::unix::fs::symlink`].
/// # Cancellation
/// [As all of `fs`](crate::fs#cancellation).
///
/// # Examples
/// ```
/// use moonfleet::fs;
///
/// # fn main() -> std::io::Result<()> {
/// let folder = fs::tempdir()?;
/// let link = folder.path().join("link");
/// fs::symlink("anywhere", &link)?;
/// assert_eq!(fs::read_link(&link)?.to_str(), Some("anywhere"));
/// # Ok(())
/// # }
/// ```
pub fn symlink(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    let (original, link) = (original.as_ref(), link.as_ref());
    blocking_io(|| std::os::unix::fs::symlink(original, link))
}

/// Changes who may do what with a file.
///
/// **Shape** `(&Path, Permissions) → io::Result<()>`
/// # Suspends
/// Until the kernel has answered.
/// # Errors
/// Those of [`std::fs::set_permissions`].
/// # Cancellation
/// [As all of `fs`](crate::fs#cancellation).
///
/// # Examples
/// ```
/// use moonfleet::fs;
///
/// # fn main() -> std::io::Result<()> {
/// let folder = fs::tempdir()?;
/// let path = folder.path().join("kept");
/// fs::write(&path, "as it is")?;
/// let mut permissions = fs::metadata(&path)?.permissions();
/// permissions.set_readonly(true);
/// fs::set_permissions(&path, permissions)?;
/// assert!(fs::metadata(&path)?.permissions().readonly());
/// # Ok(())
/// # }
/// ```
pub fn set_permissions(path: impl AsRef<Path>, permissions: Permissions) -> io::Result<()> {
    let path = path.as_ref();
    blocking_io(|| fs::set_permissions(path, permissions))
}

/// Whether there is a file at `path`; an error if that cannot be known.
///
/// **Shape** `&Path → io::Result<bool>`
/// # Suspends
/// Until the kernel has answered.
/// # Errors
/// Those of [`std::fs::exists`].
/// # Cancellation
/// [As all of `fs`](crate::fs#cancellation).
///
/// # Examples
/// ```
/// assert!(!moonfleet::fs::exists("/no/such/file").unwrap());
/// ```
pub fn exists(path: impl AsRef<Path>) -> io::Result<bool> {
    let path = path.as_ref();
    blocking_io(|| fs::exists(path))
}
