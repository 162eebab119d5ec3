//! Input and output that suspends, beyond sockets and files.
//!
//! - [`Pollable`]: waiting for any descriptor.
//! - [`copy`]: from stream to stream, through the kernel.
//! - [`stdin`], [`stdout`], [`stderr`]: the standard streams of the process; what is behind them is opened in
//!   `standard`, what is read ahead or not yet written is kept in `input` and `output`, and flushed by `at_exit`.

mod pollable;
mod copy;
mod standard;
mod at_exit;
mod input;
mod output;
mod stdin;
mod stdout;

pub(crate) use self::copy::{Attempt, Reads, Writes};
pub use self::copy::{CopyFrom, CopyTo, copy};
pub use self::pollable::Pollable;
use self::standard::{Descriptor, open};
pub use self::stdin::{Stdin, StdinLock, stdin};
pub use self::stdout::{Stderr, StderrLock, Stdout, StdoutLock, stderr, stdout};
