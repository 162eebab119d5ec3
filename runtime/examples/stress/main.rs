//! A stress test of the whole runtime: `stress [seconds] [seed]`.
//!
//! Round after round, crews of tasks on four workers send, receive, select, sleep, fork, join, lock, signal, make
//! blocking calls and open scopes, in deadlines, masks and tokens, and are cancelled in the middle of it, by tasks and
//! by plain threads. Every few rounds the runtime is shut down under full sail and another takes its place. After each
//! round the books must balance: every parcel was received, given back or dropped, every send that succeeded was
//! received, nothing is left locked, and every task has ended. If they do not, or a round hangs, the exit status is 1.
//!
//! The seed decides what is done, and the machine in which order.

mod gear;

use std::panic::{catch_unwind, panic_any, set_hook};
use std::pin::pin;
use std::process::exit;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use moonfleet::cancel::{self, CancelHandle, CancelToken};
use moonfleet::channel::{self, Receiver, RecvError, Sender, oneshot};
use moonfleet::foreign;
use moonfleet::time::{sleep, timeout};
use moonfleet::{
    JoinError, JoinHandle, Runtime, SpawnError, TaskBuilder, block_on, fork_join, scope, select, spawn,
    spawn_local, yield_now,
};

use crate::gear::{Gear, moment};

const WORKERS: usize = 4;
/// Rounds between two shutdowns.
const ROUNDS: u64 = 40;
/// A round that takes this long hangs.
const PATIENCE: Duration = Duration::from_secs(60);
/// The panic that is part of the plan.
const PLANNED: &str = "planned";

/// Whether a panic is to be expected: a task that cannot be cancelled may want to spawn in a shutdown.
fn is_planned(message: &str) -> bool {
    message == PLANNED || message == SpawnError::ShutDown.to_string()
}

fn main() {
    let mut words = std::env::args().skip(1);
    let mut number = |default: u64| {
        words.next().map_or(default, |word| word.parse().expect("usage: stress [seconds] [seed]"))
    };
    let (seconds, seed) = (number(10), number(fastrand::u64(..)));
    println!("stress: {seconds} s, seed {seed}");
    set_hook(Box::new(|panic| {
        let text = panic.payload().downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.payload().downcast_ref::<String>().map(String::as_str));
        if !text.is_some_and(is_planned) {
            eprintln!("{panic}");
        }
    }));
    let round = Arc::new(AtomicU64::new(0));
    watch(Arc::clone(&round), seed);
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut random, mut total) = (Rng::with_seed(seed), Books::default());
    while Instant::now() < end {
        let runtime = Runtime::builder().workers(WORKERS).build().expect("four workers");
        for _ in 0..ROUNDS {
            let books = sail(&runtime, &mut random);
            check(round.fetch_add(1, Ordering::Relaxed), seed, &books, &mut total);
        }
        let books = wreck(runtime, &mut random);
        check(round.fetch_add(1, Ordering::Relaxed), seed, &books, &mut total);
    }
    println!("{} rounds, all books balance: {total:?}", round.load(Ordering::Relaxed));
}

/// Ends the process if the rounds do not go on.
fn watch(round: Arc<AtomicU64>, seed: u64) {
    thread::spawn(move || {
        let mut seen = u64::MAX;
        loop {
            let now = round.load(Ordering::Relaxed);
            if now == seen {
                eprintln!("round {now} of seed {seed} hangs");
                exit(1);
            }
            seen = now;
            thread::sleep(PATIENCE);
        }
    });
}

fn check(round: u64, seed: u64, books: &Books, total: &mut Books) {
    if let Err(why) = books.balance() {
        eprintln!("round {round} of seed {seed}: {why}\n{books:?}");
        exit(1);
    }
    total.add(books);
}

// ── the books ───────────────────────────────────────────────────────────────────────────────────────────

/// What has happened. ORDER: Relaxed throughout; they are read when the tasks that write them have been joined.
#[derive(Default)]
struct Ledger {
    made: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
    dropped: AtomicU64,
    boarded: AtomicU64,
    left: AtomicU64,
    early: AtomicU64,
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// The books of one round.
#[derive(Debug, Default)]
struct Books {
    parcels: u64,
    sent: u64,
    received: u64,
    dropped: u64,
    tasks: u64,
    left: u64,
    early: u64,
    finished: u64,
    cancelled: u64,
    panicked: u64,
    failure: Option<String>,
}

impl Books {
    fn read(ledger: &Ledger) -> Self {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Self {
            parcels: read(&ledger.made),
            sent: read(&ledger.sent),
            received: read(&ledger.received),
            dropped: read(&ledger.dropped),
            tasks: read(&ledger.boarded),
            left: read(&ledger.left),
            early: read(&ledger.early),
            ..Self::default()
        }
    }

    /// Notes how a task of the crew ended.
    fn note<T>(&mut self, ended: Result<T, JoinError>) {
        match ended {
            Ok(_) => self.finished += 1,
            Err(JoinError::Cancelled { .. }) => self.cancelled += 1,
            Err(JoinError::Panicked(panic)) if panic.message().is_some_and(is_planned) => self.panicked += 1,
            Err(error) => self.failure = Some(error.to_string()),
        }
    }

    fn balance(&self) -> Result<(), String> {
        let claims = [
            (self.parcels == self.received + self.dropped, "a parcel is lost, or there twice"),
            (self.sent == self.received, "what was sent is not what was received"),
            (self.tasks == self.left, "a task has not ended"),
            (self.early == 0, "a sleep was too short"),
        ];
        let broken = claims.iter().find(|(holds, _)| !holds).map(|(_, claim)| (*claim).to_owned());
        self.failure.clone().or(broken).map_or(Ok(()), Err)
    }

    fn add(&mut self, other: &Self) {
        self.parcels += other.parcels;
        self.sent += other.sent;
        self.received += other.received;
        self.dropped += other.dropped;
        self.tasks += other.tasks;
        self.left += other.left;
        self.finished += other.finished;
        self.cancelled += other.cancelled;
        self.panicked += other.panicked;
    }
}

/// A message that is accounted for.
struct Parcel {
    ledger: Arc<Ledger>,
    received: bool,
}

impl Parcel {
    fn receive(mut self) {
        self.received = true;
        count(&self.ledger.received);
    }
}

impl Drop for Parcel {
    fn drop(&mut self) {
        if !self.received {
            count(&self.ledger.dropped);
        }
    }
}

/// On the stack of every task: it was there, and has left.
struct Aboard(Arc<Ledger>);

impl Aboard {
    fn new(ledger: &Arc<Ledger>) -> Self {
        count(&ledger.boarded);
        Self(Arc::clone(ledger))
    }
}

impl Drop for Aboard {
    fn drop(&mut self) {
        count(&self.0.left);
    }
}

/// Waits as it is dropped: undisturbed in an unwind, interrupted like any other code elsewhere.
struct Lingers;

impl Drop for Lingers {
    fn drop(&mut self) {
        yield_now();
        let _ = timeout(Duration::from_micros(20), || sleep(Duration::MAX));
    }
}

// ── rounds ──────────────────────────────────────────────────────────────────────────────────────────────

/// What everybody in a round works with.
#[derive(Clone)]
struct Post {
    tx: Sender<Parcel>,
    rx: Receiver<Parcel>,
    token: CancelToken,
    gear: Arc<Gear>,
    ledger: Arc<Ledger>,
}

impl Post {
    fn new(random: &mut Rng) -> Self {
        let (tx, rx) = match random.u32(..5) {
            0 => channel::rendezvous(),
            1 => channel::bounded(1),
            2 => channel::bounded(7),
            3 => channel::bounded(1_100),
            _ => channel::unbounded(),
        };
        Self { tx, rx, token: CancelToken::new(), gear: Arc::new(Gear::new()), ledger: Arc::default() }
    }

    fn parcel(&self) -> Parcel {
        count(&self.ledger.made);
        Parcel { ledger: Arc::clone(&self.ledger), received: false }
    }

    /// The books, when everybody has ended: what still rests in the channel is received.
    fn close_books(&self) -> Books {
        while let Ok(parcel) = self.rx.try_recv() {
            parcel.receive();
        }
        let failure = self.gear.check().err().map(str::to_owned);
        Books { failure, ..Books::read(&self.ledger) }
    }
}

/// A round: a crew works, some of it is cancelled, the channel is closed, and everybody ends.
fn sail(runtime: &Runtime, random: &mut Rng) -> Books {
    let post = Post::new(random);
    let crew = man(runtime, &post, random);
    let ashore = trade_ashore(&post, random);
    disturb(runtime, &crew, &post.token, random);
    // Whoever waits for a partner in vain learns it now.
    post.tx.close();
    post.gear.end_round();
    let ends: Vec<_> = crew.into_iter().map(JoinHandle::join).collect();
    ashore.into_iter().for_each(|thread| thread.join().expect("a plain thread does not panic"));
    // A task whose joiner was cancelled runs on by itself.
    while post.ledger.left.load(Ordering::Relaxed) < post.ledger.boarded.load(Ordering::Relaxed) {
        thread::yield_now();
    }
    let mut books = post.close_books();
    ends.into_iter().for_each(|ended| books.note(ended));
    books
}

/// A round in which the runtime is shut down in the middle of the work.
fn wreck(runtime: Runtime, random: &mut Rng) -> Books {
    let post = Post::new(random);
    let crew = man(&runtime, &post, random);
    let ashore = trade_ashore(&post, random);
    disturb(&runtime, &crew, &post.token, random);
    let (theirs, mut pauses) = (post.clone(), random.fork());
    let closing = thread::spawn(move || {
        pause(&mut pauses);
        // Some of the crew cannot be cancelled.
        theirs.tx.close();
        theirs.gear.end_round();
    });
    let report = runtime.shutdown(PATIENCE);
    closing.join().expect("a plain thread does not panic");
    ashore.into_iter().for_each(|thread| thread.join().expect("a plain thread does not panic"));
    let mut books = post.close_books();
    crew.into_iter().for_each(|task| books.note(task.join()));
    if !report.is_complete() {
        books.failure = Some(report.to_string());
    }
    books
}

/// Spawns a crew, in every way there is.
fn man(runtime: &Runtime, post: &Post, random: &mut Rng) -> Vec<JoinHandle<()>> {
    let hire = |random: &mut Rng| {
        let (theirs, aboard, mut choices) = (post.clone(), Aboard::new(&post.ledger), random.fork());
        let body = move || {
            let _aboard = aboard;
            work(&theirs, &mut choices, 0);
        };
        match random.u32(..6) {
            0 => runtime.spawn_on(random.usize(..WORKERS), body),
            1 => runtime.spawn(post.token.child().bind(body)),
            2 => runtime.block_on(|| spawn_local(body)),
            3 => {
                let steady = TaskBuilder::new().name("steady").cancellable(false);
                runtime.block_on(|| steady.spawn(body).expect("the runtime has no limits"))
            }
            _ => runtime.spawn(body),
        }
    };
    (0..random.usize(2..60)).map(|_| hire(random)).collect()
}

/// Plain threads take part.
fn trade_ashore(post: &Post, random: &mut Rng) -> Vec<thread::JoinHandle<()>> {
    let settle = |random: &mut Rng| {
        let (post, mut random) = (post.clone(), random.fork());
        thread::spawn(move || (0..random.u32(..20)).for_each(|_| deal(&post, &mut random)))
    };
    (0..random.usize(..3)).map(|_| settle(random)).collect()
}

/// Cancels some of the crew, and now and then what runs under the token, from here and from elsewhere.
fn disturb(runtime: &Runtime, crew: &[JoinHandle<()>], token: &CancelToken, random: &mut Rng) {
    for _ in 0..random.usize(..6) {
        pause(random);
        let some = crew.iter().filter(|_| random.u32(..5) == 0).map(JoinHandle::cancel_handle);
        let some: Vec<CancelHandle> = some.collect();
        let cancel = move || some.iter().for_each(CancelHandle::cancel);
        match random.u32(..3) {
            0 => cancel(),
            1 => drop(runtime.spawn(cancel)),
            _ => drop(thread::spawn(cancel)),
        }
    }
    if random.u32(..3) == 0 {
        token.cancel();
    }
}

fn pause(random: &mut Rng) {
    if random.bool() {
        thread::sleep(moment(random));
    }
}

// ── work ────────────────────────────────────────────────────────────────────────────────────────────────

/// Some steps of a task; `depth` tells how many tasks and scopes it is in.
fn work(post: &Post, random: &mut Rng, depth: u32) {
    for _ in 0..random.u32(1..10) {
        if depth < 3 && random.u32(..3) == 0 {
            adventure(post, random, depth + 1)
        } else {
            deal(post, random)
        }
    }
}

/// One operation that may wait, from a task or a plain thread.
fn deal(post: &Post, random: &mut Rng) {
    match random.u32(..8) {
        0 | 1 => post.gear.apply(random),
        2 => drop(timeout(moment(random), || post.gear.apply(random))),
        _ => trade(post, random),
    }
}

/// One operation on the channel.
fn trade(post: &Post, random: &mut Rng) {
    let limit = moment(random);
    let sent = |is_sent: bool| count_if(&post.ledger.sent, is_sent);
    match random.u32(..14) {
        0 | 1 => sent(post.tx.send(post.parcel()).is_ok()),
        2 => sent(post.tx.send_timeout(post.parcel(), limit).is_ok()),
        3 => sent(post.tx.try_send(post.parcel()).is_ok()),
        4 => drop(timeout(limit, || sent(post.tx.send(post.parcel()).is_ok()))),
        5 => sent(foreign::send(&post.tx, post.parcel(), Some(Instant::now() + limit)).is_ok()),
        6 | 7 => receive(post.rx.recv().ok()),
        8 => receive(post.rx.recv_timeout(limit).ok()),
        9 => receive(post.rx.try_recv().ok()),
        10 => receive(timeout(limit, || post.rx.recv().ok()).ok().flatten()),
        11 => receive(foreign::recv(&post.rx, Some(Instant::now() + limit)).ok()),
        12 => receive(receive_impatiently(&post.rx, random.u32(..3))),
        _ => select! {
            recv(post.rx) -> received => receive(received.ok()),
            send(post.tx, post.parcel()) -> result => sent(result.is_ok()),
            timeout(limit) => (),
        },
    }
}

fn count_if(counter: &AtomicU64, is_so: bool) {
    if is_so {
        count(counter);
    }
}

fn receive(parcel: Option<Parcel>) {
    if let Some(parcel) = parcel {
        parcel.receive();
    }
}

/// Awaits a parcel, but drops the receive after some polls.
fn receive_impatiently(rx: &Receiver<Parcel>, mut polls: u32) -> Option<Parcel> {
    let mut waiting = pin!(rx.recv_async());
    let received = block_on(std::future::poll_fn(|context| match waiting.as_mut().poll(context) {
        Poll::Pending if polls > 0 => {
            polls -= 1;
            context.waker().wake_by_ref();
            Poll::Pending
        }
        Poll::Pending => Poll::Ready(Err(RecvError)),
        received => received,
    }));
    received.ok()
}

/// Something bigger, which only a task can do.
fn adventure(post: &Post, random: &mut Rng, depth: u32) {
    let limit = moment(random);
    match random.u32(..16) {
        0 => yield_now(),
        1 | 2 => nap(post, limit),
        3 | 4 => errand(post, random, depth),
        5 | 6 => fleet(post, random, depth),
        7 => {
            let mut other = random.fork();
            fork_join(|| work(post, random, depth), || work(post, &mut other, depth));
        }
        8 => drop(timeout(limit, || work(post, random, depth))),
        9 => drop(timeout(limit, || timeout(moment(random), || work(post, random, depth)))),
        10 => under_token(post, random, depth),
        11 => cancel::mask(|| work(post, random, depth)),
        12 => {
            let _lingers = Lingers;
            work(post, random, depth);
        }
        13 => {
            // What it swallows comes again.
            let body = std::panic::AssertUnwindSafe(|| work(post, random, depth));
            let _ = catch_unwind(body);
        }
        14 => cancel::check(),
        _ if random.u32(..8) == 0 => panic_any(PLANNED),
        _ => yield_now(),
    }
}

fn nap(post: &Post, asked: Duration) {
    let start = Instant::now();
    sleep(asked);
    count_if(&post.ledger.early, start.elapsed() < asked);
}

/// Sends a task on its way, and waits for it, or for its answer.
fn errand(post: &Post, random: &mut Rng, depth: u32) {
    let (theirs, aboard, mut choices) = (post.clone(), Aboard::new(&post.ledger), random.fork());
    let (reply, mut answer) = oneshot();
    let body = move || {
        let _aboard = aboard;
        work(&theirs, &mut choices, depth);
        // Nobody may be waiting for it any more.
        let _ = reply.send(());
    };
    let task = if random.bool() { spawn(body) } else { spawn_local(body) };
    match random.u32(..6) {
        0 => drop(answer.recv()),
        1 => drop(answer.recv_timeout(moment(random))),
        2 => drop(block_on(task)),
        3 => drop(task.join_timeout(moment(random))),
        4 => {
            task.cancel();
            drop(task.join());
        }
        _ => drop(task.join()),
    }
}

/// A scope of tasks that borrow; some are joined, and some scopes are called off.
fn fleet(post: &Post, random: &mut Rng, depth: u32) {
    scope(|s| {
        for _ in 0..random.u32(1..4) {
            let (aboard, mut choices) = (Aboard::new(&post.ledger), random.fork());
            let ship = s.spawn(move || {
                let _aboard = aboard;
                work(post, &mut choices, depth);
            });
            if random.u32(..3) == 0 {
                drop(ship.join());
            }
        }
        if random.u32(..4) == 0 {
            s.cancel();
        }
    });
}

/// Work under a token of its own, which somebody may cancel meanwhile.
fn under_token(post: &Post, random: &mut Rng, depth: u32) {
    let token = post.token.child();
    let canceller = token.clone();
    if random.bool() {
        spawn(move || canceller.cancel());
    }
    let _ = token.run(|| work(post, random, depth));
}
