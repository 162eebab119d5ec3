//! What the process does as C programs do: what it wrote with C's streams, and what happens at its exit, whether
//! that is the end of `main` or an `exit` in the middle of a task.

#![allow(unsafe_code, reason = "calls C's standard library")]

use std::sync::OnceLock;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

unsafe extern "C" {
    /// C's standard output, to which Lua writes.
    static stdout: *mut libc::FILE;
}

/// Flushes what Lua has written to standard output.
pub(super) fn flush_output() {
    // SAFETY: C sets the variable before `main`, and locks the stream itself. Lua does not let a script close it.
    unsafe { libc::fflush(stdout) };
}

/// Calls `function` at the exit of the process.
pub(super) fn at_exit(function: extern "C" fn()) {
    // SAFETY: the function stays; that there is no room for it would only mean that it is not called.
    unsafe { libc::atexit(function) };
}

/// How the terminal was set when the process began to edit lines on it.
static TERMINAL: OnceLock<Termios> = OnceLock::new();

/// Sets the terminal back at the exit of the process to what it is now.
pub(super) fn restore_terminal_at_exit() {
    if let Ok(attributes) = tcgetattr(rustix::stdio::stdin())
        && TERMINAL.set(attributes).is_ok()
    {
        at_exit(restore_terminal);
    }
}

extern "C" fn restore_terminal() {
    if let Some(attributes) = TERMINAL.get() {
        // The terminal may be gone.
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, attributes);
    }
}
