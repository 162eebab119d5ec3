//! The kernel, as the runtime needs it: a clock, descriptors, and a poller with a doorbell. Nothing here knows of tasks.
//!
//! - [`clock`]: monotonic nanoseconds.
//! - [`descriptor`]: closing a file without freeing its number.
//! - [`poller`]: one epoll instance per worker, to sleep in and to be woken from.
//! - [`thread`]: the number of an OS thread.
//! - [`sigpipe`]: whether a write that nobody reads ends the process.
//! - [`unix_socket`]: who is at the other end of one.

pub(crate) mod clock;
pub(crate) mod descriptor;
pub(crate) mod poller;
pub(crate) mod thread;
pub(crate) mod sigpipe;
pub(crate) mod unix_socket;
