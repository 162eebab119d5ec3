//! Channels whose users are cancelled, timed out or dropped, against a model that is too simple to be wrong.
//!
//! Tasks and futures, in scopes, under tokens, masks and deadlines, wait on one channel; random programs end
//! their waits in every way. Everything runs on one worker, so each program has one right outcome.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use moonfleet::cancel::{self, CancelToken};
use moonfleet::channel::{
    Receiver, RecvError, RecvFuture, SendError, SendFuture, Sender, TryRecvError, TrySendError, bounded,
};
use moonfleet::time::timeout;
use moonfleet::{JoinError, JoinHandle, Runtime, scope, spawn_local, yield_now};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

const LONG: Duration = Duration::from_secs(600);
const TOKENS: usize = 3;

/// What a task is in while it uses the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Around {
    Nothing,
    Mask,
    /// The token of this number.
    Token(usize),
    PastDeadline,
    FarDeadline,
    Scope,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    TrySend,
    TryRecv,
    /// In a task of its own.
    Send(Around),
    /// In a task of its own.
    Recv(Around),
    /// As a future, which is polled once.
    SendAsync,
    /// As a future, which is polled once.
    RecvAsync,
    /// One of those that were used, by its number; numbers wrap around.
    Poll(usize),
    DropFuture(usize),
    CancelTask(usize),
    CancelToken(usize),
    Close,
}

fn around() -> impl Strategy<Value = Around> {
    prop_oneof![
        4 => Just(Around::Nothing),
        1 => Just(Around::Mask),
        2 => (0..TOKENS).prop_map(Around::Token),
        1 => Just(Around::PastDeadline),
        1 => Just(Around::FarDeadline),
        1 => Just(Around::Scope),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let number = 0..1_000_usize;
    prop_oneof![
        3 => Just(Step::TrySend),
        3 => Just(Step::TryRecv),
        6 => around().prop_map(Step::Send),
        6 => around().prop_map(Step::Recv),
        4 => Just(Step::SendAsync),
        4 => Just(Step::RecvAsync),
        4 => number.clone().prop_map(Step::Poll),
        4 => number.clone().prop_map(Step::DropFuture),
        5 => number.prop_map(Step::CancelTask),
        1 => (0..TOKENS).prop_map(Step::CancelToken),
        1 => Just(Step::Close),
    ]
}

/// How a use of the channel ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Sent,
    Received(usize),
    /// The channel was closed; a sender has its message back.
    Closed(Option<usize>),
    Cancelled,
    Elapsed,
}

fn sent(result: Result<(), SendError<usize>>) -> End {
    result.map_or_else(|SendError(message)| End::Closed(Some(message)), |()| End::Sent)
}

fn received(result: Result<usize, RecvError>) -> End {
    result.map_or(End::Closed(None), End::Received)
}

// ── the model ───────────────────────────────────────────────────────────────────────────────────────────

/// Who uses the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum User {
    Task(usize),
    Future(usize),
}

#[derive(Debug, Default)]
struct Model {
    capacity: usize,
    resting: VecDeque<usize>,
    senders: VecDeque<(User, usize)>,
    receivers: VecDeque<User>,
    closed: bool,
    tokens: [bool; TOKENS],
    tasks: Vec<(Around, Option<End>)>,
    /// How the future's wait has ended, whether it knows or not; and whether it is done with.
    futures: Vec<(Option<End>, bool)>,
    messages: usize,
}

impl Model {
    fn new_message(&mut self) -> usize {
        self.messages += 1;
        self.messages
    }

    fn end(&mut self, user: User, end: End) {
        let ended = match user {
            User::Task(task) => &mut self.tasks[task].1,
            User::Future(future) => &mut self.futures[future].0,
        };
        assert_eq!(ended.replace(end), None, "{user:?} ends once");
    }

    fn try_send(&mut self, message: usize) -> Result<(), TrySendError<usize>> {
        if self.closed {
            return Err(TrySendError::Closed(message));
        }
        if let Some(receiver) = self.receivers.pop_front() {
            self.end(receiver, End::Received(message));
        } else if self.resting.len() < self.capacity {
            self.resting.push_back(message);
        } else {
            return Err(TrySendError::Full(message));
        }
        Ok(())
    }

    fn try_recv(&mut self) -> Result<usize, TryRecvError> {
        let oldest = self.resting.pop_front();
        // A message that came back may have been one too many: then no place is free now.
        let is_room_free = oldest.is_none() || self.resting.len() < self.capacity;
        if let Some((sender, message)) = is_room_free.then(|| self.senders.pop_front()).flatten() {
            self.end(sender, End::Sent);
            self.resting.push_back(message);
        }
        let empty = if self.closed { TryRecvError::Closed } else { TryRecvError::Empty };
        oldest.or_else(|| self.resting.pop_front()).ok_or(empty)
    }

    fn send(&mut self, user: User, message: usize) {
        match self.try_send(message) {
            Ok(()) => self.end(user, End::Sent),
            Err(TrySendError::Full(message)) => self.senders.push_back((user, message)),
            Err(TrySendError::Closed(message)) => self.end(user, End::Closed(Some(message))),
        }
    }

    fn recv(&mut self, user: User) {
        match self.try_recv() {
            Ok(message) => self.end(user, End::Received(message)),
            Err(TryRecvError::Empty) => self.receivers.push_back(user),
            Err(TryRecvError::Closed) => self.end(user, End::Closed(None)),
        }
    }

    /// A task that begins; false if it does not get as far as the channel.
    fn begin(&mut self, around: Around) -> bool {
        let refused = match around {
            Around::Token(token) if self.tokens[token] => Some(End::Cancelled),
            Around::PastDeadline => Some(End::Elapsed),
            _ => None,
        };
        self.tasks.push((around, refused));
        refused.is_none()
    }

    /// Takes a user out of the line, if it waits.
    fn leave(&mut self, user: User) {
        self.senders.retain(|&(sender, _)| sender != user);
        self.receivers.retain(|&receiver| receiver != user);
    }

    fn cancel(&mut self, task: usize) {
        let (around, end) = self.tasks[task];
        if end.is_none() && around != Around::Mask {
            self.leave(User::Task(task));
            self.end(User::Task(task), End::Cancelled);
        }
    }

    fn cancel_token(&mut self, token: usize) {
        self.tokens[token] = true;
        let bound = |&(_, &(around, end)): &(usize, &(Around, Option<End>))| {
            end.is_none() && around == Around::Token(token)
        };
        let tasks: Vec<_> = self.tasks.iter().enumerate().filter(bound).map(|(task, _)| task).collect();
        for task in tasks {
            self.leave(User::Task(task));
            self.end(User::Task(task), End::Cancelled);
        }
    }

    /// What a poll of the future gives; `None` if it is not to be polled.
    fn poll(&mut self, future: usize) -> Option<Option<End>> {
        let (end, done) = self.futures[future];
        self.futures[future].1 |= end.is_some();
        (!done).then_some(end)
    }

    fn drop_future(&mut self, future: usize) {
        let (end, done) = std::mem::replace(&mut self.futures[future], (None, true));
        match end {
            Some(End::Received(message)) if !done => match self.receivers.pop_front() {
                Some(receiver) => self.end(receiver, End::Received(message)),
                None => self.resting.push_front(message),
            },
            _ => self.leave(User::Future(future)),
        }
    }

    fn close(&mut self) -> bool {
        for (sender, message) in std::mem::take(&mut self.senders) {
            self.end(sender, End::Closed(Some(message)));
        }
        for receiver in std::mem::take(&mut self.receivers) {
            self.end(receiver, End::Closed(None));
        }
        !std::mem::replace(&mut self.closed, true)
    }
}

// ── the real thing ──────────────────────────────────────────────────────────────────────────────────────

enum Awaited<'a> {
    Send(Pin<Box<SendFuture<'a, usize>>>),
    Recv(Pin<Box<RecvFuture<'a, usize>>>),
    Dropped,
}

impl Awaited<'_> {
    fn poll(&mut self) -> Option<End> {
        let mut context = Context::from_waker(Waker::noop());
        let end = match self {
            Awaited::Send(send) => send.as_mut().poll(&mut context).map(sent),
            Awaited::Recv(receive) => receive.as_mut().poll(&mut context).map(received),
            Awaited::Dropped => unreachable!("the model does not poll what was dropped"),
        };
        match end {
            Poll::Ready(end) => Some(end),
            Poll::Pending => None,
        }
    }
}

/// Lets every task run that can.
fn settle() {
    (0..8).for_each(|_| yield_now());
}

/// Uses the channel, by `operation`, in whatever is around.
fn within(around: Around, tokens: &[CancelToken], operation: impl FnOnce() -> End + Send) -> End {
    match around {
        Around::Nothing => operation(),
        Around::Mask => cancel::mask(operation),
        Around::Token(token) => tokens[token].run(operation).unwrap_or(End::Cancelled),
        Around::PastDeadline => timeout(Duration::ZERO, operation).unwrap_or(End::Elapsed),
        Around::FarDeadline => timeout(LONG, operation).unwrap_or(End::Elapsed),
        Around::Scope => scope(|s| s.spawn(operation).join().unwrap()),
    }
}

struct Real<'a> {
    tx: &'a Sender<usize>,
    rx: &'a Receiver<usize>,
    tokens: [CancelToken; TOKENS],
    tasks: Vec<JoinHandle<End>>,
    futures: Vec<Awaited<'a>>,
}

impl Real<'_> {
    fn send(&mut self, around: Around, message: usize) {
        let (tx, tokens) = (self.tx.clone(), self.tokens.clone());
        self.tasks.push(spawn_local(move || within(around, &tokens, || sent(tx.send(message)))));
    }

    fn recv(&mut self, around: Around) {
        let (rx, tokens) = (self.rx.clone(), self.tokens.clone());
        self.tasks.push(spawn_local(move || within(around, &tokens, || received(rx.recv()))));
    }

    /// One step of both; whatever a step gives back must be the same.
    fn step(&mut self, model: &mut Model, step: Step) -> TestCaseResult {
        match step {
            Step::TrySend => {
                let message = model.new_message();
                prop_assert_eq!(self.tx.try_send(message), model.try_send(message));
            }
            Step::TryRecv => prop_assert_eq!(self.rx.try_recv(), model.try_recv()),
            Step::Send(around) => {
                let (message, task) = (model.new_message(), User::Task(model.tasks.len()));
                self.send(around, message);
                if model.begin(around) {
                    model.send(task, message);
                }
            }
            Step::Recv(around) => {
                let task = User::Task(model.tasks.len());
                self.recv(around);
                if model.begin(around) {
                    model.recv(task);
                }
            }
            Step::SendAsync => {
                let (message, future) = (model.new_message(), model.futures.len());
                model.futures.push((None, false));
                model.send(User::Future(future), message);
                self.futures.push(Awaited::Send(Box::pin(self.tx.send_async(message))));
                self.poll(model, future)?;
            }
            Step::RecvAsync => {
                let future = model.futures.len();
                model.futures.push((None, false));
                model.recv(User::Future(future));
                self.futures.push(Awaited::Recv(Box::pin(self.rx.recv_async())));
                self.poll(model, future)?;
            }
            Step::Poll(number) => {
                if let Some(future) = number.checked_rem(self.futures.len()) {
                    self.poll(model, future)?;
                }
            }
            Step::DropFuture(number) => {
                if let Some(future) = number.checked_rem(self.futures.len()) {
                    self.futures[future] = Awaited::Dropped;
                    model.drop_future(future);
                }
            }
            Step::CancelTask(number) => {
                if let Some(task) = number.checked_rem(self.tasks.len()) {
                    self.tasks[task].cancel();
                    model.cancel(task);
                }
            }
            Step::CancelToken(token) => {
                self.tokens[token].cancel();
                model.cancel_token(token);
            }
            Step::Close => prop_assert_eq!(self.tx.close(), model.close()),
        }
        settle();
        self.agrees(model)
    }

    fn poll(&mut self, model: &mut Model, future: usize) -> TestCaseResult {
        if let Some(end) = model.poll(future) {
            prop_assert_eq!(self.futures[future].poll(), end);
        }
        Ok(())
    }

    fn agrees(&self, model: &Model) -> TestCaseResult {
        let finished: Vec<_> = self.tasks.iter().map(JoinHandle::is_finished).collect();
        let known: Vec<_> = model.tasks.iter().map(|(_, end)| end.is_some()).collect();
        prop_assert_eq!(finished, known);
        prop_assert_eq!(self.rx.len(), model.resting.len());
        Ok(())
    }
}

fn obeys_the_model(capacity: usize, steps: &[Step]) -> TestCaseResult {
    let (tx, rx) = bounded(capacity);
    let tokens = [(); TOKENS].map(|()| CancelToken::new());
    let mut real = Real { tx: &tx, rx: &rx, tokens, tasks: Vec::new(), futures: Vec::new() };
    let mut model = Model { capacity, ..Model::default() };
    for &step in steps {
        real.step(&mut model, step)?;
    }
    // Everything ends: first the futures, in whatever state they are, then the channel.
    for future in 0..model.futures.len() {
        real.step(&mut model, Step::DropFuture(future))?;
    }
    real.step(&mut model, Step::Close)?;
    while !model.resting.is_empty() {
        real.step(&mut model, Step::TryRecv)?;
    }
    prop_assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    for (task, (_, end)) in real.tasks.into_iter().zip(model.tasks) {
        let ended = match task.join() {
            Ok(ended) => ended,
            Err(JoinError::Cancelled { .. }) => End::Cancelled,
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        };
        prop_assert_eq!(Some(ended), end);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    #[test]
    fn whoever_is_cancelled_or_dropped_the_channel_obeys_its_model(
        capacity in 0..3_usize,
        steps in vec(step(), 1..60),
    ) {
        let runtime = Runtime::builder().workers(1).build().unwrap();
        runtime.block_on(|| obeys_the_model(capacity, &steps))?;
    }
}
