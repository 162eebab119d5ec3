//! Channels and selects against models that are too simple to be wrong, by random programs.
//!
//! Everything runs on one worker, so the order of tasks is certain and each program has one right outcome.

use std::collections::VecDeque;

use moonfleet::channel::{Receiver, RecvError, SendError, Sender, TryRecvError, TrySendError, bounded};
use moonfleet::select::{Arm, RecvArm, Selected, SendArm, Wait, select};
use moonfleet::{JoinHandle, Runtime, spawn_local, yield_now};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

fn config() -> ProptestConfig {
    ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() }
}

/// Runs `body` as the first task of a one-worker runtime.
fn alone(body: impl FnOnce() -> TestCaseResult + Send) -> TestCaseResult {
    Runtime::builder().workers(1).build().unwrap().block_on(body)
}

/// Lets every task run that can.
fn settle() {
    (0..4).for_each(|_| yield_now());
}

// ── one channel ─────────────────────────────────────────────────────────────────────────────────────────

#[derive(Debug, Clone, Copy)]
enum Step {
    TrySend,
    TryRecv,
    /// In a task of its own, which may have to wait.
    Send,
    /// In a task of its own, which may have to wait.
    Recv,
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::TrySend),
        6 => Just(Step::TryRecv),
        8 => Just(Step::Send),
        8 => Just(Step::Recv),
        1 => Just(Step::Close),
    ]
}

/// What a channel is: messages at rest, and those who wait, each known by a number.
#[derive(Debug, Default)]
struct Model {
    capacity: usize,
    resting: VecDeque<usize>,
    senders: VecDeque<usize>,
    receivers: VecDeque<usize>,
    closed: bool,
    /// What each sender was told, and each receiver, by their numbers.
    sent: Vec<Option<Result<(), SendError<usize>>>>,
    received: Vec<Option<Result<usize, RecvError>>>,
}

impl Model {
    fn try_send(&mut self, message: usize) -> Result<(), TrySendError<usize>> {
        if self.closed {
            return Err(TrySendError::Closed(message));
        }
        if let Some(receiver) = self.receivers.pop_front() {
            self.received[receiver] = Some(Ok(message));
        } else if self.resting.len() < self.capacity {
            self.resting.push_back(message);
        } else {
            return Err(TrySendError::Full(message));
        }
        Ok(())
    }

    fn try_recv(&mut self) -> Result<usize, TryRecvError> {
        let oldest = self.resting.pop_front();
        // A waiting sender takes the freed place; its message is its own number.
        let sender = self.senders.pop_front();
        if let Some(sender) = sender {
            self.sent[sender] = Some(Ok(()));
            self.resting.push_back(sender);
        }
        let empty = if self.closed { TryRecvError::Closed } else { TryRecvError::Empty };
        oldest.or_else(|| self.resting.pop_front()).ok_or(empty)
    }

    fn send(&mut self) {
        let sender = self.sent.len();
        self.sent.push(None);
        match self.try_send(sender) {
            Ok(()) => self.sent[sender] = Some(Ok(())),
            Err(TrySendError::Full(_)) => self.senders.push_back(sender),
            Err(TrySendError::Closed(_)) => self.sent[sender] = Some(Err(SendError(sender))),
        }
    }

    fn recv(&mut self) {
        let receiver = self.received.len();
        self.received.push(None);
        match self.try_recv() {
            Ok(message) => self.received[receiver] = Some(Ok(message)),
            Err(TryRecvError::Empty) => self.receivers.push_back(receiver),
            Err(TryRecvError::Closed) => self.received[receiver] = Some(Err(RecvError)),
        }
    }

    fn close(&mut self) -> bool {
        self.senders.drain(..).for_each(|sender| self.sent[sender] = Some(Err(SendError(sender))));
        self.receivers.drain(..).for_each(|receiver| self.received[receiver] = Some(Err(RecvError)));
        !std::mem::replace(&mut self.closed, true)
    }
}

/// The real channel, with the tasks that use it.
struct Real {
    tx: Sender<usize>,
    rx: Receiver<usize>,
    sending: Vec<JoinHandle<Result<(), SendError<usize>>>>,
    receiving: Vec<JoinHandle<Result<usize, RecvError>>>,
}

impl Real {
    fn send(&mut self) {
        let (tx, message) = (self.tx.clone(), self.sending.len());
        self.sending.push(spawn_local(move || tx.send(message)));
        settle();
    }

    fn recv(&mut self) {
        let rx = self.rx.clone();
        self.receiving.push(spawn_local(move || rx.recv()));
        settle();
    }
}

fn finished<T>(tasks: &[JoinHandle<T>]) -> Vec<bool> {
    tasks.iter().map(JoinHandle::is_finished).collect()
}

fn known<T>(outcomes: &[Option<T>]) -> Vec<bool> {
    outcomes.iter().map(Option::is_some).collect()
}

fn obeys_the_model(capacity: usize, resting: usize, steps: &[Step]) -> TestCaseResult {
    let (tx, rx) = bounded(capacity);
    let mut real = Real { tx, rx, sending: Vec::new(), receiving: Vec::new() };
    let mut model = Model { capacity, ..Model::default() };
    // Messages of `try_send` are told from those of tasks, which are the tasks' numbers.
    let mut marked = 1_000_000..;
    for message in marked.by_ref().take(resting) {
        prop_assert_eq!(real.tx.try_send(message), model.try_send(message));
    }
    for step in steps {
        match step {
            Step::TrySend => {
                let message = marked.next().expect("it has no end");
                prop_assert_eq!(real.tx.try_send(message), model.try_send(message));
            }
            Step::TryRecv => prop_assert_eq!(real.rx.try_recv(), model.try_recv()),
            Step::Send => (real.send(), model.send()).0,
            Step::Recv => (real.recv(), model.recv()).0,
            Step::Close => prop_assert_eq!(real.tx.close(), model.close()),
        }
        settle();
        prop_assert_eq!((real.rx.len(), real.rx.is_closed()), (model.resting.len(), model.closed));
        prop_assert_eq!(finished(&real.sending), known(&model.sent));
        prop_assert_eq!(finished(&real.receiving), known(&model.received));
    }
    prop_assert_eq!(real.rx.close(), model.close());
    let sent: Vec<_> = real.sending.into_iter().map(|task| task.join().unwrap()).collect();
    let received: Vec<_> = real.receiving.into_iter().map(|task| task.join().unwrap()).collect();
    prop_assert_eq!(sent, model.sent.into_iter().flatten().collect::<Vec<_>>());
    prop_assert_eq!(received, model.received.into_iter().flatten().collect::<Vec<_>>());
    prop_assert_eq!(real.rx.iter().collect::<VecDeque<_>>(), model.resting);
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_small_channel_obeys_its_model(capacity in 0..5_usize, steps in vec(step(), 0..60)) {
        alone(|| obeys_the_model(capacity, 0, &steps))?;
    }

    #[test]
    fn a_segmented_channel_obeys_its_model(
        capacity in 1_025..1_160_usize,
        free in 0..4_usize,
        steps in vec(step(), 0..150),
    ) {
        alone(|| obeys_the_model(capacity, capacity - free, &steps))?;
    }
}

// ── select ──────────────────────────────────────────────────────────────────────────────────────────────

/// A channel of capacity one, in one of its states, and what an arm does with it.
#[derive(Debug, Clone, Copy)]
struct Port {
    receives: bool,
    full: bool,
    closed: bool,
}

impl Port {
    fn is_ready(self) -> bool {
        self.closed || self.receives == self.full
    }

    fn channel(self) -> (Sender<usize>, Receiver<usize>) {
        let (tx, rx) = bounded(1);
        if self.full {
            tx.send(RESTING).unwrap();
        }
        if self.closed {
            tx.close();
        }
        (tx, rx)
    }
}

/// The message that rests in a full port; a send arm offers its index.
const RESTING: usize = 77;

fn port() -> impl Strategy<Value = Port> {
    (any::<bool>(), any::<bool>(), prop::bool::weighted(0.15)).prop_map(|(receives, full, closed)| Port {
        receives,
        full,
        closed,
    })
}

enum AnyArm<'a> {
    Recv(RecvArm<'a, usize>),
    Send(SendArm<'a, usize>),
}

impl AnyArm<'_> {
    fn as_arm(&mut self) -> &mut dyn Arm {
        match self {
            AnyArm::Recv(arm) => arm,
            AnyArm::Send(arm) => arm,
        }
    }
}

/// Polls a select over `ports`, and checks the outcome of every arm.
fn selects_a_ready_port(ports: &[Port]) -> TestCaseResult {
    let channels: Vec<_> = ports.iter().map(|port| port.channel()).collect();
    let mut arms = Vec::new();
    for (index, ((tx, rx), port)) in channels.iter().zip(ports).enumerate() {
        arms.push(match port.receives {
            true => AnyArm::Recv(RecvArm::new(rx)),
            false => AnyArm::Send(SendArm::new(tx, index)),
        });
    }
    let selected = {
        let mut dynamic: Vec<_> = arms.iter_mut().map(AnyArm::as_arm).collect();
        select(&mut dynamic, Wait::Poll)
    };
    let winner = match selected {
        Selected::Arm(index) => Some(index),
        _ => None,
    };
    prop_assert_eq!(winner.is_some(), ports.iter().any(|port| port.is_ready()));
    prop_assert!(winner.is_none_or(|winner| ports[winner].is_ready()));
    for ((index, arm), port) in arms.into_iter().enumerate().zip(ports) {
        let won = winner == Some(index);
        match arm {
            AnyArm::Recv(mut arm) => {
                let message = if port.full { Ok(RESTING) } else { Err(RecvError) };
                prop_assert_eq!(arm.take(), won.then_some(message));
            }
            AnyArm::Send(mut arm) => {
                let told = if port.closed { Err(SendError(index)) } else { Ok(()) };
                prop_assert_eq!(arm.take(), won.then_some(told));
                prop_assert_eq!(arm.into_message(), (!won).then_some(index));
            }
        }
        let was = usize::from(port.full);
        let is = if won && port.receives {
            0
        } else if won && !port.closed {
            1
        } else {
            was
        };
        prop_assert_eq!(channels[index].1.len(), is);
    }
    Ok(())
}

/// Parks a select over as many empty channels as `arms`, then readies the arm `ready`, and no other.
fn wakes_by_its_one_ready_arm(arms: usize, ready: usize) -> TestCaseResult {
    let channels: Vec<_> = (0..arms).map(|_| bounded(0)).collect();
    let receivers: Vec<_> = channels.iter().map(|(_, rx): &(Sender<usize>, _)| rx.clone()).collect();
    let waiting = spawn_local(move || {
        let mut arms: Vec<_> = receivers.iter().map(RecvArm::new).collect();
        let mut dynamic: Vec<_> = arms.iter_mut().map(|arm| arm as &mut dyn Arm).collect();
        let selected = select(&mut dynamic, Wait::Forever);
        (selected, arms.into_iter().map(|mut arm| arm.take()).collect::<Vec<_>>())
    });
    settle();
    prop_assert!(!waiting.is_finished());
    prop_assert_eq!(channels[ready].0.try_send(ready), Ok(()));
    let (selected, results) = waiting.join().unwrap();
    prop_assert_eq!(selected, Selected::Arm(ready));
    prop_assert!(results.into_iter().enumerate().all(|(n, r)| r == (n == ready).then_some(Ok(ready))));
    prop_assert!(channels.iter().all(|(tx, _)| tx.try_send(0).is_err()), "no node was left behind");
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_select_does_one_ready_arm_and_touches_no_other(ports in vec(port(), 0..14)) {
        selects_a_ready_port(&ports)?;
        alone(|| selects_a_ready_port(&ports))?;
    }

    #[test]
    fn a_parked_select_wakes_by_the_arm_that_becomes_ready(arms in 1..14_usize, ready in any::<prop::sample::Index>()) {
        alone(|| wakes_by_its_one_ready_arm(arms, ready.index(arms)))?;
    }
}
