//! The runtime's signals that the models are of; they name one another by `super`, as in the runtime.

#[path = "../../runtime/src/sync/barrier.rs"]
pub mod barrier;
#[path = "../../runtime/src/sync/notify.rs"]
pub mod notify;
#[path = "../../runtime/src/sync/semaphore/mod.rs"]
pub mod semaphore;
