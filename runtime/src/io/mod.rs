//! The standard streams of the process, which suspend the task instead of blocking its worker.

use std::fs::File;
use std::io;
use std::os::fd::BorrowedFd;

use crate::device::Device;

mod at_exit;
mod input;
mod output;
mod stdin;
mod stdout;

pub use self::stdin::{Stdin, StdinLock, stdin};
pub use self::stdout::{Stderr, StderrLock, Stdout, StdoutLock, stderr, stdout};

/// One of the three standard descriptors.
type Descriptor = fn() -> BorrowedFd<'static>;

/// What is behind `descriptor`, opened when it is first used.
fn open(device: &mut Option<Device>, descriptor: Descriptor) -> io::Result<&Device> {
    if device.is_none() {
        let file = File::from(descriptor().try_clone_to_owned()?);
        *device = Some(Device::of_shared(file));
    }
    Ok(device.as_ref().expect("opened above"))
}
