//! Locks and the like that suspend the task instead of blocking its worker; on plain threads they park.
//!
//! - [`Mutex`], [`RwLock`], [`Condvar`]: a value for one party at a time, or for many readers; conditions.
//! - [`Once`], [`OnceCell`], [`LazyLock`]: what is made once.
//!
//! Signals, by what they tell:
//! - [`Semaphore`]: so many may; fair also to those that want many.
//! - [`Barrier`]: all are here.
//! - [`WaitGroup`]: all is done.
//! - [`Notify`]: something happened, for one party to look at.
//! - [`Event`]: something is so, for all to see, until it is taken back.
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
mod semaphore;
mod barrier;
mod wait_group;
mod notify;
mod event;

pub use self::barrier::{Barrier, BarrierTimeoutError, BarrierWaitResult};
pub use self::condvar::{Condvar, WaitTimeoutResult};
pub use self::event::Event;
pub use self::lazy_lock::LazyLock;
pub use self::mutex::{Mutex, MutexGuard};
pub use self::notify::{Notify, WaitTimeoutError};
pub use self::once::Once;
pub use self::once_cell::OnceCell;
pub use self::rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
pub use self::semaphore::{
    AcquireError, AcquireTimeoutError, OwnedPermit, Permit, Semaphore, TryAcquireError,
};
pub use self::wait_group::{WaitGroup, WaitGroupTimeoutError, WaitGroupToken};
