//! What the copied runtime stands on: the same names and shapes as in the standard library, the runtime's own
//! `sys` and `primitive`, crossbeam-deque and fastrand, in the hands of shuttle.

#![allow(dead_code, unused_imports, reason = "what the runtime may come to name is there, too")]

use std::cell::RefCell;
use std::collections::BTreeMap;

use shuttle::rand::Rng;

#[macro_use]
mod local;
pub(crate) mod alt_stack;
pub(crate) mod clock;
pub(crate) mod deque;
mod map;
pub(crate) mod panic;
pub(crate) mod poller;
pub(crate) mod primitive;
pub(crate) mod random;
pub(crate) mod thread;
pub(crate) mod time;

pub(crate) mod sync {
    //! `std::sync`. What only counts references, or is made once, is the real one.
    pub(crate) use shuttle::sync::{
        Barrier, Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic, mpsc,
    };
    pub(crate) use std::sync::*;
}

pub(crate) use self::map::HashMap;

/// What the stand-ins keep of the schedule that is being run.
#[derive(Debug, Default)]
struct Execution {
    /// The time.
    now_ns: u64,
    /// For each thread, how many unwinds are in progress on it.
    unwinds: BTreeMap<usize, u32>,
    /// The threads that the runtime has started and nobody has joined.
    threads: Vec<shuttle::thread::JoinHandle<()>>,
}

std::thread_local! {
    /// Shuttle runs all threads of a model on the one thread of its test.
    static EXECUTION: RefCell<Execution> = RefCell::default();
}

/// Forgets the schedule before: another begins.
pub(crate) fn begin() {
    EXECUTION.take();
}

/// Waits for the end of every thread that the runtime has started: it has been told to end before.
pub(crate) fn join_all() {
    while let Some(thread) = EXECUTION.with_borrow_mut(|execution| execution.threads.pop()) {
        thread.join().expect("no thread of the runtime panics");
    }
}

/// True once in `sides` throws.
pub(crate) fn coin(sides: u32) -> bool {
    shuttle::rand::thread_rng().gen_range(0..sides) == 0
}

/// A moment at which others may go first.
pub(crate) fn switch() {
    // Shuttle knows no time: its sleep is nothing but this.
    shuttle::thread::sleep(std::time::Duration::ZERO);
}

/// Waits until `is_over`, or until `until_ns` has come: whichever the dice say, if it is not over yet.
pub(crate) fn wait_until(until_ns: u64, mut is_over: impl FnMut() -> bool) {
    while !is_over() {
        if clock::is_never(until_ns) {
            shuttle::thread::park();
        } else if coin(8) {
            return clock::advance_to(until_ns);
        } else {
            shuttle::thread::yield_now();
        }
    }
}
