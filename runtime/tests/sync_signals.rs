//! Signals: what barriers, wait groups, notifications and events promise, from tasks and threads; and how the
//! waits of all signals, semaphores included, end when their task is cancelled.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use moonfleet::sync::{Barrier, Event, Notify, Semaphore, WaitGroup, WaitTimeoutError};
use moonfleet::time::sleep_until;
use moonfleet::{JoinHandle, spawn, spawn_local};

use support::{
    LONG, alone, complaint, ends_completely, keep_the_worker_busy, park, runtime, settle, was_cancelled,
};

const SHORT: Duration = Duration::from_millis(2);

// ── barrier ─────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn nobody_passes_a_barrier_before_all_are_there() {
    const ROUNDS: usize = 300;
    const PARTIES: usize = 12;
    let barrier = Arc::new(Barrier::new(PARTIES));
    let arrived: Arc<Vec<AtomicUsize>> = Arc::new((0..ROUNDS).map(|_| AtomicUsize::new(0)).collect());
    let leaders = Arc::new(AtomicUsize::new(0));
    let party = || {
        let (barrier, arrived, leaders) = (Arc::clone(&barrier), Arc::clone(&arrived), Arc::clone(&leaders));
        move || {
            for round in &*arrived {
                round.fetch_add(1, Ordering::Relaxed);
                let passed = barrier.wait();
                assert_eq!(round.load(Ordering::Relaxed), PARTIES);
                leaders.fetch_add(usize::from(passed.is_leader()), Ordering::Relaxed);
            }
        }
    };
    let runtime = runtime(4);
    let tasks: Vec<_> = (0..PARTIES - 3).map(|_| runtime.spawn(party())).collect();
    let threads: Vec<_> = (0..3).map(|_| thread::spawn(party())).collect();
    tasks.into_iter().for_each(|task| task.join().unwrap());
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(leaders.load(Ordering::Relaxed), ROUNDS);
}

#[test]
fn nobody_waits_at_a_barrier_of_none_or_one() {
    for parties in [0, 1] {
        let barrier = Barrier::new(parties);
        assert!(barrier.wait().is_leader() && barrier.wait().is_leader());
        assert!(barrier.wait_timeout(Duration::ZERO).unwrap().is_leader());
        assert!(alone(|| barrier.wait().is_leader()));
    }
}

#[test]
fn a_party_that_gives_up_is_counted_out() {
    let barrier = Arc::new(Barrier::new(2));
    for timeout in [Duration::ZERO, SHORT] {
        let error = barrier.wait_timeout(timeout).unwrap_err();
        assert_eq!((error.arrived, error.parties), (1, 2));
        assert!(error.to_string().starts_with("2 parties were waited for, but 1 came"));
    }
    alone(|| {
        let party = || {
            let barrier = Arc::clone(&barrier);
            spawn_local(move || barrier.wait_timeout(Duration::MAX).unwrap().is_leader())
        };
        let first = party();
        settle();
        assert!(!first.is_finished(), "the two that gave up do not count");
        let second = party();
        assert_eq!((first.join().unwrap(), second.join().unwrap()), (false, true));
    });
}

#[test]
fn a_party_that_is_cancelled_is_counted_out() {
    let barrier = Arc::new(Barrier::new(4));
    let runtime = runtime(1);
    let parties = [0, 1].map(|_| {
        let barrier = Arc::clone(&barrier);
        park(&runtime, move || assert!(!barrier.wait().is_leader()))
    });
    assert_eq!(barrier.wait_timeout(Duration::ZERO).unwrap_err().arrived, 3);
    ends_completely(runtime);
    assert!(parties.into_iter().all(was_cancelled));
    assert_eq!(barrier.wait_timeout(Duration::ZERO).unwrap_err().arrived, 1);
}

#[test]
fn a_round_that_ends_beats_a_timeout() {
    alone(|| {
        let (barrier, start) = (Arc::new(Barrier::new(2)), Instant::now());
        let last = spawn_local({
            let barrier = Arc::clone(&barrier);
            move || {
                sleep_until(start + 5 * SHORT);
                barrier.wait().is_leader()
            }
        });
        let first = spawn_local(move || barrier.wait_timeout(10 * SHORT).map(|round| round.is_leader()));
        settle();
        // Then both timers fire at once, the sleeper's first: the other's time is over before it runs.
        keep_the_worker_busy(11 * SHORT);
        assert!(last.join().unwrap());
        assert_eq!(first.join().unwrap(), Ok(false));
    });
}

#[test]
fn a_barrier_of_more_than_will_ever_come_times_out() {
    let barrier = Barrier::new(usize::MAX);
    assert_eq!(barrier.wait_timeout(SHORT).unwrap_err().parties, usize::MAX);
}

#[test]
fn each_round_of_impatient_parties_is_all_or_none() {
    const PARTIES: usize = 4;
    let (barrier, passed) = (Arc::new(Barrier::new(PARTIES)), Arc::new(AtomicUsize::new(0)));
    let leaders = Arc::new(AtomicUsize::new(0));
    let runtime = runtime(4);
    let tasks: Vec<_> = (0..PARTIES + 2)
        .map(|_| {
            let (barrier, passed, leaders) =
                (Arc::clone(&barrier), Arc::clone(&passed), Arc::clone(&leaders));
            runtime.spawn(move || {
                for _ in 0..500 {
                    if let Ok(round) = barrier.wait_timeout(Duration::from_micros(30)) {
                        passed.fetch_add(1, Ordering::Relaxed);
                        leaders.fetch_add(usize::from(round.is_leader()), Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();
    tasks.into_iter().for_each(|task| task.join().unwrap());
    assert_eq!(passed.load(Ordering::Relaxed), PARTIES * leaders.load(Ordering::Relaxed));
    assert_eq!(barrier.wait_timeout(Duration::ZERO).unwrap_err().arrived, 1, "nobody is left in it");
}

// ── wait group ──────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_group_waits_for_tasks_and_threads_however_they_end() {
    let (group, done) = (WaitGroup::new(), Arc::new(AtomicUsize::new(0)));
    let runtime = runtime(4);
    let work = |panics: bool| {
        let (token, done) = (group.token(), Arc::clone(&done));
        move || {
            let _token = token;
            done.fetch_add(1, Ordering::Relaxed);
            assert!(!panics, "on purpose");
        }
    };
    let tasks: Vec<_> = (0..1_000).map(|n| runtime.spawn(work(n % 100 == 0))).collect();
    let threads: Vec<_> = (0..4).map(|_| thread::spawn(work(false))).collect();
    let waiting = runtime.spawn({
        let (group, done) = (group.clone(), Arc::clone(&done));
        move || {
            group.wait();
            done.load(Ordering::Relaxed)
        }
    });
    group.wait();
    assert_eq!(done.load(Ordering::Relaxed), 1_004);
    assert_eq!(waiting.join().unwrap(), 1_004);
    assert_eq!(tasks.into_iter().filter_map(|task| task.join().err()).count(), 10);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn a_token_of_a_cancelled_task_is_done() {
    let (group, never) = (WaitGroup::new(), Arc::new(Event::new()));
    let runtime = runtime(1);
    let token = group.token();
    let task = park(&runtime, move || {
        let _token = token;
        never.wait();
    });
    assert_eq!(group.wait_timeout(Duration::ZERO).unwrap_err().pending, 1);
    ends_completely(runtime);
    group.wait();
    assert!(was_cancelled(task));
}

#[test]
fn a_wait_ends_by_the_first_zero_though_more_is_added_since() {
    alone(|| {
        let group = WaitGroup::new();
        group.add(2);
        let waiting = spawn_local({
            let group = group.clone();
            move || group.wait()
        });
        settle();
        group.done();
        settle();
        assert!(!waiting.is_finished());
        group.done();
        group.add(1);
        waiting.join().unwrap();
        assert_eq!(group.wait_timeout(Duration::ZERO).unwrap_err().pending, 1);
        group.done();
        group.wait();
    });
}

#[test]
fn a_group_that_is_counted_wrong_says_so() {
    let group = WaitGroup::new();
    assert!(complaint(|| group.done()).contains("nothing left to be done"));
    group.add(usize::MAX);
    assert!(complaint(|| group.add(1)).contains(&format!("of {}", usize::MAX)));
    assert!(complaint(|| group.token()).contains("is the most"));
    assert_eq!(group.pending(), usize::MAX);
    group.add(0);
    let error = group.wait_timeout(SHORT).unwrap_err();
    assert!(error.to_string().contains(&usize::MAX.to_string()));
}

#[test]
fn a_group_with_nothing_to_do_makes_nobody_wait() {
    let group = WaitGroup::default();
    group.wait();
    group.wait_timeout(Duration::ZERO).unwrap();
    alone(|| group.wait_timeout(Duration::MAX).unwrap());
}

// ── notify ──────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn one_signal_is_kept_and_no_more() {
    let notify = Notify::new();
    (0..3).for_each(|_| notify.notify_one());
    notify.wait();
    assert_eq!(notify.wait_timeout(Duration::ZERO), Err(WaitTimeoutError));
    notify.notify_all();
    assert_eq!(notify.wait_timeout(SHORT), Err(WaitTimeoutError), "nothing is kept for nobody");
}

/// Starts a task that waits `times` times, and counts how often it was woken.
fn wakes(notify: &Arc<Notify>, times: usize) -> (JoinHandle<()>, Arc<AtomicUsize>) {
    let (notify, woken) = (Arc::clone(notify), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&woken);
    let task = spawn_local(move || {
        for _ in 0..times {
            notify.wait();
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    settle();
    (task, woken)
}

#[test]
fn notify_one_wakes_in_order_and_notify_all_wakes_once_each() {
    alone(|| {
        let notify = Arc::new(Notify::new());
        let parties: Vec<_> = (0..3).map(|_| wakes(&notify, 2)).collect();
        let counts = || parties.iter().map(|(_, woken)| woken.load(Ordering::Relaxed)).collect::<Vec<_>>();
        notify.notify_one();
        settle();
        assert_eq!(counts(), [1, 0, 0]);
        // Each is woken once, though those woken first wait again while others are being woken.
        notify.notify_all();
        settle();
        assert_eq!(counts(), [2, 1, 1]);
        notify.notify_one();
        notify.notify_one();
        settle();
        assert_eq!(counts(), [2, 2, 2]);
        assert!(parties.iter().all(|(task, _)| task.is_finished()));
        assert!(notify.wait_timeout(Duration::ZERO).is_err());
    });
}

#[test]
fn a_signal_that_meets_a_timeout_is_received_or_kept() {
    let runtime = runtime(2);
    for micros in 0..1_000 {
        let notify = Arc::new(Notify::new());
        let waiting = runtime.spawn({
            let notify = Arc::clone(&notify);
            move || notify.wait_timeout(Duration::from_micros(micros % 100)).is_ok()
        });
        let signal = runtime.spawn({
            let notify = Arc::clone(&notify);
            move || notify.notify_one()
        });
        signal.join().unwrap();
        let received = waiting.join().unwrap();
        assert_ne!(received, notify.wait_timeout(Duration::ZERO).is_ok());
    }
}

#[test]
fn a_signal_that_meets_a_cancel_is_received_or_kept() {
    for _ in 0..100 {
        let (notify, received) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
        let runtime = runtime(1);
        park(&runtime, {
            let (notify, received) = (Arc::clone(&notify), Arc::clone(&received));
            move || {
                notify.wait();
                received.store(true, Ordering::Relaxed);
            }
        });
        thread::scope(|scope| {
            scope.spawn(|| notify.notify_one());
            ends_completely(runtime);
        });
        assert_ne!(received.load(Ordering::Relaxed), notify.wait_timeout(Duration::ZERO).is_ok());
    }
}

#[test]
fn every_signal_finds_somebody_among_tasks_and_threads() {
    const PARTIES: usize = 20;
    let (notify, woken) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let party = || {
        let (notify, woken) = (Arc::clone(&notify), Arc::clone(&woken));
        move || {
            notify.wait();
            woken.fetch_add(1, Ordering::Relaxed);
            // The signal is passed on: one lost, and the rest wait for ever.
            notify.notify_one();
        }
    };
    let runtime = runtime(4);
    let tasks: Vec<_> = (0..PARTIES).map(|_| runtime.spawn(party())).collect();
    let threads: Vec<_> = (0..4).map(|_| thread::spawn(party())).collect();
    notify.notify_one();
    tasks.into_iter().for_each(|task| task.join().unwrap());
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(woken.load(Ordering::Relaxed), PARTIES + 4);
    assert!(notify.wait_timeout(Duration::ZERO).is_ok(), "the last one's signal is kept");
}

// ── event ───────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn an_event_is_seen_by_all_until_it_is_reset() {
    let event = Event::new();
    assert_eq!(event.wait_timeout(Duration::ZERO), Err(WaitTimeoutError));
    assert!(event.set() && !event.set() && event.is_set());
    event.wait();
    assert_eq!(event.wait_timeout(Duration::ZERO), Ok(()));
    assert!(event.reset() && !event.reset() && !event.is_set());
    assert_eq!(event.wait_timeout(SHORT), Err(WaitTimeoutError));
}

#[test]
fn who_waited_when_an_event_was_set_goes_on_though_it_is_reset() {
    alone(|| {
        let event = Arc::new(Event::new());
        let wait = || {
            let event = Arc::clone(&event);
            spawn_local(move || event.wait_timeout(Duration::MAX))
        };
        let before: Vec<_> = (0..3).map(|_| wait()).collect();
        settle();
        event.set();
        event.reset();
        let after = wait();
        settle();
        assert!(before.iter().all(JoinHandle::is_finished) && !after.is_finished());
        event.set();
        after.join().unwrap().unwrap();
    });
}

#[test]
fn an_event_wakes_tasks_and_threads() {
    let (event, seen) = (Arc::new(Event::new()), Arc::new(AtomicUsize::new(0)));
    let wait = || {
        let (event, seen) = (Arc::clone(&event), Arc::clone(&seen));
        move || {
            event.wait();
            seen.fetch_add(1, Ordering::Relaxed);
        }
    };
    let runtime = runtime(4);
    let tasks: Vec<_> = (0..500).map(|_| runtime.spawn(wait())).collect();
    let threads: Vec<_> = (0..4).map(|_| thread::spawn(wait())).collect();
    event.set();
    tasks.into_iter().for_each(|task| task.join().unwrap());
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(seen.load(Ordering::Relaxed), 504);
}

// ── ending ──────────────────────────────────────────────────────────────────────────────────────────────

/// Every wait of this file that never ends by itself.
fn endless_waits() -> Vec<Box<dyn FnOnce() + Send>> {
    let (semaphore, barrier) = (Arc::new(Semaphore::new(0)), Arc::new(Barrier::new(usize::MAX)));
    let (group, notify, event) = (WaitGroup::new(), Arc::new(Notify::new()), Arc::new(Event::new()));
    group.add(1);
    vec![
        Box::new({
            let semaphore = Arc::clone(&semaphore);
            move || assert!(semaphore.acquire().is_err())
        }),
        Box::new(move || assert!(semaphore.acquire_owned_timeout(LONG).is_err())),
        Box::new({
            let barrier = Arc::clone(&barrier);
            move || assert!(!barrier.wait().is_leader())
        }),
        Box::new(move || assert!(barrier.wait_timeout(LONG).is_err())),
        Box::new({
            let group = group.clone();
            move || group.wait()
        }),
        Box::new(move || assert!(group.wait_timeout(Duration::MAX).is_err())),
        Box::new({
            let notify = Arc::clone(&notify);
            move || notify.wait()
        }),
        Box::new(move || assert!(notify.wait_timeout(LONG).is_err())),
        Box::new({
            let event = Arc::clone(&event);
            move || event.wait()
        }),
        Box::new(move || assert!(event.wait_timeout(LONG).is_err())),
    ]
}

#[test]
fn shutdown_unwinds_every_wait() {
    for workers in [1, 2] {
        let runtime = runtime(workers);
        let tasks: Vec<_> = endless_waits().into_iter().map(|wait| park(&runtime, wait)).collect();
        ends_completely(runtime);
        assert!(tasks.into_iter().all(was_cancelled));
    }
}

/// Runs what it holds when it is dropped.
struct OnDrop(Option<Box<dyn FnOnce() + Send>>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.take().expect("dropped once")();
    }
}

#[test]
fn a_destructor_of_a_cancelled_task_may_wait() {
    let (semaphore, reached) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicBool::new(false)));
    let runtime = runtime(1);
    let task = park(&runtime, {
        let (semaphore, reached) = (Arc::clone(&semaphore), Arc::clone(&reached));
        move || {
            let _waits = OnDrop(Some(Box::new(move || {
                reached.store(semaphore.acquire_many(2).is_ok(), Ordering::Relaxed);
            })));
            Event::new().wait();
        }
    });
    semaphore.add_permits(2);
    ends_completely(runtime);
    assert!(was_cancelled(task));
    assert!(reached.load(Ordering::Relaxed));
    assert_eq!(semaphore.available_permits(), 2);
}

#[test]
fn a_group_of_spawned_tasks_can_spawn_more() {
    runtime(4).block_on(|| {
        fn tree(depth: usize, token: moonfleet::sync::WaitGroupToken, leaves: Arc<AtomicUsize>) {
            if depth == 0 {
                leaves.fetch_add(1, Ordering::Relaxed);
                return;
            }
            for _ in 0..2 {
                let (token, leaves) = (token.clone(), Arc::clone(&leaves));
                spawn(move || tree(depth - 1, token, leaves));
            }
        }
        let (group, leaves) = (WaitGroup::new(), Arc::new(AtomicUsize::new(0)));
        tree(9, group.token(), Arc::clone(&leaves));
        group.wait();
        assert_eq!(leaves.load(Ordering::Relaxed), 512);
    });
}
