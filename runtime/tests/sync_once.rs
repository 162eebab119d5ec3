//! What is made once: by whom, and what happens when the maker fails.

mod support;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use moonfleet::sync::{LazyLock, Once, OnceCell};
use moonfleet::time::sleep;
use moonfleet::{JoinError, channel, spawn_local, yield_now};

use support::{LONG, alone, runtime};

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str)).unwrap()
}

#[test]
fn of_many_parties_one_makes_the_value_and_all_see_it() {
    for _ in 0..20 {
        let (runtime, calls) = (runtime(2), Arc::new(AtomicUsize::new(0)));
        let cell = Arc::new(OnceCell::new());
        let get = |cell: &OnceCell<usize>, calls: &AtomicUsize| {
            *cell.get_or_init(|| {
                yield_now();
                calls.fetch_add(1, Ordering::Relaxed) + 1
            })
        };
        let tasks: Vec<_> = (0..200)
            .map(|_| {
                let (cell, calls) = (Arc::clone(&cell), Arc::clone(&calls));
                runtime.spawn(move || get(&cell, &calls))
            })
            .collect();
        thread::scope(|scope| {
            let threads = [(); 4].map(|()| scope.spawn(|| get(&cell, &calls)));
            assert!(threads.into_iter().all(|thread| thread.join().unwrap() == 1));
        });
        assert!(tasks.into_iter().all(|task| task.join().unwrap() == 1));
        assert_eq!(calls.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn who_comes_late_waits_until_it_is_done() {
    alone(|| {
        let once = Rc::new(Once::new());
        let (go, wait) = channel::rendezvous::<()>();
        let first = Rc::clone(&once);
        let first = spawn_local(move || first.call_once(|| assert!(wait.recv().is_err())));
        yield_now();
        let second = Rc::clone(&once);
        let second = spawn_local(move || second.call_once(|| unreachable!("the first is at it")));
        (0..10).for_each(|_| yield_now());
        assert!(!once.is_completed() && !second.is_finished());
        drop(go);
        second.join().unwrap();
        first.join().unwrap();
        once.call_once(|| unreachable!("it is done"));
        assert_eq!(format!("{once:?}"), "Once { completed: true }");
    });
}

#[test]
fn after_a_panic_one_of_those_that_wait_tries() {
    alone(|| {
        let (cell, tries) = (Rc::new(OnceCell::new()), Rc::new(Cell::new(0)));
        let tasks = [0, 1, 2, 3].map(|number| {
            let (cell, tries) = (Rc::clone(&cell), Rc::clone(&tries));
            spawn_local(move || {
                *cell.get_or_init(|| {
                    tries.set(tries.get() + 1);
                    yield_now();
                    assert!(number >= 2, "not seaworthy");
                    number
                })
            })
        });
        let made: Vec<_> = tasks.into_iter().map(|task| task.join().ok()).collect();
        assert_eq!(made, [None, None, Some(2), Some(2)]);
        assert_eq!(tries.get(), 3);
    });
}

#[test]
fn an_error_leaves_the_cell_empty() {
    let cell = OnceCell::new();
    assert_eq!(cell.get_or_try_init(|| Err::<u8, _>("no wind")), Err("no wind"));
    assert_eq!(format!("{cell:?}"), "OnceCell(<empty>)");
    assert_eq!(cell.get_or_try_init(|| Ok::<_, &str>(1)), Ok(&1));
    assert_eq!(cell.get_or_try_init(|| Err("not called")), Ok(&1));
    assert_eq!(format!("{cell:?}"), "OnceCell(1)");
}

#[test]
fn a_cancelled_maker_leaves_it_to_the_next() {
    let (runtime, cell) = (runtime(1), Arc::new(OnceCell::new()));
    let (starting, started) = channel::oneshot();
    let doomed = {
        let cell = Arc::clone(&cell);
        runtime.spawn(move || {
            *cell.get_or_init(|| {
                starting.send(()).unwrap();
                sleep(LONG);
                1
            })
        })
    };
    started.recv().unwrap();
    thread::scope(|scope| {
        let next = scope.spawn(|| *cell.get_or_init(|| 2));
        assert!(runtime.shutdown(LONG).is_complete());
        assert_eq!(next.join().unwrap(), 2);
    });
    assert!(matches!(doomed.join(), Err(JoinError::Cancelled { .. })));
}

#[test]
fn who_waits_for_a_maker_can_be_cancelled() {
    let (runtime, cell) = (runtime(1), Arc::new(OnceCell::new()));
    let doomed = cell.get_or_init(|| {
        let waits = [(); 3].map(|()| {
            // It does not get the cell: it is being made by the thread that shuts the runtime down.
            let cell = Arc::clone(&cell);
            runtime.spawn_on(0, move || *cell.get_or_init(|| unreachable!("a thread is at it")))
        });
        runtime.spawn_on(0, || ()).join().unwrap();
        assert!(runtime.shutdown(LONG).is_complete());
        waits.into_iter().all(|task: moonfleet::JoinHandle<bool>| task.join().is_err())
    });
    assert!(*doomed);
}

#[test]
fn a_maker_that_asks_for_its_own_value_panics() {
    let recursive = || {
        let cell = OnceCell::new();
        let once = Once::new();
        let recursion = AssertUnwindSafe(|| *cell.get_or_init(|| *cell.get_or_init(|| 1)));
        let panic = catch_unwind(recursion).unwrap_err();
        assert!(message(&*panic).contains("would wait for itself"), "{}", message(&*panic));
        assert!(catch_unwind(AssertUnwindSafe(|| once.call_once(|| once.call_once(|| ())))).is_err());
        assert!(!once.is_completed());
        *cell.get_or_init(|| 2)
    };
    assert_eq!((recursive(), alone(recursive)), (2, 2));
}

#[test]
fn a_value_is_set_once() {
    alone(|| {
        let cell = Rc::new(OnceCell::new());
        let maker = Rc::clone(&cell);
        let maker = spawn_local(move || {
            *maker.get_or_init(|| {
                yield_now();
                1
            })
        });
        yield_now();
        assert_eq!(cell.get(), None);
        assert_eq!(cell.set(2), Err(2), "it waits for the maker");
        assert_eq!(maker.join().unwrap(), 1);
        assert_eq!(*cell.get_or_init(|| 3), 1);
    });
}

#[test]
fn a_value_is_dropped_once() {
    let value = Arc::new(());
    let mut cell = OnceCell::from(Arc::clone(&value));
    assert!(cell.get_mut().is_some());
    drop(cell.take());
    assert_eq!(Arc::strong_count(&value), 1);
    assert!(cell.get().is_none() && cell.set(Arc::clone(&value)).is_ok());
    assert_eq!(Arc::strong_count(&value), 2);
    drop(cell);
    assert_eq!(Arc::strong_count(&value), 1);
    assert!(OnceCell::from(value).into_inner().is_some());
}

#[test]
fn a_lazy_value_is_made_at_its_first_use_and_again_after_a_panic() {
    static TRIES: AtomicUsize = AtomicUsize::new(0);
    static LAZY: LazyLock<usize> = LazyLock::new(|| {
        let tries = TRIES.fetch_add(1, Ordering::Relaxed);
        yield_now();
        assert!(tries > 0, "not seaworthy");
        tries
    });
    assert_eq!(format!("{LAZY:?}"), "LazyLock(<not made yet>)");
    assert!(catch_unwind(|| *LAZY).is_err());
    let runtime = runtime(2);
    let tasks = [(); 10].map(|()| runtime.spawn(|| *LAZY));
    assert!(tasks.into_iter().all(|task| task.join().unwrap() == 1));
    assert_eq!(format!("{LAZY:?} {:?}", LazyLock::<u8>::default()), "LazyLock(1) LazyLock(<not made yet>)");
    assert_eq!(LazyLock::force(&LAZY), &1);
}
