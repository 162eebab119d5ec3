//! Conditions: who is notified, how often, and what is left behind by deadlines, panics and shutdown.

mod support;

use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use moonfleet::sync::{Condvar, Mutex};
use moonfleet::{JoinError, JoinHandle, spawn_local, yield_now};

use support::{LONG, alone, ends_completely, park, runtime, start, was_cancelled, yield_until};

const SHORT: Duration = Duration::from_millis(2);

/// A mutex with its condition, and what has happened.
#[derive(Default)]
struct Bell {
    rings: Mutex<Vec<usize>>,
    rung: Condvar,
}

impl Bell {
    /// Starts a task that waits for one notification, then notes `number`.
    fn listener(self: &Rc<Self>, number: usize) -> JoinHandle<()> {
        let bell = Rc::clone(self);
        start(move || {
            let mut rings = bell.rung.wait(bell.rings.lock());
            rings.push(number);
        })
    }
}

#[test]
fn notifications_come_one_by_one_and_in_order() {
    alone(|| {
        let bell = Rc::new(Bell::default());
        bell.rung.notify_one();
        let listeners = [0, 1, 2].map(|number| bell.listener(number));
        assert!(bell.rings.try_lock().is_some(), "who waits has freed the mutex");
        for notified in 0..3 {
            (0..10).for_each(|_| yield_now());
            assert_eq!(bell.rings.lock().len(), notified, "nobody wakes without a notification");
            bell.rung.notify_one();
            yield_until(|| bell.rings.lock().len() > notified);
        }
        listeners.into_iter().for_each(|listener| listener.join().unwrap());
        assert_eq!(*bell.rings.lock(), [0, 1, 2]);
    });
}

#[test]
fn all_that_wait_are_notified_once() {
    const LISTENERS: usize = 500;
    const ROUNDS: usize = 20;
    let (runtime, bell) = (runtime(2), Arc::new((Mutex::new((0_usize, 0_usize)), Condvar::new())));
    let listeners: Vec<_> = (0..LISTENERS)
        .map(|_| {
            let bell = Arc::clone(&bell);
            // Waits again at once, while others are still being notified.
            runtime.spawn(move || {
                for _ in 0..ROUNDS {
                    let mut counts = bell.0.lock();
                    counts.0 += 1;
                    counts = bell.1.wait(counts);
                    counts.1 += 1;
                }
            })
        })
        .collect();
    for round in 1..=ROUNDS {
        let mut counts = bell.0.lock();
        while counts.0 < round * LISTENERS {
            drop(counts);
            thread::yield_now();
            counts = bell.0.lock();
        }
        assert_eq!(*counts, (round * LISTENERS, (round - 1) * LISTENERS));
        drop(counts);
        bell.1.notify_all();
    }
    listeners.into_iter().for_each(|listener| listener.join().unwrap());
    assert_eq!(bell.0.lock().1, ROUNDS * LISTENERS);
}

#[test]
fn a_time_that_is_over_is_told_from_a_notification() {
    alone(|| {
        let bell = Rc::new(Bell::default());
        for timeout in [Duration::ZERO, SHORT] {
            let before = Instant::now();
            let (guard, ended) = bell.rung.wait_timeout(bell.rings.lock(), timeout);
            assert!(ended.timed_out() && bell.rings.is_locked() && before.elapsed() >= timeout);
            drop(guard);
        }
        for timeout in [LONG, Duration::MAX] {
            let other = Rc::clone(&bell);
            let listener = start(move || other.rung.wait_timeout(other.rings.lock(), timeout).1.timed_out());
            bell.rung.notify_one();
            assert!(!listener.join().unwrap());
        }
    });
}

#[test]
fn a_condition_has_one_deadline_for_all_its_waits() {
    alone(|| {
        let bell = Rc::new(Bell::default());
        let other = Rc::clone(&bell);
        let listener = start(move || {
            let (rings, ended) =
                other.rung.wait_timeout_while(other.rings.lock(), SHORT, |rings| rings.len() < 1_000_000);
            (rings.len(), ended.timed_out())
        });
        while !listener.is_finished() {
            bell.rung.notify_one();
            yield_now();
        }
        assert_eq!(listener.join().unwrap(), (0, true));
        let (rings, ended) = bell.rung.wait_timeout_while(bell.rings.lock(), Duration::ZERO, |_| false);
        assert!(rings.is_empty() && !ended.timed_out());
    });
}

#[test]
fn tasks_and_threads_notify_each_other() {
    const ITEMS: usize = 2_000;
    let (runtime, shared) = (runtime(2), Arc::new((Mutex::new(Vec::new()), Condvar::new(), Condvar::new())));
    let consume = |(items, filled, emptied): &(Mutex<Vec<usize>>, Condvar, Condvar)| {
        let mut sum = 0;
        for _ in 0..ITEMS {
            sum += filled.wait_while(items.lock(), |items| items.is_empty()).pop().unwrap();
            emptied.notify_one();
        }
        sum
    };
    let produce = |(items, filled, emptied): &(Mutex<Vec<usize>>, Condvar, Condvar)| {
        for n in 0..ITEMS {
            emptied.wait_while(items.lock(), |items| items.len() > 3).push(n);
            filled.notify_one();
        }
    };
    let (eater, cook) = (Arc::clone(&shared), Arc::clone(&shared));
    let eater = runtime.spawn(move || consume(&eater));
    let cook = runtime.spawn(move || produce(&cook));
    let eaten = thread::scope(|scope| {
        scope.spawn(|| produce(&shared));
        scope.spawn(|| consume(&shared)).join().unwrap()
    });
    cook.join().unwrap();
    assert_eq!(eaten + eater.join().unwrap(), ITEMS * (ITEMS - 1));
}

#[test]
fn a_cancelled_party_does_not_use_up_a_notification() {
    let bell = Arc::new((Mutex::new(0), Condvar::new()));
    let listen = |bell: &(Mutex<i32>, Condvar)| {
        let mut listening = bell.0.lock();
        *listening += 1;
        drop(bell.1.wait(listening));
    };
    let has = |listeners: i32| {
        while *bell.0.lock() < listeners {
            thread::yield_now();
        }
    };
    let (runtime, other) = (runtime(1), Arc::clone(&bell));
    let doomed = runtime.spawn(move || listen(&other));
    has(1);
    thread::scope(|scope| {
        scope.spawn(|| listen(&bell));
        has(2);
        let guard = bell.0.lock();
        bell.1.notify_one();
        // The first is notified, and cannot get the mutex.
        ends_completely(runtime);
        drop(guard);
    });
    assert!(was_cancelled(doomed));
    assert!(bell.0.try_lock().is_some());
}

#[test]
fn shutdown_ends_who_waits_for_a_condition() {
    let (runtime, bell) = (runtime(2), Arc::new((Mutex::new(()), Condvar::new())));
    let tasks: Vec<_> = (0..6)
        .map(|n| {
            let bell = Arc::clone(&bell);
            park(&runtime, move || match n % 2 {
                0 => drop(bell.1.wait(bell.0.lock())),
                _ => drop(bell.1.wait_timeout(bell.0.lock(), LONG)),
            })
        })
        .collect();
    ends_completely(runtime);
    assert!(tasks.into_iter().all(was_cancelled));
    bell.1.notify_all();
    assert!(bell.0.try_lock().is_some());
}

#[test]
fn a_condition_that_panics_frees_the_mutex() {
    alone(|| {
        let bell = Rc::new(Bell::default());
        let other = Rc::clone(&bell);
        let listener = spawn_local(move || {
            drop(other.rung.wait_while(other.rings.lock(), |rings| rings.is_empty() || panic!("overboard")));
        });
        yield_now();
        bell.rings.lock().push(1);
        bell.rung.notify_one();
        assert!(matches!(listener.join(), Err(JoinError::Panicked(_))));
        assert!(bell.rings.try_lock().is_some());
    });
}
