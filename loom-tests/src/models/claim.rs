//! Models of `task/claim.rs`.

use std::sync::Arc;

use loom::thread::{self, JoinHandle};

use crate::model::{Place, model, models, write};
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

/// Whoever has news for a task tells its home, or whoever claims it next sees them; also if it tells a home that has
/// given the task up meanwhile.
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
        // A home that was told too late does nothing.
        let told = teller.join().unwrap();
        match claimer.join().unwrap() {
            Some(seen) => assert!(seen || told == Some(1), "it goes on, and nobody tells it"),
            // ORDER: Relaxed; see above.
            None => assert!(task.claim.claim(first) && news.load(Ordering::Relaxed) == 1),
        }
    });
}

/// Whoever asks for the home of a task finds none, or finds it complete.
#[test]
fn a_home_is_found_complete() {
    let program = |is_cancelled, ask: fn(&Claim<Home>) -> Option<&'static Home>| {
        let task = Task::new();
        if is_cancelled {
            assert!(task.cancel().is_none(), "it has no home yet");
        }
        let claimer = {
            let task = Arc::clone(&task);
            thread::spawn(move || {
                let home = task.homes[0].get();
                write(&home.written, true);
                assert!(task.claim.claim(home), "nobody else does");
            })
        };
        if let Some(home) = ask(&task.claim) {
            assert!(write(&home.written, false), "what it did before it claimed the task");
        }
        claimer.join().unwrap();
    };
    let ways = [(false, 0), (false, 1), (true, 0), (true, 1)];
    models(
        5,
        ways.map(|(is_cancelled, ask)| {
            move || program(is_cancelled, [Claim::home, Claim::home_or_tell_claimer][ask])
        }),
    );
}

/// A task that runs and finds itself cancelled finds what was done before, too.
#[test]
fn a_cancel_is_seen_with_its_reason() {
    model(5, || {
        let task = Task::new();
        assert!(task.claim.claim(task.homes[0].get()));
        let runner = {
            let task = Arc::clone(&task);
            thread::spawn(move || {
                if task.claim.is_cancelled() {
                    assert!(write(&task.reason, false), "the reason of a cancel is seen with it");
                }
            })
        };
        write(&task.reason, true);
        assert!(matches!(task.claim.cancel(), Told::Home(_)));
        runner.join().unwrap();
    });
}

/// A task that is cancelled when it is given up is claimed by one home, which sees what the last one did.
#[test]
fn a_cancelled_task_that_is_given_up_goes_on_at_one_home() {
    model(5, || {
        let task = Task::new();
        assert!(task.claim.claim(task.homes[0].get()));
        assert!(matches!(task.claim.cancel(), Told::Home(_)));
        let kept = Arc::new(UnsafeCell::new(0));
        let next = {
            let (task, kept) = (Arc::clone(&task), Arc::clone(&kept));
            thread::spawn(move || {
                let claimed = task.claim.claim(task.homes[1].get());
                if claimed {
                    write(&kept, write(&kept, 0) + 1);
                    task.claim.give_up();
                }
                claimed
            })
        };
        write(&kept, 1);
        task.claim.give_up();
        if task.claim.claim(task.homes[0].get()) {
            write(&kept, write(&kept, 0) + 1);
        }
        next.join().unwrap();
    });
}
