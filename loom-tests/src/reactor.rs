//! The protocol file of the runtime's reactor.

#[path = "../../runtime/src/reactor/readiness.rs"]
pub(crate) mod readiness;
