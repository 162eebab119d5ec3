//! Child processes, by the names of `std::process`: the task waits, and not its worker.
//!
//! A child's standard streams are pipes in the reactor, and its end is told by a pidfd there: ten thousand children
//! may be waited for without a thread, and no `SIGCHLD` is caught, so other code may do that. Making the process,
//! which takes the kernel a moment, is done by a thread of [`blocking`](fn@crate::blocking).
//!
//! - [`Command`]: what is to be run, and how. [`Command::output`] is the short way.
//! - [`Child`]: a process that runs; [`ChildStdin`], [`ChildStdout`] and [`ChildStderr`] are the ends of its pipes.
//!
//! As in `std`, a child runs on when its [`Child`] is dropped, unless that was made with
//! [`Command::kill_on_drop`]. Unlike in `std`, it does not stay a zombie then: children that were dropped are
//! looked after whenever another one is made or dropped.
//!
//! # Examples
//! ```
//! use moonfleet::process::{Command, Stdio};
//! use std::io::{Read, Write};
//!
//! # fn main() -> std::io::Result<()> {
//! moonfleet::run(|| {
//!     let mut cat = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
//!     cat.stdin.take().unwrap().write_all(b"ahoy")?;
//!     let mut answer = String::new();
//!     cat.stdout.take().unwrap().read_to_string(&mut answer)?;
//!     assert!(cat.wait()?.success() && answer == "ahoy");
//!     Ok(())
//! })
//! # }
//! ```

mod both;
mod child;
mod command;
mod orphans;
mod pipes;

pub use std::process::{ExitStatus, Output, Stdio};

pub use self::child::Child;
pub use self::command::Command;
pub use self::pipes::{ChildStderr, ChildStdin, ChildStdout};
