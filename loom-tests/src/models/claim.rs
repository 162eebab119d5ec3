//! Models of `task/claim.rs`.

use std::sync::Arc;

use loom::thread::{self, JoinHandle};

use crate::model::{Place, model, write};
use crate::primitive::UnsafeCell;
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
