//! Cancels: at every suspension point, at every moment of a task's life, from everywhere; and what they leave.

mod support;

use std::panic::{catch_unwind, panic_any};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use moonfleet::cancel::{self, CancelHandle, CancelToken, Cancelled};
use moonfleet::channel::{
    self, Receiver, SendError, Sender, TryRecvError, TrySendError, bounded, rendezvous, unbounded,
};
use moonfleet::foreign::{self, RecvFailure, SendFailure};
use moonfleet::neighbour;
use moonfleet::select::{RecvArm, Selected, SendArm, Wait, select};
use moonfleet::sync::Mutex;
use moonfleet::time::{Elapsed, sleep, sleep_until, timeout};
use moonfleet::{
    JoinError, JoinHandle, TaskBuilder, block_on, fork_join, scope, select, spawn, spawn_local, spawn_on,
    yield_now,
};

use support::drops::{Drops, OnDrop, park_with_guard};
use support::{LONG, alone, runtime, settle, start, was_cancelled};

const SOON: Duration = Duration::from_micros(200);

// ── every suspension point ──────────────────────────────────────────────────────────────────────────────

/// Each way of this crate to wait; none of them ends by itself.
const EVERY_WAIT: [(&str, fn()); 25] = [
    ("recv", || silent(|rx| rx.recv().is_ok())),
    ("recv_timeout", || silent(|rx| rx.recv_timeout(LONG).is_ok())),
    ("recv_many", || silent(|rx| rx.recv_many(&mut Vec::new(), 2).is_ok())),
    ("iter", || silent(|rx| rx.iter().next().is_some())),
    ("send", || full(|tx| tx.send(2).is_ok())),
    ("send_timeout", || full(|tx| tx.send_timeout(2, LONG).is_ok())),
    ("oneshot", || {
        let (_reply, answer) = channel::oneshot::<u8>();
        answer.recv().unwrap();
    }),
    ("oneshot, timeout", || {
        let (_reply, mut answer) = channel::oneshot::<u8>();
        answer.recv_timeout(LONG).unwrap();
    }),
    ("join", || spawn(|| sleep(LONG)).join().unwrap()),
    ("join_timeout", || spawn(|| sleep(LONG)).join_timeout(LONG).unwrap().unwrap()),
    ("sleep", || sleep(LONG)),
    ("sleep for ever", || sleep(Duration::MAX)),
    ("sleep_until", || sleep_until(Instant::now() + LONG)),
    ("yield_now", || {
        loop {
            yield_now()
        }
    }),
    ("select", || {
        silent(|rx| {
            full(|tx| select! { recv(rx) -> _ => false, send(tx, 2) -> _ => false });
            false
        });
    }),
    ("select, timeout", || silent(|rx| select! { recv(rx) -> _ => false, timeout(LONG) => false })),
    ("select of nothing", || assert_eq!(select(&mut [], Wait::Forever), Selected::TimedOut)),
    ("timeout", || timeout(LONG, || sleep(LONG)).unwrap()),
    ("token.wait", || CancelToken::new().wait()),
    ("token.wait_timeout", || assert!(CancelToken::new().wait_timeout(LONG))),
    ("token.run", || CancelToken::new().run(|| sleep(LONG)).unwrap()),
    ("scope", || scope(|s| drop(s.spawn(|| sleep(LONG))))),
    ("scope, join", || scope(|s| s.spawn(|| sleep(LONG)).join().unwrap())),
    ("fork_join", || assert_eq!(fork_join(|| sleep(LONG), || sleep(LONG)), ((), ()))),
    ("block_on", || block_on(std::future::pending())),
];

/// Receives from a channel by which nobody sends.
fn silent(receive: impl FnOnce(&Receiver<u8>) -> bool) {
    let (_tx, rx) = rendezvous();
    assert!(receive(&rx));
}

/// Sends by a channel from which nobody receives.
fn full(send: impl FnOnce(&Sender<u8>) -> bool) {
    let (tx, _rx) = bounded(1);
    tx.try_send(1).unwrap();
    assert!(send(&tx));
}

#[test]
fn every_kind_of_wait_is_unwound_from_everywhere() {
    for from in ["a thread", "its worker", "another worker", "another runtime"] {
        let (runtime, other, drops) = (runtime(2), runtime(1), Drops::default());
        for (name, wait) in EVERY_WAIT {
            let task = park_with_guard(&runtime, &drops, wait);
            assert!(!task.is_finished(), "{name} waits");
            let canceller = task.cancel_handle();
            let cancel = move || canceller.cancel();
            match from {
                "a thread" => cancel(),
                "its worker" => runtime.spawn_on(0, cancel).join().unwrap(),
                "another worker" => runtime.spawn_on(1, cancel).join().unwrap(),
                _ => other.spawn(cancel).join().unwrap(),
            }
            assert!(was_cancelled(task), "{name}, cancelled from {from}");
        }
        assert_eq!(drops.count(), EVERY_WAIT.len());
    }
}

#[test]
fn every_kind_of_wait_refuses_to_begin_in_a_cancelled_task() {
    let (runtime, drops) = (runtime(1), Drops::default());
    for (name, wait) in EVERY_WAIT {
        let guard = drops.guard();
        let (tx, rx) = channel::oneshot::<CancelHandle>();
        let task = runtime.spawn(move || {
            let _guard = guard;
            rx.recv().unwrap().cancel();
            wait();
        });
        tx.send(task.cancel_handle()).unwrap();
        assert!(was_cancelled(task), "{name}");
    }
    assert_eq!(drops.count(), EVERY_WAIT.len());
}

#[test]
fn a_wait_deep_in_code_of_others_is_unwound() {
    let (runtime, drops) = (runtime(1), Drops::default());
    let task = park_with_guard(&runtime, &drops, || {
        [3, 1, 2].sort_by(|left, right| {
            sleep(LONG);
            left.cmp(right)
        });
    });
    task.cancel();
    assert!(was_cancelled(task));
}

#[test]
fn what_does_not_wait_works_in_a_cancelled_task() {
    let outcome = alone(|| {
        let (told, tells) = channel::oneshot::<CancelHandle>();
        let (tx, rx) = bounded(1);
        let task = spawn_local(move || {
            tells.recv().unwrap().cancel();
            assert!(cancel::is_cancelled());
            tx.try_send(1).unwrap();
            assert_eq!(tx.try_send(2), Err(TrySendError::Full(2)));
            let one = rx.try_recv().unwrap();
            let (reply, mut answer) = channel::oneshot();
            reply.send(one).unwrap();
            // A result that is there already comes out of a join, an answer out of its channel.
            let spawned = spawn_local(|| 5);
            cancel::mask(settle);
            let five = spawned.join().unwrap();
            assert_eq!(answer.recv_timeout(LONG), Ok(1));
            CancelToken::new().cancel();
            five
        });
        told.send(task.cancel_handle()).unwrap();
        task.join()
    });
    assert_eq!(outcome.unwrap(), 5, "it did not wait, so it ended by itself");
}

/// An operation that waits twice: woken for a lock, the task is told to end before it runs, and finds the lock taken
/// by another.
#[test]
fn what_comes_between_two_waits_of_one_operation_is_not_lost() {
    let ways: [fn(&CancelToken, &JoinHandle<()>); 2] =
        [|_, waiter| waiter.cancel(), |token, _| token.cancel()];
    for end in ways {
        alone(|| {
            let (lock, token) = (Arc::new(Mutex::new(())), CancelToken::new());
            let held = lock.lock();
            let waiter = {
                let (lock, token) = (Arc::clone(&lock), token.clone());
                start(move || {
                    let _ = token.run(|| drop(lock.lock()));
                })
            };
            drop(held);
            let held = lock.lock();
            end(&token, &waiter);
            settle();
            assert!(waiter.is_finished(), "it waits again, for one that may wait for it");
            drop(held);
        });
    }
}

// ── what is left behind ─────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_cancelled_receiver_leaves_the_line() {
    for (tx, rx) in [rendezvous(), bounded(1), unbounded()] {
        let (runtime, drops) = (runtime(1), Drops::default());
        let [first, second] = [0, 1].map(|_| {
            let rx = rx.clone();
            park_with_guard(&runtime, &drops, move || rx.recv())
        });
        first.cancel();
        assert!(was_cancelled(first));
        // The next in line gets the message, and after it nobody waits any more.
        tx.try_send(7).unwrap();
        assert_eq!(second.join().unwrap(), Ok(7));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        if tx.capacity() == Some(0) {
            assert_eq!(tx.try_send(8), Err(TrySendError::Full(8)));
        }
    }
}

#[test]
fn a_cancelled_sender_leaves_the_line_with_its_message() {
    for (tx, rx) in [rendezvous(), bounded(1)] {
        let (runtime, drops, messages) = (runtime(1), Drops::default(), Drops::default());
        let resting = tx.capacity() == Some(1);
        if resting {
            tx.send((0, messages.guard())).unwrap();
        }
        let [first, second] = [1, 2].map(|n| {
            let (tx, message) = (tx.clone(), messages.guard());
            park_with_guard(&runtime, &drops, move || tx.send((n, message)).is_ok())
        });
        first.cancel();
        assert!(was_cancelled(first));
        assert_eq!(messages.count(), 1, "the message was dropped with its send");
        if resting {
            assert_eq!(rx.try_recv().unwrap().0, 0);
        }
        assert_eq!(rx.recv().unwrap().0, 2);
        assert!(second.join().unwrap());
        assert!(rx.try_recv().is_err());
    }
}

#[test]
fn a_cancelled_select_leaves_every_line() {
    let (runtime, drops) = (runtime(1), Drops::default());
    let ((tx, rx), (other_tx, other_rx)) = (rendezvous::<u8>(), rendezvous::<u8>());
    let (theirs, other_theirs) = (rx.clone(), other_tx.clone());
    let task = park_with_guard(&runtime, &drops, move || {
        let (mut receive, mut send) = (RecvArm::new(&theirs), SendArm::new(&other_theirs, 9));
        let selected = foreign::select(&mut [&mut receive, &mut send], Wait::Forever);
        (selected, receive.take(), send.into_message())
    });
    task.cancel();
    assert_eq!(task.join().unwrap(), (Err(Cancelled), None, Some(9)), "the unsent message is back");
    assert_eq!(tx.try_send(1), Err(TrySendError::Full(1)));
    assert_eq!(other_rx.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn a_cancelled_join_leaves_the_task_and_its_result() {
    let (runtime, drops) = (runtime(1), Drops::default());
    let (tx, rx) = rendezvous();
    let (told, tells) = rendezvous();
    let joined = runtime.spawn(move || told.send(rx.recv().unwrap()).unwrap());
    let task = park_with_guard(&runtime, &drops, move || joined.join());
    task.cancel();
    assert!(was_cancelled(task));
    tx.send(3).unwrap();
    assert_eq!(tells.recv(), Ok(3));
}

#[test]
fn a_cancelled_receiver_of_an_answer_is_gone() {
    let (runtime, drops) = (runtime(1), Drops::default());
    let (reply, answer) = channel::oneshot();
    let task = park_with_guard(&runtime, &drops, move || answer.recv());
    task.cancel();
    assert!(was_cancelled(task));
    assert_eq!(reply.send(4), Err(SendError(4)));
}

#[test]
fn foreign_waits_and_neighbours_are_told_again_and_again() {
    let (runtime, drops) = (runtime(1), Drops::default());
    let (tx, rx) = rendezvous::<u8>();
    let sleeper = runtime.spawn(|| sleep(LONG));
    let task = park_with_guard(&runtime, &drops, move || {
        let never = Instant::now() + LONG;
        assert_eq!(neighbour::wait(None), Err(Cancelled));
        for _ in 0..3 {
            assert_eq!(neighbour::wait(Some(never)), Err(Cancelled));
            assert_eq!(foreign::sleep_until(never), Err(Cancelled));
            assert_eq!(foreign::yield_now(), Err(Cancelled));
            assert_eq!(foreign::recv(&rx, Some(never)), Err(RecvFailure::Cancelled));
            assert_eq!(foreign::send(&tx, 1, None), Err(SendFailure::Cancelled(1)));
            assert_eq!(foreign::select(&mut [], Wait::Until(never)), Err(Cancelled));
        }
        // The joined task is not cancelled with its joiner.
        let canceller = sleeper.cancel_handle();
        assert!(matches!(foreign::join(sleeper), Err(Cancelled)));
        canceller.cancel();
        "the C frames have returned"
    });
    task.cancel();
    assert_eq!(task.join().unwrap(), "the C frames have returned");
}

#[test]
fn each_kind_of_foreign_wait_is_ended_by_a_cancel() {
    let (runtime, drops) = (runtime(1), Drops::default());
    let (tx, rx) = rendezvous::<u8>();
    let sleeper = runtime.spawn(|| sleep(LONG));
    let (theirs, other) = (tx.clone(), rx.clone());
    let waits: Vec<Box<dyn FnOnce() -> bool + Send>> = vec![
        Box::new(|| neighbour::wait(None).is_err()),
        Box::new(|| neighbour::wait(Some(Instant::now() + LONG)).is_err()),
        Box::new(|| foreign::sleep_until(Instant::now() + LONG).is_err()),
        Box::new(|| {
            while foreign::yield_now().is_ok() {}
            true
        }),
        Box::new(move || foreign::recv(&other, None) == Err(RecvFailure::Cancelled)),
        Box::new(|| foreign::select(&mut [], Wait::Forever).is_err()),
        Box::new(move || foreign::join(sleeper).is_err()),
    ];
    for wait in waits {
        let task = park_with_guard(&runtime, &drops, wait);
        task.cancel();
        assert!(task.join().unwrap());
    }
    let task = park_with_guard(&runtime, &drops, move || foreign::send(&theirs, 1, None));
    task.cancel();
    assert_eq!(task.join().unwrap(), Err(SendFailure::Cancelled(1)));
    assert_eq!((rx.try_recv(), tx.try_send(2)), (Err(TryRecvError::Empty), Err(TrySendError::Full(2))));
}

// ── every moment of a task's life ───────────────────────────────────────────────────────────────────────

#[test]
fn a_task_cancelled_before_its_start_does_not_start() {
    let (drops, ran) = (Drops::default(), Arc::new(AtomicUsize::new(0)));
    alone(|| {
        let mut tasks = Vec::new();
        for n in 0..30 {
            let (guard, ran) = (drops.guard(), Arc::clone(&ran));
            let body = move || {
                let _guard = guard;
                ran.fetch_add(1, Ordering::Relaxed);
            };
            tasks.push(match n % 3 {
                0 => spawn(body),
                1 => spawn_local(body),
                _ => spawn_on(0, body),
            });
        }
        tasks.iter().for_each(JoinHandle::cancel);
        assert_eq!(drops.count(), 0, "its closure is dropped on a stack of its own");
        assert!(tasks.into_iter().all(was_cancelled));
    });
    assert_eq!((ran.load(Ordering::Relaxed), drops.count()), (0, 30));
}

#[test]
fn the_closure_of_a_task_that_never_starts_may_wait_or_panic_when_it_is_dropped() {
    alone(|| {
        let (tx, rx) = unbounded();
        let waits = OnDrop(move || {
            cancel::mask(|| {
                yield_now();
                tx.send("dropped").unwrap();
            })
        });
        let task = spawn(move || drop(waits));
        task.cancel();
        assert!(was_cancelled(task));
        assert_eq!(rx.recv(), Ok("dropped"));
        let panics = OnDrop(|| panic_any("reef"));
        let task = spawn(move || drop(panics));
        task.cancel();
        assert!(matches!(task.join(), Err(JoinError::Panicked(_))));
        let interrupted = OnDrop(|| sleep(LONG));
        let task = spawn(move || drop(interrupted));
        task.cancel();
        assert!(was_cancelled(task));
    });
}

#[test]
fn a_running_task_goes_on_to_its_next_suspension_point_and_no_further() {
    let runtime = runtime(2);
    for round in 0..500 {
        let (running, is_running) = channel::oneshot();
        let (cancelled, steps) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (told, counted) = (Arc::clone(&cancelled), Arc::clone(&steps));
        let (tx, rx) = bounded(1);
        let task = runtime.spawn(move || {
            running.send(()).unwrap();
            while !told.load(Ordering::Acquire) {
                std::hint::spin_loop();
            }
            counted.fetch_add(1, Ordering::Relaxed);
            match round % 3 {
                0 => yield_now(),
                1 => tx.send(1).unwrap(),
                _ => assert_eq!(rx.recv(), Ok(1)),
            }
            counted.fetch_add(1, Ordering::Relaxed);
        });
        is_running.recv().unwrap();
        // Whoever sees what comes after the cancel cannot get past it.
        task.cancel();
        cancelled.store(true, Ordering::Release);
        assert!(was_cancelled(task));
        assert_eq!(steps.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn a_task_that_computes_may_check() {
    let runtime = runtime(1);
    let (running, is_running) = channel::oneshot();
    let task = runtime.spawn(move || {
        running.send(()).unwrap();
        // It never gives its worker the time to tell it.
        loop {
            cancel::check();
        }
    });
    is_running.recv().unwrap();
    task.cancel();
    assert!(was_cancelled(task));
    let (running, is_running) = channel::oneshot();
    let task = runtime.spawn(move || {
        running.send(()).unwrap();
        while !cancel::is_cancelled() {}
        "saw it"
    });
    is_running.recv().unwrap();
    task.cancel();
    assert_eq!(task.join().unwrap(), "saw it");
}

#[test]
fn a_task_that_has_ended_keeps_its_result() {
    let runtime = runtime(2);
    let task = runtime.spawn(|| 7);
    while !task.is_finished() {
        thread::yield_now();
    }
    let canceller = task.cancel_handle();
    task.cancel();
    task.cancel();
    canceller.cancel();
    drop(runtime);
    canceller.clone().cancel();
    assert_eq!(task.join().unwrap(), 7);
    canceller.cancel();
}

#[test]
fn a_cancel_again_is_no_cancel_more() {
    let (runtime, drops) = (runtime(2), Drops::default());
    let swallowed = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&swallowed);
    let task = park_with_guard(&runtime, &drops, move || {
        let first = catch_unwind(|| sleep(LONG));
        counted.fetch_add(usize::from(first.is_err()), Ordering::Relaxed);
        cancel::mask(|| sleep(SOON));
        sleep(LONG);
    });
    thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| (0..50).for_each(|_| task.cancel()));
        }
    });
    assert!(was_cancelled(task));
    assert_eq!((swallowed.load(Ordering::Relaxed), drops.count()), (1, 1));
}

#[test]
fn a_task_may_cancel_itself() {
    for workers in [1, 2] {
        let runtime = runtime(workers);
        let (tx, rx) = channel::oneshot::<CancelHandle>();
        let went_on = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&went_on);
        let task = runtime.spawn(move || {
            let me = rx.recv().unwrap();
            me.cancel();
            me.cancel();
            counted.fetch_add(1, Ordering::Relaxed);
            yield_now();
            counted.fetch_add(1, Ordering::Relaxed);
        });
        tx.send(task.cancel_handle()).unwrap();
        assert!(was_cancelled(task));
        assert_eq!(went_on.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn a_task_that_joins_itself_is_told_so() {
    alone(|| {
        let (tx, rx) = channel::oneshot::<JoinHandle<()>>();
        let (told, tells) = channel::oneshot();
        let task = spawn_local(move || {
            let me = rx.recv().unwrap();
            let Ok(Err(error)) = me.join_timeout(LONG) else { panic!("it waits for itself") };
            told.send(error).unwrap();
        });
        tx.send(task).unwrap();
        let error = tells.recv().unwrap();
        assert!(matches!(error, JoinError::JoinsItself { .. }));
        assert!(error.to_string().contains("let another task join it"), "{error}");
    });
}

#[test]
fn old_handles_do_not_reach_the_tasks_of_new_runtimes() {
    let mut old: Vec<CancelHandle> = Vec::new();
    for round in 0..20 {
        // Homes are used again by the workers of later runtimes.
        let runtime = runtime(2);
        let tasks: Vec<_> = (0..50)
            .map(|n| {
                runtime.spawn(move || {
                    (0..20).for_each(|_| yield_now());
                    timeout(SOON, || sleep(LONG)).unwrap_err();
                    n
                })
            })
            .collect();
        thread::scope(|s| {
            s.spawn(|| old.iter().for_each(CancelHandle::cancel));
            runtime.block_on(|| old.iter().for_each(CancelHandle::cancel));
        });
        old.extend(tasks.iter().map(JoinHandle::cancel_handle));
        let results: Vec<_> = tasks.into_iter().map(|task| task.join().unwrap()).collect();
        assert!(results.into_iter().eq(0..50), "round {round}");
    }
}

// ── masks, and tasks that cannot be cancelled ───────────────────────────────────────────────────────────

#[test]
fn a_mask_holds_until_its_end() {
    let (runtime, drops) = (runtime(1), Drops::default());
    let (tx, rx) = rendezvous::<u8>();
    let sum = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&sum);
    let task = park_with_guard(&runtime, &drops, move || {
        let received = cancel::mask(|| {
            let first = rx.recv().unwrap();
            let second = cancel::mask(|| rx.recv().unwrap());
            first + second + rx.recv().unwrap()
        });
        theirs.store(received.into(), Ordering::Relaxed);
        yield_now();
        theirs.store(0, Ordering::Relaxed);
    });
    task.cancel();
    [1, 2, 3].into_iter().for_each(|n| tx.send(n).unwrap());
    assert!(was_cancelled(task));
    assert_eq!(sum.load(Ordering::Relaxed), 6);
}

#[test]
fn a_shutdown_waits_for_masks_and_for_tasks_that_cannot_be_cancelled() {
    let (runtime, drops) = (runtime(2), Drops::default());
    let (tx, rx) = rendezvous::<u8>();
    let theirs = rx.clone();
    let masked = park_with_guard(&runtime, &drops, move || cancel::mask(|| theirs.recv().unwrap()));
    let guard = drops.guard();
    let uncancellable = runtime.block_on(|| {
        let body = move || {
            let _guard = guard;
            let received = rx.recv().unwrap();
            assert_eq!(timeout(SOON, || sleep(LONG)), Err(Elapsed), "deadlines inside of it count");
            received
        };
        TaskBuilder::new().name("steady").cancellable(false).spawn(body).unwrap()
    });
    uncancellable.cancel();
    let shutdown = thread::spawn(move || runtime.shutdown(LONG));
    tx.send(1).unwrap();
    tx.send(2).unwrap();
    assert!(shutdown.join().unwrap().is_complete());
    assert_eq!(masked.join().unwrap() + uncancellable.join().unwrap(), 3);
    assert_eq!(drops.count(), 2);
}

#[test]
fn a_shutdown_reports_what_cannot_be_cancelled() {
    let runtime = runtime(1);
    let (tx, rx) = rendezvous::<u8>();
    let body = move || rx.recv().unwrap();
    let task = runtime.block_on(|| TaskBuilder::new().cancellable(false).spawn(body).unwrap());
    let report = runtime.shutdown(Duration::from_millis(2));
    assert_eq!(report.stuck().len(), 1);
    tx.send(5).unwrap();
    assert_eq!(task.join().unwrap(), 5);
}

#[test]
fn a_task_that_cannot_be_cancelled_runs_although_it_was_before_its_start() {
    alone(|| {
        for n in 0..3 {
            let builder = TaskBuilder::new().cancellable(false);
            let body = || {
                settle();
                assert!(!cancel::is_cancelled());
                9
            };
            let task = match n {
                0 => builder.spawn(body),
                1 => builder.spawn_local(body),
                _ => builder.spawn_on(0, body),
            };
            let task = task.unwrap();
            task.cancel();
            assert_eq!(task.join().unwrap(), 9);
        }
    });
}

#[test]
fn a_token_ends_work_in_a_task_that_cannot_be_cancelled() {
    alone(|| {
        let token = CancelToken::new();
        let ours = token.clone();
        let body = move || ours.run(|| sleep(LONG));
        let task = TaskBuilder::new().cancellable(false).spawn_local(body).unwrap();
        settle();
        task.cancel();
        settle();
        assert!(!task.is_finished());
        token.cancel();
        assert_eq!(task.join().unwrap(), Err(Cancelled));
    });
}

// ── storms ──────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_message_is_received_by_the_cancelled_or_stays() {
    for workers in [1, 4] {
        for (tx, rx) in [rendezvous(), bounded(1), unbounded()] {
            let runtime = runtime(workers);
            let mut both_ways = [0, 0];
            for round in 0..1_000 {
                let theirs = rx.clone();
                let task = runtime.spawn(move || theirs.recv().unwrap());
                (0..round % 400).for_each(|_| std::hint::spin_loop());
                if round % 2 == 0 {
                    thread::yield_now();
                }
                if round % 3 == 0 {
                    task.cancel();
                }
                let sent = tx.try_send(round).is_ok();
                task.cancel();
                let (received, left) = (task.join().ok(), rx.try_recv().ok());
                assert_eq!(received.or(left), sent.then_some(round));
                assert!(received.is_none() || left.is_none());
                both_ways[usize::from(received.is_some())] += 1;
            }
            assert!(both_ways[0] > 0, "none was cancelled");
        }
    }
}

/// What the tasks of a storm do until they are cancelled, or a little while.
fn stormy(kind: usize, tx: &Sender<usize>, rx: &Receiver<usize>) -> usize {
    match kind % 8 {
        0 => tx.send(1).map_or(0, |()| 1),
        1 => rx.recv().map_or(0, |_| 1),
        2 => {
            sleep(Duration::from_micros(kind as u64 % 90));
            1
        }
        3 => {
            (0..kind % 9).for_each(|_| yield_now());
            1
        }
        4 => timeout(Duration::from_micros(kind as u64 % 50), || sleep(LONG)).map_or(1, |()| 0),
        5 => scope(|s| s.spawn(|| 1).join().unwrap()),
        6 => select! {
            recv(rx) -> received => received.map_or(0, |_| 1),
            send(tx, 1) -> _ => 1,
            timeout(SOON) => 1,
        },
        _ => spawn(|| 1).join().unwrap(),
    }
}

#[test]
fn a_storm_of_cancels_races_with_starts_and_ends() {
    const TASKS: usize = 100_000;
    const WAVE: usize = 200;
    let (runtime, other) = (runtime(4), runtime(1));
    let (drops, mut random) = (Drops::default(), numbers(7));
    let (mut cancelled, mut ended) = (0, 0);
    for _ in 0..TASKS / WAVE {
        let (tx, rx) = bounded(4);
        let tasks: Vec<_> = (0..WAVE)
            .map(|_| {
                let (tx, rx, kind, guard) = (tx.clone(), rx.clone(), random(), drops.guard());
                let body = move || {
                    let _guard = guard;
                    stormy(kind, &tx, &rx)
                };
                if kind % 3 == 0 { runtime.spawn_on(kind % 4, body) } else { runtime.spawn(body) }
            })
            .collect();
        // From this thread, from a task of the same runtime, and of another; some twice, some not at all.
        let [here, there, elsewhere] = [(); 3].map(|()| {
            tasks.iter().filter(|_| random() % 3 != 0).map(JoinHandle::cancel_handle).collect::<Vec<_>>()
        });
        let there = runtime.spawn(move || there.iter().for_each(CancelHandle::cancel));
        let elsewhere = other.spawn(move || elsewhere.iter().for_each(CancelHandle::cancel));
        here.iter().for_each(CancelHandle::cancel);
        there.join().unwrap();
        elsewhere.join().unwrap();
        // Whoever still waits for a partner is told that there is none.
        tx.close();
        for task in tasks {
            match task.join() {
                Ok(_) => ended += 1,
                Err(JoinError::Cancelled { .. }) => cancelled += 1,
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert_eq!((cancelled + ended, drops.count()), (TASKS, TASKS));
    assert!(cancelled > 0 && ended > 0, "{cancelled} cancelled, {ended} ended");
}

/// Numbers that look random, the same in every run.
fn numbers(seed: usize) -> impl FnMut() -> usize {
    let mut state = seed as u64;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    }
}

#[test]
fn ten_thousand_waiting_tasks_are_cancelled_one_by_one() {
    let runtime = runtime(4);
    let drops = Drops::default();
    let (ready, is_ready) = unbounded();
    let (_tx, rx) = rendezvous::<()>();
    let tasks: Vec<_> = (0..10_000)
        .map(|_| {
            let (rx, ready, guard) = (rx.clone(), ready.clone(), drops.guard());
            runtime.spawn(move || {
                let _guard = guard;
                ready.send(()).unwrap();
                rx.recv().unwrap();
            })
        })
        .collect();
    assert_eq!(is_ready.iter().take(10_000).count(), 10_000);
    tasks.iter().rev().for_each(JoinHandle::cancel);
    assert!(tasks.into_iter().all(was_cancelled));
    assert_eq!(drops.count(), 10_000);
}
