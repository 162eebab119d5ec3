//! Closures that block an OS thread, run on threads made for that while the task waits.
//!
//! - [`job`]: a closure in its caller's frame, and the place where its result arrives.
//! - [`pool`]: the threads of one runtime: started when needed, ended when idle, queued for when all are busy.
//! - this file: handing a closure to the pool, and waiting for it come what may.
//!
//! The public calls are in `offload.rs`, above the scheduler, which keeps the pool.

#![allow(unsafe_code, reason = "lends this frame to a pool thread until the closure has ended")]

pub(crate) mod job;
pub(crate) mod pool;

use std::sync::Arc;
use std::thread;

use self::job::Slot;
use self::pool::{Pool, Refused};
use crate::suspend::{Party, masked};
use crate::wait::one::{One, Taken};
use crate::wait::word::Reason;

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
    // SAFETY: slot-stays — either the job is refused, and comes to nothing, or `outlast` keeps us here until
    // the result has arrived; nothing in between unwinds.
    let job = unsafe { slot.job() };
    match pool.submit(job) {
        Ok(()) => Ok(outlast(party, slot.outcome())),
        Err(refused) => Err((slot.into_body().expect("a refused job was not run"), refused)),
    }
}

/// Waits for the value; masked, so that nothing but the value ends the wait.
fn outlast<T>(party: &Party, outcome: &One<T>) -> T {
    masked(|| {
        party.waiter().word().arm();
        // SAFETY: waiter-lives — the word was armed just now, and we are its owner, who waits below.
        let taken = match unsafe { outcome.take_or_wait(party.waiter()) } {
            Taken::Empty => {
                let reason = party.wait(None);
                debug_assert!(matches!(reason, Reason::Arm(_)), "a masked wait without a deadline is fired");
                outcome.take()
            }
            settled => {
                party.waiter().word().rest();
                settled
            }
        };
        match taken {
            Taken::Value(value) => value,
            Taken::Closed | Taken::Empty => unreachable!("a job leaves nothing but a value"),
        }
    })
}
