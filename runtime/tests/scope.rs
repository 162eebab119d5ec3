//! Scopes: children borrow, end before their parent, and fail together, whatever goes wrong.

mod support;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use moonfleet::cancel::{self, CancelToken};
use moonfleet::channel::{self, bounded, rendezvous, unbounded};
use moonfleet::time::{self, Elapsed, sleep};
use moonfleet::{
    JoinError, Runtime, ScopedJoinHandle, TaskBuilder, fork_join, scope, spawn, spawn_local, try_scope,
    yield_now,
};

use support::deck::Log;
use support::drops::OnDrop;
use support::{LONG, alone, panic_of, runtime, settle};

// ── borrows and results ─────────────────────────────────────────────────────────────────────────────────

#[test]
fn children_borrow_and_their_results_come_back() {
    let words = ["moon", "fleet", "lua"].map(String::from);
    for workers in [1, 4] {
        let lengths = runtime(workers).block_on(|| {
            scope(|s| {
                let tasks = words.each_ref().map(|word| s.spawn(move || (word.as_str(), word.len())));
                tasks.map(|task| task.join().unwrap())
            })
        });
        assert_eq!(lengths, [("moon", 4), ("fleet", 5), ("lua", 3)]);
    }
}

#[test]
fn the_scope_waits_for_children_that_nobody_joins() {
    for workers in [1, 4] {
        let ended = AtomicUsize::new(0);
        runtime(workers).block_on(|| {
            scope(|s| {
                for n in 0..1_000 {
                    let ended = &ended;
                    s.spawn(move || {
                        (0..n % 7).for_each(|_| yield_now());
                        ended.fetch_add(1, Ordering::Relaxed);
                    });
                }
            });
            assert_eq!(ended.load(Ordering::Relaxed), 1_000);
        });
    }
}

#[test]
fn children_spawn_into_their_own_scope() {
    let count = AtomicUsize::new(0);
    runtime(4).block_on(|| {
        scope(|s| {
            for _ in 0..10 {
                let count = &count;
                s.spawn(move || {
                    for _ in 0..10 {
                        s.spawn(move || {
                            yield_now();
                            s.spawn(move || count.fetch_add(1, Ordering::Relaxed));
                        });
                    }
                });
            }
        });
    });
    assert_eq!(count.load(Ordering::Relaxed), 100);
}

#[test]
fn a_forgotten_handle_holds_nothing_up() {
    let log = Log::default();
    alone(|| {
        let deck = log.deck();
        scope(|s| {
            let sailor = deck.board();
            std::mem::forget(s.spawn(move || sailor.work()));
            std::mem::forget(s.spawn(|| sleep(Duration::from_micros(50))));
        });
    });
    assert!(log.is_safe());
}

#[test]
fn a_result_that_borrows_is_dropped_before_what_it_borrows() {
    for early in [false, true] {
        let log = Log::default();
        runtime(4).block_on(|| {
            let deck = log.deck();
            scope(|s| {
                for _ in 0..200 {
                    let task = s.spawn(|| {
                        yield_now();
                        deck.board()
                    });
                    if early {
                        drop(task);
                    } else {
                        s.spawn(move || drop(task));
                    }
                }
            });
        });
        assert!(log.is_safe());
        assert_eq!(log.boarded.load(Ordering::SeqCst), 200);
    }
}

#[test]
fn a_joined_result_may_leave_the_scope() {
    let numbers = [3, 1, 2];
    let most = alone(|| scope(|s| s.spawn(|| numbers.iter().max()).join().unwrap()));
    assert_eq!(most, Some(&3));
}

#[test]
fn a_scope_runs_in_a_local_task() {
    alone(|| {
        let here = Rc::new(Cell::new(0));
        let theirs = Rc::clone(&here);
        spawn_local(move || {
            let sum = AtomicUsize::new(0);
            scope(|s| {
                s.spawn(|| sum.fetch_add(1, Ordering::Relaxed));
                s.spawn(|| sum.fetch_add(2, Ordering::Relaxed));
            });
            theirs.set(sum.into_inner());
        })
        .join()
        .unwrap();
        assert_eq!(here.get(), 3);
    });
}

#[test]
fn a_scope_outside_a_task_is_refused_clearly() {
    let payload = panic_of(|| scope(|_| ()));
    let text = payload.downcast_ref::<&str>().unwrap();
    assert!(text.contains("outside a task") && text.contains("Runtime::block_on"), "{text}");
    assert_eq!(fork_join(|| 1, || 2), (1, 2), "outside a task both run here");
}

// ── panics and errors ───────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_panic_of_a_child_ends_its_siblings_and_the_body() {
    for workers in [1, 4] {
        let log = Log::default();
        runtime(workers).block_on(|| {
            let deck = log.deck();
            let payload = panic_of(|| {
                scope(|s| {
                    for _ in 0..20 {
                        let sailor = deck.board();
                        s.spawn(move || {
                            sleep(LONG);
                            sailor.work();
                        });
                    }
                    s.spawn(|| panic_any(42_u8));
                    let _on_the_body = deck.board();
                    sleep(LONG);
                    unreachable!("the body is interrupted");
                })
            });
            assert_eq!(payload.downcast_ref::<u8>(), Some(&42));
            assert!(log.is_safe(), "every child has ended before the panic goes on");
            assert_eq!(log.left.load(Ordering::SeqCst), 21);
            // The task around is not cancelled: it waits as ever.
            yield_now();
        });
    }
}

#[test]
fn a_panic_of_the_body_ends_the_children() {
    let log = Log::default();
    alone(|| {
        let deck = log.deck();
        let payload = panic_of(|| {
            scope(|s| {
                let sailor = deck.board();
                s.spawn(move || {
                    sleep(LONG);
                    sailor.work();
                });
                settle();
                panic_any("overboard");
            })
        });
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"overboard"));
        assert!(log.is_safe());
    });
}

#[test]
fn a_panic_comes_out_of_every_scope_around() {
    let payload = panic_of(|| {
        runtime(4).block_on(|| {
            scope(|outer| {
                outer.spawn(|| sleep(LONG));
                outer.spawn(|| {
                    scope(|inner| {
                        inner.spawn(|| sleep(LONG));
                        inner.spawn(|| panic_any("deep"));
                    });
                });
                sleep(LONG);
            });
        })
    });
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"deep"));
}

#[test]
fn the_first_error_wins_and_ends_the_others() {
    alone(|| {
        let (tx, rx) = rendezvous::<()>();
        let outcome: Result<(), &str> = try_scope(|s| {
            s.spawn(|| rx.recv());
            s.spawn_try(|| -> Result<(), _> { Err("first") });
            s.spawn_try(|| -> Result<(), _> { Err("second") });
            sleep(LONG);
            Ok(())
        });
        assert_eq!(outcome, Err("first"));
        drop(tx);
    });
}

#[test]
fn an_error_of_the_body_ends_the_children() {
    let ended = AtomicUsize::new(0);
    let outcome: Result<(), String> = alone(|| {
        try_scope(|s| {
            s.spawn(|| {
                let _counts = OnDrop(|| {
                    ended.fetch_add(1, Ordering::Relaxed);
                });
                sleep(LONG);
            });
            settle();
            Err("reef".to_owned())
        })
    });
    assert_eq!((outcome, ended.into_inner()), (Err("reef".to_owned()), 1));
}

#[test]
fn an_error_after_the_body_has_ended_counts() {
    let outcome = alone(|| {
        try_scope(|s| {
            s.spawn_try(|| {
                settle();
                Err::<(), _>(7)
            });
            Ok("the body is done")
        })
    });
    assert_eq!(outcome, Err(7));
}

#[test]
fn a_panic_is_stronger_than_an_error_in_any_order() {
    for panic_first in [false, true] {
        let payload = panic_of(|| {
            alone(|| {
                try_scope(|s| {
                    let (early, late) = (0, 3);
                    let (panics_after, fails_after) = if panic_first { (early, late) } else { (late, early) };
                    s.spawn(move || {
                        cancel::mask(|| (0..panics_after).for_each(|_| yield_now()));
                        panic_any("panic");
                    });
                    s.spawn_try(move || {
                        cancel::mask(|| (0..fails_after).for_each(|_| yield_now()));
                        Err::<(), _>("error")
                    });
                    Ok(())
                })
            })
        });
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"panic"));
    }
}

#[test]
fn the_first_of_many_panics_comes_out() {
    for _ in 0..50 {
        let payload = panic_of(|| {
            runtime(2).block_on(|| {
                scope(|s| {
                    (0..10).for_each(|n| drop(s.spawn(move || panic_any(n))));
                });
            })
        });
        assert!(payload.downcast_ref::<i32>().is_some_and(|n| (0..10).contains(n)));
    }
}

/// A payload, or an error, that panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic_any("the bomb went off");
    }
}

#[test]
fn a_failure_that_panics_when_dropped_does_not_let_the_children_outlive_the_scope() {
    for body_panics in [false, true] {
        let log = Log::default();
        alone(|| {
            let deck = log.deck();
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                let outcome: Result<(), Bomb> = try_scope(|s| {
                    let sailor = deck.board();
                    s.spawn(move || {
                        cancel::mask(settle);
                        sailor.work();
                    });
                    s.spawn(|| panic_any("first"));
                    cancel::mask(settle);
                    // Weaker than the panic before, this failure is dropped.
                    if body_panics { panic_any(Bomb) } else { Err(Bomb) }
                });
                std::mem::forget(outcome);
            }));
            // Whichever panic it is, it comes when nobody is aboard any more.
            assert!(log.is_safe());
            std::mem::forget(outcome.expect_err("a child has panicked"));
        });
        assert_eq!(log.left.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn a_result_that_panics_when_dropped_fails_the_scope() {
    let payload = panic_of(|| alone(|| scope(|s| drop(s.spawn(|| Bomb)))));
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"the bomb went off"));
}

// ── cancels ─────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_cancelled_scope_ends_its_children_but_not_its_body() {
    let (ran, ended) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let result = alone(|| {
        scope(|s| {
            for _ in 0..10 {
                s.spawn(|| {
                    let _counts = OnDrop(|| {
                        ended.fetch_add(1, Ordering::Relaxed);
                    });
                    sleep(LONG);
                });
            }
            settle();
            s.cancel();
            s.cancel();
            let late = s.spawn(|| ran.fetch_add(1, Ordering::Relaxed));
            assert!(matches!(late.join(), Err(JoinError::Cancelled { .. })));
            settle();
            "the body goes on"
        })
    });
    assert_eq!(result, "the body goes on");
    assert_eq!((ran.into_inner(), ended.into_inner()), (0, 10));
}

#[test]
fn a_child_may_be_cancelled_alone() {
    for started in [false, true] {
        let sum = alone(|| {
            scope(|s| {
                let kept = s.spawn(|| {
                    settle();
                    1
                });
                let gone = s.spawn(|| {
                    sleep(LONG);
                    2
                });
                if started {
                    yield_now();
                }
                gone.cancel();
                gone.cancel_handle().cancel();
                assert!(matches!(gone.join(), Err(JoinError::Cancelled { .. })));
                kept.join().unwrap()
            })
        });
        assert_eq!(sum, 1);
    }
}

#[test]
fn a_child_may_cancel_its_scope_and_itself() {
    alone(|| {
        let went_on = AtomicBool::new(false);
        scope(|s| {
            s.spawn(|| {
                s.cancel();
                assert!(cancel::is_cancelled());
                yield_now();
                went_on.store(true, Ordering::Relaxed);
            });
        });
        assert!(!went_on.into_inner());
        yield_now();
    });
}

#[test]
fn children_end_before_their_cancelled_parent() {
    for workers in [1, 4] {
        for waits_in_body in [false, true] {
            let log = Log::default();
            let (tx, rx) = unbounded();
            let runtime = runtime(workers);
            let parent = runtime.spawn({
                let log = log.clone();
                move || {
                    let deck = log.deck();
                    scope(|s| {
                        for _ in 0..50 {
                            let (sailor, tx) = (deck.board(), tx.clone());
                            s.spawn(move || {
                                tx.send(()).unwrap();
                                sleep(LONG);
                                sailor.work();
                            });
                        }
                        if waits_in_body {
                            sleep(LONG);
                        }
                    });
                    yield_now();
                    unreachable!("the parent is cancelled");
                }
            });
            assert_eq!(rx.iter().take(50).count(), 50);
            parent.cancel();
            assert!(matches!(parent.join(), Err(JoinError::Cancelled { .. })));
            assert!(log.is_safe());
            assert_eq!(log.left.load(Ordering::SeqCst), 50);
        }
    }
}

#[test]
fn a_scope_whose_children_were_cut_short_from_outside_does_not_return() {
    let went_on = AtomicBool::new(false);
    alone(|| {
        let late = time::timeout(Duration::from_micros(200), || {
            scope(|s| drop(s.spawn(|| sleep(LONG))));
            went_on.store(true, Ordering::Relaxed);
        });
        assert_eq!(late, Err(Elapsed));
        let token = CancelToken::new();
        let canceller = token.clone();
        let other = spawn_local(move || canceller.cancel());
        let cut = token.run(|| {
            scope(|s| drop(s.spawn(|| sleep(LONG))));
            went_on.store(true, Ordering::Relaxed);
        });
        assert!(cut.is_err() && other.join().is_ok());
    });
    assert!(!went_on.into_inner(), "it would have believed that the children did their work");
}

#[test]
fn a_child_that_ignores_the_cancel_is_awaited() {
    for workers in [1, 4] {
        let done = Arc::new(AtomicBool::new(false));
        let (tx, rx) = rendezvous();
        let (go, told) = rendezvous::<()>();
        let runtime = runtime(workers);
        let parent = runtime.spawn({
            let done = Arc::clone(&done);
            move || {
                scope(|s| {
                    s.spawn(|| {
                        cancel::mask(|| {
                            tx.send(()).unwrap();
                            told.recv().unwrap();
                            done.store(true, Ordering::Relaxed);
                        });
                    });
                });
            }
        });
        rx.recv().unwrap();
        parent.cancel();
        assert!(parent.join_timeout(Duration::from_millis(2)).is_err_and(|parent| {
            go.send(()).unwrap();
            parent.join().is_err()
        }));
        assert!(done.load(Ordering::Relaxed));
    }
}

#[test]
fn a_child_that_swallows_the_cancel_is_told_again_and_awaited() {
    alone(|| {
        let told = AtomicUsize::new(0);
        scope(|s| {
            s.spawn(|| {
                for _ in 0..5 {
                    assert!(catch_unwind(|| sleep(LONG)).is_err());
                    told.fetch_add(1, Ordering::Relaxed);
                }
            });
            settle();
            s.cancel();
        });
        assert_eq!(told.into_inner(), 5);
    });
}

#[test]
fn a_childs_destructor_that_waits_does_not_fail_the_scope() {
    alone(|| {
        // Before its start …
        let result = scope(|s| {
            let waits = OnDrop(|| sleep(Duration::from_micros(10)));
            let task = s.spawn(move || drop(waits));
            task.cancel();
            assert!(task.join().is_err());
            1
        });
        assert_eq!(result, 1);
        // … and when its result is not wanted.
        let result = scope(|s| {
            let (tx, rx) = channel::oneshot();
            let task = s.spawn(move || {
                let me: moonfleet::cancel::CancelHandle = rx.recv().unwrap();
                me.cancel();
                OnDrop(|| sleep(Duration::from_micros(10)))
            });
            tx.send(task.cancel_handle()).unwrap();
            2
        });
        assert_eq!(result, 2);
        yield_now();
    });
}

#[test]
fn a_bound_child_ends_with_its_token_and_not_its_scope() {
    alone(|| {
        let token = CancelToken::new();
        let sum = scope(|s| {
            let gone = s.spawn(token.bind(|| sleep(LONG)));
            let kept = s.spawn(|| {
                settle();
                5
            });
            yield_now();
            token.cancel();
            assert!(matches!(gone.join(), Err(JoinError::Cancelled { .. })));
            kept.join().unwrap()
        });
        assert_eq!(sum, 5);
    });
}

#[test]
fn nested_scopes_end_inside_out() {
    let log = Log::default();
    let runtime = runtime(4);
    let (tx, rx) = unbounded();
    let root = runtime.spawn({
        let log = log.clone();
        move || nest(&log, 6, &tx)
    });
    assert_eq!(rx.iter().take(64).count(), 64);
    root.cancel();
    assert!(matches!(root.join(), Err(JoinError::Cancelled { .. })));
    assert!(log.is_safe());
}

/// A binary tree of scopes; its leaves report and sleep.
fn nest(log: &Log, depth: usize, tx: &channel::Sender<()>) {
    if depth == 0 {
        tx.send(()).unwrap();
        sleep(LONG);
    }
    let deck = log.deck();
    scope(|s| {
        let sailor = deck.board();
        s.spawn(move || {
            sailor.work();
            nest(log, depth - 1, tx);
        });
        nest(log, depth - 1, tx);
    });
}

#[test]
fn a_shutdown_ends_scopes_with_their_children() {
    for _ in 0..20 {
        let log = Log::default();
        let runtime = runtime(4);
        let (tx, rx) = unbounded();
        for _ in 0..8 {
            let (log, tx) = (log.clone(), tx.clone());
            runtime.spawn(move || {
                let deck = log.deck();
                scope(|s| {
                    for _ in 0..8 {
                        let (sailor, tx) = (deck.board(), tx.clone());
                        s.spawn(move || {
                            tx.send(()).unwrap();
                            sleep(LONG);
                            sailor.work();
                        });
                    }
                });
            });
        }
        assert_eq!(rx.iter().take(64).count(), 64);
        let report = runtime.shutdown(LONG);
        assert!(report.is_complete(), "{report}");
        assert!(log.is_safe());
    }
}

// ── refused, and other odd joins ────────────────────────────────────────────────────────────────────────

#[test]
fn a_child_too_many_panics_where_it_is_spawned() {
    let runtime = Runtime::builder().workers(1).max_tasks(3).build().unwrap();
    let log = Log::default();
    let payload = panic_of(|| {
        runtime.block_on(|| {
            let deck = log.deck();
            scope(|s| {
                for _ in 0..3 {
                    let sailor = deck.board();
                    s.spawn(move || {
                        sleep(LONG);
                        sailor.work();
                    });
                }
            });
        })
    });
    assert!(payload.downcast_ref::<String>().unwrap().contains("max_tasks"));
    assert!(log.is_safe());
    // The refused one was counted out: nothing is left over.
    runtime.block_on(|| scope(|s| s.spawn(|| 1).join().unwrap()));
}

#[test]
fn a_child_without_a_stack_fails_the_scope() {
    for joined in [false, true] {
        let runtime = Runtime::builder().workers(1).max_stacks(2).build().unwrap();
        let log = Log::default();
        let payload = panic_of(|| {
            runtime.block_on(|| {
                let deck = log.deck();
                scope(|s| {
                    let tasks = [0, 1].map(|_| {
                        let sailor = deck.board();
                        s.spawn(move || {
                            sleep(LONG);
                            sailor.work();
                        })
                    });
                    if joined {
                        tasks.into_iter().for_each(|task| drop(task.join()));
                    }
                });
            })
        });
        let text = payload.downcast_ref::<&str>().unwrap();
        assert!(text.contains("no stack") && text.contains("max_stacks"), "{text}");
        assert!(log.is_safe());
        assert_eq!(runtime.block_on(|| scope(|s| s.spawn(|| 1).join().unwrap())), 1);
    }
}

#[test]
fn a_child_that_joins_itself_is_told_so() {
    alone(|| {
        scope(|s| {
            let (tx, rx) = bounded::<ScopedJoinHandle<'_, ()>>(1);
            let task = s.spawn(move || {
                let me = rx.recv().unwrap();
                assert!(matches!(me.join(), Err(JoinError::JoinsItself { .. })));
            });
            tx.send(task).unwrap();
        });
    });
}

#[test]
fn a_named_child_is_named_in_its_errors() {
    alone(|| {
        scope(|s| {
            let task = s.spawn_as(TaskBuilder::new().name("mate"), || sleep(LONG));
            assert!(format!("{task:?}").contains("'mate'"));
            task.cancel();
            assert!(task.join().unwrap_err().to_string().contains("'mate'"));
        });
    });
}

// ── many at once ────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn scopes_that_fail_at_random_moments_never_leave_a_child_behind() {
    let runtime = runtime(4);
    let ends: [usize; 4] = runtime.block_on(|| {
        let tasks: Vec<_> = (0..400_u64)
            .map(|seed| {
                spawn(move || {
                    let log = Log::default();
                    let end = stormy(seed, &log);
                    assert!(log.is_safe(), "seed {seed}");
                    end
                })
            })
            .collect();
        let mut ends = [0; 4];
        tasks.into_iter().for_each(|task| ends[task.join().unwrap()] += 1);
        ends
    });
    assert_eq!(ends.iter().sum::<usize>(), 400);
    assert!(ends.iter().all(|&end| end > 0), "each way to end is tried: {ends:?}");
}

/// A scope that ends well, by an error, by a panic, or by a deadline.
fn stormy(seed: u64, log: &Log) -> usize {
    let deck = log.deck();
    let end = seed as usize % 4;
    let body = || {
        try_scope(|s| {
            for n in 0..10 {
                let sailor = deck.board();
                let task = s.spawn_try(move || {
                    (0..(seed + n) % 5).for_each(|_| yield_now());
                    sailor.work();
                    match end {
                        1 if n == seed % 10 => Err("error"),
                        2 if n == seed % 10 => panic_any("panic"),
                        3 => {
                            sleep(LONG);
                            Ok(Some(sailor))
                        }
                        _ => Ok((n % 2 == 0).then_some(sailor)),
                    }
                });
                match (seed + n) % 3 {
                    0 => drop(task),
                    1 => drop(s.spawn(move || drop(task.join()))),
                    _ => yield_now(),
                }
            }
            Ok(())
        })
    };
    // A deadline may come before whatever else was planned.
    let is_bounded = end == 3 || seed.is_multiple_of(3);
    let limit = if is_bounded { Duration::from_micros(50 * (seed % 7 + 1)) } else { LONG };
    match catch_unwind(AssertUnwindSafe(|| time::timeout(limit, body))) {
        Ok(Err(Elapsed)) => 3,
        Ok(Ok(Ok(()))) => 0,
        Ok(Ok(Err(error))) => usize::from(error == "error"),
        Err(payload) => payload.downcast_ref::<&str>().map_or(0, |_| 2),
    }
}
