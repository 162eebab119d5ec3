//! Locks and the like that suspend the task instead of blocking its worker; on plain threads they park.
//!
//! - [`Mutex`], [`RwLock`], [`Condvar`]: a value for one party at a time, or for many readers; conditions.
//! - [`Once`], [`OnceCell`], [`LazyLock`]: what is made once.
//!
//! They may be held over anything that suspends. None is poisoned by a panic: guards free what they guard, in
//! an unwind as well. They fit into a `static`, and allocate nothing.
//!
//! In this folder, the `raw_` files are the protocols: words and queues without values. The others put a value
//! and guards around them.

mod raw_mutex;
mod mutex;
mod raw_rwlock;
mod rwlock;
mod condvar;
mod raw_once;
mod once;
mod once_cell;
mod lazy_lock;

pub use self::condvar::{Condvar, WaitTimeoutResult};
pub use self::lazy_lock::LazyLock;
pub use self::mutex::{Mutex, MutexGuard};
pub use self::once::Once;
pub use self::once_cell::OnceCell;
pub use self::rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
