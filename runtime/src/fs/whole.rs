//! Whole files in one call.

use std::fs;
use std::io;
use std::path::Path;

use crate::offload::blocking_io;

/// Reads a whole file.
///
/// **Shape** `&Path → io::Result<Vec<u8>>`
/// # Suspends
/// Until all is read.
/// # Errors
/// Those of [`std::fs::read`].
/// # Cancellation
/// [As all of `fs`](crate::fs#cancellation).
///
/// # Examples
/// ```
/// let bytes = moonfleet::run(|| moonfleet::fs::read("/proc/self/comm"));
/// assert!(!bytes.unwrap().is_empty());
/// ```
pub fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let path = path.as_ref();
    blocking_io(|| fs::read(path))
}

/// Reads a whole file of UTF-8 text.
///
/// **Shape** `&Path → io::Result<String>`
/// # Suspends
/// Until all is read.
/// # Errors
/// Those of [`std::fs::read_to_string`]; `InvalidData` if it is no UTF-8.
/// # Cancellation
/// [As all of `fs`](crate::fs#cancellation).
///
/// # Examples
/// ```
/// let uptime = moonfleet::run(|| moonfleet::fs::read_to_string("/proc/uptime")).unwrap();
/// assert!(uptime.contains('.'));
/// ```
pub fn read_to_string(path: impl AsRef<Path>) -> io::Result<String> {
    let path = path.as_ref();
    blocking_io(|| fs::read_to_string(path))
}

/// Writes a whole file: makes it, or replaces what is in it.
///
/// **Shape** `(&Path, &[u8]) → io::Result<()>`
/// # Suspends
/// Until all is written.
/// # Errors
/// Those of [`std::fs::write`]; of a disk that is full, `StorageFull`, with a part of the file written.
/// # Cancellation
/// [As all of `fs`](crate::fs#cancellation).
///
/// # Examples
/// ```
/// use moonfleet::fs;
///
/// # fn main() -> std::io::Result<()> {
/// moonfleet::run(|| {
///     let folder = fs::tempdir()?;
///     fs::write(folder.path().join("orders"), b"due south")?;
///     assert_eq!(fs::read(folder.path().join("orders"))?, b"due south");
///     Ok(())
/// })
/// # }
/// ```
pub fn write(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> io::Result<()> {
    let (path, contents) = (path.as_ref(), contents.as_ref());
    blocking_io(|| fs::write(path, contents))
}

/// Copies a file with its permissions, inside the kernel where possible. Gives the number of bytes.
///
/// **Shape** `(&Path, &Path) → io::Result<u64>`
/// # Suspends
/// Until all is copied.
/// # Errors
/// Those of [`std::fs::copy`].
/// # Cancellation
/// [As all of `fs`](crate::fs#cancellation).
///
/// # Examples
/// ```
/// use moonfleet::fs;
///
/// # fn main() -> std::io::Result<()> {
/// let folder = fs::tempdir()?;
/// let (chart, twin) = (folder.path().join("chart"), folder.path().join("twin"));
/// fs::write(&chart, "here be dragons")?;
/// assert_eq!(fs::copy(&chart, &twin)?, 15);
/// # fs::read(&twin).map(drop)
/// # }
/// ```
pub fn copy(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<u64> {
    let (from, to) = (from.as_ref(), to.as_ref());
    blocking_io(|| fs::copy(from, to))
}
