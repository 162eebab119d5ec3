//! What is behind a standard descriptor of the process, which other processes may share.

use std::fs::File;
use std::io;
use std::os::fd::BorrowedFd;

use crate::device::Device;

/// One of the three standard descriptors.
pub(super) type Descriptor = fn() -> BorrowedFd<'static>;

/// What is behind `descriptor`, opened when it is first used.
pub(super) fn open(device: &mut Option<Device>, descriptor: Descriptor) -> io::Result<&Device> {
    if device.is_none() {
        let file = File::from(descriptor().try_clone_to_owned()?);
        *device = Some(Device::of_shared(file));
    }
    Ok(device.as_ref().expect("opened above"))
}
