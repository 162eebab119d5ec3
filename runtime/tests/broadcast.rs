//! Broadcast channels: what they promise, and random programs against a model of one.

mod support;

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use moonfleet::channel::broadcast;
use moonfleet::channel::broadcast::{
    MAX_CAPACITY, RecvError as Missed, RecvTimeoutError as MissedInTime, TryRecvError as MissedNow,
};
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
fn every_receiver_sees_what_is_sent_while_it_lives() {
    let (tx, mut first) = broadcast(8);
    assert_eq!(tx.send(1), Ok(1));
    let mut second = tx.subscribe();
    assert_eq!(tx.send(2), Ok(2));
    let mut third = first.subscribe();
    drop(second.subscribe());
    assert_eq!((tx.send(3), tx.receiver_count()), (Ok(3), 3));
    drop(tx);
    let rest =
        |rx: &mut broadcast::Receiver<i32>| -> Vec<_> { std::iter::from_fn(|| rx.recv().ok()).collect() };
    assert_eq!(rest(&mut first), [1, 2, 3]);
    assert_eq!(rest(&mut second), [2, 3]);
    assert_eq!(rest(&mut third), [3]);
    assert_eq!(first.recv(), Err(Missed::Closed));
}

#[test]
fn a_receiver_that_lags_learns_how_much_it_lost() {
    let (tx, mut rx) = broadcast(3);
    (0..10).for_each(|n| assert_eq!(tx.send(n), Ok(1)));
    assert_eq!(rx.len(), 3);
    assert_eq!(rx.try_recv(), Err(MissedNow::Lagged(7)));
    assert_eq!((rx.recv(), rx.recv_timeout(Duration::ZERO)), (Ok(7), Ok(8)));
    (10..13).for_each(|n| assert_eq!(tx.send(n), Ok(1)));
    let error = rx.recv_timeout(Duration::ZERO).unwrap_err();
    assert_eq!(error, MissedInTime::Lagged(1));
    assert!(error.to_string().starts_with("1 messages were displaced"));
    drop(tx);
    assert_eq!((rx.recv(), rx.recv(), rx.recv()), (Ok(10), Ok(11), Ok(12)));
    assert_eq!(rx.recv(), Err(Missed::Closed));
}

#[test]
fn without_receivers_the_message_comes_back() {
    let (tx, rx) = broadcast(2);
    drop(rx);
    assert_eq!(tx.send("lost").unwrap_err().0, "lost");
    let mut rx = tx.subscribe();
    assert_eq!(tx.send("found"), Ok(1));
    assert_eq!(rx.recv(), Ok("found"));
}

#[test]
fn a_closed_broadcast_drains_and_sends_no_more() {
    let (tx, mut rx) = broadcast(4);
    tx.send(1).unwrap();
    let other = tx.clone();
    drop(tx);
    assert!(!rx.is_closed(), "a sender is left");
    assert!(other.close() && !other.close() && rx.is_closed());
    assert!(other.send(2).is_err());
    let mut late = other.subscribe();
    assert_eq!(late.try_recv(), Err(MissedNow::Closed));
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(1), Err(MissedNow::Closed)));
    assert_eq!(rx.recv_timeout(LONG), Err(MissedInTime::Closed));
}

#[test]
fn closing_wakes_the_receivers_that_wait() {
    alone(|| {
        for closes in [true, false] {
            let (tx, rx) = broadcast::<u8>(4);
            let tasks: Vec<_> =
                [rx.subscribe(), rx].into_iter().map(|mut rx| spawn_local(move || rx.recv())).collect();
            settle();
            assert!(!closes || tx.close());
            drop(tx);
            for task in tasks {
                assert_eq!(task.join().unwrap(), Err(Missed::Closed));
            }
        }
    });
}

#[test]
fn a_broadcast_capacity_out_of_range_is_refused() {
    for capacity in [0, MAX_CAPACITY + 1, usize::MAX] {
        let panic = catch_unwind(|| broadcast::<u8>(capacity)).unwrap_err();
        let complaint = panic.downcast::<String>().unwrap();
        assert!(complaint.contains(&capacity.to_string()), "{complaint}");
        assert!(complaint.contains(&MAX_CAPACITY.to_string()), "{complaint}");
    }
}

#[test]
fn receives_take_any_timeout() {
    let (tx, mut rx) = broadcast(1);
    assert_eq!(rx.recv_timeout(Duration::ZERO), Err(MissedInTime::Timeout));
    assert_eq!(rx.recv_timeout(SHORT), Err(MissedInTime::Timeout));
    alone(|| {
        assert_eq!(rx.recv_timeout(SHORT), Err(MissedInTime::Timeout));
        spawn_local(move || tx.send(1).unwrap());
        assert_eq!(rx.recv_timeout(Duration::MAX), Ok(1));
    });
}

#[test]
fn a_message_is_dropped_as_soon_as_all_have_seen_it() {
    let cargo = Cargo::new();
    let (tx, mut first) = broadcast(4);
    let mut second = tx.subscribe();
    assert!(tx.send(cargo.another()).is_ok());
    drop(first.recv());
    assert_eq!(cargo.alive(), 2, "the second has not seen it");
    drop(second.recv());
    assert_eq!(cargo.alive(), 1);
    assert_eq!(cargo.clones.load(Ordering::Relaxed), 1, "the last to see it gets the message itself");
    // A receiver that goes, and one that lags, free what they alone were yet to see.
    (0..3).for_each(|_| assert!(tx.send(cargo.another()).is_ok()));
    drop((first.recv(), first.recv(), first.recv()));
    drop(second);
    assert_eq!(cargo.alive(), 1);
    (0..9).for_each(|_| assert!(tx.send(cargo.another()).is_ok()));
    assert_eq!(cargo.alive(), 5);
    drop(first);
    assert_eq!(cargo.alive(), 1);
    assert!(tx.send(cargo.another()).is_err());
    assert_eq!(cargo.alive(), 1);
}

#[test]
fn what_nobody_received_is_dropped_with_the_channel() {
    let cargo = Cargo::new();
    let (tx, rx) = broadcast(4);
    (0..9).for_each(|_| assert!(tx.send(cargo.another()).is_ok()));
    drop(tx);
    drop(rx);
    assert_eq!(cargo.alive(), 1);
}

/// Its clone uses the channel that it is in, and panics if it is told to.
struct Nosy(broadcast::Sender<Nosy>, bool);

impl Clone for Nosy {
    fn clone(&self) -> Self {
        assert!(self.0.receiver_count() > 0 && !self.1, "on purpose");
        Nosy(self.0.clone(), self.1)
    }
}

impl Drop for Nosy {
    fn drop(&mut self) {
        assert!(!self.0.is_closed());
    }
}

#[test]
fn clones_and_destructors_of_messages_may_use_the_channel() {
    let (tx, mut rx) = broadcast(2);
    let mut other = tx.subscribe();
    assert!(tx.send(Nosy(tx.clone(), false)).is_ok());
    assert!(rx.recv().is_ok());
    assert!(tx.send(Nosy(tx.clone(), true)).is_ok());
    let panic = catch_unwind(AssertUnwindSafe(|| rx.recv()));
    assert!(panic.is_err());
    assert!(matches!(rx.try_recv(), Err(MissedNow::Empty)), "it has lost that message");
    assert!(other.recv().is_ok() && other.recv().is_ok(), "the others have not");
    (0..5).for_each(|_| assert!(tx.send(Nosy(tx.clone(), false)).is_ok()));
    drop((rx, other));
}

#[test]
fn receivers_on_all_sides_see_all_in_the_same_order() {
    const MESSAGES: usize = 3_000;
    let (tx, rx) = broadcast(2 * MESSAGES);
    let receive_all = |mut rx: broadcast::Receiver<usize>| {
        move || std::iter::from_fn(|| rx.recv().ok()).collect::<Vec<_>>()
    };
    let runtime = runtime(4);
    let tasks: Vec<_> = (0..8).map(|_| runtime.spawn(receive_all(rx.subscribe()))).collect();
    let threads: Vec<_> = (0..2).map(|_| thread::spawn(receive_all(rx.subscribe()))).collect();
    let senders: Vec<_> = [tx.clone(), tx]
        .into_iter()
        .enumerate()
        .map(|(half, tx)| {
            runtime.spawn(move || (0..MESSAGES).for_each(|n| assert!(tx.send(2 * n + half).is_ok())))
        })
        .collect();
    senders.into_iter().for_each(|sender| sender.join().unwrap());
    let expected = receive_all(rx)();
    assert_eq!(expected.len(), 2 * MESSAGES);
    assert!(expected.iter().filter(|&n| n % 2 == 0).is_sorted());
    assert!(tasks.into_iter().all(|task| task.join().unwrap() == expected));
    assert!(threads.into_iter().all(|thread| thread.join().unwrap() == expected));
}

#[test]
fn what_is_received_and_what_is_lost_add_up() {
    const MESSAGES: u64 = 20_000;
    let (tx, rx) = broadcast(16);
    let count = |mut rx: broadcast::Receiver<u64>| {
        move || {
            let (mut next, mut lost) = (0, 0);
            loop {
                match rx.recv() {
                    Ok(n) => {
                        assert_eq!(n, next + lost);
                        next += 1;
                    }
                    Err(Missed::Lagged(more)) => lost += more,
                    Err(Missed::Closed) => return next + lost,
                }
            }
        }
    };
    let runtime = runtime(4);
    let tasks: Vec<_> = (0..6).map(|_| runtime.spawn(count(rx.subscribe()))).collect();
    let thread = thread::spawn(count(rx.subscribe()));
    let impatient = runtime.spawn({
        let tx = tx.clone();
        move || {
            for _ in 0..500 {
                let _come_and_gone = tx.subscribe().recv_timeout(Duration::from_micros(5));
            }
        }
    });
    drop(rx);
    (0..MESSAGES).for_each(|n| assert!(tx.send(n).is_ok()));
    impatient.join().unwrap();
    drop(tx);
    assert!(tasks.into_iter().all(|task| task.join().unwrap() == MESSAGES));
    assert_eq!(thread.join().unwrap(), MESSAGES);
}

// ── against a model ────────────────────────────────────────────────────────────────────────────────────

#[derive(Debug, Clone, Copy)]
enum Step {
    Send,
    Subscribe,
    /// Receives, if need be in vain.
    TryRecv(Index),
    /// Receives in a task of its own, which gives the receiver back.
    Recv(Index),
    Drop(Index),
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    prop_oneof![
        10 => Just(Step::Send),
        3 => Just(Step::Subscribe),
        6 => index().prop_map(Step::TryRecv),
        6 => index().prop_map(Step::Recv),
        2 => index().prop_map(Step::Drop),
        1 => Just(Step::Close),
    ]
}

/// What a receiver is: its messages, each with its number, and how many it has lost.
#[derive(Debug, Default)]
struct Inbox {
    messages: VecDeque<usize>,
    lost: u64,
    /// It is in a task, which waits.
    waits: bool,
}

impl Inbox {
    fn push(&mut self, message: usize, capacity: usize) {
        self.messages.push_back(message);
        if self.messages.len() > capacity {
            self.messages.pop_front();
            self.lost += 1;
        }
    }

    fn try_recv(&mut self, closed: bool) -> Result<usize, MissedNow> {
        if self.lost > 0 {
            return Err(MissedNow::Lagged(std::mem::take(&mut self.lost)));
        }
        let none = if closed { MissedNow::Closed } else { MissedNow::Empty };
        self.messages.pop_front().ok_or(none)
    }
}

type Receiving = JoinHandle<(broadcast::Receiver<usize>, Result<usize, Missed>)>;

/// A receiver, or the task that it waits in.
enum Real {
    Idle(broadcast::Receiver<usize>),
    Waiting(Receiving),
}

impl Real {
    fn start(mut rx: broadcast::Receiver<usize>) -> Self {
        Real::Waiting(spawn_local(move || {
            let received = rx.recv();
            (rx, received)
        }))
    }

    /// If its task has ended, as the model says, takes the receiver out of it and compares what was received.
    fn collect(self, inbox: &mut Inbox, closed: bool) -> Result<Self, TestCaseError> {
        let task = match self {
            Real::Waiting(task) => task,
            idle => return Ok(idle),
        };
        let expected = inbox.try_recv(closed);
        prop_assert_eq!(task.is_finished(), expected != Err(MissedNow::Empty));
        if expected == Err(MissedNow::Empty) {
            return Ok(Real::Waiting(task));
        }
        let (rx, received) = task.join().unwrap();
        prop_assert_eq!(received.map_err(MissedNow::from), expected);
        inbox.waits = false;
        Ok(Real::Idle(rx))
    }
}

fn broadcast_obeys_the_model(capacity: usize, steps: &[Step]) -> TestCaseResult {
    let (tx, rx) = broadcast(capacity);
    let mut parties = vec![(Real::Idle(rx), Inbox::default())];
    let mut closed = false;
    for (number, &step) in steps.iter().enumerate() {
        // An index into no parties is an index into nothing.
        let pick = |which: Index| (!parties.is_empty()).then(|| which.index(parties.len()));
        match step {
            Step::Send => {
                let expected = if closed || parties.is_empty() { None } else { Some(parties.len()) };
                prop_assert_eq!(tx.send(number).ok(), expected);
                if !closed {
                    parties.iter_mut().for_each(|(_, inbox)| inbox.push(number, capacity));
                }
            }
            Step::Subscribe => parties.push((Real::Idle(tx.subscribe()), Inbox::default())),
            Step::TryRecv(which) => {
                if let Some((Real::Idle(rx), inbox)) = pick(which).map(|at| &mut parties[at]) {
                    prop_assert_eq!(rx.len(), inbox.messages.len());
                    prop_assert_eq!(rx.try_recv(), inbox.try_recv(closed));
                }
            }
            Step::Recv(which) => {
                if let Some(at) = pick(which) {
                    let (real, mut inbox) = parties.swap_remove(at);
                    inbox.waits = true;
                    let real = match real {
                        Real::Idle(rx) => Real::start(rx),
                        waiting => waiting,
                    };
                    parties.push((real, inbox));
                }
            }
            Step::Drop(which) => {
                if let Some(at) = pick(which).filter(|&at| !parties[at].1.waits) {
                    parties.swap_remove(at);
                }
            }
            Step::Close => prop_assert_eq!(tx.close(), !std::mem::replace(&mut closed, true)),
        }
        settle();
        for (real, mut inbox) in std::mem::take(&mut parties) {
            parties.push((real.collect(&mut inbox, closed)?, inbox));
        }
        prop_assert_eq!((tx.receiver_count(), tx.is_closed()), (parties.len(), closed));
    }
    drop(tx);
    settle();
    for (real, mut inbox) in parties {
        let Real::Idle(mut rx) = real.collect(&mut inbox, true)? else {
            return Err(TestCaseError::fail("nobody waits on a closed channel"));
        };
        while let expected @ (Ok(_) | Err(MissedNow::Lagged(_))) = inbox.try_recv(true) {
            prop_assert_eq!(rx.try_recv(), expected);
        }
        prop_assert_eq!(rx.try_recv(), Err(MissedNow::Closed));
    }
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_broadcast_obeys_its_model(capacity in 1..6_usize, steps in vec(step(), 0..80)) {
        alone(|| broadcast_obeys_the_model(capacity, &steps))?;
    }
}

// ── ending ──────────────────────────────────────────────────────────────────────────────────────────────

/// Every wait of a broadcast, on a channel that stays silent, and what keeps it open.
fn endless_waits() -> (Vec<Box<dyn FnOnce() + Send>>, impl Sized) {
    let (tx, mut rx) = broadcast::<u8>(1);
    let mut other = tx.subscribe();
    let waits: Vec<Box<dyn FnOnce() + Send>> = vec![
        Box::new(move || assert!(rx.recv().is_err())),
        Box::new(move || assert!(other.recv_timeout(LONG).is_err())),
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

#[test]
fn a_message_that_meets_a_cancel_is_not_lost_to_others() {
    for _ in 0..50 {
        let (tx, mut mine) = broadcast(4);
        let mut rx = tx.subscribe();
        let runtime = runtime(1);
        park(&runtime, move || assert_eq!(rx.recv(), Ok(1)));
        thread::scope(|scope| {
            let sender = scope.spawn(|| tx.send(1));
            assert!(runtime.shutdown(LONG).is_complete());
            let told = sender.join().unwrap();
            assert!(told == Ok(1) || told == Ok(2));
        });
        assert_eq!(mine.recv(), Ok(1));
        assert_eq!(tx.receiver_count(), 1);
    }
}
