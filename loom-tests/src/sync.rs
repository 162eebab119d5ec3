//! The protocol files of the runtime's locks, and its signals; they name one another by `super`, as in the runtime.

#[path = "../../runtime/src/sync/raw_mutex.rs"]
pub(crate) mod raw_mutex;
#[path = "../../runtime/src/sync/mutex.rs"]
pub mod mutex;
#[path = "../../runtime/src/sync/condvar.rs"]
pub mod condvar;
#[path = "../../runtime/src/sync/raw_once.rs"]
pub(crate) mod raw_once;
#[path = "../../runtime/src/sync/raw_rwlock.rs"]
pub(crate) mod raw_rwlock;
#[path = "../../runtime/src/sync/semaphore/mod.rs"]
pub mod semaphore;
#[path = "../../runtime/src/sync/barrier.rs"]
pub mod barrier;
#[path = "../../runtime/src/sync/notify.rs"]
pub mod notify;
#[path = "../../runtime/src/sync/wait_group.rs"]
pub mod wait_group;

pub use self::notify::Notify;
