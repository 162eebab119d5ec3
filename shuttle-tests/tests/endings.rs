//! Endings: cancels, deadlines and shutdowns reach every task, and nobody waits for one that never ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use moonfleet_shuttle_tests::moonfleet::{self, JoinError, Runtime, SpawnError, cancel, channel, time};
use moonfleet_shuttle_tests::{explore, hangs_by, join_thread, run, thread};

/// Counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn is_cancelled<T>(ended: Result<T, JoinError>) -> bool {
    matches!(ended, Err(JoinError::Cancelled { .. }))
}

/// A task is cancelled before it starts, as it starts, while it waits: it ends, and its stack is unwound.
fn a_cancelled_task_ends() {
    run(2, || {
        let drops = Arc::new(AtomicUsize::new(0));
        let tasks = [0, 1].map(|worker| {
            let counted = Counted(Arc::clone(&drops));
            moonfleet::spawn_on(worker, move || {
                let (tx, rx) = channel::rendezvous::<()>();
                let _held = (tx, counted);
                rx.recv()
            })
        });
        let cancels = tasks.each_ref().map(|task| task.cancel_handle());
        let canceller = moonfleet::spawn(move || cancels.iter().for_each(|task| task.cancel()));
        assert!(tasks.into_iter().all(|task| is_cancelled(task.join())));
        assert_eq!(drops.load(Ordering::Relaxed), 2);
        canceller.join().unwrap();
    });
}

/// A token ends what runs inside it, on whichever worker.
fn a_token_ends_its_tasks() {
    run(2, || {
        let token = cancel::CancelToken::new();
        let (tx, rx) = channel::bounded::<u32>(1);
        let tasks = [0, 1, 1].map(|worker| {
            let (token, rx) = (token.clone(), rx.clone());
            moonfleet::spawn_on(worker, move || token.run(|| rx.recv()))
        });
        tx.send(1).unwrap();
        token.cancel();
        let received = tasks.map(|task| task.join().unwrap());
        assert!(received.iter().filter(|ended| matches!(ended, Ok(Ok(1)))).count() <= 1);
        assert!(received.iter().all(|ended| matches!(ended, Ok(Ok(1)) | Err(_))));
    });
}

/// Sleepers and waits with a deadline end, and a message is received or stays.
fn deadlines_come() {
    run(2, || {
        let (tx, rx) = channel::bounded(1);
        let late = moonfleet::spawn_on(1, move || {
            time::sleep(Duration::from_micros(50));
            tx.send_timeout(1, Duration::from_micros(50)).is_ok()
        });
        let received = rx.recv_timeout(Duration::from_micros(50)).is_ok();
        let slow = time::timeout(Duration::from_micros(20), || channel::rendezvous::<()>().1.recv());
        assert!(matches!(slow, Err(_) | Ok(Err(_))));
        let sent = late.join().unwrap();
        assert!(!received || sent, "received without being sent");
        assert!(received || !sent || rx.try_recv() == Ok(1), "sent, and lost");
    });
}

/// Spawns race with the end of the runtime: each is refused, or its task ends, and its join with it.
fn a_shutdown_leaves_nobody() {
    let runtime = Runtime::builder().workers(2).build().unwrap();
    let outsiders = [0, 1].map(|worker| {
        let handle = runtime.handle();
        thread(move || {
            let (tx, rx) = channel::rendezvous::<()>();
            match handle.try_spawn(move || rx.recv().is_ok() || worker == 0) {
                Ok(task) => drop(task.join()),
                Err(refused) => assert_eq!(refused, SpawnError::ShutDown),
            }
            drop(tx);
        })
    });
    let parked = runtime.spawn_on(1, || moonfleet::spawn(|| channel::rendezvous::<()>().1.recv()).join());
    assert!(runtime.shutdown(Duration::MAX).is_complete());
    let _ended = parked.join();
    outsiders.into_iter().for_each(join_thread);
}

/// A shutdown ends tasks that wait for each other, and those that wait for nothing that will come.
fn a_shutdown_unwinds_all() {
    let runtime = Runtime::builder().workers(2).build().unwrap();
    let drops = Arc::new(AtomicUsize::new(0));
    let (tx, rx) = channel::rendezvous::<()>();
    let tasks = [0, 1, 0, 1].map(|worker| {
        let (counted, rx) = (Counted(Arc::clone(&drops)), rx.clone());
        runtime.spawn_on(worker, move || {
            let _counted = counted;
            rx.recv()
        })
    });
    assert!(runtime.shutdown(Duration::MAX).is_complete());
    assert_eq!(drops.load(Ordering::Relaxed), 4);
    assert!(tasks.into_iter().all(|task| is_cancelled(task.join())));
    drop(tx);
}

/// Workers that stop wait for the tasks that may come to any of them.
fn a_shutdown_ends_movers() {
    let runtime = Runtime::builder().workers(2).build().unwrap();
    let (tx, rx) = channel::rendezvous::<()>();
    let spawner = runtime.spawn(move || {
        [(); 2].map(|()| {
            let rx = rx.clone();
            // SAFETY: the body keeps nothing that belongs to a thread over a suspension.
            unsafe { moonfleet::spawn_migratable(move || rx.recv()) }
        })
    });
    let movers = spawner.join();
    assert!(runtime.shutdown(Duration::MAX).is_complete());
    assert!(movers.unwrap().into_iter().all(|task| is_cancelled(task.join())));
    drop(tx);
}

/// Closures on threads of their own: each task gets its result, although the threads come and go.
fn blocking_calls_return() {
    run(2, || {
        let tasks = [0, 1, 2].map(|n| moonfleet::spawn(move || moonfleet::blocking(move || n)));
        assert_eq!(tasks.map(|task| task.join().unwrap()), [0, 1, 2]);
        time::sleep(Duration::from_secs(10));
        assert_eq!(moonfleet::blocking(|| 3), 3);
    });
}

#[test]
fn cancels_arrive() {
    explore(a_cancelled_task_ends);
    hangs_by("orders_in_silence", a_cancelled_task_ends);
    hangs_by("obeys_no_orders", a_cancelled_task_ends);
    explore(a_token_ends_its_tasks);
    hangs_by("orders_in_silence", a_token_ends_its_tasks);
}

#[test]
fn deadlines_end_waits() {
    explore(deadlines_come);
    hangs_by("sleeps_past_its_timers", deadlines_come);
}

#[test]
fn shutdowns_against_spawns() {
    explore(a_shutdown_leaves_nobody);
    hangs_by("lets_in_after_the_end", a_shutdown_leaves_nobody);
    hangs_by("sleeps_although_it_is_done", a_shutdown_leaves_nobody);
    hangs_by("stops_with_tasks_waiting", a_shutdown_leaves_nobody);
    hangs_by("starts_what_was_cancelled", a_shutdown_leaves_nobody);
}

#[test]
fn shutdowns_end_tasks() {
    explore(a_shutdown_unwinds_all);
    hangs_by("starts_what_was_cancelled", a_shutdown_unwinds_all);
    explore(a_shutdown_ends_movers);
    hangs_by("stops_with_migratables_waiting", a_shutdown_ends_movers);
}

#[test]
fn blocking_threads_serve() {
    explore(blocking_calls_return);
    hangs_by("ends_with_a_job_waiting", blocking_calls_return);
}
