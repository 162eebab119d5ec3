//! Shutdown: every task ends, every destructor runs once, and what cannot end is named.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use moonfleet::channel::{self, rendezvous};
use moonfleet::foreign::{self, Cancelled, RecvFailure, SendFailure};
use moonfleet::select::{RecvArm, Wait};
use moonfleet::time::sleep;
use moonfleet::{
    JoinError, JoinHandle, Runtime, ShutdownReport, SpawnError, StuckWorker, TaskBuilder, select,
    spawn_local, yield_now,
};

use support::{LONG, ends_completely, runtime, was_cancelled};

/// Counts how often it is dropped.
#[derive(Clone, Default)]
struct Drops(Arc<AtomicUsize>);

struct Guard(Drops);

impl Drops {
    fn guard(&self) -> Guard {
        Guard(self.clone())
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Starts `body` on worker 0 and returns when it has suspended, with a guard on its stack.
fn park_with_guard(runtime: &Runtime, drops: &Drops, body: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    let guard = drops.guard();
    let task = runtime.spawn_on(0, move || {
        let _guard = guard;
        body();
    });
    // Queued behind it on the same worker: when this has run, the task has suspended.
    runtime.spawn_on(0, || ()).join().unwrap();
    task
}

#[test]
fn every_kind_of_wait_is_unwound_once() {
    for workers in [1, 2] {
        let (runtime, drops) = (runtime(workers), Drops::default());
        let (tx, rx) = rendezvous::<u8>();
        let (quiet, silence) = rendezvous::<u8>();
        let (reply, answer) = channel::oneshot::<u8>();
        let waits: Vec<Box<dyn FnOnce() + Send>> = vec![
            Box::new({
                let silence = silence.clone();
                move || assert!(silence.recv().is_ok())
            }),
            Box::new(move || tx.send(1).unwrap()),
            Box::new({
                let silence = silence.clone();
                move || assert!(silence.recv_timeout(LONG).is_ok())
            }),
            Box::new(move || assert!(answer.recv().is_ok())),
            Box::new(|| sleep(LONG)),
            Box::new(|| sleep(Duration::MAX)),
            Box::new(move || select! { recv(silence) -> _ => (), timeout(LONG) => () }),
            Box::new(|| {
                moonfleet::select::select(&mut [], Wait::Forever);
            }),
            Box::new(|| {
                loop {
                    yield_now();
                }
            }),
        ];
        let expected = waits.len();
        let tasks: Vec<_> = waits.into_iter().map(|wait| park_with_guard(&runtime, &drops, wait)).collect();
        assert_eq!(drops.count(), 0);
        ends_completely(runtime);
        assert_eq!(drops.count(), expected);
        assert!(tasks.into_iter().all(was_cancelled));
        drop((rx, quiet, reply));
    }
}

#[test]
fn ten_thousand_parked_tasks_all_unwind() {
    let (runtime, drops) = (runtime(2), Drops::default());
    let (tx, rx) = rendezvous::<()>();
    let (parking, parked) = channel::unbounded();
    for _ in 0..10_000 {
        let (rx, parking, guard) = (rx.clone(), parking.clone(), drops.guard());
        runtime.spawn(move || {
            let _guard = guard;
            parking.send(()).unwrap();
            rx.recv().unwrap();
        });
    }
    assert_eq!(parked.iter().take(10_000).count(), 10_000);
    drop(runtime);
    assert_eq!(drops.count(), 10_000);
    drop(tx);
}

#[test]
fn unstarted_tasks_are_dropped_without_running() {
    let (runtime, drops) = (runtime(1), Drops::default());
    let ran = Arc::new(AtomicUsize::new(0));
    let hog = Hog::start(&runtime);
    let unstarted: Vec<_> = (0..1_000)
        .map(|n| {
            let (guard, ran) = (drops.guard(), Arc::clone(&ran));
            let body = move || {
                let _guard = guard;
                ran.fetch_add(1, Ordering::Relaxed);
            };
            if n % 2 == 0 { runtime.spawn(body) } else { runtime.spawn_on(0, body) }
        })
        .collect();
    // The hog keeps the worker over the whole shutdown, which therefore comes before their start.
    assert!(!runtime.shutdown(Duration::ZERO).is_complete());
    hog.stop();
    assert!(unstarted.into_iter().all(was_cancelled));
    assert_eq!((ran.load(Ordering::Relaxed), drops.count()), (0, 1_000));
}

/// A task that computes without ever suspending, until it is told to stop.
struct Hog {
    stop: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Hog {
    fn start(runtime: &Runtime) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (running, is_running) = channel::oneshot();
        let told = Arc::clone(&stop);
        let body = move || {
            running.send(()).unwrap();
            while !told.load(Ordering::Relaxed) {
                thread::yield_now();
            }
        };
        let task = runtime.block_on(|| TaskBuilder::new().name("hog").spawn(body).unwrap());
        is_running.recv().unwrap();
        Self { stop, task }
    }

    fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.task.join().unwrap();
    }
}

#[test]
fn the_report_names_a_task_that_never_suspends() {
    let runtime = runtime(1);
    let hog = Hog::start(&runtime);
    let report = runtime.shutdown(Duration::ZERO);
    let [StuckWorker { worker: 0, task: Some(task) }] = report.stuck() else { panic!("{report:?}") };
    assert!(task.starts_with("task 'hog' ("), "{task}");
    assert_eq!(report.to_string(), format!("still running: {task} on worker 0;"));
    hog.stop();
}

#[test]
fn nothing_is_spawned_after_shutdown() {
    let runtime = runtime(2);
    let (handle, drops) = (runtime.handle(), Drops::default());
    ends_completely(runtime);
    let guard = drops.guard();
    assert_eq!(handle.try_spawn(move || drop(guard)).unwrap_err(), SpawnError::ShutDown);
    assert_eq!(drops.count(), 1);
    let panic = catch_unwind(AssertUnwindSafe(|| handle.spawn(|| ()))).unwrap_err();
    assert!(panic.downcast_ref::<String>().unwrap().contains("shutting down"));
}

#[test]
fn a_task_that_is_being_cancelled_cannot_spawn() {
    let runtime = runtime(1);
    let task = runtime.spawn_on(0, || {
        let waited = foreign::sleep_until(Instant::now() + LONG);
        let builder = TaskBuilder::new;
        let refusals = [builder().spawn(|| ()), builder().spawn_local(|| ()), builder().spawn_on(0, || ())];
        (waited, refusals.map(Result::unwrap_err))
    });
    runtime.spawn_on(0, || ()).join().unwrap();
    ends_completely(runtime);
    assert_eq!(task.join().unwrap(), (Err(Cancelled), [const { SpawnError::ShutDown }; 3]));
}

#[test]
fn a_swallowed_cancel_is_told_again() {
    let (runtime, drops) = (runtime(1), Drops::default());
    let told = Arc::new(AtomicUsize::new(0));
    let task = park_with_guard(&runtime, &drops, {
        let told = Arc::clone(&told);
        move || {
            for _ in 0..5 {
                let swallowed = catch_unwind(|| sleep(LONG));
                assert!(swallowed.is_err_and(|payload| !payload.is::<String>()));
                told.fetch_add(1, Ordering::Relaxed);
            }
            sleep(LONG);
        }
    });
    ends_completely(runtime);
    assert!(was_cancelled(task));
    assert_eq!((told.load(Ordering::Relaxed), drops.count()), (5, 1));
}

#[test]
fn a_cancelled_task_may_still_return_a_result() {
    let runtime = runtime(1);
    let task = runtime.spawn_on(0, || catch_unwind(|| sleep(LONG)).map_err(|_| "saved"));
    runtime.spawn_on(0, || ()).join().unwrap();
    ends_completely(runtime);
    assert_eq!(task.join().unwrap(), Err("saved"));
}

/// Waits in its destructor, in every way, and says that it came through.
struct WaitsInDrop(channel::Sender<&'static str>);

impl Drop for WaitsInDrop {
    fn drop(&mut self) {
        yield_now();
        sleep(Duration::from_micros(100));
        let (tx, rx) = rendezvous::<()>();
        drop((rx.recv_timeout(Duration::from_micros(100)), tx));
        self.0.send("came through").unwrap();
    }
}

#[test]
fn a_destructor_that_waits_while_its_task_unwinds_does_not_abort() {
    let (runtime, drops) = (runtime(1), Drops::default());
    let (tx, rx) = rendezvous();
    let listener = thread::spawn(move || rx.iter().collect::<Vec<_>>());
    let task = park_with_guard(&runtime, &drops, move || {
        let _waits = WaitsInDrop(tx);
        sleep(LONG);
    });
    ends_completely(runtime);
    assert!(was_cancelled(task));
    assert_eq!((listener.join().unwrap(), drops.count()), (vec!["came through"], 1));
}

#[test]
fn neighbours_of_a_task_that_waits_while_unwinding_are_told_too() {
    let (runtime, drops) = (runtime(1), Drops::default());
    let (tx, rx) = channel::unbounded();
    let went_on = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..10)
        .map(|n| {
            let (tx, went_on) = (tx.clone(), Arc::clone(&went_on));
            park_with_guard(&runtime, &drops, move || {
                let _waits = (n % 2 == 0).then(|| WaitsInDrop(tx));
                sleep(LONG);
                went_on.fetch_add(1, Ordering::Relaxed);
            })
        })
        .collect();
    ends_completely(runtime);
    assert!(tasks.into_iter().all(was_cancelled));
    drop(tx);
    assert_eq!((rx.iter().count(), drops.count()), (5, 10));
    assert_eq!(went_on.load(Ordering::Relaxed), 0, "a cancelled sleep does not return");
}

#[test]
fn a_message_handed_over_beats_the_cancel() {
    let runtime = runtime(1);
    let (tx, rx) = rendezvous();
    let (kept, keeps) = channel::unbounded();
    let task = runtime.spawn_on(0, move || {
        kept.send(rx.recv().unwrap()).unwrap();
        sleep(LONG);
    });
    runtime.spawn_on(0, || ()).join().unwrap();
    // Handed over to the parked task; whatever wakes it first, the message is its own.
    tx.send(7).unwrap();
    ends_completely(runtime);
    assert!(was_cancelled(task));
    assert_eq!(keeps.iter().collect::<Vec<_>>(), [7]);
}

#[test]
fn foreign_waits_return_cancelled() {
    let runtime = runtime(1);
    let (tx, rx) = rendezvous::<u8>();
    let task = runtime.spawn_on(0, move || {
        let first = foreign::recv(&rx, None);
        // From now on each wait is told so at once.
        let endless = Instant::now() + LONG;
        let mut arm = RecvArm::new(&rx);
        let selected = foreign::select(&mut [&mut arm], Wait::Forever);
        (
            [first, foreign::recv(&rx, Some(endless))],
            [foreign::sleep_until(endless), foreign::yield_now()],
            foreign::send(&tx, 9, Some(endless)),
            selected,
        )
    });
    runtime.spawn_on(0, || ()).join().unwrap();
    ends_completely(runtime);
    let (received, waited, sent, selected) = task.join().unwrap();
    assert_eq!(received, [Err(RecvFailure::Cancelled); 2]);
    assert_eq!(waited, [Err(Cancelled); 2]);
    assert_eq!((sent, selected), (Err(SendFailure::Cancelled(9)), Err(Cancelled)));
}

#[test]
fn a_cancelled_join_leaves_the_joined_task_alone() {
    let (runtime, other) = (runtime(1), runtime(1));
    let (tx, rx) = rendezvous();
    let answer = Arc::new(AtomicUsize::new(0));
    let ask = |rx: channel::Receiver<usize>| {
        let answer = Arc::clone(&answer);
        other.spawn(move || answer.fetch_add(rx.recv().unwrap(), Ordering::Relaxed))
    };
    let (one, two) = (ask(rx.clone()), ask(rx));
    let foreign = runtime.spawn_on(0, move || foreign::join(one).map(drop));
    let joiner = runtime.spawn_on(0, move || two.join().map(drop));
    runtime.spawn_on(0, || ()).join().unwrap();
    ends_completely(runtime);
    assert_eq!(foreign.join().unwrap(), Err(Cancelled));
    assert!(was_cancelled(joiner));
    [3, 4].into_iter().for_each(|n| tx.send(n).unwrap());
    ends_completely(other);
    assert_eq!(answer.load(Ordering::Relaxed), 7);
}

#[test]
fn a_runtime_dropped_by_its_own_task_says_so() {
    let runtime = Arc::new(runtime(1));
    let (go, told) = channel::oneshot();
    let theirs = Arc::clone(&runtime);
    let task = runtime.spawn(move || {
        told.recv().unwrap();
        drop(theirs);
    });
    drop(runtime);
    go.send(()).unwrap();
    let Err(JoinError::Panicked(panic)) = task.join() else { panic!("it dropped its own runtime") };
    let text = panic.message().unwrap();
    assert!(text.contains("by one of its own tasks") && text.contains("let another thread"), "{text}");
}

#[test]
fn a_runtime_may_be_shut_down_by_a_task_of_another() {
    let (outer, inner) = (runtime(1), runtime(1));
    let parked = inner.spawn(|| sleep(LONG));
    let (report, neighbour): (ShutdownReport, u8) = outer.block_on(move || {
        let neighbour = spawn_local(|| 3);
        (inner.shutdown(LONG), neighbour.join().unwrap())
    });
    assert!(report.is_complete() && neighbour == 3 && was_cancelled(parked));
}

#[test]
fn shutdown_under_full_traffic_loses_no_destructor() {
    for round in 0..20 {
        let (runtime, made, drops) = (runtime(1 + round % 3), Drops::default(), Drops::default());
        let (tx, rx) = channel::bounded(round % 4);
        for _ in 0..8 {
            let (tx, rx, made, drops) = (tx.clone(), rx.clone(), made.clone(), drops.clone());
            let make = move || {
                made.0.fetch_add(1, Ordering::Relaxed);
                drops.guard()
            };
            runtime.spawn(move || {
                loop {
                    let guard = make();
                    let Ok(_detached) = TaskBuilder::new().spawn(move || drop(guard)) else { return };
                    tx.send(make()).unwrap();
                }
            });
            runtime.spawn(move || rx.iter().for_each(drop));
        }
        while made.count() < 2_000 {
            thread::yield_now();
        }
        ends_completely(runtime);
        drop((tx, rx));
        assert_eq!(drops.count(), made.count());
    }
}
