//! Addresses of Unix sockets: from the standard library's type to the kernel's, and back.

use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::SocketAddr;
use std::path::Path;

use rustix::net::{SocketAddrAny, SocketAddrUnix};

use crate::sys::unix_socket::name_of;

/// Bytes of a path that the kernel has room for, at most, beside the zero at its end.
const MOST_BYTES: usize = 107;

/// The address `path`; no address if it is empty, as in the standard library.
///
/// # Errors
/// `InvalidInput`: the path is too long, or has a zero byte.
pub(super) fn of_path(path: &Path) -> io::Result<SocketAddrUnix> {
    let len = path.as_os_str().len();
    if len > MOST_BYTES {
        let error = format!(
            "the path of a Unix socket has at most {MOST_BYTES} bytes, but this one has {len}: use a directory \
             with a shorter name, or a relative path"
        );
        return Err(io::Error::new(ErrorKind::InvalidInput, error));
    }
    if path.as_os_str().as_bytes().contains(&0) {
        return Err(io::Error::new(ErrorKind::InvalidInput, "the path of a Unix socket has no zero bytes"));
    }
    if len == 0 {
        return Ok(SocketAddrUnix::new_unnamed());
    }
    Ok(SocketAddrUnix::new(path)?)
}

/// The same address for the kernel.
pub(super) fn to_kernel(address: &SocketAddr) -> io::Result<SocketAddrUnix> {
    match (address.as_pathname(), address.as_abstract_name()) {
        (Some(path), _) => of_path(path),
        (None, Some(name)) => Ok(SocketAddrUnix::new_abstract_name(name)?),
        (None, None) => Ok(SocketAddrUnix::new_unnamed()),
    }
}

/// The address that the kernel gave. One that the standard library has no form for counts as none.
pub(super) fn from_kernel(address: Option<SocketAddrAny>) -> io::Result<SocketAddr> {
    let address = match address.as_ref().map_or(&[][..], name_of) {
        [] => return unnamed(),
        [0, name @ ..] => SocketAddr::from_abstract_name(name),
        [path @ .., 0] | path => SocketAddr::from_pathname(OsStr::from_bytes(path)),
    };
    address.or_else(|_| unnamed())
}

/// The address of sockets without a name: the empty path.
fn unnamed() -> io::Result<SocketAddr> {
    SocketAddr::from_pathname("")
}

/// The socket's own address.
pub(super) fn local_addr(socket: impl AsFd) -> io::Result<SocketAddr> {
    from_kernel(Some(rustix::net::getsockname(socket)?))
}

/// The address of the other side.
pub(super) fn peer_addr(socket: impl AsFd) -> io::Result<SocketAddr> {
    from_kernel(rustix::net::getpeername(socket)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_survive_the_way_to_the_kernel_and_back() {
        let longest = "x".repeat(MOST_BYTES);
        for address in [
            SocketAddr::from_pathname("/tmp/x").unwrap(),
            SocketAddr::from_pathname(&longest).unwrap(),
            SocketAddr::from_abstract_name(b"a\0b").unwrap(),
            SocketAddr::from_abstract_name([7; MOST_BYTES]).unwrap(),
            unnamed().unwrap(),
        ] {
            let back = from_kernel(Some(to_kernel(&address).unwrap().into())).unwrap();
            assert_eq!(format!("{address:?}"), format!("{back:?}"));
        }
        let overlong = SocketAddrUnix::new("x".repeat(MOST_BYTES + 1)).unwrap();
        assert!(from_kernel(Some(overlong.into())).unwrap().is_unnamed());
        assert!(unnamed().unwrap().is_unnamed() && from_kernel(None).unwrap().is_unnamed());
    }

    #[test]
    fn paths_that_cannot_be_are_refused() {
        let long = of_path(Path::new(&"x".repeat(MOST_BYTES + 1))).unwrap_err();
        assert!(long.kind() == ErrorKind::InvalidInput && long.to_string().contains("107"), "{long}");
        assert_eq!(of_path(Path::new("a\0b")).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert!(of_path(Path::new("")).unwrap().is_unnamed());
    }
}
