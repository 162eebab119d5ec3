//! Task-locals: one value for each task, made late, destroyed in order on the task's own stack.

mod support;

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use moonfleet::{JoinError, channel, spawn, spawn_local, task_local, yield_now};

use support::runtime;

/// Where destructors write, shared between a test and its tasks.
type Log = Arc<Mutex<Vec<&'static str>>>;

/// Writes its name when it is dropped.
struct Noted(&'static str, Log);

impl Drop for Noted {
    fn drop(&mut self) {
        self.1.lock().unwrap().push(self.0);
    }
}

fn lines(log: &Log) -> Vec<&'static str> {
    log.lock().unwrap().clone()
}

task_local! {
    static COUNT: Cell<u32> = const { Cell::new(0) };
    static FIRST: RefCell<Option<Noted>> = RefCell::default();
    static SECOND: RefCell<Option<Noted>> = RefCell::default();
    static THIRD: RefCell<Option<Noted>> = RefCell::default()
}

#[test]
fn every_task_has_its_own_value_across_suspensions() {
    for workers in [1, 2] {
        runtime(workers).block_on(|| {
            let tasks: Vec<_> = (1..=50)
                .map(|n| {
                    spawn(move || {
                        for _ in 0..20 {
                            COUNT.set(COUNT.get() + n);
                            yield_now();
                        }
                        COUNT.get()
                    })
                })
                .collect();
            for (n, task) in (1..).zip(tasks) {
                assert_eq!(task.join().unwrap(), 20 * n);
            }
            assert_eq!(COUNT.get(), 0);
        });
    }
}

#[test]
fn every_plain_thread_has_its_own_value() {
    COUNT.set(5);
    let log = Log::default();
    let theirs = Arc::clone(&log);
    let other = thread::spawn(move || {
        FIRST.set(Some(Noted("first", Arc::clone(&theirs))));
        SECOND.set(Some(Noted("second", theirs)));
        COUNT.get()
    });
    assert_eq!((other.join().unwrap(), COUNT.get()), (0, 5));
    assert_eq!(lines(&log), ["second", "first"], "a thread destroys what it has at its end");
    runtime(1).block_on(|| assert_eq!(COUNT.get(), 0, "a task does not see its caller's"));
}

#[test]
fn a_value_need_not_be_send() {
    task_local! { static SHARED: Rc<Cell<u32>> = Rc::default() }
    runtime(2).block_on(|| {
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                spawn(|| {
                    let mine = SHARED.with(Rc::clone);
                    mine.set(1);
                    yield_now();
                    SHARED.with(|value| value.get() + Rc::strong_count(value) as u32)
                })
            })
            .collect();
        assert!(tasks.into_iter().all(|task| task.join().unwrap() == 3));
    });
}

#[test]
fn values_are_destroyed_newest_first_before_the_joiner_wakes() {
    for workers in [1, 2] {
        let log = Log::default();
        let theirs = Arc::clone(&log);
        runtime(workers).block_on(|| {
            let task = spawn(move || {
                let _on_the_stack = Noted("stack", Arc::clone(&theirs));
                THIRD.set(Some(Noted("third", Arc::clone(&theirs))));
                FIRST.set(Some(Noted("first", Arc::clone(&theirs))));
                SECOND.set(Some(Noted("second", Arc::clone(&theirs))));
                // Overwritten in its place: the order is that of the first values.
                THIRD.set(Some(Noted("third again", theirs)));
            });
            task.join().unwrap();
            assert_eq!(lines(&log), ["third", "stack", "second", "first", "third again"]);
        });
    }
}

#[test]
fn values_of_a_panicking_task_are_destroyed_too() {
    let log = Log::default();
    let theirs = Arc::clone(&log);
    runtime(1).block_on(|| {
        let task = spawn(move || {
            FIRST.set(Some(Noted("first", Arc::clone(&theirs))));
            let _on_the_stack = Noted("stack", theirs);
            panic!("with values to destroy");
        });
        assert!(matches!(task.join(), Err(JoinError::Panicked(_))));
        assert_eq!(lines(&log), ["stack", "first"]);
    });
}

#[test]
fn values_of_a_cancelled_task_are_destroyed_too() {
    let runtime = runtime(1);
    let log = Log::default();
    let theirs = Arc::clone(&log);
    let (ready, is_ready) = channel::bounded(1);
    let task = runtime.spawn(move || {
        FIRST.set(Some(Noted("first", theirs)));
        ready.send(()).unwrap();
        moonfleet::time::sleep(Duration::MAX);
    });
    is_ready.recv().unwrap();
    assert!(runtime.shutdown(Duration::MAX).is_complete());
    assert!(matches!(task.join(), Err(JoinError::Cancelled { .. })));
    assert_eq!(lines(&log), ["first"]);
}

#[test]
fn a_destructor_may_suspend() {
    struct Farewell(channel::Sender<&'static str>);
    impl Drop for Farewell {
        fn drop(&mut self) {
            self.0.send("farewell").unwrap();
        }
    }
    task_local! { static FAREWELL: RefCell<Option<Farewell>> = RefCell::default() }
    for workers in [1, 2] {
        runtime(workers).block_on(|| {
            let (tx, rx) = channel::rendezvous();
            let task = spawn(move || FAREWELL.set(Some(Farewell(tx))));
            (0..10).for_each(|_| yield_now());
            assert!(!task.is_finished(), "its destructor waits for us");
            assert_eq!(rx.recv(), Ok("farewell"));
            task.join().unwrap();
        });
    }
}

#[test]
fn a_destructor_that_panics_disturbs_nobody() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("a task-local went off");
        }
    }
    /// Worse: the payload panics as well, and so does the payload of that panic.
    struct Endless;
    impl Drop for Endless {
        fn drop(&mut self) {
            panic_any(Endless);
        }
    }
    task_local! {
        static BOMB: Bomb = Bomb;
        static ENDLESS: Endless = Endless;
    }
    let log = Log::default();
    let theirs = Arc::clone(&log);
    runtime(1).block_on(|| {
        let task = spawn(move || {
            FIRST.set(Some(Noted("first", Arc::clone(&theirs))));
            BOMB.with(|_| ());
            ENDLESS.with(|_| ());
            SECOND.set(Some(Noted("second", theirs)));
            "unharmed"
        });
        assert_eq!(task.join().unwrap(), "unharmed");
        assert_eq!(lines(&log), ["second", "first"]);
        assert_eq!(spawn(|| 1).join().unwrap(), 1);
    });
    // At the end of a thread, where std's own thread-locals would abort the process.
    thread::spawn(|| BOMB.with(|_| ())).join().unwrap();
}

#[test]
fn destructors_see_what_is_left_and_are_told_what_is_gone() {
    struct Curious(channel::Sender<[bool; 3]>);
    impl Drop for Curious {
        fn drop(&mut self) {
            let older = OLDER.try_with(|older| *older == 1).unwrap_or(false);
            let newer = NEWER.try_with(|_| ()).is_err();
            let own = CURIOUS.try_with(|_| ()).is_err();
            self.0.send([older, newer, own]).unwrap();
        }
    }
    task_local! {
        static OLDER: u32 = 1;
        static CURIOUS: RefCell<Option<Curious>> = RefCell::default();
        static NEWER: u32 = 2;
    }
    let (tx, rx) = channel::bounded(2);
    let body = move || {
        OLDER.with(|_| ());
        CURIOUS.set(Some(Curious(tx.clone())));
        NEWER.with(|_| ());
    };
    runtime(1).block_on(|| spawn(body.clone()).join().unwrap());
    assert_eq!(rx.recv(), Ok([true, true, true]));
    // A thread's are out of reach from the first destructor on.
    thread::spawn(body).join().unwrap();
    assert_eq!(rx.recv(), Ok([false, true, true]));
}

#[test]
fn values_made_by_destructors_are_destroyed_and_the_end_comes() {
    /// Makes the next value, round and round.
    struct Next(&'static moonfleet::LocalKey<RefCell<Option<Next>>>, Arc<AtomicUsize>);
    impl Drop for Next {
        fn drop(&mut self) {
            self.1.fetch_add(1, Ordering::Relaxed);
            let after = if std::ptr::eq(self.0, &HERE) { &THERE } else { &HERE };
            // Set only where it can be kept: a refused one would be dropped here and now, without end.
            if self.0.try_with(|_| ()).is_ok() {
                self.0.set(Some(Next(after, Arc::clone(&self.1))));
            }
        }
    }
    task_local! {
        static HERE: RefCell<Option<Next>> = RefCell::default();
        static THERE: RefCell<Option<Next>> = RefCell::default();
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&drops);
    runtime(1).block_on(|| spawn(move || HERE.set(Some(Next(&THERE, theirs)))).join().unwrap());
    assert_eq!(drops.load(Ordering::Relaxed), 2, "the one here, the one there, and no third");
    assert_eq!(Arc::strong_count(&drops), 1, "nothing is left over");
}

#[test]
fn a_result_that_nobody_joins_may_use_task_locals_as_it_is_dropped() {
    struct Late(Log);
    impl Drop for Late {
        fn drop(&mut self) {
            FIRST.set(Some(Noted("first", Arc::clone(&self.0))));
        }
    }
    let log = Log::default();
    let theirs = Arc::clone(&log);
    runtime(1).block_on(|| {
        drop(spawn_local(move || Late(theirs)));
        yield_now();
        assert_eq!(lines(&log), ["first"]);
        assert!(FIRST.with_borrow(Option::is_none), "it was the ended task's own");
    });
}

#[test]
fn initial_values_may_use_other_task_locals_and_suspend() {
    task_local! {
        static BASE: u32 = { yield_now(); COUNT.get() };
        static DOUBLE: u32 = BASE.with(|base| base * 2);
    }
    runtime(1).block_on(|| {
        COUNT.set(21);
        assert_eq!(DOUBLE.with(|double| *double), 42);
        COUNT.set(0);
        assert_eq!(BASE.with(|base| *base), 21, "made once");
    });
}

#[test]
fn an_initial_value_that_panics_is_tried_again() {
    task_local! { static FICKLE: u32 = {
        COUNT.set(COUNT.get() + 1);
        assert!(COUNT.get() > 1, "not yet");
        COUNT.get()
    } }
    runtime(1).block_on(|| {
        assert!(catch_unwind(|| FICKLE.with(|_| ())).is_err());
        assert_eq!(FICKLE.with(|value| *value), 2);
        assert_eq!(FICKLE.try_with(|value| *value), Ok(2));
    });
}

#[test]
fn an_initial_value_that_asks_for_itself_wins_over_what_it_found() {
    task_local! { static TWICE: String = match COUNT.replace(1) {
        0 => TWICE.with(|inner| format!("outer around {inner}")),
        _ => "inner".to_owned(),
    } }
    runtime(1).block_on(|| {
        assert_eq!(TWICE.with(String::clone), "outer around inner");
        assert_eq!(TWICE.with(String::clone), "outer around inner");
    });
}

#[test]
fn with_within_with_and_replacing_what_is_looked_at() {
    task_local! { static WORD: String = "outside".to_owned() }
    runtime(1).block_on(|| {
        let seen = WORD.with(|outer| {
            let inner = WORD.scope("inside".to_owned(), || {
                // Another task has its own, and this one keeps both alive meanwhile.
                spawn_local(|| WORD.with(|word| assert_eq!(word, "outside"))).join().unwrap();
                WORD.with(|inner| format!("{outer} and {inner}"))
            });
            WORD.with(|again| assert_eq!(again, outer));
            inner
        });
        assert_eq!(seen, "outside and inside");
    });
}

#[test]
fn a_scope_ends_with_a_panic_and_restores_what_was() {
    let log = Log::default();
    let noted = |name| RefCell::new(Some(Noted(name, Arc::clone(&log))));
    let name = || FIRST.with_borrow(|value| value.as_ref().map(|noted| noted.0));
    runtime(1).block_on(|| {
        // Nothing before, so nothing after: the scope leaves no value behind.
        FIRST.scope(noted("alone"), || assert_eq!(name(), Some("alone")));
        assert_eq!(lines(&log), ["alone"]);
        FIRST.set(noted("outer").into_inner());
        let caught = catch_unwind(AssertUnwindSafe(|| {
            FIRST.scope(noted("inner"), || {
                FIRST.scope(noted("innermost"), || {
                    assert_eq!(name(), Some("innermost"));
                    yield_now();
                    resume_unwind(Box::new(7));
                })
            })
        }));
        assert_eq!(*caught.unwrap_err().downcast::<i32>().unwrap(), 7);
        assert_eq!(lines(&log), ["alone", "innermost", "inner"]);
        assert_eq!(name(), Some("outer"));
    });
    assert_eq!(lines(&log).last(), Some(&"outer"));
}

#[test]
fn a_scope_in_a_destructor_works_even_for_a_value_that_is_gone() {
    struct Last(channel::Sender<(u32, bool)>);
    impl Drop for Last {
        fn drop(&mut self) {
            let inside = GONE.scope(8, || GONE.with(|value| *value));
            self.0.send((inside, GONE.try_with(|_| ()).is_err())).unwrap();
        }
    }
    task_local! {
        static LAST: RefCell<Option<Last>> = RefCell::default();
        static GONE: u32 = 1;
    }
    let (tx, rx) = channel::bounded(1);
    runtime(1).block_on(|| {
        let task = spawn(move || {
            LAST.set(Some(Last(tx)));
            GONE.with(|_| ());
        });
        task.join().unwrap();
    });
    assert_eq!(rx.recv(), Ok((8, true)));
}

#[test]
fn with_after_the_end_panics_in_words_that_name_the_key() {
    struct Late(channel::Sender<String>);
    impl Drop for Late {
        fn drop(&mut self) {
            let payload = catch_unwind(|| GONE.with(|_| ())).unwrap_err();
            self.0.send(payload.downcast_ref::<String>().unwrap().clone()).unwrap();
        }
    }
    task_local! {
        static LATE: RefCell<Option<Late>> = RefCell::default();
        static GONE: u32 = 1;
    }
    let (tx, rx) = channel::bounded(1);
    runtime(1).block_on(|| {
        spawn(move || {
            LATE.set(Some(Late(tx)));
            GONE.with(|_| ());
        })
        .join()
        .unwrap();
    });
    let text = rx.recv().unwrap();
    assert!(text.contains("`GONE` was asked for") && text.contains("try_with"), "{text}");
}

#[test]
fn many_task_locals_in_one_task() {
    macro_rules! many {
        ($($name:ident = $value:literal),*) => {
            task_local! { $(static $name: Cell<u32> = Cell::new($value);)* }
            fn sum() -> u32 {
                [$(&$name),*].into_iter().map(moonfleet::LocalKey::get).sum()
            }
        };
    }
    many!(A = 1, B = 2, C = 3, D = 4, E = 5, F = 6, G = 7, H = 8, I = 9, J = 10);
    runtime(1).block_on(|| {
        assert_eq!(sum(), 55);
        J.set(0);
        A.set(100);
        assert_eq!((sum(), spawn(sum).join().unwrap()), (144, 55));
    });
}
