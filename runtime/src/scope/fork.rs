//! Fork and join: two closures side by side, one of which any worker may take.

#![allow(unsafe_code, reason = "spawns a closure that borrows, and waits for it")]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::spawn::{TaskBuilder, or_panic};
use crate::suspend::{end_as_cancelled, masked};
use crate::task::error::JoinError;

/// Runs two closures, at the same time if another worker is free, and returns both results.
///
/// The second is spawned, the first runs here; then the second runs here, too, if nobody has taken it. For
/// recursion over large trees, stop forking where a piece is worth less than some microseconds.
///
/// **Shape** `(FnOnce() → A, FnOnce() → B)` to `(A, B)`
/// # Suspends
/// Until both have ended; no cancel cuts that short, but it is passed on to both.
/// # Panics
/// If one of them panics, when both have ended, with its payload (the first's, if both do); outside a task.
///
/// # Examples
/// ```
/// fn sum(numbers: &[u64]) -> u64 {
///     if numbers.len() < 1_000 {
///         return numbers.iter().sum();
///     }
///     let (left, right) = numbers.split_at(numbers.len() / 2);
///     let (left, right) = moonfleet::fork_join(|| sum(left), || sum(right));
///     left + right
/// }
///
/// let numbers: Vec<u64> = (0..100_000).collect();
/// assert_eq!(moonfleet::run(|| sum(&numbers)), 4_999_950_000);
/// ```
pub fn fork_join<A, B, RA, RB>(here: A, anywhere: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB + Send,
    RB: Send,
{
    // SAFETY: scope-waits — we do not leave this frame before the task has ended, and its result is here.
    let forked = or_panic(unsafe { TaskBuilder::new().spawn_borrowing_here(anywhere) });
    let first = catch_unwind(AssertUnwindSafe(here));
    if first.is_err() {
        forked.cancel();
    }
    let second = forked.wait(None).or_else(|_| {
        forked.cancel();
        masked(|| forked.wait(None))
    });
    match (first, second.expect("a masked wait is not cancelled")) {
        (Ok(first), Ok(second)) => (first, second),
        (Err(payload), _) => resume_unwind(payload),
        (Ok(_), Err(JoinError::Panicked(panic))) => resume_unwind(panic.into_payload()),
        (Ok(_), Err(JoinError::Cancelled { .. })) => end_as_cancelled(),
        (Ok(_), Err(error)) => panic!("{error}"),
    }
}
