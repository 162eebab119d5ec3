//! Tasks that move between workers after they have started.

#![allow(unsafe_code, reason = "spawn_migratable is unsafe")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use moonfleet::cancel::CancelToken;
use moonfleet::{JoinError, JoinHandle, Runtime, channel, spawn_migratable, spawn_on, time, yield_now};

/// Where the task is: behind a call of its own, as `spawn_migratable` demands.
#[inline(never)]
fn here() -> usize {
    moonfleet::worker_index().unwrap()
}

/// Keeps worker 1 from taking anything until the flag is set.
fn occupy_worker_1(released: &Arc<AtomicBool>) -> JoinHandle<()> {
    let (occupied, is_occupied) = channel::oneshot();
    let released = Arc::clone(released);
    let task = spawn_on(1, move || {
        occupied.send(()).unwrap();
        while !released.load(Ordering::Acquire) {
            std::thread::yield_now();
        }
    });
    is_occupied.recv().unwrap();
    task
}

fn two_workers() -> Runtime {
    Runtime::builder().workers(2).build().unwrap()
}

#[test]
fn two_that_began_on_one_worker_spread_over_both() {
    two_workers()
        .spawn_on(0, || {
            let released = Arc::new(AtomicBool::new(false));
            let occupied = occupy_worker_1(&released);
            let places: Arc<[AtomicUsize; 2]> = Arc::new([const { AtomicUsize::new(usize::MAX) }; 2]);
            let spread = |me: usize| {
                let places = Arc::clone(&places);
                // SAFETY: an `Arc` and a number are alive over the suspensions.
                unsafe {
                    spawn_migratable(move || {
                        let began = here();
                        loop {
                            places[me].store(here(), Ordering::SeqCst);
                            let other = places[1 - me].load(Ordering::SeqCst);
                            if other != usize::MAX && other != here() {
                                return began;
                            }
                            yield_now();
                        }
                    })
                }
            };
            let tasks = [spread(0), spread(1)];
            // Both start here, while worker 1 is occupied.
            while places.iter().any(|place| place.load(Ordering::SeqCst) == usize::MAX) {
                yield_now();
            }
            released.store(true, Ordering::Release);
            // They end only if one of them gets to worker 1, or has seen the other there.
            let began = tasks.map(|task| task.join().unwrap());
            assert_eq!(began, [0, 0]);
            occupied.join().unwrap();
        })
        .join()
        .unwrap();
}

#[test]
fn what_they_do_is_done_once_wherever_they_are() {
    let runtime = Runtime::builder().workers(4).build().unwrap();
    let total: u64 = runtime.block_on(|| {
        let (tx, rx) = channel::bounded(8);
        for task in 0..16_u64 {
            let tx = tx.clone();
            // SAFETY: a sender and numbers are alive over the suspensions.
            drop(unsafe {
                spawn_migratable(move || {
                    for n in 0..500 {
                        match n % 4 {
                            0 => yield_now(),
                            1 if n % 100 == 1 => time::sleep(Duration::from_micros(20)),
                            _ => {}
                        }
                        tx.send(task * 500 + n).unwrap();
                    }
                })
            });
        }
        drop(tx);
        rx.iter().sum()
    });
    assert_eq!(total, (0..16 * 500).sum());
}

#[test]
fn cancelled_they_end_wherever_they_are() {
    let runtime = Runtime::builder().workers(3).build().unwrap();
    runtime.block_on(|| {
        for round in 0..200 {
            let token = CancelToken::new();
            let tasks: Vec<_> = (0..6)
                .map(|n| {
                    let body = move || loop {
                        if n % 2 == 0 { yield_now() } else { time::sleep(Duration::from_micros(50)) }
                    };
                    // SAFETY: a number is alive over the suspensions.
                    unsafe { spawn_migratable::<_, ()>(token.bind(body)) }
                })
                .collect();
            if round % 2 == 0 {
                yield_now();
            }
            match round % 3 {
                0 => token.cancel(),
                1 => tasks.iter().for_each(JoinHandle::cancel),
                _ => std::thread::scope(|s| drop(s.spawn(|| token.cancel()))),
            }
            for task in tasks {
                assert!(matches!(task.join(), Err(JoinError::Cancelled { .. })));
            }
        }
    });
}

#[test]
fn a_shutdown_ends_them() {
    for _ in 0..20 {
        let runtime = two_workers();
        let (tx, rx) = channel::rendezvous::<()>();
        let tasks: Vec<_> = (0..8)
            .map(|n| {
                let rx = rx.clone();
                let body = move || {
                    if n % 2 == 0 {
                        let _closed = rx.recv();
                    } else {
                        loop {
                            yield_now();
                        }
                    }
                };
                // SAFETY: a receiver and a number are alive over the suspensions.
                runtime.block_on(move || unsafe { spawn_migratable(body) })
            })
            .collect();
        let report = runtime.shutdown(Duration::from_secs(20));
        assert!(report.is_complete(), "{report}");
        for task in tasks {
            assert!(matches!(task.join(), Err(JoinError::Cancelled { .. })));
        }
        drop(tx);
    }
}

#[test]
fn a_panic_ends_one_alone() {
    let error = two_workers().block_on(|| {
        // SAFETY: nothing is alive over the suspension.
        let task = unsafe {
            spawn_migratable(|| {
                yield_now();
                panic!("adrift");
            })
        };
        task.join().unwrap_err()
    });
    assert!(error.to_string().contains("adrift"), "{error}");
}
