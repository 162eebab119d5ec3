//! The protocol file of the runtime's forks.

#[path = "../../runtime/src/scope/fork.rs"]
pub(crate) mod fork;
