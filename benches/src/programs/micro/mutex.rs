//! `mutex`: a hundred tasks want one lock. An operation is one lock and unlock.
//!
//! `short` counts under the lock. Tasks of one worker never meet there, so only the workers compete.
//! `held` gives way while it holds the lock, so that the others do come to wait, as they would where the holder
//! sends a message or reads a file. A lock that blocks its thread is good for `short` in tasks, and not for `held`:
//! the holder's turn may never come.
//!
//! Thread locks run in a hundred OS threads, where they belong; what such a lock costs in tasks has a row too.

use std::sync::Arc;

use super::{Plan, Programs, stage};

pub(super) const PROGRAMS: Programs = &[
    #[cfg(feature = "peers")]
    ("tokio", peers::tokio),
    #[cfg(feature = "peers")]
    ("may", peers::may),
    #[cfg(feature = "peers")]
    ("moonfleet+parking_lot", peers::moonfleet_parking_lot),
    #[cfg(feature = "peers")]
    ("threads", peers::threads),
    #[cfg(feature = "peers")]
    ("threads+parking_lot", peers::threads_parking_lot),
];

const TASKS: u64 = 100;

/// How often each task takes the lock.
fn each(plan: &Plan) -> u64 {
    plan.ops / TASKS
}

#[cfg(feature = "peers")]
mod peers {
    use std::sync::PoisonError;
    use std::thread;

    use super::*;

    pub(super) fn tokio(plan: &Plan) -> Result<(), String> {
        let (each, held) = (each(plan), plan.is("held"));
        stage::tokio(plan, async move {
            let count = Arc::new(tokio::sync::Mutex::new(0));
            let contend = move |count: Arc<tokio::sync::Mutex<u64>>| async move {
                for _ in 0..each {
                    let mut count = count.lock().await;
                    *count += 1;
                    if held {
                        tokio::task::yield_now().await;
                    }
                }
            };
            let tasks: Vec<_> = (0..TASKS).map(|_| tokio::spawn(contend(Arc::clone(&count)))).collect();
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(*count.lock().await, each * TASKS);
        })
    }

    pub(super) fn may(plan: &Plan) -> Result<(), String> {
        let (each, held) = (each(plan), plan.is("held"));
        stage::may(plan, move || {
            let count = Arc::new(may::sync::Mutex::new(0));
            let contend = move |count: Arc<may::sync::Mutex<u64>>| {
                for _ in 0..each {
                    let mut count = count.lock().unwrap_or_else(PoisonError::into_inner);
                    *count += 1;
                    if held {
                        may::coroutine::yield_now();
                    }
                }
            };
            let spawn = |count| may::go!(move || contend(count));
            let tasks: Vec<_> = (0..TASKS).map(|_| spawn(Arc::clone(&count))).collect();
            tasks.into_iter().for_each(|task| task.join().unwrap());
            assert_eq!(*count.lock().unwrap_or_else(PoisonError::into_inner), each * TASKS);
        })
    }

    /// `short` only: see above.
    pub(super) fn moonfleet_parking_lot(plan: &Plan) -> Result<(), String> {
        let each = each(plan);
        stage::moonfleet(plan, TASKS as usize, || {
            let count = Arc::new(parking_lot::Mutex::new(0));
            let spawn = |count: Arc<parking_lot::Mutex<u64>>| {
                moonfleet::spawn(move || (0..each).for_each(|_| *count.lock() += 1))
            };
            let tasks: Vec<_> = (0..TASKS).map(|_| spawn(Arc::clone(&count))).collect();
            tasks.into_iter().for_each(|task| task.join().unwrap());
            assert_eq!(*count.lock(), each * TASKS);
        })
    }

    pub(super) fn threads(plan: &Plan) -> Result<(), String> {
        on_threads(plan, std::sync::Mutex::new(0), |lock, held| {
            count_up(&mut lock.lock().unwrap_or_else(PoisonError::into_inner), held)
        })
    }

    pub(super) fn threads_parking_lot(plan: &Plan) -> Result<(), String> {
        on_threads(plan, parking_lot::Mutex::new(0), |lock, held| count_up(&mut lock.lock(), held))
    }

    /// What a thread does under the lock; gives the count.
    fn count_up(count: &mut u64, held: bool) -> u64 {
        *count += 1;
        if held {
            thread::yield_now();
        }
        *count
    }

    fn on_threads<L: Send + Sync + 'static>(
        plan: &Plan,
        lock: L,
        lock_and_count: fn(&L, bool) -> u64,
    ) -> Result<(), String> {
        let (each, held) = (each(plan), plan.is("held"));
        let lock = Arc::new(lock);
        stage::threads(plan, || {
            let contend = move |lock: Arc<L>| {
                for _ in 0..each {
                    lock_and_count(&lock, held);
                }
            };
            let spawn = |lock: Arc<L>| thread::spawn(move || contend(lock));
            let tasks: Vec<_> = (0..TASKS).map(|_| spawn(Arc::clone(&lock))).collect();
            tasks.into_iter().for_each(|task| task.join().unwrap());
            assert_eq!(lock_and_count(&lock, false), each * TASKS + 1);
        })
    }
}
