//! Models of `task/claim.rs`.

use std::sync::Arc;

use loom::thread::{self, JoinHandle};

use crate::model::{Place, model, write};
use crate::primitive::UnsafeCell;
use crate::primitive::atomic::{AtomicUsize, Ordering};
use crate::task::claim::{Claim, Told};

/// A worker, with what it wrote before it claimed the task.
#[derive(Debug)]
struct Home {
    number: usize,
    written: UnsafeCell<bool>,
}

/// A task that two workers want to start, and somebody to cancel.
struct Task {
    claim: Claim<Home>,
    homes: [Place<Home>; 2],
    /// What the canceller wrote before it cancelled.
    reason: UnsafeCell<bool>,
}

impl Task {
    fn new() -> Arc<Self> {
        let homes = [0, 1].map(|number| Place::new(Home { number, written: UnsafeCell::new(false) }));
        Arc::new(Self { claim: Claim::new(), homes, reason: UnsafeCell::new(false) })
    }

    /// A thread that claims the task for home `number`: whether it may start it, and knows of a cancel.
    fn claimer(self: &Arc<Self>, number: usize) -> JoinHandle<Option<bool>> {
        let task = Arc::clone(self);
        thread::spawn(move || {
            let home = task.homes[number].get();
            write(&home.written, true);
            let claimed = task.claim.claim(home);
            assert_eq!(claimed, task.claim.is_at(home), "one worker starts the task, at its home");
            claimed.then(|| {
                let cancelled = task.claim.is_cancelled();
                assert!(!cancelled || write(&task.reason, false), "the reason of a cancel is seen with it");
                cancelled
            })
        })
    }

    /// Cancels; the home to tell, if any.
    fn cancel(&self) -> Option<usize> {
        match self.claim.cancel() {
            Told::Home(home) => {
                assert!(write(&home.written, false), "a home is found complete");
                Some(home.number)
            }
            Told::Unstarted => None,
            Told::Before => unreachable!("there is one canceller"),
        }
    }
}

/// Of two workers one starts the task, and it is its home; a cancel changes nothing about that.
#[test]
fn a_task_is_started_once() {
    model(3, || {
        let task = Task::new();
        let claimers = [0, 1].map(|number| task.claimer(number));
        write(&task.reason, true);
        task.cancel();
        let claimed = claimers.map(|claimer| claimer.join().unwrap().is_some());
        assert_ne!(claimed[0], claimed[1], "one worker starts the task");
        let home = task.claim.home().expect("it is claimed");
        assert!(claimed[home.number] && task.claim.is_at(home));
        assert!(task.claim.is_cancelled());
    });
}

/// A cancel is seen by whoever starts the task, or the canceller finds the home that it has to tell.
#[test]
fn a_cancel_is_seen_or_told() {
    model(4, || {
        let task = Task::new();
        let claimer = task.claimer(0);
        write(&task.reason, true);
        let told = task.cancel();
        let seen = claimer.join().unwrap().expect("nobody else claims it");
        assert!(seen || told == Some(0), "the task runs, and nobody tells it");
    });
}

/// Of two that cancel, one is told to tell the home.
#[test]
fn a_task_is_told_once() {
    model(4, || {
        let task = Task::new();
        let canceller = || {
            let task = Arc::clone(&task);
            thread::spawn(move || matches!(task.claim.cancel(), Told::Home(_)))
        };
        let cancellers = [canceller(), canceller()];
        let home = task.homes[0].get();
        assert!(task.claim.claim(home));
        let seen = task.claim.is_cancelled();
        let told: usize = cancellers.map(|canceller| canceller.join().unwrap().into()).iter().sum();
        assert!(told == 1 || (told == 0 && seen), "told {told} times, seen: {seen}");
        assert!(task.claim.is_cancelled());
    });
}

/// A task that its home gives up goes on at one home, which sees what the first one did with it; a cancel is not
/// forgotten by that.
#[test]
fn a_task_that_is_given_up_goes_on_at_one_home() {
    model(4, || {
        let task = Task::new();
        let (first, other) = (task.homes[0].get(), Arc::clone(&task));
        assert!(task.claim.claim(first));
        let canceller = {
            let task = Arc::clone(&task);
            thread::spawn(move || matches!(task.claim.cancel(), Told::Before))
        };
        let claimer = thread::spawn(move || {
            let claimed = other.claim.claim(other.homes[1].get());
            assert!(!claimed || write(&other.reason, false), "what the first home did is seen");
            claimed
        });
        write(&task.reason, true);
        task.claim.give_up();
        let claimed_again = task.claim.claim(first);
        assert_ne!(claimer.join().unwrap(), claimed_again, "one home goes on with the task");
        assert!(!canceller.join().unwrap(), "there is one canceller");
        assert!(task.claim.is_cancelled());
    });
}

/// Whoever has news for a task tells its home, or whoever claims it next sees them. A home that was told too late
/// passes them on.
#[test]
fn news_follow_a_task_that_moves() {
    model(4, || {
        let task = Task::new();
        let first = task.homes[0].get();
        let news = Arc::new(AtomicUsize::new(0));
        assert!(task.claim.claim(first));
        let teller = {
            let (task, news) = (Arc::clone(&task), Arc::clone(&news));
            thread::spawn(move || {
                // ORDER: Relaxed; the claim word publishes it, which is what this model is about.
                news.store(1, Ordering::Relaxed);
                task.claim.home_or_tell_claimer().map(|home| home.number)
            })
        };
        let claimer = {
            let (task, news) = (Arc::clone(&task), Arc::clone(&news));
            // ORDER: Relaxed; see above.
            thread::spawn(move || {
                task.claim.claim(task.homes[1].get()).then(|| news.load(Ordering::Relaxed) == 1)
            })
        };
        task.claim.give_up();
        let mut told = teller.join().unwrap();
        if told == Some(0) {
            // As a home that obeys an order for a task that is not there any more.
            told = task.claim.home_or_tell_claimer().map(|home| home.number);
        }
        match claimer.join().unwrap() {
            Some(seen) => assert!(seen || told == Some(1), "it goes on, and nobody tells it"),
            // ORDER: Relaxed; see above.
            None => assert!(task.claim.claim(first) && news.load(Ordering::Relaxed) == 1),
        }
    });
}
