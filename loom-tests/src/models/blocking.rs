//! Models of `blocking/pool.rs`, `blocking/job.rs` and `blocking/call.rs`: callers, and the threads that come and go
//! for them.

use std::sync::Arc;
use std::time::Duration;

use loom::thread;

use crate::blocking::call::run;
use crate::blocking::pool::Pool;
use crate::model::{model, write};
use crate::primitive::UnsafeCell;
use crate::suspend::Party;

/// A thread that becomes idle ends at once.
const NOT_AT_ALL: Duration = Duration::ZERO;
/// A thread that becomes idle stays until the pool is closed.
const FOR_EVER: Duration = Duration::from_secs(3600);

/// A pool of one thread, which is never freed: its threads share it by a plain `Arc`, of which loom knows nothing.
fn pool(keep_alive: Duration) -> Arc<Pool> {
    let pool = Pool::with_keep_alive(1, "model", keep_alive);
    std::mem::forget(Arc::clone(&pool));
    pool
}

/// Calls a closure by the pool: what it gives.
fn call(pool: &Arc<Pool>, value: u8) -> u8 {
    let cell = UnsafeCell::new(0);
    let body = Sent(|| write(&cell, value));
    let called = run(pool, &Party::current(), || body.call());
    let Ok(outcome) = called else { panic!("there are threads") };
    assert_eq!(outcome.expect("the closure ends well"), 0);
    write(&cell, 0)
}

/// As in the models of `fork`.
struct Sent<F>(F);

// SAFETY: the threads of a model share one OS thread.
unsafe impl<F> Send for Sent<F> {}

impl<F: FnOnce() -> R, R> Sent<F> {
    fn call(self) -> R {
        (self.0)()
    }
}

/// Two callers and one thread: each gets its result, whether the thread is busy, idle or becoming so.
#[test]
fn every_job_is_looked_into() {
    model(2, || {
        let pool = pool(FOR_EVER);
        let other = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || call(&pool, 1))
        };
        assert_eq!(call(&pool, 2), 2);
        assert_eq!(other.join().unwrap(), 1);
        pool.close();
    });
}

/// A thread that was idle for too long ends, or was called before: no job waits for one that is gone.
#[test]
fn no_job_waits_for_a_thread_that_is_gone() {
    model(3, || {
        let pool = pool(NOT_AT_ALL);
        assert_eq!([call(&pool, 1), call(&pool, 2)], [1, 2]);
        pool.close();
    });
}

/// Threads of a pool that is closed end, and a job that comes later gets another.
#[test]
fn a_closed_pool_runs_what_comes() {
    model(2, || {
        let pool = pool(FOR_EVER);
        let closer = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.close())
        };
        assert_eq!(call(&pool, 1), 1);
        closer.join().unwrap();
        assert_eq!(call(&pool, 2), 2);
    });
}
