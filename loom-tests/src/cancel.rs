//! What tokens and scopes are made of.

#[path = "../../runtime/src/cancel/stop.rs"]
pub(crate) mod stop;
