//! The runtime's `home` without its doorbell, which is a file descriptor.

#[path = "../../runtime/src/home/inbox.rs"]
pub(crate) mod inbox;
