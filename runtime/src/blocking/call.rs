//! Handing a closure to the pool, and waiting for it come what may.
//!
//! Models: blocking.

#![allow(unsafe_code, reason = "lends this frame to a pool thread until the closure has ended")]

use std::sync::Arc;
use std::thread;

use super::job::Slot;
use super::pool::{Pool, Refused};
use crate::park::take_one;
use crate::suspend::{Party, masked};

/// Runs `body` on a thread of `pool` while `party` waits, and gives what came of it.
///
/// # Suspends
/// Until `body` has ended, whatever else happens: it may borrow from the caller.
/// # Errors
/// The closure, and why there is no thread for it.
pub(crate) fn run<F, T>(pool: &Arc<Pool>, party: &Party, body: F) -> Result<thread::Result<T>, (F, Refused)>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    let slot = Slot::new(body);
    // SAFETY: slot-stays — either the job is refused, and comes to nothing, or the masked wait keeps us here
    // until the result has arrived; nothing in between unwinds.
    let job = unsafe { slot.job() };
    match pool.submit(job) {
        Ok(()) => {
            // Masked, so that nothing but the value ends the wait.
            let outcome = masked(|| take_one(party, slot.outcome(), None));
            Ok(outcome.ok().flatten().expect("a job leaves nothing but a value"))
        }
        Err(refused) => Err((slot.into_body().expect("a refused job was not run"), refused)),
    }
}
