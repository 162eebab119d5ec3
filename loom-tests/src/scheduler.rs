//! The protocol files of the runtime's scheduler.

#[path = "../../runtime/src/scheduler/gate.rs"]
pub(crate) mod gate;
#[path = "../../runtime/src/scheduler/idle.rs"]
pub(crate) mod idle;
#[path = "../../runtime/src/scheduler/watch.rs"]
pub(crate) mod watch;
