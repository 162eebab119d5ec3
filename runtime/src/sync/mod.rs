//! Locks and the like that suspend the task instead of blocking its worker; on plain threads they park.
//!
//! Signals, by what they tell:
//! - [`Semaphore`]: so many may; fair also to those that want many.
//! - [`Barrier`]: all are here.
//! - [`WaitGroup`]: all is done.
//! - [`Notify`]: something happened, for one party to look at.
//! - [`Event`]: something is so, for all to see, until it is taken back.

mod semaphore;
mod barrier;
mod wait_group;
mod notify;
mod event;

pub use self::barrier::{Barrier, BarrierTimeoutError, BarrierWaitResult};
pub use self::event::Event;
pub use self::notify::{Notify, WaitTimeoutError};
pub use self::semaphore::{
    AcquireError, AcquireTimeoutError, OwnedPermit, Permit, Semaphore, TryAcquireError,
};
pub use self::wait_group::{WaitGroup, WaitGroupTimeoutError, WaitGroupToken};
