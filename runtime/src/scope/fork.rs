//! Fork and join: two closures side by side, one of which any worker may take.

#![allow(unsafe_code, reason = "spawns a closure that borrows, and waits for it")]

use crate::spawn::{SpawnError, TaskBuilder};
use crate::suspend::{catch, check, end_as_cancelled, is_unwinding, masked, resume, unwind_cancelled};
use crate::task::error::JoinError;

/// Runs two closures, at the same time if another worker is free, and returns both results.
///
/// The second is spawned, the first runs here; then the second runs here, too, if nobody has taken it, or if no
/// task or stack was to be had for it. For recursion over large trees, stop forking where a piece is worth less
/// than some microseconds.
///
/// **Shape** `(FnOnce() → A, FnOnce() → B)` to `(A, B)`
/// # Suspends
/// Until both have ended; no cancel cuts that short, but it is passed on to both.
/// # Panics
/// If one of them panics, when both have ended, with its payload (the first's, if both do); outside a task.
/// # Cancellation
/// Unwinds silently, when both have ended, unless both have results all the same.
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
/// What must not compile: two closures that change the same, and a second one that cannot go elsewhere.
/// ```compile_fail,E0499
/// let mut sum = 0;
/// moonfleet::fork_join(|| sum += 1, || sum += 2);
/// ```
/// ```compile_fail,E0277
/// let not_send = std::rc::Rc::new(1);
/// moonfleet::fork_join(|| (), || *not_send);
/// ```
#[track_caller]
pub fn fork_join<A, B, RA, RB>(here: A, anywhere: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB + Send,
    RB: Send,
{
    let mut anywhere = Some(anywhere);
    // A destructor in an unwind cannot be unwound once more: then the task is not to be cancelled.
    let task = TaskBuilder::new().cancellable(!is_unwinding());
    let run = || anywhere.take().expect("a task runs once")();
    // SAFETY: scope-waits — we do not leave this frame before the task has ended, and its result is here.
    let forked = match unsafe { task.spawn_borrowing_here(run) } {
        Ok(forked) => forked,
        Err(error @ SpawnError::NoRuntime) => panic!("{error}"),
        Err(_) => {
            // The runtime is full, or shutting down.
            if check().is_err() {
                unwind_cancelled();
            }
            return (here(), anywhere.expect("no task has taken it")());
        }
    };
    let first = catch(here);
    if first.is_err() {
        forked.cancel();
    }
    let second = forked.wait(None).or_else(|_| {
        forked.cancel();
        masked(|| forked.wait(None))
    });
    match (first, second.expect("a masked wait is not cancelled")) {
        (Ok(first), Ok(second)) => (first, second),
        (Err(payload), _) => resume(payload),
        (Ok(_), Err(JoinError::Panicked(panic))) => resume(panic.into_payload()),
        (Ok(_), Err(JoinError::Cancelled { .. })) => end_as_cancelled(),
        // There was no stack.
        (Ok(first), Err(error)) => match anywhere {
            Some(anywhere) => (first, anywhere()),
            None => panic!("{error}"),
        },
    }
}
