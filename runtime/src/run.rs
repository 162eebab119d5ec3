//! The shortest way in: one call that builds a runtime, runs a function as its first task, and ends it.

use crate::runtime::Runtime;

/// Runs `main` as a task of a new runtime with default settings, and returns its result. Tasks that still
/// run then are cancelled.
///
/// # Panics
/// If `main` panics, with its payload; if the runtime cannot be built (see [`Builder::build`](crate::Builder::build)).
///
/// # Examples
/// ```
/// assert_eq!(moonfleet::run(|| 2 + 2), 4);
/// ```
pub fn run<F, T>(main: F) -> T
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    let runtime = Runtime::builder().build().unwrap_or_else(|error| panic!("{error}"));
    runtime.block_on(main)
}
