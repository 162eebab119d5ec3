//! Models of `scheduler/lookout.rs`: a worker that sleeps and wakes, and the thread that watches it.

use std::sync::Arc;

use crate::bell::Bell;
use crate::model::{model, write};
use crate::primitive::UnsafeCell;
use crate::primitive::thread::{Builder, JoinHandle};
use crate::scheduler::lookout::Lookout;

/// A lookout over one worker, and a bell that tells of each look.
struct Deck {
    lookout: Lookout,
    looked: Bell,
    last_word: UnsafeCell<usize>,
}

impl Deck {
    /// And the thread that watches; what it finds when it was told to stop.
    fn new() -> (Arc<Self>, JoinHandle<usize>) {
        let deck = Deck { lookout: Lookout::new(1), looked: Bell::default(), last_word: UnsafeCell::new(0) };
        let deck = Arc::new(deck);
        let watcher = {
            let deck = Arc::clone(&deck);
            Builder::new().spawn(move || {
                deck.lookout.keep(&[], Vec::new(), u64::MAX, |_| deck.looked.ring(), || ());
                write(&deck.last_word, 0)
            })
        };
        (deck, watcher.expect("loom has threads"))
    }

    /// As `monitor::stop`.
    fn stop(&self, watcher: &JoinHandle<usize>) {
        write(&self.last_word, 1);
        self.lookout.stop();
        watcher.thread().unpark();
    }
}

/// A watching thread that is told to stop ends, though it may be falling asleep, and sees what was done before.
#[test]
fn a_stop_is_not_slept_through() {
    model(4, || {
        let (deck, watcher) = Deck::new();
        let asleep = deck.lookout.worker_sleeps();
        deck.stop(&watcher);
        assert_eq!(watcher.join().unwrap(), 1);
        drop(asleep);
    });
}

/// A worker that wakes is looked at, though the watching thread may have fallen asleep with it, or is about to.
#[test]
fn a_worker_that_wakes_is_looked_at() {
    model(3, || {
        let (deck, watcher) = Deck::new();
        drop(deck.lookout.worker_sleeps());
        deck.looked.wait();
        loom::stop_exploring();
        deck.stop(&watcher);
        watcher.join().unwrap();
    });
}
