//! The kernel, as the runtime needs it: a clock, and a poller with a doorbell. Nothing here knows of tasks.
//!
//! - [`clock`]: monotonic nanoseconds.
//! - [`poller`]: one epoll instance per worker, to sleep in and to be woken from.

pub(crate) mod clock;
pub(crate) mod poller;
