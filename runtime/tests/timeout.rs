//! Deadlines around code: nested, masked, swallowed, in destructors, in tasks and on plain threads.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use moonfleet::cancel::{self, CancelToken};
use moonfleet::channel::{self, TryRecvError, TrySendError, bounded, rendezvous};
use moonfleet::foreign::{self, RecvFailure, SendFailure};
use moonfleet::select::{RecvArm, Selected, SendArm, Wait};
use moonfleet::time::{Elapsed, deadline, sleep, sleep_until, timeout};
use moonfleet::{JoinError, block_on, run, select, spawn, spawn_local, yield_now};

use support::drops::OnDrop;
use support::{LONG, runtime};

const SOON: Duration = Duration::from_micros(200);

/// Runs `body` in a task and on a plain thread: deadlines mean the same in both.
fn everywhere(body: impl Fn() + Sync) {
    runtime(1).block_on(&body);
    body();
}

/// Waits for too long.
fn ended<T>(wait: impl FnOnce() -> T) {
    assert!(timeout(SOON, wait).is_err());
}

// ── what a deadline ends ────────────────────────────────────────────────────────────────────────────────

#[test]
fn every_kind_of_wait_ends_with_the_deadline() {
    everywhere(|| {
        let (tx, rx) = rendezvous::<u8>();
        let (_reply, mut answer) = channel::oneshot::<u8>();
        ended(|| rx.recv());
        ended(|| rx.recv_timeout(LONG));
        ended(|| rx.recv_many(&mut Vec::new(), 3));
        ended(|| rx.iter().next());
        ended(|| tx.send(1));
        ended(|| tx.send_timeout(1, LONG));
        ended(|| answer.recv_timeout(LONG));
        ended(|| sleep(LONG));
        ended(|| sleep(Duration::MAX));
        ended(|| sleep_until(Instant::now() + LONG));
        ended(|| select! { recv(rx) -> _ => (), send(tx.clone(), 1) -> _ => (), timeout(LONG) => () });
        ended(|| moonfleet::select::select(&mut [], Wait::Forever));
        ended(|| CancelToken::new().wait());
        ended(|| CancelToken::new().wait_timeout(LONG));
        ended(|| block_on(std::future::pending::<()>()));
        ended(|| {
            loop {
                yield_now()
            }
        });
        ended(|| {
            loop {
                cancel::check()
            }
        });
        // Nothing is left behind: neither a receiver nor a sender waits here.
        assert_eq!(tx.try_send(1), Err(TrySendError::Full(1)));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        sleep(Duration::ZERO);
    });
}

#[test]
fn a_join_ends_with_the_deadline_and_leaves_the_task_alone() {
    let other = runtime(1);
    everywhere(|| {
        let (tx, rx) = rendezvous();
        let (told, tells) = rendezvous();
        let task = other.spawn(move || told.send(rx.recv().unwrap()).unwrap());
        assert!(timeout(SOON, || task.join()).is_err());
        tx.send(3).unwrap();
        assert_eq!(tells.recv(), Ok(3));
    });
}

#[test]
fn foreign_waits_are_told_of_the_deadline() {
    everywhere(|| {
        let (tx, rx) = rendezvous::<u8>();
        let never = Instant::now() + LONG;
        let within = |wait: &mut dyn FnMut()| assert_eq!(timeout(SOON, wait), Ok(()));
        within(&mut || assert_eq!(foreign::recv(&rx, None), Err(RecvFailure::Cancelled)));
        within(&mut || assert_eq!(foreign::recv(&rx, Some(never)), Err(RecvFailure::Cancelled)));
        within(&mut || assert_eq!(foreign::send(&tx, 9, None), Err(SendFailure::Cancelled(9))));
        within(&mut || assert!(foreign::sleep_until(never).is_err()));
        within(&mut || while foreign::yield_now().is_ok() {});
        within(&mut || {
            let (mut receive, mut send) = (RecvArm::new(&rx), SendArm::new(&tx, 8));
            let arms: &mut [&mut dyn moonfleet::select::Arm] = &mut [&mut receive, &mut send];
            assert!(foreign::select(arms, Wait::Forever).is_err());
            assert_eq!((receive.take(), send.into_message()), (None, Some(8)));
        });
        // Its own deadline is nearer: it is not cancelled, but late.
        let late = timeout(LONG, || foreign::recv(&rx, Some(Instant::now() + SOON)));
        assert_eq!(late, Ok(Err(RecvFailure::TimedOut)));
    });
}

#[test]
fn an_operation_of_its_own_deadline_is_not_interrupted() {
    everywhere(|| {
        let (_tx, rx) = rendezvous::<u8>();
        assert!(timeout(LONG, || rx.recv_timeout(SOON)).unwrap().is_err());
        assert!(timeout(LONG, || select! { recv(rx) -> _ => false, timeout(SOON) => true }).unwrap());
        assert_eq!(timeout(LONG, || sleep(SOON)), Ok(()));
    });
}

#[test]
fn the_clock_stands_for_nobody() {
    everywhere(|| {
        let past = Instant::now().checked_sub(LONG).unwrap_or_else(Instant::now);
        for at in [past, Instant::now()] {
            assert_eq!(deadline(at, || sleep(LONG)), Err(Elapsed));
            assert_eq!(deadline(at, || 5), Ok(5), "it never waits");
        }
        assert_eq!(timeout(Duration::ZERO, yield_now), Err(Elapsed));
        assert_eq!(timeout(Duration::ZERO, cancel::is_cancelled), Ok(true));
        assert_eq!(timeout(Duration::MAX, yield_now), Ok(()));
        assert_eq!(timeout(Duration::MAX, || sleep(SOON)), Ok(()));
        let far = Instant::now() + Duration::from_secs(u64::from(u32::MAX));
        assert_eq!(deadline(far, || sleep(SOON)), Ok(()));
    });
}

#[test]
fn no_operation_begins_after_the_deadline_but_none_that_is_done_is_lost() {
    everywhere(|| {
        let (tx, rx) = bounded(2);
        tx.send(1).unwrap();
        // It would not have to wait, but does not begin.
        assert_eq!(timeout(Duration::ZERO, || rx.recv()), Err(Elapsed));
        assert_eq!(timeout(Duration::ZERO, || tx.send(2)), Err(Elapsed));
        assert_eq!(timeout(Duration::ZERO, || rx.try_recv()), Ok(Ok(1)), "it never waits");
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    });
}

#[test]
fn a_late_result_counts() {
    everywhere(|| {
        let late = timeout(SOON, || {
            let start = Instant::now();
            while start.elapsed() < 2 * SOON {}
            "computed"
        });
        assert_eq!(late, Ok("computed"));
    });
}

// ── nested ──────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn the_nearer_deadline_counts() {
    everywhere(|| {
        let inner = timeout(LONG, || timeout(SOON, || sleep(LONG)));
        assert_eq!(inner, Ok(Err(Elapsed)));
        let outer = timeout(SOON, || timeout(LONG, || sleep(LONG)));
        assert_eq!(outer, Err(Elapsed));
        let among_many = timeout(LONG, || timeout(SOON, || timeout(LONG, || timeout(LONG, || sleep(LONG)))));
        assert_eq!(among_many, Ok(Err(Elapsed)));
        // Both are over: the outer one takes it.
        assert_eq!(timeout(Duration::ZERO, || timeout(Duration::ZERO, yield_now)), Err(Elapsed));
    });
}

#[test]
fn an_outer_deadline_unwinds_through_the_inner_scopes() {
    everywhere(|| {
        let order = Mutex::new(Vec::new());
        let order = &order;
        let note = |name| OnDrop(move || order.lock().unwrap().push(name));
        let outcome = timeout(SOON, || {
            let _outer = note("outer");
            let inner = timeout(LONG, || {
                let _middle = note("middle");
                timeout(LONG, || {
                    let _inner = note("inner");
                    sleep(LONG);
                })
            });
            unreachable!("the outer deadline is not reported to the inner scope: {inner:?}");
        });
        assert_eq!(outcome, Err(Elapsed));
        assert_eq!(*order.lock().unwrap(), ["inner", "middle", "outer"]);
    });
}

#[test]
fn after_an_inner_deadline_the_outer_one_still_counts() {
    everywhere(|| {
        let outcome = timeout(20 * SOON, || {
            loop {
                assert_eq!(timeout(SOON, || sleep(LONG)), Err(Elapsed));
            }
        });
        assert_eq!(outcome, Err::<(), _>(Elapsed));
        yield_now();
    });
}

#[test]
fn many_nested_deadlines() {
    fn nest(depth: usize) -> Result<(), Elapsed> {
        if depth == 0 {
            sleep(LONG);
        }
        timeout(LONG, || nest(depth - 1)).unwrap()
    }
    everywhere(|| assert_eq!(timeout(SOON, || nest(50)), Err(Elapsed)));
}

#[test]
fn a_deadline_and_a_token_and_a_cancel_each_end_their_own_scope() {
    runtime(1).block_on(|| {
        let token = CancelToken::new();
        let inner = token.run(|| timeout(SOON, || sleep(LONG)));
        assert_eq!(inner, Ok(Err(Elapsed)));
        let canceller = token.clone();
        spawn_local(move || canceller.cancel());
        let outer = timeout(LONG, || token.run(|| timeout(LONG, || sleep(LONG))));
        assert!(outer.unwrap().is_err());
        let task = spawn_local(|| timeout(LONG, || CancelToken::new().run(|| sleep(LONG))));
        yield_now();
        task.cancel();
        assert!(matches!(task.join(), Err(JoinError::Cancelled { .. })));
    });
}

// ── masks ───────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_mask_hides_the_deadlines_around_it() {
    everywhere(|| {
        let done = AtomicUsize::new(0);
        let outcome = timeout(Duration::ZERO, || {
            cancel::mask(|| {
                yield_now();
                sleep(SOON);
                assert!(!cancel::is_cancelled());
                cancel::mask(yield_now);
                done.fetch_add(1, Ordering::Relaxed);
            });
            assert!(cancel::is_cancelled());
            yield_now();
            done.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!((outcome, done.into_inner()), (Err(Elapsed), 1));
    });
}

#[test]
fn a_deadline_inside_a_mask_counts() {
    everywhere(|| {
        let outcome = timeout(Duration::ZERO, || {
            cancel::mask(|| {
                assert_eq!(timeout(SOON, || sleep(LONG)), Err(Elapsed));
                assert_eq!(
                    timeout(LONG, || cancel::mask(|| timeout(SOON, || sleep(LONG)))),
                    Ok(Err(Elapsed))
                );
                7
            })
        });
        assert_eq!(outcome, Ok(7));
    });
}

#[test]
fn a_mask_ends_with_a_panic() {
    everywhere(|| {
        let outcome = timeout(Duration::ZERO, || {
            assert!(catch_unwind(|| cancel::mask(|| panic_any(1))).is_err());
            assert!(cancel::is_cancelled());
        });
        assert_eq!(outcome, Ok(()));
    });
}

// ── panics, and code that catches them ──────────────────────────────────────────────────────────────────

#[test]
fn a_body_that_swallows_the_unwind_is_told_again() {
    everywhere(|| {
        let told = AtomicUsize::new(0);
        let outcome = timeout(SOON, || {
            for _ in 0..5 {
                assert!(catch_unwind(|| sleep(LONG)).is_err());
                told.fetch_add(1, Ordering::Relaxed);
            }
            "computed after all"
        });
        assert_eq!((outcome, told.into_inner()), (Ok("computed after all"), 5));
        // What was swallowed is forgotten outside.
        sleep(SOON);
        let outcome = timeout(SOON, || {
            assert!(catch_unwind(|| sleep(LONG)).is_err());
            sleep(LONG);
        });
        assert_eq!(outcome, Err(Elapsed));
    });
}

#[test]
fn a_panic_goes_through_every_scope() {
    everywhere(|| {
        let body = || timeout(LONG, || cancel::mask(|| timeout(LONG, || panic_any("reef"))));
        let payload = catch_unwind(AssertUnwindSafe(body)).map(drop).unwrap_err();
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"reef"));
        // None of the scopes is left behind.
        assert!(!cancel::is_cancelled());
        sleep(SOON);
        // Nor when the time of them is up meanwhile.
        let late = || timeout(Duration::ZERO, || timeout(Duration::ZERO, || panic_any("late")));
        let payload = catch_unwind(AssertUnwindSafe(late)).map(drop).unwrap_err();
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"late"));
        sleep(SOON);
    });
}

#[test]
fn destructors_wait_undisturbed_by_what_unwinds_them() {
    let (tx, rx) = rendezvous();
    let (told, tells) = rendezvous();
    let bounded = || {
        let outcome = timeout(SOON, || {
            let _waits = OnDrop(|| {
                yield_now();
                sleep(SOON);
                told.send("in the destructor").unwrap();
                assert_eq!(rx.recv(), Ok("a message"));
            });
            sleep(LONG);
        });
        assert_eq!(outcome, Err(Elapsed));
    };
    let answer = || {
        assert_eq!(tells.recv(), Ok("in the destructor"));
        tx.send("a message").unwrap();
    };
    thread::scope(|s| {
        s.spawn(bounded);
        answer();
    });
    for workers in [1, 2] {
        thread::scope(|s| {
            s.spawn(|| runtime(workers).block_on(bounded));
            answer();
        });
    }
}

#[test]
fn a_deadline_in_a_destructor_counts_while_the_task_unwinds() {
    everywhere(|| {
        let outcomes = Mutex::new(Vec::new());
        for panics in [false, true] {
            let body = || {
                timeout(SOON, || {
                    let _bounded = OnDrop(|| {
                        let outcome = timeout(SOON, || sleep(LONG));
                        outcomes.lock().unwrap().push(outcome);
                    });
                    if panics { panic_any("reef") } else { sleep(LONG) }
                })
            };
            let outcome = catch_unwind(AssertUnwindSafe(body));
            assert_eq!(outcome.is_err(), panics);
            assert!(panics || outcome.is_ok_and(|outcome| outcome == Err(Elapsed)));
        }
        assert_eq!(outcomes.into_inner().unwrap(), [Err(Elapsed); 2]);
        sleep(SOON);
    });
}

#[test]
fn deadlines_in_destructors_nest() {
    everywhere(|| {
        let log = Mutex::new(Vec::new());
        let note = |what: &'static str, outcome: Result<(), Elapsed>| {
            log.lock().unwrap().push((what, outcome.is_ok()));
        };
        let outcome = timeout(SOON, || {
            let _cleanup = OnDrop(|| {
                let outer = timeout(SOON, || {
                    // Unwound by the deadline in the destructor, this one has one of its own, too …
                    let _again = OnDrop(|| {
                        // … and waits as long as it likes outside of that.
                        sleep(2 * SOON);
                        note("innermost", timeout(SOON, || sleep(LONG)));
                        sleep(2 * SOON);
                    });
                    note("longer", timeout(LONG, || sleep(LONG)));
                });
                note("outer", outer);
                note("both", timeout(LONG, || timeout(SOON, || sleep(LONG)).unwrap_or(())));
                note("masked", timeout(SOON, || cancel::mask(|| sleep(2 * SOON))));
                sleep(SOON);
            });
            sleep(LONG);
        });
        assert_eq!(outcome, Err(Elapsed));
        let expected = [("innermost", false), ("outer", false), ("both", true), ("masked", true)];
        assert_eq!(log.into_inner().unwrap(), expected);
        sleep(SOON);
    });
}

#[test]
fn neighbours_of_a_task_that_waits_while_it_unwinds_keep_their_deadlines() {
    runtime(1).block_on(|| {
        let (go, told) = rendezvous::<()>();
        let unwinding = spawn_local(move || {
            let _waits = OnDrop(|| told.recv().unwrap());
            panic_any("reef");
        });
        yield_now();
        // It waits in its destructor now, and the standard library takes this whole thread for panicking.
        assert!(thread::panicking());
        assert_eq!(timeout(SOON, || sleep(LONG)), Err(Elapsed));
        assert_eq!(timeout(LONG, || timeout(SOON, || sleep(LONG))), Ok(Err(Elapsed)));
        let task = spawn_local(|| timeout(LONG, || sleep(LONG)));
        yield_now();
        task.cancel();
        assert!(matches!(task.join(), Err(JoinError::Cancelled { .. })));
        go.send(()).unwrap();
        assert!(matches!(unwinding.join(), Err(JoinError::Panicked(_))));
        assert!(!thread::panicking());
        assert_eq!(timeout(SOON, || sleep(LONG)), Err(Elapsed));
    });
}

// ── around whole runtimes ───────────────────────────────────────────────────────────────────────────────

#[test]
fn a_deadline_does_not_tear_a_runtime_from_its_borrows() {
    everywhere(|| {
        let ended = Arc::new(AtomicUsize::new(0));
        let outcome = timeout(Duration::ZERO, || {
            let mut log = Vec::new();
            let inner = runtime(1);
            inner.block_on(|| {
                sleep(SOON);
                log.push("aboard");
            });
            let counts = OnDrop({
                let ended = Arc::clone(&ended);
                move || {
                    sleep(SOON);
                    ended.fetch_add(1, Ordering::Relaxed);
                }
            });
            inner.spawn_on(0, move || {
                let _counts = counts;
                sleep(LONG);
            });
            inner.block_on(|| moonfleet::spawn_on(0, || ()).join().unwrap());
            drop(inner);
            // The runtime was ended as ever: its last task is gone.
            assert_eq!(ended.load(Ordering::Relaxed), 1);
            log
        });
        assert_eq!(outcome, Ok(vec!["aboard"]));
        assert_eq!(timeout(Duration::ZERO, || run(|| 7)), Ok(7));
        let outcome = timeout(Duration::ZERO, || {
            let inner = runtime(1);
            inner.spawn(|| sleep(LONG));
            inner.shutdown(LONG).is_complete()
        });
        assert_eq!(outcome, Ok(true));
    });
}

#[test]
fn a_cancelled_task_ends_the_runtime_that_it_owns() {
    let outer = runtime(1);
    let ended = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&ended);
    let (started, starts) = channel::oneshot();
    let task = outer.spawn_on(0, move || {
        let inner = runtime(1);
        inner.spawn_on(0, move || {
            let _counts = OnDrop(|| {
                sleep(SOON);
                theirs.fetch_add(1, Ordering::Relaxed);
            });
            sleep(LONG);
        });
        inner.block_on(|| moonfleet::spawn_on(0, || ()).join().unwrap());
        started.send(()).unwrap();
        sleep(LONG);
    });
    starts.recv().unwrap();
    task.cancel();
    assert!(matches!(task.join(), Err(JoinError::Cancelled { .. })));
    assert_eq!(ended.load(Ordering::Relaxed), 1);
}

#[test]
fn deadlines_of_many_tasks_come_in_their_order() {
    for workers in [1, 4] {
        let late = runtime(workers).block_on(|| {
            let tasks: Vec<_> = (0..2_000_u64)
                .map(|n| {
                    spawn(move || {
                        let limit = Duration::from_micros(n % 50 * 20);
                        let start = Instant::now();
                        let outcome = match n % 4 {
                            0 => timeout(limit, || sleep(LONG)),
                            1 => timeout(LONG, || timeout(limit, || sleep(LONG))).unwrap(),
                            2 => timeout(limit, || timeout(LONG, || sleep(LONG)).unwrap()),
                            _ => timeout(limit, || {
                                loop {
                                    yield_now()
                                }
                            }),
                        };
                        (outcome, start.elapsed() >= limit)
                    })
                })
                .collect();
            tasks.into_iter().map(|task| task.join().unwrap()).collect::<Vec<_>>()
        });
        assert!(late.into_iter().all(|(outcome, in_time)| outcome == Err(Elapsed) && in_time));
    }
}

#[test]
fn a_message_beats_the_deadline_or_stays_where_it_was() {
    for workers in [1, 4] {
        let runtime = runtime(workers);
        for (tx, rx) in [rendezvous(), bounded(1), bounded(64)] {
            const MESSAGES: usize = 2_000;
            let mut patience = (0..40).cycle().map(Duration::from_micros);
            let sending = runtime.spawn(move || {
                for n in 0..MESSAGES {
                    // Told of its deadline by a value, a sender keeps what it could not send.
                    let mut arm = SendArm::new(&tx, n);
                    while timeout(patience.next().unwrap(), || {
                        foreign::select(&mut [&mut arm], Wait::Forever) == Ok(Selected::Arm(0))
                    }) != Ok(true)
                    {
                        yield_now();
                    }
                }
            });
            let mut patience = (0..30).cycle().map(Duration::from_micros);
            let receiving = runtime.spawn(move || {
                let mut all = Vec::new();
                loop {
                    match timeout(patience.next().unwrap(), || rx.recv()) {
                        Ok(Ok(n)) => all.push(n),
                        Ok(Err(_)) => return all,
                        Err(Elapsed) => yield_now(),
                    }
                }
            });
            sending.join().unwrap();
            assert!(receiving.join().unwrap().into_iter().eq(0..MESSAGES));
        }
    }
}
