//! Models of `scheduler/watch.rs`, as `scheduler/lookout.rs` uses it.

use std::sync::Arc;

use loom::thread;

use crate::bell::Bell;
use crate::model::{model, write};
use crate::primitive::UnsafeCell;
use crate::scheduler::watch::Watch;

/// A watch, the bell of the monitor, and the handle by which it is rung: one for each worker, so that they may
/// read at the same time.
struct Deck {
    watch: Watch,
    bell: Bell,
    handles: Vec<UnsafeCell<bool>>,
}

impl Deck {
    fn new(workers: usize) -> Arc<Self> {
        let handles = (0..workers).map(|_| UnsafeCell::new(false)).collect();
        Arc::new(Self { watch: Watch::new(workers), bell: Bell::default(), handles })
    }

    /// A worker sleeps and wakes, and goes on.
    fn sleep(&self, worker: usize) {
        self.watch.fall_asleep();
        if self.watch.wake_up() {
            assert!(write(&self.handles[worker], true), "the monitor has left its handle");
            self.bell.ring();
        }
    }

    /// Sleeps until a worker is awake.
    fn monitor(&self) {
        for handle in &self.handles {
            write(handle, true);
        }
        while self.watch.doze() {
            self.bell.wait();
            self.watch.rise();
        }
    }
}

/// The workers fall asleep, wake and stay awake, while the monitor falls asleep.
fn watch_over(workers: usize) {
    let deck = Deck::new(workers);
    let threads: Vec<_> = (0..workers)
        .map(|worker| {
            let deck = Arc::clone(&deck);
            thread::spawn(move || deck.sleep(worker))
        })
        .collect();
    // If it sleeps over a worker that is awake, loom reports the deadlock.
    deck.monitor();
    for thread in threads {
        thread.join().unwrap();
    }
    assert!(!deck.watch.doze(), "all are awake");
}

/// The monitor does not sleep while a worker is awake, and a worker that rings finds whom to ring for.
#[test]
fn no_worker_is_left_unwatched() {
    model(5, || watch_over(1));
}

/// The same for two workers: the one that is awake keeps the monitor awake while the other comes and goes.
#[test]
fn no_worker_is_left_unwatched_beside_another() {
    model(3, || watch_over(2));
}

/// Whoever finds all workers asleep, to sleep itself or to look around, sees what they did before.
#[test]
fn who_finds_all_asleep_sees_what_they_did() {
    model(5, || {
        let deck = Deck::new(1);
        let worker = {
            let deck = Arc::clone(&deck);
            thread::spawn(move || {
                write(&deck.handles[0], true);
                deck.watch.fall_asleep();
            })
        };
        if deck.watch.nobody_is_awake() {
            assert!(write(&deck.handles[0], false), "it was written before the worker slept");
        } else if deck.watch.doze() {
            assert!(write(&deck.handles[0], false), "the same");
        }
        worker.join().unwrap();
    });
}
