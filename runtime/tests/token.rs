//! Cancel tokens: trees of any shape, cancelled at any moment, from anywhere.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use moonfleet::cancel::{self, CancelToken, Cancelled};
use moonfleet::channel::{rendezvous, unbounded};
use moonfleet::time::{Elapsed, sleep, timeout};
use moonfleet::{JoinError, TaskBuilder, select, spawn, spawn_local, yield_now};

use support::{LONG, alone, runtime, settle};

const SOON: Duration = Duration::from_micros(200);

/// Counts how often it is dropped.
struct Counts(Arc<AtomicUsize>);

impl Drop for Counts {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

// ── trees ───────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_cancel_goes_down_the_tree_and_never_up() {
    let root = CancelToken::new();
    let [left, right] = [root.child(), root.child()];
    let [below_left, below_right] = [left.child(), right.child()];
    left.cancel();
    assert!(left.is_cancelled() && below_left.is_cancelled());
    assert!(!root.is_cancelled() && !right.is_cancelled() && !below_right.is_cancelled());
    root.cancel();
    root.cancel();
    assert!(right.is_cancelled() && below_right.is_cancelled() && root.child().child().is_cancelled());
}

#[test]
fn a_tree_holds_without_the_tokens_in_between() {
    let root = CancelToken::new();
    let grandchild = root.child().child();
    let mut deep = root.child();
    for _ in 0..1_000 {
        deep = deep.child();
    }
    root.cancel();
    assert!(grandchild.is_cancelled(), "nobody else has the token between");
    assert!(deep.is_cancelled());
}

#[test]
fn a_tree_may_be_deeper_than_a_stack() {
    const DEPTH: usize = 100_000;
    let grow = |keep: bool| {
        let root = CancelToken::new();
        let (mut kept, mut last) = (Vec::new(), root.clone());
        for _ in 0..DEPTH {
            let next = last.child();
            let between = std::mem::replace(&mut last, next);
            if keep {
                kept.push(between);
            }
        }
        (root, kept, last)
    };
    let check = move || {
        for keep in [false, true] {
            let (root, kept, last) = grow(keep);
            root.cancel();
            assert!(last.is_cancelled() && kept.iter().all(CancelToken::is_cancelled));
            // Dropped from below, and from above, and never cancelled.
            drop((last, kept, root));
            drop(grow(keep));
            let (root, kept, last) = grow(keep);
            drop(root);
            drop(kept);
            drop(last);
        }
    };
    // A task's stack is small; so is this thread's.
    runtime(1).block_on(check);
    thread::Builder::new().stack_size(64 << 10).spawn(check).unwrap().join().unwrap();
}

#[test]
fn a_tree_may_be_wide_and_short_lived() {
    let root = CancelToken::new();
    let kept: Vec<_> = (0..1_000).map(|_| root.child()).collect();
    // Children that come and go beside others that stay.
    (0..100_000).for_each(|_| drop(root.child()));
    assert!(!kept[0].is_cancelled());
    root.cancel();
    assert!(kept.iter().all(CancelToken::is_cancelled));
}

#[test]
fn children_made_while_the_parent_is_cancelled_are_cancelled() {
    for _ in 0..300 {
        let root = CancelToken::new();
        let children: Vec<_> = thread::scope(|s| {
            let makers = [0, 1].map(|_| {
                s.spawn(|| {
                    let mut chain = root.clone();
                    (0..50)
                        .map(|_| {
                            chain = chain.child();
                            chain.clone()
                        })
                        .collect::<Vec<_>>()
                })
            });
            s.spawn(|| root.cancel());
            makers.into_iter().flat_map(|maker| maker.join().unwrap()).collect()
        });
        assert!(children.iter().all(CancelToken::is_cancelled));
    }
}

// ── work under a token ──────────────────────────────────────────────────────────────────────────────────

#[test]
fn work_under_a_token_unwinds_back_to_it() {
    alone(|| {
        let token = CancelToken::new();
        let dropped = Arc::new(AtomicUsize::new(0));
        let canceller = token.clone();
        spawn_local(move || canceller.cancel());
        let counts = Counts(Arc::clone(&dropped));
        let outcome = token.run(|| {
            let _counts = counts;
            sleep(LONG);
        });
        assert_eq!((outcome, dropped.load(Ordering::SeqCst)), (Err(Cancelled), 1));
        // The task around goes on.
        sleep(SOON);
        assert!(!cancel::is_cancelled());
        let counts = Counts(Arc::clone(&dropped));
        assert_eq!(token.run(move || drop(counts)), Err(Cancelled), "it does not begin");
        assert_eq!(dropped.load(Ordering::SeqCst), 2);
    });
}

#[test]
fn a_result_counts_however_late_the_cancel() {
    alone(|| {
        let token = CancelToken::new();
        let outcome = token.run(|| {
            token.cancel();
            assert!(cancel::is_cancelled());
            5
        });
        assert_eq!(outcome, Ok(5));
        let token = CancelToken::new();
        let outcome = token.run(|| {
            token.cancel();
            yield_now();
            unreachable!("a suspension point of cancelled work");
        });
        assert_eq!(outcome, Err::<(), _>(Cancelled));
    });
}

#[test]
fn tokens_nest_in_any_order() {
    for (first, second) in [(true, false), (false, true), (true, true)] {
        alone(move || {
            let (outer, inner) = (CancelToken::new(), CancelToken::new());
            let (cancel_outer, cancel_inner) = (outer.clone(), inner.clone());
            spawn_local(move || {
                if second {
                    cancel_inner.cancel();
                }
                if first {
                    cancel_outer.cancel();
                }
            });
            let outcome = outer.run(|| inner.run(|| sleep(LONG)));
            assert_eq!(outcome, if first { Err(Cancelled) } else { Ok(Err(Cancelled)) });
        });
    }
}

#[test]
fn the_same_token_may_be_entered_again() {
    alone(|| {
        let token = CancelToken::new();
        assert_eq!(token.run(|| token.run(|| token.child().run(|| 3))), Ok(Ok(Ok(3))));
        let canceller = token.clone();
        spawn_local(move || canceller.cancel());
        assert_eq!(token.run(|| token.run(|| token.run(|| sleep(LONG)))), Err(Cancelled));
    });
}

#[test]
fn work_that_swallows_the_unwind_is_told_again() {
    alone(|| {
        let token = CancelToken::new();
        let outcome = token.run(|| {
            token.cancel();
            (0..5).filter(|_| catch_unwind(yield_now).is_err()).count()
        });
        assert_eq!(outcome, Ok(5));
        yield_now();
    });
}

#[test]
fn a_mask_hides_a_token_but_not_the_tokens_inside() {
    alone(|| {
        let (outer, inner) = (CancelToken::new(), CancelToken::new());
        let outcome = outer.run(|| {
            outer.cancel();
            cancel::mask(|| {
                yield_now();
                assert_eq!(
                    inner.run(|| {
                        inner.cancel();
                        yield_now()
                    }),
                    Err(Cancelled)
                );
                yield_now();
            });
            yield_now();
        });
        assert_eq!(outcome, Err(Cancelled));
    });
}

#[test]
fn a_panic_leaves_the_token() {
    alone(|| {
        let token = CancelToken::new();
        let body = || token.run(|| panic_any("reef"));
        let payload = catch_unwind(AssertUnwindSafe(body)).map(drop).unwrap_err();
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"reef"));
        token.cancel();
        settle();
    });
}

#[test]
fn a_token_in_a_destructor_counts_while_the_task_unwinds() {
    alone(|| {
        struct Cleans(CancelToken, Arc<AtomicUsize>);
        impl Drop for Cleans {
            fn drop(&mut self) {
                assert_eq!(self.0.run(|| sleep(LONG)), Err(Cancelled));
                self.1.fetch_add(1, Ordering::SeqCst);
            }
        }
        let (token, cleaned) = (CancelToken::new(), Arc::new(AtomicUsize::new(0)));
        let cleans = Cleans(token.clone(), Arc::clone(&cleaned));
        let task = spawn_local(move || {
            let _cleans = cleans;
            sleep(LONG);
        });
        settle();
        task.cancel();
        settle();
        assert!(!task.is_finished(), "it waits in its destructor");
        token.cancel();
        assert!(matches!(task.join(), Err(JoinError::Cancelled { .. })));
        assert_eq!(cleaned.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_bound_task_ends_as_cancelled() {
    for workers in [1, 4] {
        runtime(workers).block_on(|| {
            let token = CancelToken::new();
            let dropped = Arc::new(AtomicUsize::new(0));
            let tasks: Vec<_> = (0..100)
                .map(|_| {
                    let counts = Counts(Arc::clone(&dropped));
                    let body = token.child().bind(move || {
                        let _counts = counts;
                        sleep(LONG);
                    });
                    TaskBuilder::new().spawn(body).unwrap()
                })
                .collect();
            settle();
            token.cancel();
            let late = spawn(token.bind(|| unreachable!()));
            for task in tasks.into_iter().chain([late]) {
                assert!(matches!(task.join(), Err(JoinError::Cancelled { .. })));
            }
            assert_eq!(dropped.load(Ordering::SeqCst), 100);
            assert_eq!(spawn(CancelToken::new().bind(|| 8)).join().unwrap(), 8);
        });
    }
}

#[test]
fn a_token_outside_a_task_says_what_to_do_instead() {
    let payload = catch_unwind(|| CancelToken::new().run(|| ())).unwrap_err();
    assert!(payload.downcast_ref::<&str>().unwrap().contains("select!"));
}

#[test]
fn a_token_reaches_tasks_of_several_runtimes() {
    let (one, other) = (runtime(2), runtime(2));
    let token = CancelToken::new();
    let (tx, rx) = unbounded();
    let tasks: Vec<_> = (0..40)
        .map(|n| {
            let tx = tx.clone();
            let body = token.bind(move || {
                tx.send(n).unwrap();
                sleep(LONG);
            });
            if n % 2 == 0 { one.spawn(body) } else { other.spawn(body) }
        })
        .collect();
    assert_eq!(rx.iter().take(40).count(), 40);
    // A task of one of them, that is under the token itself, cancels all.
    let canceller = token.clone();
    let cancels = one.spawn(token.bind(move || {
        canceller.cancel();
        yield_now();
    }));
    assert!(tasks.into_iter().chain([cancels]).all(|task| task.join().is_err()));
}

#[test]
fn a_token_outlives_its_runtimes() {
    let token = CancelToken::new();
    for _ in 0..10 {
        let runtime = runtime(2);
        for _ in 0..20 {
            runtime.spawn(token.bind(|| sleep(LONG)));
        }
        drop(runtime);
    }
    token.cancel();
    // Homes are used again: whoever lives there now is not meant.
    alone(|| assert_eq!(timeout(SOON, || sleep(LONG)), Err(Elapsed)));
}

// ── waiting for a token ─────────────────────────────────────────────────────────────────────────────────

#[test]
fn everybody_who_waits_for_a_token_wakes() {
    let runtime = runtime(2);
    let token = CancelToken::new();
    let (tx, rx) = unbounded::<&str>();
    let (silent, quiet) = rendezvous::<()>();
    for _ in 0..10 {
        let (ours, tx) = (token.child(), tx.clone());
        runtime.spawn(move || {
            ours.wait();
            tx.send("task").unwrap();
        });
    }
    let (ours, theirs) = (token.child(), tx.clone());
    runtime.spawn(move || {
        select! {
            recv(quiet) -> _ => unreachable!("nobody sends"),
            recv(ours.cancelled()) -> _ => theirs.send("select").unwrap(),
        }
    });
    let (ours, theirs) = (token.clone(), tx.clone());
    let thread = thread::spawn(move || {
        assert!(ours.wait_timeout(LONG));
        theirs.send("thread").unwrap();
    });
    assert!(!token.wait_timeout(Duration::ZERO));
    token.cancel();
    token.wait();
    assert!(token.wait_timeout(Duration::ZERO));
    thread.join().unwrap();
    drop(tx);
    assert_eq!(rx.iter().count(), 12);
    drop(silent);
}

/// A suspension point, which cancelled work does not get past.
fn token_is_told() -> bool {
    yield_now();
    false
}

#[test]
fn a_token_is_cancelled_at_any_moment_of_the_work_under_it() {
    for workers in [1, 4] {
        let runtime = runtime(workers);
        for round in 0..500 {
            let token = CancelToken::new();
            let (tx, rx) = rendezvous();
            let dropped = Arc::new(AtomicUsize::new(0));
            let tasks: Vec<_> = (0..6)
                .map(|n| {
                    let (tx, rx, counts) = (tx.clone(), rx.clone(), Counts(Arc::clone(&dropped)));
                    let child = token.child();
                    runtime.spawn(move || {
                        let _counts = counts;
                        let outcome = child.run(|| {
                            loop {
                                match n % 3 {
                                    0 => tx.send(n).unwrap(),
                                    1 => assert!(rx.recv().is_ok()),
                                    _ => assert!(child.run(yield_now).is_ok() || token_is_told()),
                                }
                            }
                        });
                        assert_eq!(outcome, Err::<(), _>(Cancelled));
                        yield_now();
                    })
                })
                .collect();
            (0..round % 50).for_each(|_| std::hint::spin_loop());
            if round % 2 == 0 {
                thread::yield_now();
            }
            token.cancel();
            tasks.into_iter().for_each(|task| task.join().unwrap());
            assert_eq!(dropped.load(Ordering::SeqCst), 6);
        }
    }
}
