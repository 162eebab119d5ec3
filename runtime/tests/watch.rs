//! Watch channels: what they promise, and random programs against a model of one.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use moonfleet::channel::{RecvError, RecvTimeoutError, watch};
use moonfleet::sync::WaitGroup;
use moonfleet::{JoinError, JoinHandle, spawn_local};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestCaseResult;

use support::cargo::Cargo;
use support::{LONG, alone, park, runtime, settle};

const SHORT: Duration = Duration::from_millis(2);

fn config() -> ProptestConfig {
    ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() }
}

#[test]
fn a_watch_shows_the_latest_value_and_each_change_once() {
    let (tx, mut rx) = watch(0);
    assert!(!rx.has_changed());
    (1..=3).for_each(|n| assert_eq!(tx.send(n), 1));
    assert!(rx.has_changed());
    assert_eq!((rx.changed(), rx.get(), rx.has_changed()), (Ok(()), 3, false));
    assert_eq!(rx.changed_timeout(Duration::ZERO), Err(RecvTimeoutError::Timeout));
    tx.send(3);
    assert!(rx.has_changed(), "the same value, but set anew");
    assert_eq!((rx.get(), rx.has_changed()), (3, false));
    let mut late = tx.subscribe();
    assert_eq!((late.has_changed(), *late.latest()), (false, 3));
}

#[test]
fn a_clone_of_a_receiver_has_seen_the_same() {
    let (tx, mut rx) = watch('a');
    tx.send('b');
    let mut clone = rx.clone();
    assert_eq!((rx.changed(), clone.changed()), (Ok(()), Ok(())));
    assert!(!rx.clone().has_changed());
    assert_eq!(tx.receiver_count(), 2);
}

#[test]
fn a_watch_without_senders_keeps_its_value() {
    let (tx, mut rx) = watch(1);
    let other = tx.clone();
    other.send(2);
    drop(tx);
    assert!(!rx.is_closed());
    drop(other);
    assert!(rx.is_closed());
    assert_eq!(rx.changed(), Ok(()), "the last value is seen first");
    assert_eq!(rx.changed(), Err(RecvError));
    assert_eq!(rx.changed_timeout(LONG), Err(RecvTimeoutError::Closed));
    assert_eq!((rx.get(), rx.with(|n| n + 1)), (2, 3));
}

#[test]
fn a_watch_without_receivers_takes_values() {
    let (tx, rx) = watch(1);
    drop(rx);
    assert_eq!((tx.send(2), tx.receiver_count()), (0, 0));
    tx.send_modify(|n| *n += 5);
    assert_eq!(tx.subscribe().get(), 7);
}

#[test]
fn the_last_sender_wakes_whoever_waits_for_a_change() {
    alone(|| {
        let (tx, rx) = watch(1);
        let tasks: Vec<_> =
            [rx.clone(), rx].into_iter().map(|mut rx| spawn_local(move || rx.changed())).collect();
        settle();
        drop(tx);
        for task in tasks {
            assert_eq!(task.join().unwrap(), Err(RecvError));
        }
    });
}

#[test]
fn waits_for_a_change_take_any_timeout() {
    let (tx, mut rx) = watch(0);
    assert_eq!(rx.changed_timeout(SHORT), Err(RecvTimeoutError::Timeout));
    alone(|| {
        assert_eq!(rx.changed_timeout(Duration::ZERO), Err(RecvTimeoutError::Timeout));
        spawn_local(move || tx.send(1));
        assert_eq!(rx.changed_timeout(Duration::MAX), Ok(()));
    });
}

#[test]
fn a_change_that_is_called_off_is_not_seen() {
    let (tx, rx) = watch(vec![1]);
    let pushed = tx.send_if_modified(|list| {
        list.push(2);
        false
    });
    assert!(!pushed && !rx.has_changed());
    assert_eq!(*tx.latest(), [1], "the copy was dropped");
    let panic = catch_unwind(AssertUnwindSafe(|| tx.send_modify(|_| panic!("on purpose"))));
    assert!(panic.is_err() && !rx.has_changed());
    tx.send_modify(|list| list.push(2));
    assert!(rx.has_changed());
}

#[test]
fn changes_of_many_senders_are_all_made() {
    const CHANGES: usize = 2_000;
    let (tx, mut rx) = watch((0, 0));
    let runtime = runtime(4);
    let group = WaitGroup::new();
    let change = |threads: bool| {
        let (tx, token) = (tx.clone(), group.token());
        move || {
            (0..CHANGES).for_each(|_| {
                tx.send_modify(|(tasks, others)| if threads { *others += 1 } else { *tasks += 1 });
            });
            drop(token);
        }
    };
    (0..4).for_each(|_| drop(runtime.spawn(change(false))));
    (0..2).for_each(|_| drop(thread::spawn(change(true))));
    drop(tx);
    let mut before = (0, 0);
    while rx.changed().is_ok() {
        let now = rx.get();
        assert!(now.0 >= before.0 && now.1 >= before.1, "{before:?} came before {now:?}");
        before = now;
    }
    group.wait();
    assert_eq!(rx.get(), (4 * CHANGES, 2 * CHANGES));
}

#[test]
fn the_last_value_reaches_every_receiver() {
    let (tx, rx) = watch(0);
    let see_last = |mut rx: watch::Receiver<i32>| {
        move || {
            let mut last = 0;
            while rx.changed().is_ok() {
                let now = rx.get();
                assert!(now >= last);
                last = now;
            }
            last
        }
    };
    let runtime = runtime(4);
    let tasks: Vec<_> = (0..20).map(|_| runtime.spawn(see_last(rx.clone()))).collect();
    let thread = thread::spawn(see_last(rx));
    (1..=5_000).for_each(|n| assert!(tx.send(n) <= 21));
    drop(tx);
    assert!(tasks.into_iter().all(|task| task.join().unwrap() == 5_000));
    assert_eq!(thread.join().unwrap(), 5_000);
}

#[test]
fn old_values_live_as_long_as_somebody_reads_them() {
    let cargo = Cargo::new();
    let (tx, mut rx) = watch(cargo.another());
    let read = rx.latest();
    tx.send(cargo.another());
    assert_eq!(cargo.alive(), 3);
    drop(read);
    assert_eq!(cargo.alive(), 2);
    drop((tx, rx));
    assert_eq!((cargo.alive(), cargo.clones.load(Ordering::Relaxed)), (1, 0));
}

/// Its destructor uses the channel that it was in.
struct Mourner(Option<watch::Sender<Mourner>>);

impl Drop for Mourner {
    fn drop(&mut self) {
        assert!(self.0.as_ref().is_none_or(|tx| tx.latest().0.is_none()));
    }
}

#[test]
fn code_of_the_user_may_use_the_channel() {
    let (tx, _rx) = watch(Mourner(None));
    tx.send(Mourner(Some(tx.clone())));
    tx.send(Mourner(None));
    let (tx, mut rx) = watch(0);
    let mut meddled = false;
    tx.send_modify(|n| {
        if !std::mem::replace(&mut meddled, true) {
            tx.send(10);
        }
        *n += 1;
    });
    assert_eq!(rx.get(), 11, "what was set meanwhile is not overwritten unseen");
    let other = tx.subscribe();
    assert!(rx.with(|_| (tx.send(12), other.has_changed())).1);
}

// ── against a model ────────────────────────────────────────────────────────────────────────────────────

#[derive(Debug, Clone, Copy)]
enum Move {
    Send,
    /// Adds so much; zero is called off.
    Modify(usize),
    Subscribe,
    Clone(Index),
    Read(Index),
    /// Waits in a task of its own, which gives the receiver back.
    Wait(Index),
    /// Waits for no time at all.
    Glance(Index),
    Drop(Index),
}

fn a_move() -> impl Strategy<Value = Move> {
    let index = any::<Index>;
    prop_oneof![
        6 => Just(Move::Send),
        4 => (0..3_usize).prop_map(Move::Modify),
        2 => Just(Move::Subscribe),
        2 => index().prop_map(Move::Clone),
        5 => index().prop_map(Move::Read),
        6 => index().prop_map(Move::Wait),
        5 => index().prop_map(Move::Glance),
        3 => index().prop_map(Move::Drop),
    ]
}

type Changing = JoinHandle<(watch::Receiver<usize>, Result<(), RecvError>)>;

/// A receiver, or the task that it waits in, and what it has seen.
struct Viewer {
    idle: Option<watch::Receiver<usize>>,
    waiting: Option<Changing>,
    has_news: bool,
}

impl Viewer {
    fn new(rx: watch::Receiver<usize>, has_news: bool) -> Self {
        Self { idle: Some(rx), waiting: None, has_news }
    }

    fn wait(&mut self) {
        if let Some(mut rx) = self.idle.take() {
            self.waiting = Some(spawn_local(move || {
                let changed = rx.changed();
                (rx, changed)
            }));
        }
    }

    /// If its task has ended, as the model says, takes the receiver out of it and compares what it was told.
    fn collect(&mut self, closed: bool) -> TestCaseResult {
        let ended = self.waiting.take_if(|task| task.is_finished());
        prop_assert!(self.waiting.is_none() || !(self.has_news || closed));
        if let Some(task) = ended {
            let (rx, changed) = task.join().unwrap();
            prop_assert_eq!(changed.is_ok(), std::mem::take(&mut self.has_news));
            prop_assert!(changed.is_ok() || closed);
            self.idle = Some(rx);
        }
        Ok(())
    }
}

fn watch_obeys_the_model(moves: &[Move]) -> TestCaseResult {
    let (tx, rx) = watch(0);
    let (mut value, mut viewers) = (0, vec![Viewer::new(rx, false)]);
    for (number, &step) in moves.iter().enumerate() {
        let pick = |which: Index| (!viewers.is_empty()).then(|| which.index(viewers.len()));
        let mut has_changed = false;
        match step {
            Move::Send => {
                prop_assert_eq!(tx.send(number), viewers.len());
                (value, has_changed) = (number, true);
            }
            Move::Modify(more) => {
                has_changed = tx.send_if_modified(|value| {
                    *value += more;
                    more > 0
                });
                prop_assert_eq!(has_changed, more > 0);
                value += more;
            }
            Move::Subscribe => viewers.push(Viewer::new(tx.subscribe(), false)),
            Move::Clone(which) => {
                let cloned = pick(which)
                    .and_then(|at| Some(Viewer::new(viewers[at].idle.clone()?, viewers[at].has_news)));
                viewers.extend(cloned);
            }
            Move::Read(which) => {
                if let Some(viewer) = pick(which).map(|at| &mut viewers[at])
                    && let Some(rx) = &mut viewer.idle
                {
                    prop_assert_eq!(rx.has_changed(), std::mem::take(&mut viewer.has_news));
                    prop_assert_eq!(rx.get(), value);
                }
            }
            Move::Wait(which) => pick(which).into_iter().for_each(|at| viewers[at].wait()),
            Move::Glance(which) => {
                if let Some(viewer) = pick(which).map(|at| &mut viewers[at])
                    && let Some(rx) = &mut viewer.idle
                {
                    let changed = rx.changed_timeout(Duration::ZERO).is_ok();
                    prop_assert_eq!(changed, std::mem::take(&mut viewer.has_news));
                }
            }
            Move::Drop(which) => {
                if let Some(at) = pick(which).filter(|&at| viewers[at].idle.is_some()) {
                    viewers.swap_remove(at);
                }
            }
        }
        viewers.iter_mut().for_each(|viewer| viewer.has_news |= has_changed);
        settle();
        viewers.iter_mut().try_for_each(|viewer| viewer.collect(false))?;
        prop_assert_eq!((tx.receiver_count(), *tx.latest()), (viewers.len(), value));
    }
    drop(tx);
    settle();
    viewers.iter_mut().try_for_each(|viewer| viewer.collect(true))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_watch_obeys_its_model(moves in vec(a_move(), 0..80)) {
        alone(|| watch_obeys_the_model(&moves))?;
    }
}

// ── ending ──────────────────────────────────────────────────────────────────────────────────────────────

/// Every wait of a watch, on a channel that stays silent, and what keeps it open.
fn endless_waits() -> (Vec<Box<dyn FnOnce() + Send>>, impl Sized) {
    let (tx, mut rx) = watch(1);
    let mut clone = rx.clone();
    let waits: Vec<Box<dyn FnOnce() + Send>> = vec![
        Box::new(move || assert!(rx.changed().is_err())),
        Box::new(move || assert!(clone.changed_timeout(Duration::MAX).is_err())),
    ];
    (waits, tx)
}

#[test]
fn shutdown_unwinds_every_wait() {
    let (waits, open) = endless_waits();
    let runtime = runtime(2);
    let tasks: Vec<_> = waits.into_iter().map(|wait| park(&runtime, wait)).collect();
    assert!(runtime.shutdown(LONG).is_complete());
    assert!(tasks.into_iter().all(|task| matches!(task.join(), Err(JoinError::Cancelled { .. }))));
    drop(open);
}
