//! What the kernel says of the other end of a Unix socket, where rustix trusts it too much.
//!
//! - A process number of zero stands for a process in a namespace that this one does not see; rustix has a type that
//!   cannot be zero for it.
//! - A path of 108 bytes has no zero at its end in the address, and rustix panics; no name at all it takes for an empty
//!   one. Whoever connects chooses what address it has.

#![allow(unsafe_code, reason = "getsockopt into a struct of libc, and the bytes of an address")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::slice;

use rustix::net::{AddressFamily, SocketAddrAny};

/// User, group and process at the other end of the Unix socket `fd`.
pub(crate) fn peer_credentials(fd: BorrowedFd<'_>) -> io::Result<libc::ucred> {
    let mut peer = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut len = size_of_val(&peer) as libc::socklen_t;
    let (level, name) = (libc::SOL_SOCKET, libc::SO_PEERCRED);
    // SAFETY: the kernel writes at most `len` bytes to `peer`, a struct of numbers that has as many.
    let failed = unsafe { libc::getsockopt(fd.as_raw_fd(), level, name, (&raw mut peer).cast(), &mut len) };
    if failed == 0 { Ok(peer) } else { Err(io::Error::last_os_error()) }
}

/// What an address that the kernel gave says behind its family: nothing, a path and a zero, or a zero and an
/// abstract name.
pub(crate) fn name_of(address: &SocketAddrAny) -> &[u8] {
    if address.address_family() != AddressFamily::UNIX {
        return &[];
    }
    // SAFETY: by the contract of `SocketAddrAny` so many bytes of it are initialized, and it is borrowed for as long.
    let bytes = unsafe { slice::from_raw_parts(address.as_ptr().cast::<u8>(), address.addr_len() as usize) };
    bytes.get(std::mem::offset_of!(libc::sockaddr_un, sun_path)..).unwrap_or_default()
}
