//! Input and output that suspends, beyond sockets and files.
//!
//! - [`Pollable`]: waiting for any descriptor.
//! - [`copy`]: from stream to stream, through the kernel.

mod pollable;
mod copy;

pub(crate) use self::copy::{Attempt, Reads, Writes};
pub use self::copy::{CopyFrom, CopyTo, copy};
pub use self::pollable::Pollable;
