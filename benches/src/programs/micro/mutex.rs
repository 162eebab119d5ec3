//! `mutex`: a hundred tasks want one lock. An operation is one lock and unlock.
//!
//! `short` counts under the lock. Tasks of one worker never meet there, so only the workers compete.
//! `held` gives way while it holds the lock, so that the others do come to wait, as they would where the holder
//! sends a message or reads a file. A lock that blocks its thread is good for `short` in tasks, and not for `held`:
//! the holder's turn may never come.
//!
//! Whoever spawns them holds the lock until all are there, so that they start together. Thread locks run in a
//! hundred OS threads, where they belong; what such a lock costs in tasks has a row too.

use std::sync::Arc;

use super::{Plan, Programs, stage};

pub(super) const PROGRAMS: Programs = &[
    ("moonfleet", moonfleet),
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

fn moonfleet(plan: &Plan) -> Result<(), String> {
    let (each, held) = (each(plan), plan.is("held"));
    stage::moonfleet(plan, TASKS as usize, || {
        let count = Arc::new(moonfleet::sync::Mutex::new(0));
        let contend = move |count: Arc<moonfleet::sync::Mutex<u64>>| {
            for _ in 0..each {
                let mut count = count.lock();
                *count += 1;
                if held {
                    moonfleet::yield_now();
                }
            }
        };
        let spawn = |count| moonfleet::spawn(move || contend(count));
        let not_yet = count.lock();
        let tasks: Vec<_> = (0..TASKS).map(|_| spawn(Arc::clone(&count))).collect();
        drop(not_yet);
        tasks.into_iter().for_each(|task| task.join().unwrap());
        assert_eq!(*count.lock(), each * TASKS);
    })
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
            let not_yet = count.lock().await;
            let tasks: Vec<_> = (0..TASKS).map(|_| tokio::spawn(contend(Arc::clone(&count)))).collect();
            drop(not_yet);
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
            let not_yet = count.lock().unwrap_or_else(PoisonError::into_inner);
            let tasks: Vec<_> = (0..TASKS).map(|_| spawn(Arc::clone(&count))).collect();
            drop(not_yet);
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
            let not_yet = count.lock();
            let tasks: Vec<_> = (0..TASKS).map(|_| spawn(Arc::clone(&count))).collect();
            drop(not_yet);
            tasks.into_iter().for_each(|task| task.join().unwrap());
            assert_eq!(*count.lock(), each * TASKS);
        })
    }

    pub(super) fn threads(plan: &Plan) -> Result<(), String> {
        on_threads(plan, std::sync::Mutex::new(0))
    }

    pub(super) fn threads_parking_lot(plan: &Plan) -> Result<(), String> {
        on_threads(plan, parking_lot::Mutex::new(0))
    }

    /// A lock of threads around the count.
    trait ThreadLock: Send + Sync + 'static {
        fn with<R>(&self, work: impl FnOnce(&mut u64) -> R) -> R;
    }

    impl ThreadLock for std::sync::Mutex<u64> {
        fn with<R>(&self, work: impl FnOnce(&mut u64) -> R) -> R {
            work(&mut self.lock().unwrap_or_else(PoisonError::into_inner))
        }
    }

    impl ThreadLock for parking_lot::Mutex<u64> {
        fn with<R>(&self, work: impl FnOnce(&mut u64) -> R) -> R {
            work(&mut self.lock())
        }
    }

    fn on_threads(plan: &Plan, count: impl ThreadLock) -> Result<(), String> {
        let (each, held) = (each(plan), plan.is("held"));
        let count = &count;
        let contend = || {
            for _ in 0..each {
                count.with(|count| {
                    *count += 1;
                    if held {
                        thread::yield_now();
                    }
                });
            }
        };
        stage::threads(plan, || {
            // The scope joins them.
            thread::scope(|scope| {
                count.with(|_| (0..TASKS).for_each(|_| drop(scope.spawn(contend))));
            });
            assert_eq!(count.with(|count| *count), each * TASKS);
        })
    }
}
