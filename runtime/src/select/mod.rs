//! Waiting for the first of several channel operations.
//!
//! Use the macro [`select!`](crate::select!) where the arms are known when you write the code, and
//! [`select`](fn@select) over a slice of arms where they are not. Neither allocates for up to eight arms.
//!
//! # How it works
//! A first round tries each arm in random order, holding one channel's lock at a time. If none is ready, a
//! second round locks all channels in the order of their addresses, tries again, and parks a node in each:
//! so no arm can become ready unnoticed, and two selects that face each other cannot deadlock. All nodes
//! point at one wait word; the party that fires it decides which arm it is. The losers are unlinked after
//! the wake, and an unsent message stays in its arm.
//! (Source: the three passes of Go's `selectgo`, with owned values instead of pointers.)
//!
//! In this folder: `arm` is one operation on one channel, `order` in which order arms are tried and
//! channels locked, `macros` the macro.
//!
//! Models: select.

mod arm;
mod macros;
mod order;

use std::time::Instant;

use self::arm::Attempt;
pub use self::arm::{Arm, RecvArm, SendArm};
use self::order::Order;
use crate::suspend::{Cancelled, Party, unwind_cancelled};
use crate::sys::clock;
use crate::wait::word::Reason;

/// How long a select waits.
///
/// # Examples
/// ```
/// use moonfleet::select::{RecvArm, Selected, Wait, select};
///
/// let (_tx, rx) = moonfleet::channel::bounded::<u8>(1);
/// let mut arm = RecvArm::new(&rx);
/// assert_eq!(select(&mut [&mut arm], Wait::Poll), Selected::WouldBlock);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Until an arm fires.
    Forever,
    /// Until an arm fires or this moment comes.
    Until(Instant),
    /// Not at all.
    Poll,
}

/// What a select came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selected {
    /// The arm with this index has fired: take its result from it.
    Arm(usize),
    /// The moment given by [`Wait::Until`] came first.
    TimedOut,
    /// [`Wait::Poll`] found no arm ready.
    WouldBlock,
}

/// Waits until one of `arms` can be done, and does it: exactly one, chosen at random among those ready.
///
/// **Shape** `(&mut [&mut dyn Arm], Wait) → Selected`; O(arms).
/// # Suspends
/// As `wait` says, unless an arm is ready. An arm on a closed channel is ready: its result is the error.
/// # Cancellation
/// Unwinds silently; an arm that has fired is reported first. Without any arm, waits for cancellation.
///
/// # Examples
/// ```
/// use moonfleet::select::{RecvArm, Selected, Wait, select};
///
/// let (tx, numbers) = moonfleet::channel::bounded(1);
/// let (_tx, words) = moonfleet::channel::bounded::<&str>(1);
/// tx.send(7).unwrap();
///
/// let (mut number, mut word) = (RecvArm::new(&numbers), RecvArm::new(&words));
/// assert_eq!(select(&mut [&mut word, &mut number], Wait::Forever), Selected::Arm(1));
/// assert_eq!(number.take(), Some(Ok(7)));
/// ```
#[inline]
pub fn select(arms: &mut [&mut dyn Arm], wait: Wait) -> Selected {
    select_or_cancelled(arms, wait).unwrap_or_else(|Cancelled| {
        unwind_cancelled();
        // Unwinding already: the nearest thing to the truth that ends the caller's wait.
        Selected::TimedOut
    })
}

/// The same, with cancellation as a value.
pub(crate) fn select_or_cancelled(arms: &mut [&mut dyn Arm], wait: Wait) -> Result<Selected, Cancelled> {
    let party = Party::enter()?;
    let mut order = Order::random(arms.len());
    for &index in order.as_slice() {
        if arms[index].attempt() {
            party.has_not_waited();
            return Ok(Selected::Arm(index));
        }
    }
    let deadline_ns = match wait {
        Wait::Poll => return Ok(Selected::WouldBlock),
        Wait::Forever => None,
        Wait::Until(deadline) => Some(clock::at(deadline)),
    };
    party.waiter().word().arm();
    if let Some(index) = attempt_or_park_all(arms, &mut order, &party) {
        party.waiter().word().rest();
        return Ok(Selected::Arm(index));
    }
    let reason = party.wait(deadline_ns);
    let fired = match reason {
        Reason::Arm(index) => Some(index),
        Reason::TimedOut | Reason::Cancelled => None,
    };
    for (index, arm) in arms.iter_mut().enumerate() {
        arm.conclude(fired == Some(index));
    }
    match reason {
        Reason::Arm(index) => Ok(Selected::Arm(index)),
        Reason::TimedOut => Ok(Selected::TimedOut),
        Reason::Cancelled => Err(Cancelled),
    }
}

/// Under the locks of all channels: does the first arm that is ready, or parks every arm.
fn attempt_or_park_all(arms: &mut [&mut dyn Arm], random: &mut Order, party: &Party) -> Option<usize> {
    let by_address = Order::sorted_by(arms.len(), |index| arms[index].address());
    loop {
        lock_all(arms, by_address.as_slice());
        let mut ready = None;
        for &index in random.as_slice() {
            // RE-CHECK: the first round had one lock at a time, and an arm may have become ready behind it.
            match arms[index].attempt_locked() {
                Attempt::NotReady => {}
                found => {
                    ready = Some((index, found));
                    break;
                }
            }
        }
        if ready.is_none() {
            for (index, arm) in arms.iter_mut().enumerate() {
                arm.park_locked(party.waiter(), index);
            }
        }
        unlock_all(arms, by_address.as_slice());
        let (index, found) = ready?;
        // A buffer that must grow first does so outside the locks, in a plain attempt.
        if found == Attempt::Done || arms[index].attempt() {
            arms[index].settle();
            return Some(index);
        }
    }
}

fn lock_all(arms: &[&mut dyn Arm], by_address: &[usize]) {
    for (position, &index) in by_address.iter().enumerate() {
        if position == 0 || arms[by_address[position - 1]].address() != arms[index].address() {
            arms[index].lock();
        }
    }
}

fn unlock_all(arms: &[&mut dyn Arm], by_address: &[usize]) {
    for (position, &index) in by_address.iter().enumerate() {
        if position == 0 || arms[by_address[position - 1]].address() != arms[index].address() {
            arms[index].unlock();
        }
    }
}

/// The moment `timeout` from now, or one that never comes.
#[doc(hidden)]
#[must_use]
pub fn deadline_after(timeout: std::time::Duration) -> Instant {
    let now = Instant::now();
    // A hundred years stand for ever, where `Instant` cannot hold the sum.
    const FOREVER: std::time::Duration = std::time::Duration::from_secs(100 * 365 * 24 * 60 * 60);
    now.checked_add(timeout).unwrap_or_else(|| now + FOREVER)
}
