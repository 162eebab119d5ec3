//! Intervals and timer callbacks: on time, without drift, from tasks and threads, however short or long.

mod support;

use std::panic::catch_unwind;
use std::time::{Duration, Instant};

use moonfleet::time::{Interval, MissedTicks, after, interval, interval_at, sleep};
use moonfleet::{JoinError, channel, select, spawn, spawn_local, yield_now};

use support::runtime;

const POLICIES: [MissedTicks; 3] = [MissedTicks::Burst, MissedTicks::Delay, MissedTicks::Skip];

/// A moment in the past that any clock since boot can name.
fn past() -> Instant {
    let now = Instant::now();
    now.checked_sub(Duration::from_millis(100)).unwrap_or(now)
}

#[test]
fn ticks_are_never_early_and_never_drift() {
    let check = || {
        let period = Duration::from_micros(300);
        let start = Instant::now();
        let mut ticks = interval_at(start, period);
        for count in 0..20 {
            assert_eq!(ticks.tick(), start + count * period);
            assert!(Instant::now() >= start + count * period);
        }
    };
    check();
    for workers in [1, 2] {
        runtime(workers).block_on(|| {
            let tasks: Vec<_> = (0..20).map(|_| spawn(check)).collect();
            tasks.into_iter().for_each(|task| task.join().unwrap());
        });
    }
}

#[test]
fn the_first_tick_is_due_at_once() {
    let before = Instant::now();
    let mut ticks = interval(Duration::MAX);
    let first = ticks.tick();
    assert!(before <= first && first <= Instant::now());
    assert_eq!(ticks.try_tick(), None);
    assert_eq!(ticks.period(), Duration::MAX);
}

#[test]
fn each_policy_treats_missed_ticks_its_own_way() {
    let (start, period) = (past(), Duration::from_millis(7));
    let (first, second) = (start + period, start + 2 * period);

    let mut burst = interval_at(start, period);
    assert_eq!([burst.tick(), burst.tick(), burst.tick()], [start, first, second]);

    let mut delay = interval_at(start, period).missed_ticks(MissedTicks::Delay);
    assert_eq!(delay.tick(), start);
    assert!(delay.due() <= Instant::now() + period);
    let late = delay.due();
    assert!(late > second && delay.tick() == late);

    let mut skip = interval_at(start, period).missed_ticks(MissedTicks::Skip);
    let before = Instant::now();
    assert_eq!(skip.tick(), start);
    let next = skip.tick();
    assert!(next > before, "nothing of the past comes again");
    assert_eq!((next - start).as_nanos() % period.as_nanos(), 0);
}

#[test]
fn a_period_of_zero_is_refused_in_clear_words() {
    let makers: [fn() -> Interval; 2] =
        [|| interval(Duration::ZERO), || interval_at(Instant::now(), Duration::ZERO)];
    for make in makers {
        let payload = catch_unwind(make).unwrap_err();
        let text = payload.downcast_ref::<&str>().unwrap();
        assert!(text.contains("a period of zero was asked for") && text.contains("yield_now"), "{text}");
    }
}

#[test]
fn a_period_without_end_leaves_the_worker_to_others() {
    let runtime = runtime(1);
    let tasks: Vec<_> = POLICIES
        .into_iter()
        .map(|policy| {
            runtime.spawn(move || {
                let mut ticks = interval(Duration::MAX).missed_ticks(policy);
                (ticks.tick(), ticks.tick())
            })
        })
        .collect();
    assert_eq!(runtime.block_on(|| spawn(|| 5).join().unwrap()), 5);
    assert!(tasks.iter().all(|task| !task.is_finished()));
    let report = runtime.shutdown(Duration::MAX);
    assert!(report.is_complete(), "{report}");
    assert!(tasks.into_iter().all(|task| matches!(task.join(), Err(JoinError::Cancelled { .. }))));
}

#[test]
fn a_caller_that_is_always_late_still_gives_its_neighbours_a_turn() {
    runtime(1).block_on(|| {
        let neighbour = spawn_local(|| ());
        // A thousand million ticks a second, each delivered: it never catches up, and never has to wait.
        let mut ticks = interval_at(past(), Duration::from_nanos(1));
        while !neighbour.is_finished() {
            ticks.tick();
        }
    });
}

#[test]
fn reset_forgets_what_was_missed() {
    let period = Duration::from_secs(3_600);
    let mut ticks = interval_at(past(), Duration::from_micros(1));
    ticks.tick();
    let now = Instant::now();
    ticks.reset_at(now + period);
    assert_eq!((ticks.due(), ticks.try_tick()), (now + period, None));

    let mut ticks = interval(period);
    ticks.reset();
    assert!(ticks.due() >= now + period);
    assert_eq!(ticks.try_tick(), None);
}

#[test]
fn an_interval_beside_channels_in_a_select() {
    runtime(1).block_on(|| {
        let (tx, orders) = channel::bounded(1);
        let mut ticks = interval(Duration::from_micros(200));
        let owner = spawn_local(move || {
            let (mut beats, mut sum) = (0, 0);
            loop {
                select! {
                    recv(orders) -> order => match order {
                        Ok(order) => sum += order,
                        Err(_) => return (beats, sum),
                    },
                    deadline(ticks.due()) => beats += usize::from(ticks.try_tick().is_some()),
                }
            }
        });
        for order in 1..=4 {
            sleep(Duration::from_micros(300));
            tx.send(order).unwrap();
        }
        drop(tx);
        let (beats, sum) = owner.join().unwrap();
        assert!(beats >= 3, "1.2 ms hold six periods, and {beats} ticks were seen");
        assert_eq!(sum, 10);
    });
}

#[test]
fn a_tick_that_a_destructor_asks_for_is_waited_for() {
    struct LastTick(Interval, channel::Sender<Instant>);
    impl Drop for LastTick {
        fn drop(&mut self) {
            let tick = self.0.tick();
            assert!(Instant::now() >= tick);
            self.1.send(tick).unwrap();
        }
    }
    runtime(1).block_on(|| {
        let (tx, rx) = channel::bounded(1);
        let due = Instant::now() + Duration::from_millis(1);
        let task = spawn(move || {
            let _last = LastTick(interval_at(due, Duration::from_secs(1)), tx);
            panic!("with a last tick to come");
        });
        assert!(matches!(task.join(), Err(JoinError::Panicked(_))));
        assert_eq!(rx.recv(), Ok(due));
    });
}

#[test]
fn a_callback_runs_after_its_delay_and_returns_its_result() {
    runtime(2).block_on(|| {
        for delay in [Duration::ZERO, Duration::from_micros(50), Duration::from_millis(2)] {
            let start = Instant::now();
            let ran_at = after(delay, Instant::now).join().unwrap();
            assert!(ran_at >= start + delay);
        }
    });
}

#[test]
fn the_delay_of_a_callback_counts_from_the_call() {
    runtime(1).block_on(|| {
        let delay = Duration::from_millis(2);
        let start = Instant::now();
        let alarm = after(delay, || ());
        while start.elapsed() < delay {
            std::hint::spin_loop();
        }
        // It has not even started, but it is due: one that lies down now wakes later.
        let later = spawn_local(move || sleep(delay));
        alarm.join().unwrap();
        assert!(!later.is_finished());
    });
}

#[test]
fn a_callback_may_block_and_spawn_callbacks() {
    runtime(1).block_on(|| {
        let (tx, rx) = channel::rendezvous();
        let outer = after(Duration::from_micros(100), move || {
            let inner = after(Duration::from_micros(100), move || tx.send("from within"));
            yield_now();
            inner.join().unwrap()
        });
        assert_eq!(rx.recv(), Ok("from within"));
        outer.join().unwrap().unwrap();
    });
}

#[test]
fn a_callback_that_never_comes_is_dropped_at_shutdown() {
    let runtime = runtime(1);
    let (tx, rx) = channel::bounded::<()>(1);
    let alarm = runtime.block_on(|| after(Duration::MAX, move || tx.send(())));
    let report = runtime.shutdown(Duration::MAX);
    assert!(report.is_complete(), "{report}");
    assert!(matches!(alarm.join(), Err(JoinError::Cancelled { .. })));
    assert!(rx.recv().is_err(), "what the callback owned is gone, and it never ran");
}
