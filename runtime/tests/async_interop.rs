//! Channels, joins and oneshots awaited under tokio and smol: nothing is lost, whoever is dropped when.

mod support;

use std::collections::HashSet;
use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use moonfleet::channel::{
    self, Receiver, RecvError, SendError, Sender, TryRecvError, TrySendError, bounded, rendezvous, unbounded,
};
use moonfleet::time::{self, Elapsed};
use moonfleet::{JoinError, JoinHandle, block_on, foreign, scope, spawn_local, yield_now};
use smol::future::{or, yield_now as yield_async};

use support::{LONG, runtime};

/// A rendezvous, a ring of one, a ring, a list of segments without a bound.
fn every_kind<T>() -> [(Sender<T>, Receiver<T>); 4] {
    [rendezvous(), bounded(1), bounded(16), unbounded()]
}

fn tokio() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap()
}

/// An executor under test: it spawns, and may abort what it has spawned.
enum Executor {
    Tokio(tokio::runtime::Runtime),
    Smol(Arc<smol::Executor<'static>>, Vec<thread::JoinHandle<()>>, smol::channel::Sender<()>),
}

/// A future that an executor runs.
enum Spawned<T> {
    Tokio(tokio::task::JoinHandle<T>),
    Smol(smol::Task<T>),
}

impl Executor {
    fn both() -> [Self; 2] {
        let executor = Arc::new(smol::Executor::new());
        let (open, closed) = smol::channel::unbounded::<()>();
        let threads = [0, 1].map(|_| {
            let (executor, closed) = (Arc::clone(&executor), closed.clone());
            // Nothing is ever sent: the threads end when the channel is closed.
            thread::spawn(move || assert!(smol::block_on(executor.run(closed.recv())).is_err()))
        });
        [Executor::Tokio(tokio()), Executor::Smol(executor, threads.into(), open)]
    }

    fn spawn<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> Spawned<T> {
        match self {
            Executor::Tokio(runtime) => Spawned::Tokio(runtime.spawn(future)),
            Executor::Smol(executor, ..) => Spawned::Smol(executor.spawn(future)),
        }
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        match self {
            Executor::Tokio(runtime) => runtime.block_on(future),
            Executor::Smol(executor, ..) => smol::block_on(executor.run(future)),
        }
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        if let Executor::Smol(_, threads, open) = self {
            open.close();
            threads.drain(..).for_each(|thread| thread.join().unwrap());
        }
    }
}

impl<T> Spawned<T> {
    async fn join(self) -> T {
        match self {
            Spawned::Tokio(task) => task.await.unwrap(),
            Spawned::Smol(task) => task.await,
        }
    }

    /// Drops the future wherever it stands; its result, if it has ended before.
    async fn abort(self) -> Option<T> {
        match self {
            Spawned::Tokio(task) => {
                task.abort();
                task.await.ok()
            }
            Spawned::Smol(task) => task.cancel().await,
        }
    }
}

/// Counts how often it wakes.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Wakes {
    fn new() -> (Arc<Self>, Waker) {
        let wakes = Arc::new(Self::default());
        (Arc::clone(&wakes), wakes.into())
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Polls once, with a waker that nobody listens to.
fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

// ── what an executor sees ───────────────────────────────────────────────────────────────────────────────

#[test]
fn messages_pass_between_futures_tasks_and_threads() {
    const EACH: usize = 2_000;
    for executor in Executor::both() {
        for (tx, rx) in every_kind::<usize>() {
            let moonfleet = runtime(2);
            let numbers = |part: usize| (part..3 * EACH).step_by(3);
            let (in_future, in_task, in_thread) = (tx.clone(), tx.clone(), tx);
            let sending = executor.spawn(async move {
                for n in numbers(0) {
                    in_future.send_async(n).await.unwrap();
                }
            });
            let task = moonfleet.spawn(move || numbers(1).for_each(|n| in_task.send(n).unwrap()));
            let sender = thread::spawn(move || numbers(2).for_each(|n| in_thread.send(n).unwrap()));

            let (for_future, for_task) = (rx.clone(), rx.clone());
            let receiving = executor.spawn(async move {
                let mut all = Vec::new();
                while let Ok(n) = for_future.recv_async().await {
                    all.push(n);
                }
                all
            });
            let receiver = moonfleet.spawn(move || for_task.iter().collect::<Vec<_>>());
            let mut all: Vec<_> = rx.iter().collect();
            executor.block_on(async {
                sending.join().await;
                task.await.unwrap();
                all.extend(receiving.join().await);
                all.extend(receiver.await.unwrap());
            });
            sender.join().unwrap();
            all.sort_unstable();
            assert!(all.into_iter().eq(0..3 * EACH));
        }
    }
}

#[test]
fn a_receive_that_is_dropped_in_the_middle_loses_nothing() {
    const MESSAGES: usize = 3_000;
    for executor in Executor::both() {
        for (tx, rx) in every_kind::<usize>() {
            let moonfleet = runtime(2);
            let task = moonfleet.spawn(move || (0..MESSAGES).for_each(|n| tx.send(n).unwrap()));
            // Two impatient receivers, each of which drops most of its receives.
            let receivers = [0, 1].map(|_| {
                let rx = rx.clone();
                executor.spawn(async move {
                    let (mut all, mut patience) = (Vec::new(), 0);
                    loop {
                        patience = (patience + 1) % 4;
                        let impatient = async {
                            for _ in 0..patience {
                                yield_async().await;
                            }
                            None
                        };
                        match or(async { Some(rx.recv_async().await) }, impatient).await {
                            Some(Ok(n)) => all.push(n),
                            Some(Err(RecvError)) => return all,
                            None => {}
                        }
                    }
                })
            });
            let mut all = HashSet::new();
            executor.block_on(async {
                for receiver in receivers {
                    let received = receiver.join().await;
                    assert!(received.into_iter().all(|n| all.insert(n)), "a message came twice");
                }
            });
            task.join().unwrap();
            assert_eq!(all.len(), MESSAGES);
        }
    }
}

#[test]
fn a_send_that_is_dropped_in_the_middle_is_received_or_not_but_never_twice() {
    const MESSAGES: usize = 3_000;
    for executor in Executor::both() {
        for (tx, rx) in every_kind::<usize>() {
            let moonfleet = runtime(2);
            let task = moonfleet.spawn(move || {
                let mut all = HashSet::new();
                rx.iter().for_each(|n| assert!(all.insert(n), "{n} came twice"));
                all
            });
            let sending = executor.spawn(async move {
                let mut done = Vec::new();
                for n in 0..MESSAGES {
                    let impatient = async {
                        for _ in 0..n % 3 {
                            yield_async().await;
                        }
                        false
                    };
                    if or(async { tx.send_async(n).await.is_ok() }, impatient).await {
                        done.push(n);
                    }
                }
                done
            });
            let sent = executor.block_on(sending.join());
            let received = task.join().unwrap();
            // What was reported as sent has arrived. What was dropped may have: its send was done, but not polled.
            assert!(sent.iter().all(|n| received.contains(n)));
        }
    }
}

#[test]
fn aborted_futures_leave_no_trace_in_the_channel() {
    for executor in Executor::both() {
        for round in 1..=300 {
            let (tx, rx) = rendezvous::<usize>();
            // Noted by the futures themselves: executors drop results that come as late as the abort.
            let notes = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
            let (theirs, received) = (rx.clone(), Arc::clone(&notes));
            let receiving = executor.spawn(async move {
                let message = theirs.recv_async().await.unwrap();
                received.0.store(message, Ordering::SeqCst);
            });
            let (theirs, sent) = (tx.clone(), Arc::clone(&notes));
            let sending = executor.spawn(async move {
                theirs.send_async(round).await.unwrap();
                sent.1.store(round, Ordering::SeqCst);
            });
            if round % 2 == 0 {
                thread::yield_now();
            }
            executor.block_on(async {
                receiving.abort().await;
                sending.abort().await;
            });
            let [received, sent] = [&notes.0, &notes.1].map(|noted| noted.load(Ordering::SeqCst));
            // Whatever was under way is over: the message was received, or rests here, or was never sent.
            let arrived = if received == 0 { rx.try_recv().unwrap_or(0) } else { received };
            assert!([0, round].contains(&arrived));
            assert!(sent == 0 || arrived == round, "a message that was sent is lost");
            assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
            assert!(matches!(tx.try_send(7), Err(TrySendError::Full(7))));
        }
    }
}

#[test]
fn joins_and_oneshots_are_awaited() {
    for executor in Executor::both() {
        let moonfleet = runtime(2);
        executor.block_on(async {
            let tasks: Vec<_> = (0..100)
                .map(|n| {
                    moonfleet.spawn(move || {
                        (0..n % 5).for_each(|_| yield_now());
                        n
                    })
                })
                .collect();
            for (n, task) in tasks.into_iter().enumerate() {
                assert_eq!(task.await.unwrap(), n);
            }
            let failed = moonfleet.spawn(|| panic!("adrift")).await.unwrap_err();
            assert!(failed.to_string().contains("adrift"));
            let sleeper = moonfleet.spawn(|| time::sleep(LONG));
            sleeper.cancel();
            assert!(matches!(sleeper.await, Err(JoinError::Cancelled { .. })));

            let (tx, rx) = channel::oneshot();
            moonfleet.spawn(move || tx.send(7).unwrap());
            assert_eq!(rx.await, Ok(7));
            let (tx, rx) = channel::oneshot::<u8>();
            drop(moonfleet.spawn(move || drop(tx)));
            assert_eq!(rx.await, Err(RecvError));
        });
    }
}

#[test]
fn a_shutdown_ends_what_is_awaited() {
    for executor in Executor::both() {
        let moonfleet = runtime(2);
        let tasks: Vec<_> = (0..50).map(|_| moonfleet.spawn(|| time::sleep(LONG))).collect();
        let waiting = tasks.into_iter().map(|task| executor.spawn(task)).collect::<Vec<_>>();
        thread::spawn(move || drop(moonfleet)).join().unwrap();
        executor.block_on(async {
            for waiting in waiting {
                assert!(matches!(waiting.join().await, Err(JoinError::Cancelled { .. })));
            }
        });
    }
}

#[test]
fn a_join_that_was_polled_may_be_aborted_moved_or_joined_otherwise() {
    for executor in Executor::both() {
        let moonfleet = runtime(2);
        for round in 0..200 {
            let (tx, rx) = channel::oneshot::<()>();
            let mut task = moonfleet.spawn(move || {
                rx.recv().unwrap();
                round
            });
            assert!(poll_once(Pin::new(&mut task)).is_pending());
            // Boxed and sent elsewhere, it keeps its place.
            let mut task = Box::new(task);
            assert!(poll_once(Pin::new(&mut *task)).is_pending());
            let ending = moonfleet.spawn(move || tx.send(()).unwrap());
            let result = match round % 4 {
                0 => executor.block_on(executor.spawn(*task).join()),
                1 => task.join(),
                2 => loop {
                    match task.join_timeout(Duration::from_nanos(1)) {
                        Ok(result) => break result,
                        Err(back) => *task = back,
                    }
                },
                _ => moonfleet.block_on(move || foreign::join(*task).unwrap()),
            };
            assert_eq!(result.unwrap(), round);
            ending.join().unwrap();
        }
    }
}

#[test]
fn a_join_that_was_polled_may_be_finished_by_a_foreign_one() {
    let answer = runtime(1).block_on(|| {
        let (tx, rx) = channel::oneshot();
        let mut task = spawn_local(move || rx.recv().unwrap());
        assert!(poll_once(Pin::new(&mut task)).is_pending());
        spawn_local(move || tx.send(5).unwrap());
        foreign::join(task).unwrap().unwrap()
    });
    assert_eq!(answer, 5);
}

#[test]
fn dropped_joins_and_oneshots_race_with_their_ends() {
    let moonfleet = runtime(2);
    for executor in Executor::both() {
        for round in 0..2_000 {
            let task = moonfleet.spawn(move || vec![round; 3]);
            let (tx, rx) = channel::oneshot();
            drop(moonfleet.spawn(move || drop(tx.send(vec![round; 3]))));
            let tasks = [executor.spawn(async { task.await.ok() }), executor.spawn(async { rx.await.ok() })];
            executor.block_on(async {
                for task in tasks {
                    if round % 3 == 0 {
                        yield_async().await;
                    }
                    let result = task.abort().await;
                    assert!(result.is_none_or(|result| result == Some(vec![round; 3])));
                }
            });
        }
    }
}

#[test]
fn many_futures_tasks_and_threads_race_for_everything() {
    const EACH: usize = 1_000;
    for executor in Executor::both() {
        for (tx, rx) in every_kind::<usize>() {
            let moonfleet = runtime(4);
            let part = |part: usize| (part..5 * EACH).step_by(5);
            let sending = [0, 1].map(|first| {
                let tx = tx.clone();
                executor.spawn(async move {
                    for n in part(first) {
                        tx.send_async(n).await.unwrap();
                    }
                })
            });
            let send_all = |first: usize| {
                let tx = tx.clone();
                move || part(first).for_each(|n| tx.send(n).unwrap())
            };
            let sent = [moonfleet.spawn(send_all(2)), moonfleet.spawn(send_all(3))];
            let sender = thread::spawn(send_all(4));
            drop(tx);

            let in_futures = [1, 2].map(|patience| executor.spawn(impatient_future(rx.clone(), patience)));
            let in_tasks = [10, 40].map(|micros| {
                let rx = rx.clone();
                moonfleet.spawn(move || impatient(&rx, Duration::from_micros(micros)))
            });
            let mut all = impatient(&rx, Duration::from_micros(5));
            executor.block_on(async {
                for sending in sending {
                    sending.join().await;
                }
                for receiver in in_futures {
                    all.extend(receiver.join().await);
                }
                for task in in_tasks {
                    all.extend(task.await.unwrap());
                }
            });
            sent.into_iter().for_each(|task| task.join().unwrap());
            sender.join().unwrap();
            all.sort_unstable();
            assert!(all.into_iter().eq(0..5 * EACH));
        }
    }
}

/// Receives everything, and gives up many a wait, by a deadline of its own or of a scope around.
fn impatient(rx: &Receiver<usize>, patience: Duration) -> Vec<usize> {
    let mut all = Vec::new();
    loop {
        match time::timeout(patience, || rx.recv()) {
            Ok(Ok(n)) => all.push(n),
            Ok(Err(RecvError)) => return all,
            Err(Elapsed) => {}
        }
        match rx.recv_timeout(patience) {
            Ok(n) => all.push(n),
            Err(channel::RecvTimeoutError::Closed) => return all,
            Err(channel::RecvTimeoutError::Timeout) => {}
        }
    }
}

/// Receives everything, and drops many a receive in the middle.
async fn impatient_future(rx: Receiver<usize>, patience: usize) -> Vec<usize> {
    let mut all = Vec::new();
    loop {
        let impatient = async {
            for _ in 0..patience {
                yield_async().await;
            }
            None
        };
        match or(async { Some(rx.recv_async().await) }, impatient).await {
            Some(Ok(n)) => all.push(n),
            Some(Err(RecvError)) => return all,
            None => {}
        }
    }
}

// ── step by step, without an executor ───────────────────────────────────────────────────────────────────

#[test]
fn a_message_that_was_not_fetched_goes_to_the_next_in_line() {
    for (tx, rx) in every_kind() {
        let (mut first, mut second) = (Box::pin(rx.recv_async()), Box::pin(rx.recv_async()));
        assert!(poll_once(first.as_mut()).is_pending() && poll_once(second.as_mut()).is_pending());
        tx.try_send(1).unwrap();
        drop(first);
        assert_eq!(poll_once(second.as_mut()), Poll::Ready(Ok(1)));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    }
}

#[test]
fn a_message_that_was_not_fetched_comes_first_again() {
    for (tx, rx) in every_kind() {
        let capacity = tx.capacity().unwrap_or(5);
        let mut first = Box::pin(rx.recv_async());
        assert!(poll_once(first.as_mut()).is_pending());
        tx.try_send(0).unwrap();
        (1..=capacity).for_each(|n| tx.try_send(n).unwrap());
        drop(first);
        // One more than the capacity rests here now, in order; senders wait until there is room.
        assert_eq!(rx.len(), capacity + 1);
        let mut waiting = tx.capacity().map(|_| Box::pin(tx.send_async(capacity + 1)));
        if let Some(waiting) = &mut waiting {
            assert!(poll_once(waiting.as_mut()).is_pending());
        } else {
            tx.try_send(capacity + 1).unwrap();
        }
        let received: Vec<_> = std::iter::from_fn(|| rx.try_recv().ok()).collect();
        assert!(received.iter().copied().eq(0..=capacity + 1), "{received:?}");
        if let Some(waiting) = &mut waiting {
            assert_eq!(poll_once(waiting.as_mut()), Poll::Ready(Ok(())));
        }
    }
}

#[test]
fn a_message_that_was_not_fetched_survives_a_close() {
    for (tx, rx) in every_kind() {
        let (mut first, mut second) = (Box::pin(rx.recv_async()), Box::pin(rx.recv_async()));
        assert!(poll_once(first.as_mut()).is_pending() && poll_once(second.as_mut()).is_pending());
        tx.try_send('!').unwrap();
        tx.close();
        drop(first);
        assert_eq!(poll_once(second.as_mut()), Poll::Ready(Err(RecvError)));
        assert_eq!((rx.try_recv(), rx.try_recv()), (Ok('!'), Err(TryRecvError::Closed)));
    }
}

#[test]
fn a_message_that_was_not_fetched_goes_to_a_task_or_a_thread() {
    for (tx, rx) in every_kind() {
        let mut first = Box::pin(rx.recv_async());
        assert!(poll_once(first.as_mut()).is_pending());
        tx.try_send(7).unwrap();
        let theirs = rx.clone();
        let task = runtime(1);
        let parked = task.spawn_on(0, move || theirs.recv());
        task.spawn_on(0, || ()).join().unwrap();
        drop(first);
        assert_eq!(parked.join().unwrap(), Ok(7));
    }
}

#[test]
fn closing_gives_unsent_messages_back() {
    for (tx, rx) in [rendezvous(), bounded(1)] {
        if tx.capacity() == Some(1) {
            tx.try_send(0).unwrap();
        }
        let mut sends = [1, 2, 3].map(|n| Box::pin(tx.send_async(n)));
        assert!(sends.iter_mut().all(|send| poll_once(send.as_mut()).is_pending()));
        // One is given up before, one is never polled again.
        let [first, mut second, third] = sends;
        drop(first);
        rx.close();
        assert_eq!(poll_once(second.as_mut()), Poll::Ready(Err(SendError(2))));
        drop(third);
        assert_eq!(rx.try_recv().ok(), (tx.capacity() == Some(1)).then_some(0));
        assert_eq!(poll_once(pin!(tx.send_async(4))), Poll::Ready(Err(SendError(4))));
    }
}

#[test]
fn dropped_futures_leave_the_lists_clean_in_any_order() {
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0]] {
        let (tx, rx) = rendezvous::<usize>();
        let mut receives = [0, 1, 2].map(|_| Some(Box::pin(rx.recv_async())));
        for receive in receives.iter_mut().flatten() {
            assert!(poll_once(receive.as_mut()).is_pending());
        }
        order.into_iter().for_each(|index| drop(receives[index].take()));
        assert!(matches!(tx.try_send(1), Err(TrySendError::Full(1))));
        let mut sends = [0, 1, 2].map(|n| Some(Box::pin(tx.send_async(n))));
        for send in sends.iter_mut().flatten() {
            assert!(poll_once(send.as_mut()).is_pending());
        }
        order.into_iter().for_each(|index| drop(sends[index].take()));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    }
}

#[test]
fn the_waker_of_the_last_poll_is_woken_once() {
    let (tx, rx) = rendezvous();
    let (one, first) = Wakes::new();
    let (two, last) = Wakes::new();
    let mut receive = Box::pin(rx.recv_async());
    assert!(receive.as_mut().poll(&mut Context::from_waker(&first)).is_pending());
    assert!(receive.as_mut().poll(&mut Context::from_waker(&last)).is_pending());
    tx.send(5).unwrap();
    assert_eq!((one.count(), two.count()), (0, 1));
    assert_eq!(receive.as_mut().poll(&mut Context::from_waker(&first)), Poll::Ready(Ok(5)));
    assert_eq!((one.count(), two.count()), (0, 1));
    // The futures let go of the wakers that they were given.
    drop((receive, first, last));
    assert_eq!((Arc::strong_count(&one), Arc::strong_count(&two)), (1, 1));

    let runtime = runtime(1);
    let (go, told) = channel::oneshot::<()>();
    let (wakes, waker) = Wakes::new();
    let mut task = runtime.spawn(move || told.recv().unwrap());
    assert!(Pin::new(&mut task).poll(&mut Context::from_waker(&waker)).is_pending());
    go.send(()).unwrap();
    while !task.is_finished() {
        thread::yield_now();
    }
    // Ended, the worker has done all its wakes.
    drop(runtime);
    assert_eq!(wakes.count(), 1);
    assert!(matches!(Pin::new(&mut task).poll(&mut Context::from_waker(&waker)), Poll::Ready(Ok(()))));
}

/// Uses the channel in the middle of its wake.
struct Meddles(Sender<u8>, Receiver<u8>, AtomicUsize);

impl Wake for Meddles {
    fn wake(self: Arc<Self>) {
        let _ = self.0.try_send(9);
        let _ = self.1.try_recv();
        self.2.fetch_add(self.1.len() + 1, Ordering::SeqCst);
    }
}

#[test]
fn a_waker_may_use_the_channel_that_wakes_it() {
    for (tx, rx) in every_kind::<u8>() {
        let meddler = Arc::new(Meddles(tx.clone(), rx.clone(), AtomicUsize::new(0)));
        let waker = Waker::from(Arc::clone(&meddler));
        let mut receive = Box::pin(rx.recv_async());
        assert!(receive.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        tx.try_send(1).unwrap();
        assert_eq!(receive.as_mut().poll(&mut Context::from_waker(&waker)), Poll::Ready(Ok(1)));
        let mut receive = Box::pin(rx.recv_async());
        assert!(receive.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        tx.close();
        assert_eq!(receive.as_mut().poll(&mut Context::from_waker(&waker)), Poll::Ready(Err(RecvError)));
        assert!(meddler.2.load(Ordering::SeqCst) >= 2);
    }
}

#[test]
fn a_future_may_change_threads_between_polls() {
    let (tx, rx) = rendezvous::<u8>();
    thread::scope(|s| {
        let mut receive = Box::pin(rx.recv_async());
        assert!(poll_once(receive.as_mut()).is_pending());
        let elsewhere = s.spawn(move || {
            assert!(poll_once(receive.as_mut()).is_pending());
            receive
        });
        let receive = elsewhere.join().unwrap();
        let sender = s.spawn(|| tx.send(3));
        assert_eq!(s.spawn(|| block_on(receive)).join().unwrap(), Ok(3));
        sender.join().unwrap().unwrap();
    });
}

// ── block_on(future) ────────────────────────────────────────────────────────────────────────────────────

/// Pending `left` times, and wakes by `wake` in between.
async fn pends(left: usize, mut wake: impl FnMut(Waker)) {
    let mut left = left;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        wake(context.waker().clone());
        Poll::Pending
    })
    .await;
}

#[test]
fn a_future_may_be_woken_at_once_from_elsewhere_and_too_often() {
    let everywhere = |body: &(dyn Fn() + Sync)| {
        body();
        runtime(1).block_on(body);
        runtime(4).block_on(|| scope(|s| (0..8).for_each(|_| drop(s.spawn(body)))));
    };
    everywhere(&|| {
        block_on(pends(100, |waker| waker.wake()));
        block_on(pends(20, |waker| drop(thread::spawn(move || waker.wake()))));
        block_on(pends(20, |waker| (0..5).for_each(|_| waker.wake_by_ref())));
    });
}

#[test]
fn a_future_that_wakes_itself_lets_others_run() {
    runtime(1).block_on(|| {
        let done = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&done);
        spawn_local(move || theirs.store(1, Ordering::Relaxed));
        block_on(poll_fn(|context| {
            context.waker().wake_by_ref();
            if done.load(Ordering::Relaxed) == 1 { Poll::Ready(()) } else { Poll::Pending }
        }));
    });
}

#[test]
fn a_late_wake_of_a_future_that_has_ended_does_nothing() {
    let (keep, kept) = unbounded();
    block_on(pends(3, |waker| {
        keep.send(waker.clone()).unwrap();
        waker.wake();
    }));
    drop(keep);
    runtime(1).block_on(|| kept.iter().for_each(Waker::wake));
}

/// Counts its drop.
struct Counts(Arc<AtomicUsize>);

impl Drop for Counts {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_cancel_or_a_deadline_drops_the_future() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let forever = || {
        let counts = Counts(Arc::clone(&dropped));
        async move {
            let _counts = counts;
            pending::<()>().await;
        }
    };
    let soon = Duration::from_micros(100);
    assert_eq!(time::timeout(soon, || block_on(forever())), Err(Elapsed));
    let runtime = runtime(1);
    assert_eq!(runtime.block_on(|| time::timeout(soon, || block_on(forever()))), Err(Elapsed));
    let future = forever();
    let task = runtime.spawn_on(0, move || block_on(future));
    runtime.spawn_on(0, || ()).join().unwrap();
    task.cancel();
    assert!(matches!(task.join(), Err(JoinError::Cancelled { .. })));
    assert_eq!(dropped.load(Ordering::SeqCst), 3);
}

#[test]
fn a_task_that_awaits_itself_is_told_so() {
    runtime(1).block_on(|| {
        let (tx, rx) = channel::oneshot::<JoinHandle<()>>();
        let (told, tells) = channel::oneshot();
        let task = spawn_local(move || {
            told.send(block_on(rx.recv().unwrap()).unwrap_err()).unwrap();
        });
        tx.send(task).unwrap();
        assert!(matches!(tells.recv(), Ok(JoinError::JoinsItself { .. })));
    });
}

#[test]
fn a_future_of_tokio_runs_in_a_task() {
    let tokio = tokio();
    let sum = runtime(2).block_on(|| {
        let _entered = tokio.enter();
        let parts = [1, 2, 3].map(|n| tokio.spawn(async move { n }));
        block_on(async {
            let mut sum = 0;
            for part in parts {
                sum += part.await.unwrap();
            }
            sum
        })
    });
    assert_eq!(sum, 6);
}

/// A waker that panics.
struct Unwakeable;

impl Wake for Unwakeable {
    fn wake(self: Arc<Self>) {
        panic!("a waker that cannot be woken");
    }
}

#[test]
fn a_waker_that_panics_ends_neither_who_wakes_it_nor_the_wait_of_others() {
    let waker = Waker::from(Arc::new(Unwakeable));
    let mut context = Context::from_waker(&waker);
    for (tx, rx) in every_kind::<u8>() {
        let mut first = Box::pin(rx.recv_async());
        assert!(first.as_mut().poll(&mut context).is_pending());
        let theirs = rx.clone();
        let task = runtime(1);
        let parked = task.spawn_on(0, move || theirs.recv());
        task.spawn_on(0, || ()).join().unwrap();
        assert!(tx.close());
        assert_eq!(parked.join().unwrap(), Err(RecvError));
        assert_eq!(first.as_mut().poll(&mut context), Poll::Ready(Err(RecvError)));
    }
    let task = runtime(1);
    let (tx, rx) = rendezvous::<u8>();
    let mut joined = pin!(task.spawn_on(0, move || rx.recv()));
    assert!(joined.as_mut().poll(&mut context).is_pending());
    drop(tx);
    assert_eq!(task.spawn_on(0, || 7).join().unwrap(), 7, "its worker goes on");
    assert_eq!(block_on(joined).unwrap(), Err(RecvError));
}
