//! Sleeping: never early, in order, from tasks and threads, however long or short.

mod support;

use std::cell::RefCell;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use moonfleet::channel::{RecvTimeoutError, bounded, oneshot, rendezvous};
use moonfleet::time::{sleep, sleep_until};
use moonfleet::{JoinError, spawn, spawn_local, yield_now};

use support::runtime;

fn sleeps_its_time(duration: Duration) {
    let start = Instant::now();
    sleep(duration);
    assert!(start.elapsed() >= duration, "slept {:?} instead of {duration:?}", start.elapsed());
}

#[test]
fn a_sleep_is_never_early() {
    let durations = [0, 1, 999, 1_000, 50_000, 1_000_001, 7_654_321].map(Duration::from_nanos);
    durations.into_iter().for_each(sleeps_its_time);
    runtime(1).block_on(|| durations.into_iter().for_each(sleeps_its_time));
    runtime(2).block_on(|| {
        let tasks: Vec<_> =
            (0..500).map(|n| spawn(move || sleeps_its_time(durations[n % durations.len()]))).collect();
        tasks.into_iter().for_each(|task| task.join().unwrap());
    });
}

#[test]
fn sleep_until_reaches_its_deadline() {
    let check = || {
        for micros in [0, 100, 2_000] {
            let deadline = Instant::now() + Duration::from_micros(micros);
            sleep_until(deadline);
            assert!(Instant::now() >= deadline);
        }
    };
    check();
    runtime(2).block_on(check);
}

#[test]
fn a_sleep_of_no_length_still_lets_others_run() {
    let past = Instant::now();
    let naps: [fn(Instant); 2] = [|_| sleep(Duration::ZERO), sleep_until];
    for nap in naps {
        runtime(1).block_on(|| {
            let neighbour = spawn_local(|| ());
            nap(past);
            assert!(neighbour.is_finished());
        });
    }
}

#[test]
fn a_sleep_without_end_leaves_the_worker_to_others() {
    let runtime = runtime(1);
    let for_ever = runtime.spawn(|| sleep(Duration::MAX));
    runtime.block_on(|| {
        let (tx, rx) = rendezvous();
        spawn(move || (0..100).for_each(|n| tx.send(n).unwrap()));
        assert!(rx.iter().eq(0..100));
        sleep(Duration::from_millis(1));
    });
    assert!(!for_ever.is_finished());
    let report = runtime.shutdown(Duration::MAX);
    assert!(report.is_complete(), "{report}");
    assert!(matches!(for_ever.join(), Err(JoinError::Cancelled { .. })));
}

#[test]
fn a_wait_with_an_endless_timeout_ends_by_its_message() {
    let check = || {
        let (tx, rx) = rendezvous();
        let sender = thread::spawn(move || tx.send_timeout(1, Duration::MAX));
        assert_eq!(rx.recv_timeout(Duration::MAX), Ok(1));
        sender.join().unwrap().unwrap();
    };
    check();
    runtime(1).block_on(check);
}

#[test]
fn sleepers_wake_in_the_order_of_their_deadlines() {
    // Meaningful only if all of them lie down before the first is due: on a slow day, with more time.
    let in_time = [20, 200, 2_000, 20_000].into_iter().any(|lead_ms| {
        let (woken, in_time) = runtime(1).block_on(|| wake_order(1_000, Duration::from_millis(lead_ms)));
        if in_time {
            assert!(woken.iter().is_sorted(), "{woken:?}");
            assert_eq!(woken.len(), 1_000);
        }
        in_time
    });
    assert!(in_time, "a thousand tasks did not start within twenty seconds");
}

/// The order in which sleepers wake, the number of each being the rank of its deadline; and whether all of
/// them slept before the first deadline, which is `lead` from now.
fn wake_order(sleepers: u32, lead: Duration) -> (Vec<u32>, bool) {
    let first = Instant::now() + lead;
    let woken = Rc::new(RefCell::new(Vec::new()));
    let mut ranks: Vec<u32> = (0..sleepers).collect();
    fastrand::shuffle(&mut ranks);
    let tasks: Vec<_> = ranks
        .into_iter()
        .map(|rank| {
            let woken = Rc::clone(&woken);
            spawn_local(move || {
                sleep_until(first + Duration::from_micros(5) * rank);
                woken.borrow_mut().push(rank);
            })
        })
        .collect();
    // They start in order and ahead of this task, which comes again when the last one sleeps.
    yield_now();
    let in_time = Instant::now() < first;
    tasks.into_iter().for_each(|task| task.join().unwrap());
    (woken.take(), in_time)
}

#[test]
fn timers_that_race_with_wakes_leave_one_winner() {
    for workers in [1, 2] {
        let runtime = runtime(workers);
        let waits: Vec<_> = (0..2_000)
            .map(|_| {
                let (tx, mut rx) = oneshot();
                let nap = Duration::from_micros(fastrand::u64(0..200));
                let sender = runtime.spawn(move || {
                    sleep(nap);
                    tx.send(7)
                });
                let receiver = runtime.spawn(move || match rx.recv_timeout(nap) {
                    Ok(message) => Some(message),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Closed) => unreachable!("the sender sends before it goes"),
                });
                (sender, receiver)
            })
            .collect();
        for (sender, receiver) in waits {
            let (sent, received) = (sender.join().unwrap(), receiver.join().unwrap());
            assert!(sent.is_ok() || received.is_none(), "refused, yet received");
        }
    }
}

#[test]
fn a_timer_that_lost_does_not_end_a_later_wait() {
    runtime(1).block_on(|| {
        let (tx, rx) = bounded(1);
        let soon = Duration::from_micros(300);
        for _ in 0..200 {
            tx.send(()).unwrap();
            // Parks and is woken at once by a neighbour, long before the timeout.
            let (reply, answer) = rendezvous();
            let neighbour = rx.clone();
            spawn_local(move || reply.send(neighbour.recv()));
            answer.recv_timeout(soon).unwrap().unwrap();
            let start = Instant::now();
            sleep(soon);
            assert!(start.elapsed() >= soon);
        }
    });
}

#[test]
fn block_on_may_sleep_and_so_may_its_caller() {
    let runtime = runtime(2);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                sleeps_its_time(Duration::from_millis(1));
                runtime.block_on(|| sleeps_its_time(Duration::from_millis(1)));
            });
        }
    });
}

#[test]
fn a_task_that_computes_does_not_stop_the_timers_of_its_worker() {
    runtime(1).block_on(|| {
        let sleeper = spawn_local(|| sleep(Duration::from_micros(100)));
        yield_now();
        while !sleeper.is_finished() {
            yield_now();
        }
    });
}
