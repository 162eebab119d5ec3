//! How a file is to be opened.

use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::file::File;
use crate::device::Device;
use crate::offload::blocking_io;

/// How a file is to be opened: the options of [`std::fs::OpenOptions`], which tells more of each.
///
/// # Examples
/// ```
/// use moonfleet::fs;
/// use std::io::Write;
///
/// # fn main() -> std::io::Result<()> {
/// let folder = fs::tempdir()?;
/// let path = folder.path().join("secret");
/// let mut options = fs::OpenOptions::new();
/// options.write(true).create_new(true).mode(0o600);
/// options.open(&path)?.write_all(b"the tide turns at four")?;
/// assert_eq!(options.open(&path).unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct OpenOptions(fs::OpenOptions);

impl Default for OpenOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl OpenOptions {
    /// No option chosen yet.
    ///
    /// # Examples
    /// See [`OpenOptions`].
    #[must_use]
    pub fn new() -> Self {
        Self(fs::OpenOptions::new())
    }

    /// Whether the file is to be read.
    ///
    /// # Examples
    /// See [`OpenOptions`].
    pub fn read(&mut self, read: bool) -> &mut Self {
        self.0.read(read);
        self
    }

    /// Whether the file is to be written.
    ///
    /// # Examples
    /// See [`OpenOptions`].
    pub fn write(&mut self, write: bool) -> &mut Self {
        self.0.write(write);
        self
    }

    /// Whether each write goes to the end of the file, wherever that is by then.
    ///
    /// # Examples
    /// See [`OpenOptions`].
    pub fn append(&mut self, append: bool) -> &mut Self {
        self.0.append(append);
        self
    }

    /// Whether what is in the file is to be thrown away.
    ///
    /// # Examples
    /// See [`OpenOptions`].
    pub fn truncate(&mut self, truncate: bool) -> &mut Self {
        self.0.truncate(truncate);
        self
    }

    /// Whether the file is to be made if there is none.
    ///
    /// # Examples
    /// See [`OpenOptions`].
    pub fn create(&mut self, create: bool) -> &mut Self {
        self.0.create(create);
        self
    }

    /// Whether the file is to be made, and must not be there before.
    ///
    /// # Examples
    /// See [`OpenOptions`].
    pub fn create_new(&mut self, create_new: bool) -> &mut Self {
        self.0.create_new(create_new);
        self
    }

    /// Who may do what with a file that is made, less the process's umask.
    ///
    /// # Examples
    /// See [`OpenOptions`].
    pub fn mode(&mut self, mode: u32) -> &mut Self {
        self.0.mode(mode);
        self
    }

    /// More flags for the kernel, such as `O_NOFOLLOW`.
    ///
    /// # Examples
    /// See [`OpenOptions`].
    pub fn custom_flags(&mut self, flags: i32) -> &mut Self {
        self.0.custom_flags(flags);
        self
    }

    /// Opens the file.
    ///
    /// **Shape** `(&OpenOptions, &Path) → io::Result<File>`
    /// # Suspends
    /// Until it is open. A FIFO is open when another process has opened its other end, or at once with the custom
    /// flag `O_NONBLOCK`.
    /// # Errors
    /// Those of [`std::fs::OpenOptions::open`].
    /// # Cancellation
    /// [As all of `fs`](crate::fs#cancellation). A FIFO that nobody opens at its other end holds its task, and a
    /// shutdown.
    ///
    /// # Examples
    /// See [`OpenOptions`].
    pub fn open(&self, path: impl AsRef<Path>) -> io::Result<File> {
        let path = path.as_ref();
        blocking_io(|| Device::of_own(self.0.open(path)?).map(File::from_device))
    }
}

impl From<fs::OpenOptions> for OpenOptions {
    fn from(options: fs::OpenOptions) -> Self {
        Self(options)
    }
}
