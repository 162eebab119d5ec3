//! Panics: they end one task, reach whoever joins it, and disturb nobody else.

mod child;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::rc::Rc;

use moonfleet::{JoinError, Runtime, TaskBuilder, channel, spawn, spawn_local, yield_now};

fn runtime(workers: usize) -> Runtime {
    Runtime::builder().workers(workers).build().unwrap()
}

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
