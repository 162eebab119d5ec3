//! The protocol file of the runtime's context.

#[path = "../../runtime/src/context/running.rs"]
pub(crate) mod running;
