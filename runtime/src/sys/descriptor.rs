//! Replacing what a descriptor stands for, so that its file is closed while its number stays taken.

#![allow(unsafe_code, reason = "dup3 onto a descriptor that is only borrowed")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

/// A socket that is connected to nothing and never will be: every operation on it fails at once.
static TOMBSTONE: Mutex<Option<OwnedFd>> = Mutex::new(None);

/// Closes the file behind `fd`. The number goes on to stand for something on which every operation fails: it is
/// not given to another file while somebody may be about to use it.
///
/// # Errors
/// The process has no descriptor left for the first use of this function.
pub(crate) fn bury(fd: BorrowedFd<'_>) -> io::Result<()> {
    let mut tombstone = TOMBSTONE.lock().unwrap_or_else(PoisonError::into_inner);
    if tombstone.is_none() {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        *tombstone = Some(socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?);
    }
    let Some(tombstone) = &*tombstone else { return Ok(()) };
    loop {
        // SAFETY: both are open descriptors; the number of `fd` stays open, so whoever has borrowed or owns it
        // still borrows or owns an open descriptor.
        let replaced = unsafe { libc::dup3(tombstone.as_raw_fd(), fd.as_raw_fd(), libc::O_CLOEXEC) };
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            _ if replaced >= 0 => return Ok(()),
            Some(libc::EINTR | libc::EBUSY) => {}
            _ => return Err(error),
        }
    }
}
