//! Fork and join: both sides have ended when the call returns, panics, or is cancelled.

mod support;

use std::panic::panic_any;
use std::sync::atomic::Ordering;
use std::time::Duration;

use moonfleet::cancel;
use moonfleet::channel::unbounded;
use moonfleet::time::{self, Elapsed, sleep};
use moonfleet::{JoinError, Runtime, fork_join, yield_now};

use support::deck::Log;
use support::drops::OnDrop;
use support::{LONG, panic_of, runtime, settle};

fn sum(numbers: &[u64]) -> u64 {
    if numbers.len() <= 4 {
        return numbers.iter().sum();
    }
    let (left, right) = numbers.split_at(numbers.len() / 2);
    let (left, right) = fork_join(|| sum(left), || sum(right));
    left + right
}

#[test]
fn forks_recurse() {
    let numbers: Vec<u64> = (0..20_000).collect();
    for workers in [1, 2, 4] {
        assert_eq!(runtime(workers).block_on(|| sum(&numbers)), 20_000 * 19_999 / 2);
    }
}

#[test]
fn a_panic_on_either_side_of_a_fork_comes_out_when_both_have_ended() {
    for workers in [1, 4] {
        for (here, anywhere, first) in
            [(true, false, "here"), (false, true, "anywhere"), (true, true, "here")]
        {
            let log = Log::default();
            let payload = panic_of(|| {
                runtime(workers).block_on(|| {
                    let deck = log.deck();
                    fork_join(
                        || {
                            let _sailor = deck.board();
                            yield_now();
                            assert!(!here, "here");
                        },
                        || {
                            let _sailor = deck.board();
                            if anywhere {
                                cancel::mask(yield_now);
                                panic_any("anywhere".to_owned());
                            }
                        },
                    )
                })
            });
            let text = payload.downcast_ref::<&str>().copied();
            let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap();
            assert_eq!(text, first);
            assert!(log.is_safe());
        }
    }
}

#[test]
fn a_panic_deep_in_a_tree_of_forks_ends_the_tree() {
    fn tree(depth: usize, log: &Log) {
        let deck = log.deck();
        let _aboard = deck.board();
        if depth == 0 {
            return;
        }
        assert!(depth != 3 || log.boarded.load(Ordering::SeqCst) < 40, "deep");
        fork_join(|| tree(depth - 1, log), || tree(depth - 1, log));
    }
    for workers in [1, 4] {
        let log = Log::default();
        let payload = panic_of(|| runtime(workers).block_on(|| tree(8, &log)));
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"deep"));
        assert!(log.is_safe());
    }
}

#[test]
fn a_cancel_reaches_both_sides_of_a_fork() {
    for workers in [1, 4] {
        let log = Log::default();
        let (tx, rx) = unbounded();
        let runtime = runtime(workers);
        let parent = runtime.spawn({
            let log = log.clone();
            move || {
                let deck = log.deck();
                let side = || {
                    let sailor = deck.board();
                    tx.send(()).unwrap();
                    sleep(LONG);
                    sailor.work();
                };
                fork_join(side, side);
                unreachable!("the task is cancelled");
            }
        });
        // With one worker the second side is begun when the first has ended.
        rx.recv().unwrap();
        parent.cancel();
        assert!(matches!(parent.join(), Err(JoinError::Cancelled { .. })));
        assert!(log.is_safe());
    }
}

#[test]
fn a_fork_in_a_deadline_ends_with_it() {
    for workers in [1, 4] {
        runtime(workers).block_on(|| {
            let late = time::timeout(Duration::from_micros(300), || fork_join(|| 1, || sleep(LONG)));
            assert_eq!(late, Err(Elapsed));
            assert_eq!(time::timeout(LONG, || fork_join(|| 1, || 2)), Ok((1, 2)));
            // What was computed counts, late or not.
            let late = time::timeout(Duration::ZERO, || fork_join(|| 1, || cancel::mask(settle)));
            assert!(late == Ok((1, ())) || late == Err(Elapsed));
        });
    }
}

#[test]
fn a_fork_does_without_a_task_or_a_stack_if_there_is_none() {
    for builder in [Runtime::builder().max_tasks(1), Runtime::builder().max_stacks(1)] {
        let runtime = builder.workers(2).build().unwrap();
        let numbers: Vec<u64> = (0..1_000).collect();
        assert_eq!(runtime.block_on(|| sum(&numbers)), 1_000 * 999 / 2);
    }
}

#[test]
fn a_fork_in_a_destructor_survives_the_shutdown() {
    for _ in 0..50 {
        let runtime = runtime(2);
        let (tx, rx) = unbounded();
        for _ in 0..4 {
            let tx = tx.clone();
            runtime.spawn(move || {
                let _forks = OnDrop(|| {
                    fork_join(yield_now, yield_now);
                });
                tx.send(()).unwrap();
                sleep(LONG);
            });
        }
        assert_eq!(rx.iter().take(4).count(), 4);
        let report = runtime.shutdown(LONG);
        assert!(report.is_complete(), "{report}");
    }
}
