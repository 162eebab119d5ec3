//! Tasks from their beginning to their end: every one runs, wherever, and whoever waits for it goes on.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use moonfleet_shuttle_tests::moonfleet::{self, channel};
use moonfleet_shuttle_tests::{explore, hangs_by, run, spin_until};

/// Tasks that are spawned by a task, and tasks that those spawn, are joined.
fn a_tree_of_tasks() {
    fn leaves(depth: u32) -> u32 {
        if depth == 0 {
            return 1;
        }
        let tasks = [(); 2].map(|()| moonfleet::spawn(move || leaves(depth - 1)));
        tasks.into_iter().map(|task| task.join().unwrap()).sum()
    }
    assert_eq!(run(2, || leaves(3)), 8);
}

/// What a task has spawned runs elsewhere while the task keeps its worker.
fn work_is_stolen() {
    run(2, || {
        let done = Arc::new(AtomicUsize::new(0));
        for _ in 0..2 {
            let done = Arc::clone(&done);
            drop(moonfleet::spawn(move || done.fetch_add(1, Ordering::Relaxed)));
            moonfleet::yield_now();
        }
        spin_until(|| done.load(Ordering::Relaxed) == 2);
    });
}

/// Three tasks that need three workers at the same time get them.
fn every_worker_is_woken() {
    run(3, || {
        let arrived = Arc::new(AtomicUsize::new(0));
        let tasks = [(); 2].map(|()| {
            let arrived = Arc::clone(&arrived);
            moonfleet::spawn(move || {
                arrived.fetch_add(1, Ordering::Relaxed);
                spin_until(|| arrived.load(Ordering::Relaxed) == 3);
            })
        });
        arrived.fetch_add(1, Ordering::Relaxed);
        spin_until(|| arrived.load(Ordering::Relaxed) == 3);
        for task in tasks {
            task.join().unwrap();
        }
    });
}

/// Both halves of a fork are done, by two workers or by one, also if the first waits for the second.
fn forks_are_joined() {
    fn sum(numbers: &[u32]) -> u32 {
        let (left, right) = numbers.split_at(numbers.len() / 2);
        match numbers {
            [one] => *one,
            _ => {
                let (left, right) = moonfleet::fork_join(|| sum(left), || sum(right));
                left + right
            }
        }
    }
    assert_eq!(run(2, || sum(&[1, 2, 3, 4])), 10);
    let met = run(1, || {
        let (tx, rx) = channel::oneshot();
        let (received, sent) = moonfleet::fork_join(|| rx.recv(), || tx.send(5));
        sent.unwrap();
        received.unwrap()
    });
    assert_eq!(met, 5);
}

/// A scope's children borrow from it, and are gone when it is left.
fn children_end_in_their_scope() {
    run(2, || {
        let sum = AtomicUsize::new(0);
        moonfleet::scope(|scope| {
            for n in 1..4 {
                let sum = &sum;
                scope.spawn(move || {
                    moonfleet::yield_now();
                    sum.fetch_add(n, Ordering::Relaxed);
                });
            }
        });
        assert_eq!(sum.load(Ordering::Relaxed), 6);
    });
}

/// A task that may move does so between its waits only, and runs to its end on whichever workers.
fn movers_arrive() {
    run(2, || {
        let tasks = [(); 3].map(|()| {
            // SAFETY: the body keeps nothing that belongs to a thread over a suspension.
            unsafe {
                moonfleet::spawn_migratable(|| {
                    let steps = Cell::new(0);
                    for _ in 0..3 {
                        moonfleet::yield_now();
                        steps.set(steps.get() + 1);
                    }
                    steps.get()
                })
            }
        });
        assert_eq!(tasks.map(|task| task.join().unwrap()), [3; 3]);
    });
}

/// A task is spawned on a worker, wakes another on a second one, and that wakes it.
fn wakes_cross_over() {
    run(2, || {
        let (ping, pinged) = channel::rendezvous();
        let (pong, ponged) = channel::rendezvous();
        let there = moonfleet::spawn_on(1, move || {
            for n in 0..3 {
                assert_eq!(pinged.recv(), Ok(n));
                pong.send(n).unwrap();
            }
        });
        let here = moonfleet::spawn_on(0, move || {
            for n in 0..3 {
                ping.send(n).unwrap();
                assert_eq!(ponged.recv(), Ok(n));
            }
        });
        there.join().unwrap();
        here.join().unwrap();
    });
}

#[test]
fn tasks_are_joined() {
    explore(a_tree_of_tasks);
    hangs_by("rings_no_bell", a_tree_of_tasks);
}

#[test]
fn tasks_are_stolen() {
    explore(work_is_stolen);
    hangs_by("sleeps_without_a_second_look", work_is_stolen);
    hangs_by("publishes_in_silence", work_is_stolen);
    hangs_by("forgets_that_it_was_claimed", work_is_stolen);
}

#[test]
fn searchers_wake_successors() {
    explore(every_worker_is_woken);
    hangs_by("wakes_no_successor", every_worker_is_woken);
}

#[test]
fn forks_and_scopes_end() {
    explore(forks_are_joined);
    hangs_by("forgets_its_own_forks", forks_are_joined);
    explore(children_end_in_their_scope);
    hangs_by("ends_an_epoch_in_silence", children_end_in_their_scope);
}

#[test]
fn migratable_tasks_arrive() {
    explore(movers_arrive);
    hangs_by("gives_up_nothing", movers_arrive);
}

#[test]
fn wakes_reach_other_workers() {
    explore(wakes_cross_over);
    hangs_by("rings_no_bell", wakes_cross_over);
}
