//! The kernel, as the runtime needs it: a clock, descriptors, and a poller with a doorbell. Nothing here knows of tasks.
//!
//! - [`clock`]: monotonic nanoseconds.
//! - [`descriptor`]: closing a file without freeing its number.
//! - [`poller`]: one epoll instance per worker, to sleep in and to be woken from.

pub(crate) mod clock;
pub(crate) mod descriptor;
pub(crate) mod poller;
