//! Destructors: they wait undisturbed while a cancel or a panic unwinds their task, whatever the neighbours do.

mod support;

use std::cell::Cell;
use std::panic::{catch_unwind, panic_any};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use moonfleet::cancel::{self, CancelHandle, CancelToken};
use moonfleet::channel::{self, Sender, rendezvous, unbounded};
use moonfleet::time::{Elapsed, sleep, timeout};
use moonfleet::{JoinError, JoinHandle, block_on, fork_join, scope, select, spawn, spawn_local, yield_now};

use support::drops::{Drops, OnDrop, park_with_guard};
use support::{LONG, alone, runtime, settle, was_cancelled};

const SOON: Duration = Duration::from_micros(200);

#[test]
fn destructors_wait_undisturbed_while_a_cancel_or_a_panic_unwinds() {
    for panics in [false, true] {
        for shut_down in [false, true] {
            let (runtime, drops) = (runtime(1), Drops::default());
            let (tx, rx) = rendezvous();
            let received = Arc::new(AtomicUsize::new(0));
            let theirs = Arc::clone(&received);
            let task = park_with_guard(&runtime, &drops, move || {
                let _waits = OnDrop(|| {
                    // Never 'closed', and never too early: the second message is waited for as well.
                    let sum: usize = rx.recv().unwrap() + rx.recv_timeout(LONG).unwrap();
                    theirs.store(sum, Ordering::Relaxed);
                });
                assert!(!panics, "reef");
                sleep(LONG);
            });
            task.cancel();
            tx.send(3_usize).unwrap();
            task.cancel();
            let runtime = if shut_down {
                let shutdown = thread::spawn(move || assert!(runtime.shutdown(LONG).is_complete()));
                thread::yield_now();
                Err(shutdown)
            } else {
                Ok(runtime)
            };
            tx.send(4).unwrap();
            match task.join().unwrap_err() {
                JoinError::Panicked(panic) => assert_eq!(panic.message(), panics.then_some("reef")),
                JoinError::Cancelled { .. } => assert!(!panics),
                error => panic!("{error}"),
            }
            assert_eq!(received.load(Ordering::Relaxed), 7);
            runtime.map_or_else(|shutdown| shutdown.join().unwrap(), drop);
        }
    }
}

#[test]
fn a_destructor_may_do_everything_while_a_cancel_unwinds() {
    let (runtime, drops) = (runtime(2), Drops::default());
    let (done, is_done) = unbounded();
    let task = park_with_guard(&runtime, &drops, move || {
        let _does = OnDrop(|| {
            assert_eq!(spawn(|| 1).join().unwrap(), 1);
            assert_eq!(fork_join(|| 2, || 3), (2, 3));
            let mut sum = 0;
            scope(|s| {
                s.spawn(|| sum += 4);
            });
            assert_eq!(sum, 4);
            assert_eq!(block_on(spawn(|| 5)).unwrap(), 5);
            let (tx, rx) = rendezvous();
            spawn(move || tx.send(6));
            select! { recv(rx) -> six => assert_eq!(six, Ok(6)), timeout(LONG) => unreachable!() }
            assert_eq!(
                CancelToken::new().run(|| {
                    sleep(SOON);
                    7
                }),
                Ok(7)
            );
            assert_eq!(
                timeout(LONG, || cancel::mask(|| {
                    sleep(SOON);
                    8
                })),
                Ok(8)
            );
            // What is cancelled inside does not spread.
            let sleeper = spawn(|| sleep(LONG));
            sleeper.cancel();
            assert!(was_cancelled(sleeper));
            scope(|s| {
                s.spawn(|| sleep(LONG));
                s.cancel();
            });
            done.send("all").unwrap();
        });
        sleep(LONG);
    });
    task.cancel();
    assert!(was_cancelled(task));
    assert_eq!(is_done.try_recv(), Ok("all"));
}

/// A task of this worker that waits in a destructor, as it unwinds, until the sender is used: meanwhile the
/// standard library takes all tasks of the worker for panicking.
fn storm() -> (Sender<()>, JoinHandle<()>) {
    let (go, told) = rendezvous::<()>();
    let unwinding = spawn_local(move || {
        let _waits = OnDrop(|| told.recv().unwrap());
        panic_any("reef");
    });
    settle();
    assert!(thread::panicking());
    (go, unwinding)
}

#[test]
fn a_task_that_panics_beside_one_that_waits_in_an_unwind_is_let_through_its_destructors() {
    for cancel_first in [false, true] {
        alone(|| {
            let (go, unwinding) = storm();
            let reached = Rc::new(Cell::new(0));
            let theirs = Rc::clone(&reached);
            let (tx, rx) = channel::oneshot::<CancelHandle>();
            let task = spawn_local(move || {
                let me = rx.recv().unwrap();
                let _waits = OnDrop(|| {
                    sleep(SOON);
                    assert_eq!(timeout(SOON, || sleep(LONG)), Err(Elapsed));
                    assert_eq!(scope(|s| s.spawn(|| 1).join().unwrap()), 1);
                    theirs.set(theirs.get() + 1);
                });
                if cancel_first {
                    me.cancel();
                }
                let _: Result<(), Elapsed> = timeout(Duration::ZERO, || panic_any("a panic of its own"));
            });
            tx.send(task.cancel_handle()).unwrap();
            settle();
            task.cancel();
            assert!(matches!(task.join(), Err(JoinError::Panicked(_))));
            assert_eq!(reached.get(), 1);
            go.send(()).unwrap();
            assert!(matches!(unwinding.join(), Err(JoinError::Panicked(_))));
        });
    }
}

#[test]
fn a_task_that_caught_a_panic_beside_one_that_waits_in_an_unwind_is_cancelled_at_last() {
    alone(|| {
        let (go, unwinding) = storm();
        let tasks = [0, 1, 2].map(|n| {
            spawn_local(move || {
                match n {
                    0 => drop(catch_unwind(|| panic_any("caught"))),
                    1 => drop(catch_unwind(|| scope(|s| s.spawn(|| panic_any("caught")).join()))),
                    _ => drop(timeout(Duration::ZERO, yield_now)),
                }
                sleep(LONG);
            })
        });
        settle();
        tasks.iter().for_each(JoinHandle::cancel);
        settle();
        // The storm is over: whoever was left in peace by mistake is told now.
        go.send(()).unwrap();
        assert!(matches!(unwinding.join(), Err(JoinError::Panicked(_))));
        assert!(tasks.into_iter().all(was_cancelled));
    });
}

#[test]
fn a_destructor_that_runs_in_a_cancelled_task_outside_an_unwind_is_interrupted() {
    alone(|| {
        let (tx, rx) = channel::oneshot::<CancelHandle>();
        let reached = Rc::new(Cell::new((false, false)));
        let theirs = Rc::clone(&reached);
        let task = spawn_local(move || {
            rx.recv().unwrap().cancel();
            drop(OnDrop(|| {
                theirs.set((true, false));
                sleep(LONG);
                theirs.set((true, true));
            }));
        });
        tx.send(task.cancel_handle()).unwrap();
        assert!(was_cancelled(task));
        assert_eq!(reached.get(), (true, false));
    });
}
