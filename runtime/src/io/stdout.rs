//! The standard output, and the standard error output.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::os::fd::{AsFd, BorrowedFd};

use super::at_exit;
use super::output::Output;
use crate::sync::{Mutex, MutexGuard};

pub(super) static STDOUT: Mutex<Output> = Mutex::new(Output::new(rustix::stdio::stdout, true));
static STDERR: Mutex<Output> = Mutex::new(Output::new(rustix::stdio::stderr, false));

/// The standard output of the process.
///
/// It is for all kinds what [`stdin`](super::stdin()) is: other processes notice nothing, and a reader that does not
/// read holds only the tasks that write.
///
/// What is written is kept until its line is complete, or is more than 8 KiB, or is [flushed](Write::flush). An
/// unfinished line is written when the process exits, by returning from `main` or by [`std::process::exit`]; it is lost
/// when the process aborts or is killed. Of `std::io::stdout`, and of `println!`, it knows nothing: each keeps its own
/// unfinished line. To a file, each line is a hand-over to another thread: put a [`BufWriter`](std::io::BufWriter)
/// around the [lock](Stdout::lock) for many.
///
/// A text of one `write!` or `write_all` is never mixed with that of others. A cancel unwinds it before it is taken,
/// or while it waits; then it is taken, and the rest of it is written before what comes next.
///
/// # Examples
/// ```
/// use moonfleet::io::stdout;
/// use std::io::Write;
///
/// moonfleet::run(|| writeln!(stdout(), "{} bells, and all's {}", 8, "well")).unwrap();
/// ```
#[must_use]
pub fn stdout() -> Stdout {
    at_exit::write_the_rest();
    Stdout { output: &STDOUT }
}

/// The standard error output of the process: as [`stdout`], but nothing is kept.
///
/// # Examples
/// ```
/// use std::io::Write;
///
/// moonfleet::run(|| writeln!(moonfleet::io::stderr(), "breakers ahead")).unwrap();
/// ```
#[must_use]
pub fn stderr() -> Stderr {
    Stderr { output: &STDERR }
}

/// A handle of the standard output; see [`stdout`].
///
/// # Examples
/// See [`stdout`].
#[derive(Clone, Copy)]
pub struct Stdout {
    output: &'static Mutex<Output>,
}

/// A handle of the standard error output; see [`stderr`].
///
/// # Examples
/// See [`stderr`].
#[derive(Clone, Copy)]
pub struct Stderr {
    output: &'static Mutex<Output>,
}

/// The standard output, for one party alone, while it is held; see [`Stdout::lock`].
///
/// # Examples
/// See [`Stdout::lock`].
pub struct StdoutLock<'a> {
    output: MutexGuard<'a, Output>,
}

/// The standard error output, for one party alone, while it is held; see [`Stderr::lock`].
///
/// # Examples
/// See [`Stderr::lock`].
pub struct StderrLock<'a> {
    output: MutexGuard<'a, Output>,
}

impl Stdout {
    /// Takes the standard output for this party alone, until the lock is dropped. A party that writes to it
    /// otherwise meanwhile waits for itself, for ever.
    ///
    /// **Shape** `&Stdout → StdoutLock<'static>`, which implements [`Write`]
    /// # Suspends
    /// While somebody else has it.
    /// # Cancellation
    /// As [`Mutex::lock`].
    ///
    /// # Examples
    /// ```
    /// use std::io::{BufWriter, Write};
    ///
    /// let mut table = BufWriter::new(moonfleet::io::stdout().lock());
    /// for n in 1..=100 {
    ///     writeln!(table, "{n:>3} {:>5}", n * n).unwrap();
    /// }
    /// ```
    #[must_use]
    pub fn lock(&self) -> StdoutLock<'static> {
        StdoutLock { output: self.output.lock() }
    }
}

impl Stderr {
    /// Takes the standard error output for this party alone, until the lock is dropped. A party that writes to it
    /// otherwise meanwhile waits for itself, for ever.
    ///
    /// **Shape** `&Stderr → StderrLock<'static>`, which implements [`Write`]
    /// # Suspends
    /// While somebody else has it.
    /// # Cancellation
    /// As [`Mutex::lock`].
    ///
    /// # Examples
    /// ```
    /// use std::io::Write;
    ///
    /// let mut complaint = moonfleet::io::stderr().lock();
    /// writeln!(complaint, "no wind").unwrap();
    /// writeln!(complaint, "  help: whistle").unwrap();
    /// ```
    #[must_use]
    pub fn lock(&self) -> StderrLock<'static> {
        StderrLock { output: self.output.lock() }
    }
}

/// What the two have in common.
macro_rules! output {
    ($Handle:ident, $Lock:ident, $descriptor:path) => {
        impl $Handle {
            /// Whether it is a terminal.
            ///
            /// # Examples
            /// ```
            /// let colours = moonfleet::io::stdout().is_terminal() && moonfleet::io::stderr().is_terminal();
            /// # let _ = colours;
            /// ```
            #[must_use]
            pub fn is_terminal(&self) -> bool {
                self.as_fd().is_terminal()
            }
        }

        impl Write for $Handle {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.lock().write(bytes)
            }

            fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
                self.lock().write_all(bytes)
            }

            /// The text is made before the output is locked, as code of the user's that makes it may write, too.
            fn write_fmt(&mut self, text: fmt::Arguments<'_>) -> io::Result<()> {
                match text.as_str() {
                    Some(text) => self.write_all(text.as_bytes()),
                    None => self.write_all(made(text)?.as_bytes()),
                }
            }

            fn flush(&mut self) -> io::Result<()> {
                self.lock().flush()
            }
        }

        impl Write for &$Handle {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.lock().write(bytes)
            }

            fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
                self.lock().write_all(bytes)
            }

            fn write_fmt(&mut self, text: fmt::Arguments<'_>) -> io::Result<()> {
                Write::write_fmt(&mut { **self }, text)
            }

            fn flush(&mut self) -> io::Result<()> {
                self.lock().flush()
            }
        }

        impl Write for $Lock<'_> {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.output.write(bytes).map(|()| bytes.len())
            }

            fn flush(&mut self) -> io::Result<()> {
                self.output.flush()
            }
        }

        impl AsFd for $Handle {
            fn as_fd(&self) -> BorrowedFd<'_> {
                $descriptor()
            }
        }

        impl fmt::Debug for $Handle {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($Handle))
            }
        }

        impl fmt::Debug for $Lock<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($Lock))
            }
        }
    };
}

output!(Stdout, StdoutLock, rustix::stdio::stdout);
output!(Stderr, StderrLock, rustix::stdio::stderr);

/// The text that is meant.
fn made(text: fmt::Arguments<'_>) -> io::Result<String> {
    let mut made = String::new();
    let error = "what was to be written could not be made into text: its `fmt` has failed";
    fmt::write(&mut made, text).map_err(|fmt::Error| io::Error::other(error))?;
    Ok(made)
}
