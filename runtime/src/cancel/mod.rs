//! Ending tasks, or parts of them, before they end by themselves.
//!
//! Cancelled work is *unwound* from what it waits for: destructors run, no panic is reported, and
//! [`JoinError::Cancelled`](crate::JoinError) comes out of the join. Nothing is torn away: code between two
//! suspension points runs undisturbed, and a message or permit that was already handed over is kept.
//!
//! | to end | use |
//! |---|---|
//! | one task | [`JoinHandle::cancel`](crate::JoinHandle::cancel), [`CancelHandle`] |
//! | many tasks, or parts of them | [`CancelToken`], in trees |
//! | tasks that belong together | [`scope`](fn@crate::scope) |
//! | work that takes too long | [`time::timeout`](crate::time::timeout), [`time::deadline`](crate::time::deadline) |
//! | all tasks of a runtime | [`Runtime::shutdown`](crate::Runtime::shutdown) |
//!
//! A critical section is wrapped in [`mask`]. The table of all cancellation points is in `docs/cancellation.md`.
//!
//! It is sticky: code that catches the unwind is unwound again at its next suspension point. While a task is
//! unwinding, destructors may wait undisturbed, but for the deadlines and tokens that they set up themselves.

mod handle;
pub(crate) mod stop;
mod token;

pub use self::handle::CancelHandle;
pub use self::token::CancelToken;
use crate::suspend;
pub use crate::suspend::Cancelled;

/// Runs `body` so that no cancel, deadline or shutdown from outside of it interrupts its waits. What came
/// meanwhile takes effect at the first suspension point after it.
///
/// Deadlines and tokens *inside* `body` still count. A wait in it that never ends holds up the shutdown.
///
/// # Examples
/// ```
/// use moonfleet::{cancel, channel};
///
/// moonfleet::run(|| {
///     let (tx, rx) = channel::bounded(2);
///     let task = moonfleet::spawn_local(move || {
///         cancel::mask(|| {
///             tx.send("withdraw").unwrap();
///             moonfleet::yield_now();
///             tx.send("deposit").unwrap();
///         });
///     });
///     moonfleet::yield_now();
///     task.cancel();
///     assert_eq!(rx.iter().collect::<Vec<_>>(), ["withdraw", "deposit"]);
/// });
/// ```
pub fn mask<R>(body: impl FnOnce() -> R) -> R {
    suspend::masked(body)
}

/// A cancellation point that does nothing else: for long computations between two waits.
///
/// # Cancellation
/// Unwinds silently.
///
/// # Examples
/// ```
/// moonfleet::run(|| {
///     let task = moonfleet::spawn(|| loop {
///         moonfleet::cancel::check();
///     });
///     task.cancel();
///     assert!(task.join().is_err());
/// });
/// ```
pub fn check() {
    if suspend::check().is_err() {
        suspend::unwind_cancelled();
    }
}

/// Whether the next suspension point will unwind.
///
/// # Examples
/// ```
/// assert!(!moonfleet::run(moonfleet::cancel::is_cancelled));
/// ```
#[must_use]
pub fn is_cancelled() -> bool {
    suspend::check().is_err()
}
