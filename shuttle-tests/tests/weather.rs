//! What is rare and goes together badly: unwinds that wait, runtimes side by side, futures, a monitor.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use moonfleet_shuttle_tests::moonfleet::{self, JoinError, Runtime, cancel, channel, time};
use moonfleet_shuttle_tests::{explore, fails_by, hangs_by, run, spin_until};

/// Says goodbye when it is dropped, and waits until somebody has heard it.
struct Farewell(channel::Sender<u32>);

impl Drop for Farewell {
    fn drop(&mut self) {
        // A task that was cancelled before it started drops its closure without an unwind.
        cancel::mask(|| self.0.send(1)).expect("somebody listens to the end");
    }
}

/// Destructors wait while their tasks unwind; their neighbours are disturbed by it no more than they are.
fn destructors_may_wait() {
    run(2, || {
        let (tx, rx) = channel::rendezvous();
        let never = channel::rendezvous::<()>();
        let leaving = [0, 0, 1].map(|worker| {
            let (farewell, never) = (Farewell(tx.clone()), never.1.clone());
            moonfleet::spawn_on(worker, move || {
                let _farewell = farewell;
                never.recv()
            })
        });
        drop(tx);
        let neighbour = moonfleet::spawn_on(0, move || {
            let deadline = time::timeout(Duration::from_micros(30), || never.1.recv());
            (deadline.is_err(), never.0)
        });
        leaving.iter().for_each(moonfleet::JoinHandle::cancel);
        assert_eq!(rx.iter().sum::<u32>(), 3);
        assert!(leaving.into_iter().all(|task| matches!(task.join(), Err(JoinError::Cancelled { .. }))));
        assert!(neighbour.join().unwrap().0, "the neighbour's deadline came");
    });
}

/// Tasks of two runtimes talk, wait for each other and cancel each other; one of them ends first.
fn two_runtimes_meet() {
    let [first, second] = [(); 2].map(|()| Runtime::builder().workers(1).build().unwrap());
    let (tx, rx) = channel::bounded(1);
    let there = second.spawn(move || rx.iter().sum::<u32>());
    let (idle_tx, idle_rx) = channel::rendezvous::<()>();
    let idle = second.spawn(move || idle_rx.recv());
    let here = first.spawn(move || {
        (1..4).for_each(|n| tx.send(n).unwrap());
        drop(tx);
        idle.cancel();
        (there.join().unwrap(), idle.join().is_err())
    });
    assert_eq!(here.join().unwrap(), (6, true));
    drop(idle_tx);
    assert!(second.shutdown(Duration::MAX).is_complete());
    assert!(first.shutdown(Duration::MAX).is_complete());
}

/// A future that a task drives is woken by another worker, and a dropped one takes no message with it.
fn futures_are_woken() {
    run(2, || {
        let (tx, rx) = channel::bounded(1);
        let receivers = [0, 1].map(|worker| {
            let rx = rx.clone();
            moonfleet::spawn_on(worker, move || {
                let early = time::timeout(Duration::from_micros(20), || moonfleet::block_on(rx.recv_async()));
                early.unwrap_or_else(|_| moonfleet::block_on(rx.recv_async())).unwrap()
            })
        });
        moonfleet::spawn(move || {
            moonfleet::block_on(async move {
                tx.send_async(1).await.unwrap();
                tx.send_async(2).await.unwrap();
            })
        })
        .join()
        .unwrap();
        assert_eq!(receivers.map(|task| task.join().unwrap()).iter().sum::<i32>(), 3);
    });
}

/// A monitor sees a task that does not end its turn, sleeps with the workers, and ends with the runtime.
fn monitors_wake_up() {
    let seen = Arc::new(AtomicUsize::new(0));
    let told = Arc::clone(&seen);
    let note = move |_: &moonfleet::Hog| {
        told.fetch_add(1, Ordering::Relaxed);
    };
    let runtime = Runtime::builder().workers(1).monitor(Duration::from_millis(1), note).build().unwrap();
    let hogged = Arc::clone(&seen);
    runtime.block_on(move || {
        time::sleep(Duration::from_secs(1));
        let before = hogged.load(Ordering::Relaxed);
        spin_until(|| hogged.load(Ordering::Relaxed) != before);
    });
    assert!(runtime.shutdown(Duration::MAX).is_complete());
}

#[test]
fn unwinds_that_wait() {
    explore(destructors_may_wait);
    fails_by("overlooks_a_storm", &["deadlock", "assertion failed: leaving"], destructors_may_wait);
}

#[test]
fn runtimes_side_by_side() {
    explore(two_runtimes_meet);
    hangs_by("orders_in_silence", two_runtimes_meet);
}

#[test]
fn futures_in_tasks() {
    explore(futures_are_woken);
    hangs_by("rings_no_bell", futures_are_woken);
}

#[test]
fn monitors_watch() {
    explore(monitors_wake_up);
    hangs_by("wakes_the_monitor_in_silence", monitors_wake_up);
}
