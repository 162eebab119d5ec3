//! Opening once more what is open already: the same pipe or terminal, by a description of our own, whose
//! non-blocking mode nobody else notices.
//!
//! What opens may be something else than what was open, or nobody's: the master of terminals makes a new terminal
//! for each that opens it, and a process that has given up its rights may have lost this one. Then there is no
//! description of our own.

use std::io::IsTerminal;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::fs::{Dev, FileType, Mode, OFlags, Stat, fcntl_getfl, fstat, makedev, open};

/// The pipe or terminal behind `fd`, opened once more in non-blocking mode; `None` if that cannot be.
pub(super) fn non_blocking(fd: BorrowedFd<'_>) -> Option<OwnedFd> {
    let before = fstat(fd).ok()?;
    if !is_fifo(&before) && !(fd.is_terminal() && before.st_rdev != terminal_master()) {
        return None;
    }
    let access = fcntl_getfl(fd).ok()? & OFlags::ACCMODE;
    let flags = access | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let own = open(format!("/proc/self/fd/{}", fd.as_raw_fd()), flags, Mode::empty()).ok()?;
    // Whatever is mounted on /proc, and whoever has closed `fd` meanwhile: it is the same file, or it is not used.
    let after = fstat(own.as_fd()).ok()?;
    (identity(&before) == identity(&after)).then_some(own)
}

fn is_fifo(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::Fifo
}

/// `/dev/ptmx`, by the number that it has on every Linux.
fn terminal_master() -> Dev {
    makedev(5, 2)
}

/// What tells one file from another.
fn identity(stat: &Stat) -> (Dev, u64, Dev) {
    (stat.st_dev, stat.st_ino, stat.st_rdev)
}
