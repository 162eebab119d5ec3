//! The reactor: which descriptors are worth another try, and who waits to hear of it.
//!
//! - [`readiness`]: one direction of one descriptor: the protocol between tries and events.
//! - [`slot`]: what the reactor keeps of a descriptor, found by the number that comes with its events.
//! - [`source`]: a descriptor with operations that wait: try first, wait if the kernel says that it would block.
//! - [`fallback`]: the thread that serves parties without a worker.
//!
//! Each worker has an epoll instance, in its home, and looks at it in its rounds. A descriptor is registered when
//! somebody has to wait for it for the first time, with that party's worker, edge-triggered, for both directions,
//! and stays there; parties elsewhere are woken through the inboxes of their homes like by any other wake. If the
//! worker ends, the next party that waits registers the descriptor with its own.

pub(crate) mod readiness;
pub(crate) mod slot;
pub(crate) mod source;
mod fallback;
