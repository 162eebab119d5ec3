//! The protocol file of the runtime's signals.

#[path = "../../runtime/src/signal/pending.rs"]
pub(crate) mod pending;
