//! Files and directories, by the names of `std::fs`: calls that would block the thread let the task wait instead.
//!
//! What the kernel may have to fetch from a disk, or from afar, is done by the threads of
//! [`blocking`](fn@crate::blocking) while the task waits; reads of up to 256 KiB that the page cache can answer are
//! done at once. FIFOs, terminals and other devices that can be polled wait like sockets: any number of tasks, and no
//! thread. On a plain OS thread the calls are those of `std::fs`.
//!
//! What is not here, for it is rare, is had by `moonfleet::blocking(|| std::fs::…)`, and std's files become ours and
//! back by `From`. Each small write is a hand-over to another thread: put a [`BufWriter`](std::io::BufWriter) around
//! a file that is written in small pieces.
//!
//! # Cancellation
//! Every function here unwinds silently in a task that is being cancelled already, before it has done anything. A
//! cancel that comes later waits: what the kernel has been asked to do is done, and its result returned; the next
//! wait unwinds. So nothing that was read is lost, and nothing is half done that would not be half done in `std`.
//!
//! FIFOs and devices differ. Their reads and writes unwind while they wait, and what has not been read is there for
//! the next one; but a `read_to_string` that unwinds takes with it what it had collected. And opening a FIFO, which
//! waits for somebody to open its other end, cannot be interrupted.
//!
//! # Examples
//! ```
//! use moonfleet::fs;
//! use std::io::{Read, Seek, Write};
//!
//! # fn main() -> std::io::Result<()> {
//! moonfleet::run(|| {
//!     let ship = fs::tempdir()?;
//!     let log = ship.path().join("log.txt");
//!     fs::write(&log, "all well\n")?;
//!     let mut file = fs::File::options().append(true).read(true).open(&log)?;
//!     writeln!(file, "land in sight")?;
//!     file.rewind()?;
//!     let mut text = String::new();
//!     file.read_to_string(&mut text)?;
//!     assert_eq!(text, "all well\nland in sight\n");
//!     for entry in fs::read_dir(ship.path())? {
//!         assert_eq!(entry?.file_name(), "log.txt");
//!     }
//!     Ok(())
//! })
//! # }
//! ```

mod directories;
mod file;
mod options;
mod paths;
mod streams;
mod temporary;
mod whole;

pub use std::fs::{FileTimes, FileType, Metadata, Permissions};

pub use self::directories::{
    DirEntry, ReadDir, create_dir, create_dir_all, read_dir, remove_dir, remove_dir_all,
};
pub use self::file::File;
pub use self::options::OpenOptions;
pub use self::paths::{
    canonicalize, exists, hard_link, metadata, read_link, remove_file, rename, set_permissions, symlink,
    symlink_metadata,
};
pub use self::temporary::{NamedTempFile, TempDir, tempdir, tempdir_in, tempfile};
pub use self::whole::{copy, read, read_to_string, write};
