//! The protocol files of the runtime's pool of threads that block.

#[path = "../../runtime/src/blocking/call.rs"]
pub(crate) mod call;
#[path = "../../runtime/src/blocking/job.rs"]
pub(crate) mod job;
#[path = "../../runtime/src/blocking/pool.rs"]
pub(crate) mod pool;
