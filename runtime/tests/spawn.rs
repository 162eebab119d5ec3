//! Spawning: who may start a task, where it stays, and in which order tasks begin.

mod support;

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, ThreadId};
use std::time::Duration;

use moonfleet::{TaskBuilder, channel, current_task, spawn, spawn_local, spawn_on, yield_now};

use support::runtime;

#[test]
fn an_unstarted_task_is_stolen_from_a_busy_worker() {
    let (spawner, thief) = runtime(2).block_on(|| {
        let (started, starts) = channel::oneshot();
        spawn(move || started.send(moonfleet::worker_index()).unwrap());
        // This worker never gives way: only the other one can start the task.
        let mut starts = starts;
        let thief = loop {
            match starts.try_recv() {
                Ok(thief) => break thief,
                Err(_) => thread::yield_now(),
            }
        };
        (moonfleet::worker_index(), thief)
    });
    assert_ne!(spawner, thief);
}

#[test]
fn a_started_task_never_changes_its_thread() {
    const TASKS: usize = 64;
    const SUSPENSIONS: usize = 1_000;
    let runtime = runtime(3);
    let (tx, rx) = channel::bounded::<usize>(4);
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (tx, rx) = (tx.clone(), rx.clone());
            runtime.spawn(move || {
                let home = (thread::current().id(), moonfleet::worker_index());
                for turn in 0..SUSPENSIONS {
                    // Even tasks feed odd ones, so wakes come from all workers; every tenth turn just yields.
                    match (turn % 10, task % 2) {
                        (0, _) => yield_now(),
                        (_, 0) => tx.send(turn).unwrap(),
                        _ => drop(rx.recv().unwrap()),
                    }
                    assert_eq!((thread::current().id(), moonfleet::worker_index()), home);
                }
                home.0
            })
        })
        .collect();
    let threads: HashSet<ThreadId> = tasks.into_iter().map(|task| task.join().unwrap()).collect();
    assert!(threads.len() <= 3);
}

#[test]
fn thread_locals_and_rc_survive_suspension() {
    thread_local!(static VISITS: Cell<u32> = const { Cell::new(0) });
    let runtime = runtime(2);
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            runtime.spawn(|| {
                let shared = Rc::new(Cell::new(0));
                let other = Rc::clone(&shared);
                for _ in 0..20 {
                    VISITS.with(|visits| {
                        let before = visits.get();
                        visits.set(before + 1);
                        yield_now();
                        assert!(visits.get() > before, "the same thread-local after the suspension");
                    });
                    other.set(other.get() + 1);
                }
                shared.get()
            })
        })
        .collect();
    assert!(tasks.into_iter().all(|task| task.join().unwrap() == 20));
}

#[test]
fn local_tasks_start_in_the_order_of_their_spawns() {
    runtime(2).block_on(|| {
        let order = Rc::new(RefCell::new(Vec::new()));
        let tasks: Vec<_> = (0..1_000)
            .map(|n| {
                let order = Rc::clone(&order);
                spawn_local(move || order.borrow_mut().push(n))
            })
            .collect();
        assert!(order.borrow().is_empty(), "a local spawn does not switch");
        tasks.into_iter().for_each(|task| task.join().unwrap());
        assert_eq!(*order.borrow(), (0..1_000).collect::<Vec<_>>());
    });
}

#[test]
fn local_tasks_share_what_cannot_cross_threads() {
    let total = runtime(2).block_on(|| {
        let log = Rc::new(RefCell::new(0));
        let here = thread::current().id();
        let tasks: Vec<_> = (0..50)
            .map(|n| {
                let log = Rc::clone(&log);
                spawn_local(move || {
                    yield_now();
                    *log.borrow_mut() += n;
                    (thread::current().id(), Rc::clone(&log))
                })
            })
            .collect();
        for task in tasks {
            let (there, theirs) = task.join().unwrap();
            assert!(there == here && Rc::ptr_eq(&theirs, &log));
        }
        *log.borrow()
    });
    assert_eq!(total, (0..50).sum::<i32>());
}

#[test]
fn spawn_on_starts_where_it_was_told() {
    let runtime = runtime(3);
    for worker in 0..3 {
        assert_eq!(runtime.spawn_on(worker, moonfleet::worker_index).join().unwrap(), Some(worker));
    }
    runtime.block_on(|| {
        for worker in (0..30).map(|n| n % 3) {
            let task = spawn_on(worker, || {
                yield_now();
                moonfleet::worker_index()
            });
            assert_eq!(task.join().unwrap(), Some(worker));
        }
    });
}

#[test]
fn a_join_starts_an_unstarted_child_here_and_now() {
    runtime(1).block_on(|| {
        let order = Arc::new(AtomicUsize::new(0));
        let take_number = |order: &Arc<AtomicUsize>| {
            let order = Arc::clone(order);
            move || order.fetch_add(1, Ordering::Relaxed)
        };
        let others: Vec<_> = (0..10).map(|_| spawn(take_number(&order))).collect();
        let joined = spawn(take_number(&order));
        assert_eq!(joined.join().unwrap(), 0, "the joined task overtakes those spawned before it");
        for (number, task) in others.into_iter().enumerate() {
            assert_eq!(task.join().unwrap(), number + 1);
        }
    });
}

#[test]
fn fork_and_join_nest_to_any_depth() {
    fn leaves(depth: u32) -> u64 {
        if depth == 0 {
            return 1;
        }
        let left = spawn(move || leaves(depth - 1));
        let right = leaves(depth - 1);
        left.join().unwrap() + right
    }
    for workers in [1, 2, 4] {
        assert_eq!(runtime(workers).block_on(|| leaves(12)), 1 << 12);
    }
}

#[test]
fn a_detached_task_runs_on() {
    runtime(2).block_on(|| {
        let (tx, rx) = channel::oneshot();
        drop(spawn(move || {
            yield_now();
            tx.send("done").unwrap();
        }));
        assert_eq!(rx.recv(), Ok("done"));
    });
}

#[test]
fn names_and_ids_are_the_same_inside_and_outside() {
    runtime(2).block_on(|| {
        let task = TaskBuilder::new().name("helmsman").spawn(|| current_task().unwrap()).unwrap();
        let (id, name) = (task.id(), task.name().map(str::to_owned));
        assert!(format!("{task:?}").contains("'helmsman'"));
        let inside = task.join().unwrap();
        assert_eq!((inside.id(), inside.name()), (id, name.as_deref()));
        assert_eq!(spawn(|| current_task().unwrap().name().map(str::to_owned)).join().unwrap(), None);
    });
}

#[test]
fn a_task_knows_which_task_spawned_it() {
    let parent = || current_task().unwrap().parent();
    let (one, other) = (runtime(2), runtime(1));
    assert_eq!(one.spawn(parent).join().unwrap(), None);
    assert_eq!(one.spawn_on(1, parent).join().unwrap(), None);
    let handle = one.handle();
    one.block_on(|| {
        let me = current_task().unwrap();
        assert_eq!(me.parent(), None, "`block_on` was called from outside");
        let children = [spawn(parent), spawn_local(parent), spawn_on(1, parent), handle.spawn(parent)];
        for child in children {
            assert_eq!(child.join().unwrap(), Some(me.id()));
        }
        let child = spawn(move || (current_task().unwrap().id(), spawn(parent).join().unwrap()));
        let (child, grandchilds_parent) = child.join().unwrap();
        assert_eq!(grandchilds_parent, Some(child), "the nearest, not the first");
        // Ids count by runtime, so a task of another one is no parent.
        assert_eq!(other.block_on(parent), None);
        assert_eq!(other.spawn(parent).join().unwrap(), None);
    });
}

#[test]
fn ids_are_unique_in_a_runtime() {
    let runtime = runtime(4);
    let outside: Vec<_> = (0..100).map(|_| runtime.spawn(|| ())).collect();
    let inside: Vec<u64> = (0..4)
        .flat_map(|worker| {
            let spawner = runtime.spawn_on(worker, || {
                (0..2_000).map(|_| spawn(|| ())).map(|task| task.id()).collect::<Vec<_>>()
            });
            spawner.join().unwrap()
        })
        .collect();
    let all: HashSet<u64> = outside.iter().map(|task| task.id()).chain(inside.iter().copied()).collect();
    assert_eq!(all.len(), 8_100);
}

#[test]
fn runtimes_in_one_process_are_apart() {
    let (one, two) = (runtime(1), runtime(2));
    let (tx, rx) = channel::rendezvous();
    let sender = one.spawn(move || (0..1_000).for_each(|n| tx.send(n).unwrap()));
    let receiver = two.spawn(move || (rx.iter().sum::<u32>(), moonfleet::worker_count()));
    sender.join().unwrap();
    assert_eq!(receiver.join().unwrap(), ((0..1_000).sum(), 2));
    drop(one);
    assert_eq!(two.block_on(|| spawn(|| 5).join().unwrap()), 5);
}

#[test]
fn block_on_of_another_runtime_runs_there() {
    let (outer, inner) = (runtime(1), runtime(3));
    let (progress, seen) = outer.block_on(|| {
        let neighbour = spawn(|| 7);
        // The neighbour is on this worker: it runs while this task waits for the other runtime.
        let seen: Vec<_> = (0..100)
            .map(|_| {
                inner.block_on(|| {
                    yield_now();
                    (moonfleet::worker_count(), thread::current().id())
                })
            })
            .collect();
        let here = thread::current().id();
        assert!(seen.iter().all(|&(_, there)| there != here), "a task of another runtime came here");
        (neighbour.join().unwrap(), seen)
    });
    assert_eq!(progress, 7);
    assert!(seen.iter().all(|&(workers, _)| workers == 3));
    assert_eq!(inner.metrics().total().started, 100);
    assert_eq!(outer.metrics().total().started, 2);
}

#[test]
fn a_task_of_another_runtime_is_joined_without_being_taken() {
    let (outer, inner) = (runtime(1), runtime(1));
    let busy = Arc::new(AtomicBool::new(true));
    let until_told = {
        let busy = Arc::clone(&busy);
        move || {
            while busy.load(Ordering::Relaxed) {
                thread::yield_now();
            }
        }
    };
    // The one worker of `inner` is busy, so the second task waits unstarted when `outer` comes to join it.
    let (running, is_running) = channel::oneshot();
    let hog = inner.spawn(move || {
        running.send(()).unwrap();
        until_told();
    });
    is_running.recv().unwrap();
    let waiting = inner.spawn(|| thread::current().id());
    let (joiner, there) = outer.block_on(|| {
        let waiting = waiting.join_timeout(Duration::from_millis(1));
        busy.store(false, Ordering::Relaxed);
        let outcome = waiting.unwrap_or_else(|waiting| waiting.join());
        (thread::current().id(), outcome.unwrap())
    });
    hog.join().unwrap();
    assert_ne!(joiner, there);
}

#[test]
fn block_on_may_borrow_and_nest_in_its_own_runtime() {
    let runtime = runtime(2);
    let mut log = Vec::new();
    runtime.block_on(|| {
        log.push(1);
        runtime.block_on(|| log.push(2));
        log.push(3);
    });
    assert_eq!(log, [1, 2, 3]);
}

#[test]
fn a_finished_task_says_so() {
    runtime(1).block_on(|| {
        let (tx, rx) = channel::rendezvous::<()>();
        let task = spawn_local(move || rx.recv().unwrap());
        yield_now();
        assert!(!task.is_finished());
        let task = task.join_timeout(Duration::ZERO).unwrap_err();
        tx.send(()).unwrap();
        yield_now();
        assert!(task.is_finished());
        task.join_timeout(Duration::ZERO).unwrap().unwrap();
    });
}

#[test]
fn a_task_may_be_joined_from_a_plain_thread() {
    let runtime = runtime(2);
    let tasks: Vec<_> = (0..100_u64).map(|n| runtime.spawn(move || n * n)).collect();
    let sum = thread::spawn(move || tasks.into_iter().map(|task| task.join().unwrap()).sum::<u64>());
    assert_eq!(sum.join().unwrap(), (0..100).map(|n| n * n).sum());
}

#[test]
fn a_yield_lets_every_ready_neighbour_run_once() {
    runtime(1).block_on(|| {
        let turns = Rc::new(RefCell::new(Vec::new()));
        let tasks: Vec<_> = (0..3)
            .map(|task| {
                let turns = Rc::clone(&turns);
                spawn_local(move || {
                    for _ in 0..4 {
                        turns.borrow_mut().push(task);
                        yield_now();
                    }
                })
            })
            .collect();
        tasks.into_iter().for_each(|task| task.join().unwrap());
        assert_eq!(*turns.borrow(), [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
    });
}

#[test]
fn many_short_tasks_all_run() {
    for workers in [1, 2, 4] {
        let ran = Arc::new(AtomicUsize::new(0));
        runtime(workers).block_on(|| {
            let tasks: Vec<_> = (0..50_000)
                .map(|_| {
                    let ran = Arc::clone(&ran);
                    spawn(move || ran.fetch_add(1, Ordering::Relaxed))
                })
                .collect();
            tasks.into_iter().for_each(|task| assert!(task.join().unwrap() < 50_000));
        });
        assert_eq!(ran.load(Ordering::Relaxed), 50_000);
    }
}

#[test]
fn spawners_on_every_thread_at_once_lose_no_task() {
    let runtime = runtime(2);
    let ran = Arc::new(AtomicUsize::new(0));
    let spawn_many = || -> Vec<_> {
        let spawn_one = |_| {
            let ran = Arc::clone(&ran);
            runtime.spawn(move || ran.fetch_add(1, Ordering::Relaxed))
        };
        (0..2_000).map(spawn_one).collect()
    };
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| spawn_many().into_iter().for_each(|task| drop(task.join())));
        }
    });
    assert_eq!(ran.load(Ordering::Relaxed), 8_000);
}
