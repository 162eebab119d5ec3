//! Fork and join: both sides have ended when the call returns, panics, or is cancelled.

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use moonfleet::cancel;
use moonfleet::channel::unbounded;
use moonfleet::time::{self, Elapsed, sleep};
use moonfleet::{JoinError, Runtime, fork_join, yield_now};

const LONG: Duration = Duration::from_secs(600);

fn runtime(workers: usize) -> Runtime {
    Runtime::builder().workers(workers).build().unwrap()
}

/// Lets every task of this worker run that can.
fn settle() {
    (0..200).for_each(|_| yield_now());
}

/// The payload of the panic that ends `body`.
fn panic_of<T>(body: impl FnOnce() -> T) -> Box<dyn std::any::Any + Send> {
    catch_unwind(AssertUnwindSafe(body)).map(drop).expect_err("it should panic")
}

/// What a frame lends to its children: afterwards it can be told how they treated it.
#[derive(Clone, Default)]
struct Log {
    /// Of the deck that this log belongs to.
    sunk: Arc<AtomicBool>,
    boarded: Arc<AtomicUsize>,
    left: Arc<AtomicUsize>,
    drowned: Arc<AtomicUsize>,
}

/// Lives on a frame.
struct Deck(Log);

/// Borrows the deck; when it is dropped, it looks whether the deck is still there.
struct Sailor<'a>(&'a Deck, Log);

impl Log {
    /// A deck of its own, whose sailors are counted here.
    fn deck(&self) -> Deck {
        Deck(Log { sunk: Arc::default(), ..self.clone() })
    }

    /// Every sailor has left, and none too late.
    fn is_safe(&self) -> bool {
        let left = self.left.load(Ordering::SeqCst);
        left == self.boarded.load(Ordering::SeqCst) && self.drowned.load(Ordering::SeqCst) == 0
    }
}

impl Deck {
    fn board(&self) -> Sailor<'_> {
        self.0.boarded.fetch_add(1, Ordering::SeqCst);
        Sailor(self, self.0.clone())
    }
}

impl Drop for Deck {
    fn drop(&mut self) {
        self.0.sunk.store(true, Ordering::SeqCst);
    }
}

impl Sailor<'_> {
    fn work(&self) {
        assert!(!self.0.0.sunk.load(Ordering::SeqCst));
    }
}

impl Drop for Sailor<'_> {
    fn drop(&mut self) {
        // Asked of the log, not of the deck: a failure of this test shall not be undefined behaviour.
        self.1.drowned.fetch_add(usize::from(self.1.sunk.load(Ordering::SeqCst)), Ordering::SeqCst);
        self.1.left.fetch_add(1, Ordering::SeqCst);
    }
}

/// Does what it was told when it is dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

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
