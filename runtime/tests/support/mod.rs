//! What the tests of more than one file do: make a runtime, bring a task to its wait, and see how it ended.
//!
//! - `cargo`: values that are counted. `deck`: frames that know whether they were left in time. `drops`: guards. `sockets`: on loopback.

#![allow(dead_code, reason = "each test file uses a part")]

pub(crate) mod cargo;
pub(crate) mod deck;
pub(crate) mod drops;
pub(crate) mod sockets;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use moonfleet::{JoinError, JoinHandle, Runtime, spawn_local, yield_now};

/// As good as for ever, for a test.
pub(crate) const LONG: Duration = Duration::from_secs(600);

pub(crate) fn runtime(workers: usize) -> Runtime {
    Runtime::builder().workers(workers).build().unwrap()
}

/// Runs `body` as the first task of a one-worker runtime, where the order of tasks is certain.
pub(crate) fn alone<T: Send>(body: impl FnOnce() -> T + Send) -> T {
    runtime(1).block_on(body)
}

/// Lets every task of this worker run that can.
pub(crate) fn settle() {
    (0..200).for_each(|_| yield_now());
}

/// Gives the others turns until `is_done`.
pub(crate) fn yield_until(is_done: impl Fn() -> bool) {
    while !is_done() {
        yield_now();
    }
}

/// Starts `body` and runs it up to its first wait. For use in `alone`.
pub(crate) fn start<T: 'static>(body: impl FnOnce() -> T + 'static) -> JoinHandle<T> {
    let task = spawn_local(body);
    yield_now();
    task
}

/// Starts `wait` in a task of `runtime`, and returns when the task has suspended.
pub(crate) fn park<T: Send + 'static>(
    runtime: &Runtime,
    wait: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    let task = runtime.spawn_on(0, wait);
    // Queued behind it on the same worker: when this has run, the task has suspended.
    runtime.spawn_on(0, || ()).join().unwrap();
    assert!(!task.is_finished());
    task
}

pub(crate) fn was_cancelled<T>(task: JoinHandle<T>) -> bool {
    matches!(task.join(), Err(JoinError::Cancelled { .. }))
}

pub(crate) fn ends_completely(runtime: Runtime) {
    let report = runtime.shutdown(LONG);
    assert!(report.is_complete(), "{report}");
}

/// Keeps the worker from everything else for `duration`; timers that run out meanwhile fire together.
pub(crate) fn keep_the_worker_busy(duration: Duration) {
    let start = Instant::now();
    while start.elapsed() < duration {
        std::hint::spin_loop();
    }
}

/// What the panic of `body` says.
pub(crate) fn complaint<T>(body: impl FnOnce() -> T) -> String {
    let panic = catch_unwind(AssertUnwindSafe(body)).err().expect("it panics");
    panic.downcast::<String>().map_or_else(|p| (*p.downcast::<&str>().unwrap()).to_owned(), |s| *s)
}

/// The payload of the panic that ends `body`.
pub(crate) fn panic_of<T>(body: impl FnOnce() -> T) -> Box<dyn Any + Send> {
    catch_unwind(AssertUnwindSafe(body)).map(drop).expect_err("it should panic")
}
