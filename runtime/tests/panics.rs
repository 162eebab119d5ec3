//! Panics: they end one task, reach whoever joins it, and disturb nobody else.

mod child;
mod support;

use std::cell::Cell;
use std::os::unix::process::ExitStatusExt;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::rc::Rc;
use std::time::Duration;

use moonfleet::time::{after, interval, sleep};
use moonfleet::{
    JoinError, Runtime, TaskBuilder, channel, panicking, select, spawn, spawn_local, task_local, yield_now,
};

use support::runtime;

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("the bomb went off");
    }
}

fn message_of(error: JoinError) -> String {
    let JoinError::Panicked(panic) = error else { panic!("not a panic: {error}") };
    panic.message().unwrap_or("(no string)").to_owned()
}

#[test]
fn a_panic_comes_out_of_the_join() {
    runtime(2).block_on(|| {
        let task = TaskBuilder::new().name("stoker").spawn(|| panic!("no {}", "coal")).unwrap();
        let error = task.join().unwrap_err();
        assert!(error.to_string().contains("'stoker'") && error.to_string().ends_with("panicked: no coal"));
        assert_eq!(message_of(error), "no coal");
    });
}

#[test]
fn a_panic_keeps_its_payload() {
    runtime(1).block_on(|| {
        let error = spawn(|| panic_any(vec![1, 2, 3])).join().unwrap_err();
        assert!(error.to_string().contains("not a string"));
        let JoinError::Panicked(panic) = error else { panic!("{error}") };
        assert!(panic.message().is_none());
        assert_eq!(*panic.into_payload().downcast::<Vec<i32>>().unwrap(), [1, 2, 3]);
    });
}

#[test]
fn a_panic_after_suspensions_runs_the_destructors_of_its_stack() {
    runtime(1).block_on(|| {
        let alive = Rc::new(Cell::new(0));
        let inside = Rc::clone(&alive);
        let task = spawn_local(move || {
            let _kept = Rc::clone(&inside);
            for _ in 0..10 {
                yield_now();
            }
            assert_eq!(Rc::strong_count(&inside), 3);
            panic!("after ten turns");
        });
        assert_eq!(message_of(task.join().unwrap_err()), "after ten turns");
        assert_eq!(Rc::strong_count(&alive), 1);
    });
}

#[test]
fn neighbours_of_a_panicking_task_never_notice() {
    for workers in [1, 2] {
        runtime(workers).block_on(|| {
            let (tx, rx) = channel::bounded(1);
            let sender = spawn(move || (0..1_000).for_each(|n| tx.send(n).unwrap()));
            let receiver = spawn(move || {
                let unharmed = |_: &u32| !std::thread::panicking();
                rx.iter().filter(unharmed).count()
            });
            let panicking: Vec<_> = (0..20)
                .map(|n| {
                    spawn(move || {
                        yield_now();
                        assert!(n > 100, "task {n} is too small");
                    })
                })
                .collect();
            for (n, task) in panicking.into_iter().enumerate() {
                assert_eq!(message_of(task.join().unwrap_err()), format!("task {n} is too small"));
            }
            sender.join().unwrap();
            assert_eq!(receiver.join().unwrap(), 1_000);
        });
    }
}

#[test]
fn a_destructor_that_waits_during_a_panic_lets_neighbours_run() {
    struct Farewell(channel::Sender<&'static str>);
    impl Drop for Farewell {
        fn drop(&mut self) {
            self.0.send("farewell").unwrap();
        }
    }
    runtime(1).block_on(|| {
        let (tx, rx) = channel::rendezvous();
        let task = spawn_local(move || {
            let _farewell = Farewell(tx);
            panic!("with a guest to see off");
        });
        yield_now();
        assert!(!task.is_finished(), "its destructor waits for us");
        // A neighbour may panic meanwhile, and be caught.
        assert_eq!(message_of(spawn_local(|| panic!("another")).join().unwrap_err()), "another");
        assert!(catch_unwind(|| panic!("and one here")).is_err());
        assert_eq!(rx.recv(), Ok("farewell"));
        assert_eq!(message_of(task.join().unwrap_err()), "with a guest to see off");
        assert!(!std::thread::panicking());
    });
}

#[test]
fn a_result_that_panics_when_dropped_unjoined_harms_nobody() {
    let runtime = runtime(1);
    runtime.block_on(|| {
        drop(spawn_local(|| Bomb));
        yield_now();
        assert_eq!(spawn(|| 1).join().unwrap(), 1);
        // Ended before the handle is dropped: then it is the dropper's own destructor.
        let done = spawn_local(|| Bomb);
        yield_now();
        assert!(done.is_finished());
        assert!(catch_unwind(AssertUnwindSafe(|| drop(done))).is_err());
        assert_eq!(spawn(|| 2).join().unwrap(), 2);
    });
}

/// A payload that panics when it is dropped, with another one as its payload.
struct Endless;

impl Drop for Endless {
    fn drop(&mut self) {
        panic_any(Endless);
    }
}

#[test]
fn a_payload_that_panics_when_dropped_unjoined_harms_nobody() {
    runtime(1).block_on(|| {
        drop(spawn_local(|| panic_any(Bomb)));
        drop(spawn_local(|| panic_any(Endless)));
        drop(spawn_local(|| Endless));
        yield_now();
        assert_eq!(spawn(|| 1).join().unwrap(), 1);
        // Joined, the payload is the joiner's own, and so is what it does when it is dropped.
        let error = spawn_local(|| panic_any(Bomb)).join().unwrap_err();
        assert!(catch_unwind(AssertUnwindSafe(|| drop(error))).is_err());
    });
}

#[test]
fn a_closure_that_panics_when_dropped_unrun_harms_nobody() {
    let runtime = Runtime::builder().workers(1).max_stacks(1).build().unwrap();
    runtime.block_on(|| {
        let bomb = Bomb;
        let task = spawn(move || std::mem::forget(bomb));
        assert!(matches!(task.join(), Err(JoinError::NoStack { .. })));
    });
    assert_eq!(runtime.block_on(|| 3), 3);
}

#[test]
fn a_panic_in_block_on_reaches_its_caller() {
    let runtime = runtime(2);
    let caught = catch_unwind(AssertUnwindSafe(|| runtime.block_on(|| panic_any(77_u32))));
    assert_eq!(*caught.unwrap_err().downcast::<u32>().unwrap(), 77);
    assert!(catch_unwind(|| moonfleet::run(|| panic!("to the caller"))).is_err());
    assert_eq!(runtime.block_on(|| 4), 4, "the runtime goes on");
}

#[test]
fn a_caught_panic_is_the_tasks_own_business() {
    runtime(1).block_on(|| {
        let task = spawn(|| {
            let caught = catch_unwind(|| {
                yield_now();
                panic!("inside");
            });
            yield_now();
            caught.is_err()
        });
        assert!(task.join().unwrap());
    });
}

#[test]
fn channel_ends_of_a_panicking_task_are_dropped() {
    runtime(2).block_on(|| {
        let (tx, rx) = channel::bounded(4);
        drop(spawn(move || {
            tx.send(1).unwrap();
            panic!("mid-work");
        }));
        assert_eq!(rx.iter().collect::<Vec<_>>(), [1], "the loop ends");
    });
}

#[test]
fn ten_thousand_panics_leak_neither_stacks_nor_tasks() {
    let runtime = Runtime::builder().workers(2).max_stacks(64).build().unwrap();
    runtime.block_on(|| {
        for _ in 0..1_000 {
            let batch: Vec<_> = (0..10).map(|_| spawn(|| resume_unwind(Box::new(())))).collect();
            batch.into_iter().for_each(|task| assert!(matches!(task.join(), Err(JoinError::Panicked(_)))));
        }
    });
    assert_eq!(runtime.metrics().total().started, 10_001);
}

#[test]
fn a_panic_that_nobody_joins_is_reported() {
    const NAME: &str = "a_panic_that_nobody_joins_is_reported";
    if child::is_running(NAME) {
        return runtime(1).block_on(|| {
            drop(TaskBuilder::new().name("orphan").spawn_local(|| panic!("unheard")).unwrap());
            yield_now();
        });
    }
    let output = child::run(NAME);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    let report = text.lines().find(|line| line.starts_with("moonfleet: ")).expect(&text);
    assert!(report.contains("'orphan'") && report.contains("panicked: unheard"), "{report}");
    assert!(report.ends_with("(nobody joined it)"), "{report}");
}

#[test]
fn a_panic_in_the_code_of_a_select_arm_leaves_the_channels_as_they_are() {
    runtime(1).block_on(|| {
        let (numbers, from_numbers) = channel::bounded(4);
        let (words, from_words) = channel::rendezvous::<&str>();
        (1..=3).for_each(|n| numbers.send(n).unwrap());
        let (theirs, words_too) = (from_numbers.clone(), from_words.clone());
        let task = spawn_local(move || {
            select! {
                recv(theirs) -> n => panic!("not {}", n.unwrap()),
                recv(words_too) -> _ => unreachable!("nobody has said a word"),
            }
        });
        assert_eq!(message_of(task.join().unwrap_err()), "not 1");
        // The message is gone with the arm that took it; the rest, and the other channel, are as before.
        assert_eq!((from_numbers.recv(), from_numbers.recv()), (Ok(2), Ok(3)));
        let sender = spawn_local(move || words.send("aye"));
        assert_eq!(from_words.recv(), Ok("aye"));
        sender.join().unwrap().unwrap();
    });
}

#[test]
fn a_panic_in_a_timer_callback_is_its_own_tasks() {
    runtime(1).block_on(|| {
        let mut ticks = interval(Duration::from_micros(100));
        let start = ticks.tick();
        let callbacks: Vec<_> =
            (0..10).map(|n| after(Duration::from_micros(50 * n), move || panic!("callback {n}"))).collect();
        for (n, callback) in callbacks.into_iter().enumerate() {
            assert_eq!(message_of(callback.join().unwrap_err()), format!("callback {n}"));
        }
        assert_eq!(ticks.tick(), start + Duration::from_micros(100), "the other timers go on");
        sleep(Duration::from_micros(50));
        assert_eq!(after(Duration::ZERO, || 5).join().unwrap(), 5);
    });
}

#[test]
fn a_panic_in_a_task_locals_destructor_changes_no_outcome() {
    task_local! { static BOMB: Bomb = Bomb }
    runtime(1).block_on(|| {
        assert_eq!(spawn(|| BOMB.with(|_| 7)).join().unwrap(), 7);
        let task = spawn(|| {
            BOMB.with(|_| ());
            panic!("the body's own")
        });
        assert_eq!(message_of(task.join().unwrap_err()), "the body's own");
    });
}

/// Tells, when it is dropped, whether its task unwinds; waits for somebody to listen; tells it again.
struct Witness(channel::Sender<bool>);

impl Drop for Witness {
    fn drop(&mut self) {
        self.0.send(panicking()).unwrap();
        self.0.send(panicking()).unwrap();
    }
}

#[test]
fn panicking_is_about_the_task_and_not_about_its_neighbours() {
    runtime(1).block_on(|| {
        let (tx, rx) = channel::rendezvous();
        let witness = Witness(tx.clone());
        let unwinding = spawn_local(move || {
            let _witness = witness;
            panic!("with a witness");
        });
        yield_now();
        assert!(std::thread::panicking(), "the task waits in its destructor, on this very thread");
        assert!(!panicking());
        let unharmed = spawn_local(move || drop(Witness(tx)));
        yield_now();
        let seen: Vec<_> = rx.iter().collect();
        assert_eq!((seen.len(), seen.iter().filter(|&&it| it).count()), (4, 2), "{seen:?}");
        assert!(unwinding.join().is_err() && unharmed.join().is_ok());
        assert!(!panicking());
    });
}

#[test]
fn panicking_stays_true_while_a_neighbour_unwinds_too() {
    runtime(1).block_on(|| {
        let (tx, rx) = channel::rendezvous();
        let (later, held) = channel::rendezvous();
        let first = spawn_local(move || {
            let _witness = Witness(tx);
            panic!("the first");
        });
        yield_now();
        let second = spawn_local(move || {
            let _witness = Witness(later);
            panic!("the second");
        });
        yield_now();
        // Both wait in their destructors now; the first goes on, and unwinds still.
        assert_eq!((rx.recv(), rx.recv()), (Ok(true), Ok(true)));
        assert!(first.join().is_err());
        assert!(!panicking(), "the second waits, but this task is unharmed");
        assert!(held.recv().is_ok() && held.recv().is_ok());
        assert!(second.join().is_err());
        assert!(!std::thread::panicking() && !panicking());
        // All that is forgotten: the next unwind is known for what it is.
        let (tx, rx) = channel::rendezvous();
        let third = spawn_local(move || {
            let _witness = Witness(tx);
            panic!("the third");
        });
        assert_eq!((rx.recv(), rx.recv()), (Ok(true), Ok(true)));
        assert!(third.join().is_err());
    });
}

#[test]
fn panicking_ends_with_the_catch_and_works_on_threads() {
    let check = || {
        struct Look(Rc<Cell<bool>>);
        impl Drop for Look {
            fn drop(&mut self) {
                self.0.set(panicking());
            }
        }
        let seen = Rc::new(Cell::new(false));
        let look = Look(Rc::clone(&seen));
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let _look = look;
            panic!("caught below");
        }));
        assert!(caught.is_err() && seen.get() && !panicking());
        drop(Look(Rc::clone(&seen)));
        assert!(!seen.get());
    };
    check();
    runtime(1).block_on(check);
}

#[test]
fn panicking_is_true_in_a_cancel() {
    let runtime = runtime(1);
    let (tx, rx) = channel::bounded(2);
    let (ready, is_ready) = channel::bounded(1);
    let task = runtime.spawn(move || {
        let _witness = Witness(tx);
        ready.send(()).unwrap();
        sleep(Duration::MAX);
    });
    is_ready.recv().unwrap();
    assert!(runtime.shutdown(Duration::MAX).is_complete());
    assert!(matches!(task.join(), Err(JoinError::Cancelled { .. })));
    assert_eq!(rx.iter().collect::<Vec<_>>(), [true, true]);
}

#[test]
fn a_destructor_that_panics_in_an_unwind_ends_the_process() {
    const NAME: &str = "a_destructor_that_panics_in_an_unwind_ends_the_process";
    if child::is_running(NAME) {
        return runtime(1).block_on(|| {
            let task = spawn(|| {
                let _bomb = Bomb;
                panic!("the first panic");
            });
            drop(task.join());
        });
    }
    let output = child::run(NAME);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{text}");
    assert!(text.contains("the first panic") && text.contains("the bomb went off"), "{text}");
}

#[test]
fn a_destructor_that_panics_in_a_cancel_ends_the_process() {
    const NAME: &str = "a_destructor_that_panics_in_a_cancel_ends_the_process";
    if child::is_running(NAME) {
        let runtime = runtime(1);
        let (ready, is_ready) = channel::bounded(1);
        drop(runtime.spawn(move || {
            let _bomb = Bomb;
            ready.send(()).unwrap();
            sleep(Duration::MAX);
        }));
        is_ready.recv().unwrap();
        drop(runtime.shutdown(Duration::MAX));
        return;
    }
    let output = child::run(NAME);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{text}");
    assert!(text.contains("the bomb went off"), "{text}");
}
