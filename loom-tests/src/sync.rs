//! The protocol files of the runtime's locks.

#[path = "../../runtime/src/sync/raw_mutex.rs"]
pub(crate) mod raw_mutex;
#[path = "../../runtime/src/sync/raw_once.rs"]
pub(crate) mod raw_once;
#[path = "../../runtime/src/sync/raw_rwlock.rs"]
pub(crate) mod raw_rwlock;
