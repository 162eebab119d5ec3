//! Locks: who gets in, in which order, and what is left behind by deadlines, panics and shutdown.

mod support;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use moonfleet::sync::{Mutex, RwLock, RwLockWriteGuard};
use moonfleet::time::sleep;
use moonfleet::{JoinError, JoinHandle, channel, yield_now};

use support::{LONG, alone, ends_completely, park, runtime, start, was_cancelled, yield_until};

const SHORT: Duration = Duration::from_millis(2);
/// Longer than the half millisecond for which a waiter may lose.
const PATIENCE: Duration = Duration::from_millis(1);

/// What happened, in order. For tasks of one worker.
#[derive(Clone, Default)]
struct Log(Rc<RefCell<Vec<&'static str>>>);

impl Log {
    fn note(&self, what: &'static str) {
        self.0.borrow_mut().push(what);
    }

    fn all(&self) -> Vec<&'static str> {
        self.0.borrow().clone()
    }
}

// ── Mutex ───────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn one_party_at_a_time_is_inside() {
    const ROUNDS: usize = 2_000;
    let (runtime, pair) = (runtime(2), Arc::new(Mutex::new((0_usize, 0_usize))));
    let count = |pair: &Mutex<(usize, usize)>, pause: &dyn Fn()| {
        for round in 0..ROUNDS {
            let mut guard = pair.lock();
            assert_eq!(guard.0, guard.1, "somebody else is inside");
            guard.0 += 1;
            if round % 7 == 0 {
                pause();
            }
            guard.1 += 1;
        }
    };
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let pair = Arc::clone(&pair);
            runtime.spawn(move || count(&pair, &yield_now))
        })
        .collect();
    thread::scope(|scope| {
        (0..2).for_each(|_| drop(scope.spawn(|| count(&pair, &thread::yield_now))));
    });
    tasks.into_iter().for_each(|task| task.join().unwrap());
    assert_eq!(*pair.lock(), (10 * ROUNDS, 10 * ROUNDS));
}

#[test]
fn ten_thousand_tasks_get_in() {
    let (runtime, sum) = (runtime(2), Arc::new(Mutex::new(0)));
    let tasks: Vec<_> = (0..10_000)
        .map(|n| {
            let sum = Arc::clone(&sum);
            runtime.spawn(move || {
                let mut sum = sum.lock();
                yield_now();
                *sum += n;
            })
        })
        .collect();
    tasks.into_iter().for_each(|task| task.join().unwrap());
    assert_eq!(*sum.lock(), 10_000 * 9_999 / 2);
}

#[test]
fn an_attempt_does_not_wait() {
    let mutex = Mutex::new(1);
    let guard = mutex.lock();
    assert!(mutex.try_lock().is_none() && mutex.is_locked());
    assert_eq!(format!("{mutex:?} {guard:?} {guard}"), "Mutex { value: <locked> } 1 1");
    drop(guard);
    *mutex.try_lock().unwrap() += 1;
    assert_eq!(format!("{mutex:?}"), "Mutex { value: 2 }");
}

#[test]
fn a_deadline_ends_the_wait_and_no_other() {
    alone(|| {
        let mutex = Rc::new(Mutex::new(()));
        for timeout in [Duration::ZERO, SHORT, LONG, Duration::MAX] {
            assert!(mutex.lock_timeout(timeout).is_some(), "a free lock needs no time");
        }
        let guard = mutex.lock();
        for timeout in [Duration::ZERO, SHORT] {
            let before = Instant::now();
            assert!(mutex.lock_timeout(timeout).is_none());
            assert!(before.elapsed() >= timeout);
        }
        let patient = [LONG, Duration::MAX].map(|timeout| {
            let mutex = Rc::clone(&mutex);
            start(move || mutex.lock_timeout(timeout).is_some())
        });
        drop(guard);
        assert!(patient.into_iter().all(|task| task.join().unwrap()));
    });
}

#[test]
fn a_thread_waits_with_a_deadline_too() {
    let mutex = Mutex::new(());
    let guard = mutex.lock();
    let late = thread::scope(|scope| scope.spawn(|| mutex.lock_timeout(SHORT).is_none()).join().unwrap());
    assert!(late);
    thread::scope(|scope| {
        let patient = scope.spawn(|| mutex.lock_timeout(Duration::MAX).is_some());
        drop(guard);
        assert!(patient.join().unwrap());
    });
}

#[test]
fn whoever_runs_may_take_a_free_lock() {
    alone(|| {
        let mutex = Rc::new(Mutex::new(()));
        let guard = mutex.lock();
        let other = Rc::clone(&mutex);
        let waiter = start(move || drop(other.lock()));
        drop(guard);
        assert!(mutex.try_lock().is_some(), "the waiter is woken, but has not run");
        waiter.join().unwrap();
    });
}

#[test]
fn a_starved_waiter_is_handed_the_lock() {
    alone(|| {
        let mutex = Rc::new(Mutex::new(()));
        let guard = mutex.lock();
        let other = Rc::clone(&mutex);
        let waiter = start(move || drop(other.lock()));
        let since = Instant::now();
        yield_until(|| since.elapsed() > PATIENCE);
        drop(guard);
        // The waiter is woken, but we are faster, and it loses.
        let guard = mutex.try_lock().unwrap();
        yield_now();
        assert!(!waiter.is_finished());
        drop(guard);
        assert!(mutex.try_lock().is_none(), "the lock is the waiter's, although it has not run yet");
        waiter.join().unwrap();
        assert!(mutex.try_lock().is_some());
    });
}

#[test]
fn who_loses_and_gives_up_leaves_the_wake_to_the_next() {
    for waits_before in [Duration::ZERO, PATIENCE] {
        alone(|| {
            let mutex = Rc::new(Mutex::new(()));
            let guard = mutex.lock();
            let other = Rc::clone(&mutex);
            let hasty = start(move || other.lock_timeout(5 * SHORT).is_some());
            let other = Rc::clone(&mutex);
            let patient = start(move || drop(other.lock()));
            let since = Instant::now();
            yield_until(|| since.elapsed() >= waits_before);
            drop(guard);
            let guard = mutex.try_lock().unwrap();
            // Woken, it finds the lock taken again; then its time is over.
            assert!(!hasty.join().unwrap());
            drop(guard);
            patient.join().unwrap();
            assert!(mutex.try_lock().is_some());
        });
    }
}

#[test]
fn a_waiter_whose_time_is_over_holds_up_nobody() {
    alone(|| {
        let mutex = Rc::new(Mutex::new(()));
        let guard = mutex.lock();
        let hasty = {
            let mutex = Rc::clone(&mutex);
            start(move || mutex.lock_timeout(SHORT).is_some())
        };
        let patient = {
            let mutex = Rc::clone(&mutex);
            start(move || drop(mutex.lock()))
        };
        assert!(!hasty.join().unwrap());
        drop(guard);
        patient.join().unwrap();
    });
}

#[test]
fn a_panic_frees_what_it_held() {
    let (runtime, mutex) = (runtime(1), Arc::new(Mutex::new(1)));
    let held = Arc::clone(&mutex);
    let task = runtime.spawn(move || {
        let mut guard = held.lock();
        *guard += 1;
        panic!("overboard");
    });
    assert!(matches!(task.join(), Err(JoinError::Panicked(_))));
    assert_eq!(mutex.try_lock().as_deref(), Some(&2));
}

#[test]
fn a_guard_may_be_dropped_elsewhere() {
    let mutex = Mutex::new(0);
    let mut guard = mutex.lock();
    thread::scope(|scope| {
        scope.spawn(move || *guard += 1);
        assert_eq!(*mutex.lock(), 1);
    });
}

#[test]
fn a_value_may_be_unsized() {
    let numbers: Box<Mutex<[u8]>> = Box::new(Mutex::new([1, 2, 3]));
    numbers.lock().reverse();
    assert_eq!(*numbers.lock(), [3, 2, 1]);
    let words: Arc<RwLock<dyn ToString + Send + Sync>> = Arc::new(RwLock::new(7));
    assert_eq!(words.read().to_string(), "7");
}

#[test]
fn shutdown_frees_what_is_held_and_ends_who_waits() {
    let (runtime, mutex) = (runtime(1), Arc::new(Mutex::new(())));
    let tasks: Vec<_> = (0..4)
        .map(|n| {
            let mutex = Arc::clone(&mutex);
            park(&runtime, move || {
                let guard = if n % 2 == 0 { Some(mutex.lock()) } else { mutex.lock_timeout(LONG) };
                sleep(LONG);
                drop(guard);
            })
        })
        .collect();
    assert!(mutex.try_lock().is_none());
    ends_completely(runtime);
    assert!(tasks.into_iter().all(was_cancelled));
    assert!(mutex.try_lock().is_some());
}

#[test]
fn a_destructor_gets_the_lock_while_its_task_is_cancelled() {
    struct Signs(Arc<Mutex<Vec<&'static str>>>);
    impl Drop for Signs {
        fn drop(&mut self) {
            self.0.lock().push("gone");
        }
    }
    let (runtime, log) = (runtime(1), Arc::new(Mutex::new(Vec::new())));
    let holder = Arc::clone(&log);
    let holder = park(&runtime, move || {
        let mut guard = holder.lock();
        sleep(LONG);
        guard.push("never");
    });
    let tasks: Vec<_> = (0..3)
        .map(|_| {
            let signs = Signs(Arc::clone(&log));
            park(&runtime, move || {
                let _signs = signs;
                sleep(LONG);
            })
        })
        .collect();
    ends_completely(runtime);
    assert!(was_cancelled(holder) && tasks.into_iter().all(was_cancelled));
    assert_eq!(*log.lock(), ["gone"; 3]);
}

#[test]
fn a_shutdown_amid_contention_leaves_the_lock_free() {
    for _ in 0..30 {
        let (runtime, mutex, turns) = (runtime(2), Arc::new(Mutex::new(())), Arc::new(AtomicUsize::new(0)));
        let tasks: Vec<_> = (0..20)
            .map(|n| {
                let (mutex, turns) = (Arc::clone(&mutex), Arc::clone(&turns));
                runtime.spawn(move || {
                    loop {
                        let guard = if n % 3 == 0 { mutex.lock_timeout(SHORT) } else { Some(mutex.lock()) };
                        yield_now();
                        turns.fetch_add(1, Ordering::Relaxed);
                        drop(guard);
                    }
                })
            })
            .collect();
        while turns.load(Ordering::Relaxed) < 200 {
            drop(mutex.lock());
        }
        ends_completely(runtime);
        assert!(tasks.into_iter().all(was_cancelled));
        assert!(mutex.try_lock().is_some());
    }
}

// ── RwLock ──────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn readers_share_and_a_writer_is_alone() {
    const ROUNDS: usize = 1_000;
    let (runtime, pair) = (runtime(2), Arc::new(RwLock::new((0_usize, 0_usize))));
    let use_it = |pair: &RwLock<(usize, usize)>, pause: &dyn Fn()| {
        for round in 0..ROUNDS {
            if round % 4 == 0 {
                let mut guard = pair.write();
                guard.0 += 1;
                pause();
                guard.1 += 1;
            } else {
                let guard = pair.read();
                let seen = *guard;
                pause();
                assert!(seen.0 == seen.1 && seen == *guard, "a writer is inside");
            }
        }
    };
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let pair = Arc::clone(&pair);
            runtime.spawn(move || use_it(&pair, &yield_now))
        })
        .collect();
    thread::scope(|scope| {
        (0..2).for_each(|_| drop(scope.spawn(|| use_it(&pair, &thread::yield_now))));
    });
    tasks.into_iter().for_each(|task| task.join().unwrap());
    assert_eq!(*pair.write(), (10 * ROUNDS / 4, 10 * ROUNDS / 4));
}

/// Starts a task that waits to read, notes `name`, and stays inside until the channel closes.
fn reader(
    lock: &Rc<RwLock<()>>,
    log: &Log,
    name: &'static str,
    stay: &channel::Receiver<()>,
) -> JoinHandle<()> {
    let (lock, log, stay) = (Rc::clone(lock), log.clone(), stay.clone());
    start(move || {
        let _guard = lock.read();
        log.note(name);
        assert!(stay.recv().is_err());
    })
}

/// The same for a writer, which does not stay.
fn writer(lock: &Rc<RwLock<()>>, log: &Log, name: &'static str) -> JoinHandle<()> {
    let (lock, log) = (Rc::clone(lock), log.clone());
    start(move || {
        let _guard = lock.write();
        log.note(name);
        yield_now();
    })
}

#[test]
fn parties_enter_in_the_order_in_which_they_came() {
    alone(|| {
        let (lock, log) = (Rc::new(RwLock::new(())), Log::default());
        let (leave, stay) = channel::rendezvous();
        let first = lock.read();
        let mut tasks = vec![writer(&lock, &log, "writer")];
        assert!(lock.try_read().is_none(), "a writer waits: readers stay out");
        tasks.extend(["reader 1", "reader 2"].map(|name| reader(&lock, &log, name, &stay)));
        tasks.push(writer(&lock, &log, "late writer"));
        tasks.push(reader(&lock, &log, "late reader", &stay));
        assert!(log.all().is_empty());

        drop(first);
        assert!(lock.try_read().is_none() && lock.try_write().is_none(), "the writer is next");
        yield_until(|| log.all().len() == 3);
        assert_eq!(log.all(), ["writer", "reader 1", "reader 2"]);
        (0..10).for_each(|_| yield_now());
        assert_eq!(log.all().len(), 3, "the late writer waits for two readers");

        drop(leave);
        tasks.into_iter().for_each(|task| task.join().unwrap());
        assert_eq!(log.all()[3..], ["late writer", "late reader"]);
        assert!(lock.try_write().is_some());
    });
}

#[test]
fn a_writer_whose_time_is_over_lets_readers_pass() {
    alone(|| {
        let (lock, log) = (Rc::new(RwLock::new(())), Log::default());
        let (leave, stay) = channel::rendezvous();
        let first = lock.read();
        let hasty = {
            let lock = Rc::clone(&lock);
            start(move || lock.write_timeout(SHORT).is_some())
        };
        let behind = reader(&lock, &log, "reader", &stay);
        assert!(log.all().is_empty());
        assert!(!hasty.join().unwrap());
        yield_until(|| !log.all().is_empty());
        assert!(lock.try_read().is_some(), "nobody waits any more");
        drop((leave, first));
        behind.join().unwrap();
    });
}

#[test]
fn a_downgrade_lets_readers_in_and_no_writer() {
    alone(|| {
        let (lock, log) = (Rc::new(RwLock::new(())), Log::default());
        let (leave, stay) = channel::rendezvous();
        let guard = lock.write();
        let mut tasks = vec![reader(&lock, &log, "reader", &stay)];
        tasks.push(writer(&lock, &log, "writer"));
        tasks.push(reader(&lock, &log, "late reader", &stay));
        let guard = RwLockWriteGuard::downgrade(guard);
        (0..10).for_each(|_| yield_now());
        assert_eq!(log.all(), ["reader"]);
        drop((leave, guard));
        tasks.into_iter().for_each(|task| task.join().unwrap());
        assert_eq!(log.all(), ["reader", "writer", "late reader"]);
    });
}

#[test]
fn entries_have_attempts_and_deadlines() {
    alone(|| {
        let lock = Rc::new(RwLock::new(1));
        let guard = lock.write();
        assert_eq!(format!("{lock:?}"), "RwLock { value: <locked> }");
        assert!(lock.try_read().is_none() && lock.try_write().is_none());
        for timeout in [Duration::ZERO, SHORT] {
            let before = Instant::now();
            assert!(lock.read_timeout(timeout).is_none());
            assert!(lock.write_timeout(timeout).is_none());
            assert!(before.elapsed() >= 2 * timeout);
        }
        let patient = [true, false].map(|reads| {
            let lock = Rc::clone(&lock);
            start(move || match reads {
                true => lock.read_timeout(Duration::MAX).is_some(),
                false => lock.write_timeout(LONG).is_some(),
            })
        });
        drop(guard);
        assert!(patient.into_iter().all(|task| task.join().unwrap()));
        assert_eq!(format!("{lock:?}"), "RwLock { value: 1 }");
    });
}

#[test]
fn shutdown_empties_a_lock() {
    let (runtime, lock) = (runtime(2), Arc::new(RwLock::new(())));
    let tasks: Vec<_> = (0..12)
        .map(|n| {
            let lock = Arc::clone(&lock);
            park(&runtime, move || {
                let (mut reader, mut writer) = (None, None);
                match n % 4 {
                    0 | 1 => reader = Some(lock.read()),
                    2 => writer = Some(lock.write()),
                    _ => writer = lock.write_timeout(LONG),
                }
                sleep(LONG);
                drop((reader.take(), writer.take()));
            })
        })
        .collect();
    ends_completely(runtime);
    assert!(tasks.into_iter().all(was_cancelled));
    assert!(lock.try_write().is_some());
}

#[test]
fn a_panicking_writer_leaves() {
    let lock = RwLock::new(1);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let mut guard = lock.write();
        *guard += 1;
        panic!("overboard");
    }));
    assert!(panicked.is_err());
    assert_eq!(lock.try_write().as_deref(), Some(&2));
}
