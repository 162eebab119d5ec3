//! The standard input.

use std::fmt;
use std::io::{self, BufRead, IsTerminal, Lines, Read};
use std::os::fd::{AsFd, BorrowedFd};

use super::input::Input;
use crate::sync::{Mutex, MutexGuard};

static STDIN: Mutex<Input> = Mutex::new(Input::new(rustix::stdio::stdin));

/// The standard input of the process.
///
/// A pipe or a terminal is opened once more, so that other processes that share it notice nothing, and waited for by
/// the reactor; so is a socket. A file is read by threads that may block, and so is a terminal that this process may
/// not open (after `su`, for instance): a read of such a terminal holds its task, and a shutdown.
///
/// What it has read ahead is its own: do not use `std::io::stdin` as well. The descriptor is looked at when it is
/// first read.
///
/// # Examples
/// ```no_run
/// use moonfleet::io::stdin;
///
/// moonfleet::run(|| stdin().lines().map(|line| line.unwrap().len()).sum::<usize>());
/// ```
#[must_use]
pub fn stdin() -> Stdin {
    Stdin { input: &STDIN }
}

/// A handle of the standard input; see [`stdin`].
///
/// # Examples
/// See [`stdin`].
#[derive(Clone, Copy)]
pub struct Stdin {
    input: &'static Mutex<Input>,
}

/// The standard input, for one party alone, while it is held; see [`Stdin::lock`].
///
/// # Examples
/// See [`Stdin::lock`].
pub struct StdinLock<'a> {
    input: MutexGuard<'a, Input>,
}

impl Stdin {
    /// Takes the standard input for this party alone, until the lock is dropped.
    ///
    /// **Shape** `&Stdin → StdinLock<'static>`, which implements [`BufRead`]
    /// # Suspends
    /// While somebody else has it.
    /// # Cancellation
    /// As [`Mutex::lock`].
    ///
    /// # Examples
    /// ```no_run
    /// use std::io::BufRead;
    ///
    /// let mut record = Vec::new();
    /// moonfleet::io::stdin().lock().read_until(b';', &mut record).unwrap();
    /// ```
    #[must_use]
    pub fn lock(&self) -> StdinLock<'static> {
        StdinLock { input: self.input.lock() }
    }

    /// Reads a line with its newline, behind what is in `text`; the last one may have none. Gives its length in
    /// bytes, and 0 at the end of the input.
    ///
    /// **Shape** `(&Stdin, &mut String) → io::Result<usize>`
    /// # Suspends
    /// Until a line is there, or the end.
    /// # Errors
    /// `InvalidData` if the line is no UTF-8; it is dropped then. Those of reading.
    /// # Cancellation
    /// Unwinds silently; what has come of the line is there for the next reader.
    ///
    /// # Examples
    /// ```no_run
    /// let mut line = String::new();
    /// assert_eq!(moonfleet::run(|| moonfleet::io::stdin().read_line(&mut line)).unwrap(), line.len());
    /// ```
    pub fn read_line(&self, text: &mut String) -> io::Result<usize> {
        self.lock().read_line(text)
    }

    /// The lines, without their newlines. It has the standard input for itself, as by [`lock`](Stdin::lock).
    ///
    /// **Shape** `Stdin → Lines<StdinLock<'static>>`, an iterator of `io::Result<String>`
    /// # Suspends
    /// As [`lock`](Stdin::lock); each step as [`read_line`](Stdin::read_line).
    /// # Cancellation
    /// As [`read_line`](Stdin::read_line).
    ///
    /// # Examples
    /// See [`stdin`].
    #[must_use]
    pub fn lines(self) -> Lines<StdinLock<'static>> {
        self.lock().lines()
    }

    /// Whether it is a terminal.
    ///
    /// # Examples
    /// ```
    /// let prompt = if moonfleet::io::stdin().is_terminal() { "? " } else { "" };
    /// # assert!(prompt.len() < 3);
    /// ```
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.as_fd().is_terminal()
    }
}

impl Read for Stdin {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.lock().read(buffer)
    }
}

impl Read for &Stdin {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.lock().read(buffer)
    }
}

impl Read for StdinLock<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.input.read(buffer)
    }
}

impl BufRead for StdinLock<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.input.consume(amount);
    }

    fn read_until(&mut self, delimiter: u8, bytes: &mut Vec<u8>) -> io::Result<usize> {
        self.input.read_until(delimiter, bytes)
    }

    fn read_line(&mut self, text: &mut String) -> io::Result<usize> {
        self.input.read_line(text)
    }
}

impl AsFd for Stdin {
    fn as_fd(&self) -> BorrowedFd<'_> {
        rustix::stdio::stdin()
    }
}

impl fmt::Debug for Stdin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stdin")
    }
}

impl fmt::Debug for StdinLock<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StdinLock")
    }
}
