//! The unfinished line of the standard output, written when the process exits.

#![allow(unsafe_code, reason = "there is no safe call to be called at the exit")]

use std::io::Write;
use std::sync::Once;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use super::stdout::STDOUT;

/// Has the unfinished line written when `main` returns or somebody calls `exit`.
pub(super) fn write_the_rest() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: `at_exit` is a function of this program, which is not unloaded; it does not unwind, as everything
        // in it that could is caught. Refused, it is not called, and an unfinished line is lost.
        unsafe { libc::atexit(at_exit) };
    });
}

/// Whoever calls `exit` may be a task on its worker, whose runtime is not to be waited for any more: so this blocks
/// the thread. A writer that holds the output at this moment keeps what it has.
extern "C" fn at_exit() {
    let Some(mut output) = STDOUT.try_lock() else { return };
    let rest = output.end();
    drop(output);
    // Nobody is there to hear of an error.
    let _ = Blocking.write_all(&rest);
}

/// The standard output by its own descriptor, in whatever mode it is.
struct Blocking;

impl Write for Blocking {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let stdout = rustix::stdio::stdout();
        loop {
            match rustix::io::write(stdout, bytes) {
                Err(Errno::AGAIN) => drop(poll(&mut [PollFd::new(&stdout, PollFlags::OUT)], None)?),
                result => return Ok(result?),
            }
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
