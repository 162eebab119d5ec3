//! Channels: what a send and a receive promise, from tasks and threads, open and closed.

mod support;

use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use moonfleet::channel::{
    Receiver, RecvError, RecvTimeoutError, SendTimeoutError, Sender, TryRecvError, TrySendError, bounded,
    oneshot, rendezvous, unbounded,
};
use moonfleet::{Runtime, spawn, spawn_local, yield_now};

use support::{LONG, alone, runtime};

/// A rendezvous, a ring of one, a ring, a list of segments with and without a bound.
fn every_kind<T>() -> [(Sender<T>, Receiver<T>); 5] {
    [rendezvous(), bounded(1), bounded(64), bounded(1_025), unbounded()]
}

/// Counts how often it is dropped.
#[derive(Debug)]
struct Cargo(Arc<AtomicUsize>);

impl Drop for Cargo {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn messages_of_one_sender_arrive_in_order() {
    for (tx, rx) in every_kind() {
        runtime(2).block_on(|| {
            spawn(move || (0..5_000).for_each(|n| tx.send(n).unwrap()));
            assert!(rx.iter().eq(0..5_000));
        });
    }
}

#[test]
fn nothing_is_lost_or_duplicated_among_many_ends() {
    const MESSAGES: usize = 100_000;
    for (tx, rx) in every_kind() {
        let sum = pass_through(&runtime(2), &tx, &rx, (4, 3), MESSAGES);
        assert_eq!(sum, (MESSAGES, MESSAGES * (MESSAGES - 1) / 2));
    }
}

#[test]
fn nothing_is_lost_between_tasks_and_threads() {
    const MESSAGES: usize = 10_000;
    for (tx, rx) in every_kind() {
        let runtime = runtime(2);
        let senders = [0, 1].map(|half| {
            let (tx, numbers) = (tx.clone(), (half..MESSAGES).step_by(2));
            let send_all = move || numbers.for_each(|n| tx.send(n).unwrap());
            if half == 0 { Ok(runtime.spawn(send_all)) } else { Err(thread::spawn(send_all)) }
        });
        drop(tx);
        let in_task = runtime.spawn({
            let rx = rx.clone();
            move || rx.iter().collect::<Vec<_>>()
        });
        let in_thread: Vec<_> = rx.iter().collect();
        let mut all: Vec<_> = in_task.join().unwrap().into_iter().chain(in_thread).collect();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..MESSAGES));
        for sender in senders {
            sender.map_or_else(|thread| thread.join().unwrap(), |task| task.join().unwrap());
        }
    }
}

#[test]
fn a_bound_just_above_a_segment_holds_under_contention() {
    for _ in 0..20 {
        let (tx, rx) = bounded(1_025);
        let sum = pass_through(&runtime(4), &tx, &rx, (4, 1), 20_000);
        assert_eq!(sum, (20_000, 20_000 * 19_999 / 2));
    }
}

/// Sends the numbers below `messages` through the channel; how many came out, and their sum.
fn pass_through(
    runtime: &Runtime,
    tx: &Sender<usize>,
    rx: &Receiver<usize>,
    (senders, receivers): (usize, usize),
    messages: usize,
) -> (usize, usize) {
    let sending: Vec<_> = (0..senders)
        .map(|first| {
            let tx = tx.clone();
            runtime.spawn(move || (first..messages).step_by(senders).for_each(|n| tx.send(n).unwrap()))
        })
        .collect();
    let receiving: Vec<_> = (0..receivers)
        .map(|_| {
            let rx = rx.clone();
            runtime.spawn(move || rx.iter().fold((0, 0), |(count, sum), n| (count + 1, sum + n)))
        })
        .collect();
    sending.into_iter().for_each(|task| task.join().unwrap());
    tx.close();
    let parts = receiving.into_iter().map(|task| task.join().unwrap());
    parts.fold((0, 0), |total, part| (total.0 + part.0, total.1 + part.1))
}

#[test]
fn a_rendezvous_send_ends_only_when_its_message_is_received() {
    alone(|| {
        let (tx, rx) = rendezvous();
        let sender = spawn_local(move || tx.send('x').unwrap());
        yield_now();
        assert!(!sender.is_finished() && rx.is_empty());
        assert_eq!(rx.recv(), Ok('x'));
        sender.join().unwrap();
    });
}

#[test]
fn a_buffered_send_waits_only_while_the_buffer_is_full() {
    for capacity in [1, 2, 1_024, 1_025, 2_000] {
        alone(|| {
            let (tx, rx) = bounded(capacity);
            let over = 5;
            let sender = spawn_local(move || (0..capacity + over).for_each(|n| tx.send(n).unwrap()));
            // It fills the buffer in several turns.
            while rx.len() < capacity {
                yield_now();
            }
            for n in 0..over {
                assert!(!sender.is_finished() && rx.len() == capacity);
                assert_eq!(rx.recv(), Ok(n));
                yield_now();
            }
            assert!(sender.is_finished(), "the last message has found its place");
            assert!(rx.iter().eq(over..capacity + over));
        });
    }
}

#[test]
fn parked_senders_are_served_in_order() {
    for capacity in [0, 1, 3, 1_025] {
        alone(|| {
            let (tx, rx) = bounded(capacity);
            let senders: Vec<_> = (0..capacity + 200)
                .map(|n| {
                    let tx = tx.clone();
                    spawn_local(move || tx.send(n).unwrap())
                })
                .collect();
            drop(tx);
            yield_now();
            assert!(rx.iter().eq(0..capacity + 200));
            senders.into_iter().for_each(|task| task.join().unwrap());
        });
    }
}

#[test]
fn parked_receivers_are_served_in_order() {
    for (tx, rx) in every_kind() {
        alone(|| {
            let receivers: Vec<_> = (0..100)
                .map(|_| {
                    let rx = rx.clone();
                    spawn_local(move || rx.recv().unwrap())
                })
                .collect();
            yield_now();
            (0..100).for_each(|n| tx.try_send(n).expect("a receiver waits"));
            let received = receivers.into_iter().map(|task| task.join().unwrap());
            assert!(received.eq(0..100));
        });
    }
}

#[test]
fn closed_channel_still_drains() {
    for (tx, rx) in [bounded(64), bounded(1_025), unbounded()] {
        (0..50).for_each(|n| tx.send(n).unwrap());
        assert!(rx.close(), "the first to close");
        assert!(!tx.close() && tx.is_closed() && rx.is_closed());
        assert_eq!(tx.send(50).unwrap_err().0, 50);
        assert!(rx.iter().eq(0..50));
        assert_eq!(rx.recv(), Err(RecvError));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
        assert_eq!(rx.recv_timeout(LONG), Err(RecvTimeoutError::Closed));
    }
}

#[test]
fn a_close_wakes_parked_receivers() {
    for (tx, rx) in every_kind::<u8>() {
        runtime(2).block_on(|| {
            let waiting: Vec<_> = (0..20).map(|_| rx.clone()).map(|rx| spawn(move || rx.recv())).collect();
            yield_now();
            tx.close();
            assert!(waiting.into_iter().all(|task| task.join().unwrap() == Err(RecvError)));
        });
    }
}

#[test]
fn a_close_gives_parked_senders_their_messages_back() {
    for (tx, rx) in [rendezvous(), bounded(1), bounded(1_100)] {
        alone(|| {
            let resting = tx.capacity().unwrap();
            (0..resting).for_each(|n| tx.send(n).unwrap());
            let waiting: Vec<_> = (0..20)
                .map(|n| {
                    let tx = tx.clone();
                    spawn_local(move || tx.send(1_000_000 + n).unwrap_err().0)
                })
                .collect();
            yield_now();
            rx.close();
            let returned = waiting.into_iter().map(|task| task.join().unwrap());
            assert!(returned.eq(1_000_000..1_000_020));
            assert!(rx.iter().eq(0..resting), "what rested in the channel is not affected");
        });
    }
}

#[test]
fn the_last_sender_to_leave_closes() {
    for (tx, rx) in every_kind::<u8>() {
        let clones: Vec<_> = (0..10).map(|_| tx.clone()).collect();
        drop(tx);
        assert!(!rx.is_closed());
        let waiting = thread::spawn(move || rx.recv());
        drop(clones);
        assert_eq!(waiting.join().unwrap(), Err(RecvError));
    }
}

#[test]
fn the_last_receiver_to_leave_closes_and_drops_what_rests() {
    for (tx, rx) in [bounded(64), bounded(1_025), unbounded()] {
        let drops = Arc::new(AtomicUsize::new(0));
        (0..60).for_each(|_| tx.send(Cargo(Arc::clone(&drops))).unwrap());
        let clone = rx.clone();
        drop(rx);
        assert_eq!((tx.is_closed(), tx.len()), (false, 60));
        drop(clone);
        assert_eq!((tx.is_closed(), tx.len()), (true, 0));
        assert_eq!(drops.load(Ordering::Relaxed), 60, "nobody could receive them any more");
        drop(tx.send(Cargo(Arc::clone(&drops))).unwrap_err());
        assert_eq!(drops.load(Ordering::Relaxed), 61);
    }
}

#[test]
fn every_message_is_dropped_exactly_once() {
    const MESSAGES: usize = 3_000;
    for (tx, rx) in every_kind() {
        let drops = Arc::new(AtomicUsize::new(0));
        let runtime = runtime(2);
        let sent = {
            let (tx, drops) = (tx.clone(), Arc::clone(&drops));
            runtime.spawn(move || {
                let made = (0..MESSAGES).map(|_| Cargo(Arc::clone(&drops)));
                made.map(|cargo| tx.send(cargo)).filter(Result::is_ok).count()
            })
        };
        // Half are received; what then rests, or comes too late, is dropped by the channel or given back.
        let received: Vec<_> = rx.iter().take(MESSAGES / 2).collect();
        assert_eq!((received.len(), drops.load(Ordering::Relaxed) < MESSAGES), (MESSAGES / 2, true));
        drop(rx);
        assert!(sent.join().unwrap() >= MESSAGES / 2);
        drop((received, tx));
        assert_eq!(drops.load(Ordering::Relaxed), MESSAGES);
    }
}

#[test]
fn try_forms_never_wait_and_say_why_not() {
    let (tx, rx) = bounded(1_030);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    (0..1_030).for_each(|n| tx.try_send(n).unwrap());
    assert_eq!(tx.try_send(7), Err(TrySendError::Full(7)));
    assert_eq!(rx.try_recv(), Ok(0));
    tx.try_send(1_030).unwrap();
    tx.close();
    assert_eq!(tx.try_send(7), Err(TrySendError::Closed(7)));
    let (meet, _met) = rendezvous();
    assert_eq!(meet.try_send(7), Err(TrySendError::Full(7)));
}

#[test]
fn a_timeout_gives_the_message_back_and_is_not_early() {
    let (tx, rx) = bounded(1);
    tx.send(1).unwrap();
    let wait = Duration::from_millis(3);
    let in_task = moonfleet::run(|| timed(|| tx.send_timeout(2, wait)));
    let in_thread = timed(|| tx.send_timeout(3, wait));
    assert!(in_task.1 >= wait && in_thread.1 >= wait);
    assert_eq!(
        (in_task.0, in_thread.0),
        (Err(SendTimeoutError::Timeout(2)), Err(SendTimeoutError::Timeout(3)))
    );
    assert_eq!(rx.recv(), Ok(1));
    let (nothing, waited) = timed(|| rx.recv_timeout(wait));
    assert!(nothing == Err(RecvTimeoutError::Timeout) && waited >= wait);
}

fn timed<T>(body: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    (body(), start.elapsed())
}

#[test]
fn timeouts_that_race_with_messages_lose_none() {
    for (tx, rx) in every_kind() {
        let runtime = runtime(2);
        let short = || Duration::from_micros(fastrand::u64(0..40));
        let sender = runtime.spawn(move || {
            let (mut sent, mut returned) = (0, 0);
            for n in 0..4_000 {
                match tx.send_timeout(n, short()) {
                    Ok(()) => sent += 1,
                    Err(SendTimeoutError::Timeout(back)) => {
                        assert_eq!(back, n);
                        returned += 1;
                    }
                    Err(SendTimeoutError::Closed(_)) => unreachable!("the receiver stays to the end"),
                }
            }
            (sent, returned)
        });
        let receiver = runtime.spawn(move || {
            let (mut received, mut last) = (0, None);
            loop {
                match rx.recv_timeout(short()) {
                    Ok(n) => {
                        assert!(last < Some(n), "{n} came after {last:?}");
                        (received, last) = (received + 1, Some(n));
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Closed) => return received,
                }
            }
        });
        let (sent, returned) = sender.join().unwrap();
        assert_eq!((receiver.join().unwrap(), sent + returned), (sent, 4_000));
    }
}

#[test]
fn recv_many_takes_what_is_there_up_to_the_most() {
    alone(|| {
        let (tx, rx) = unbounded();
        let mut batch = vec![100];
        assert_eq!(rx.recv_many(&mut batch, 0), Ok(0));
        (0..10).for_each(|n| tx.send(n).unwrap());
        assert_eq!(rx.recv_many(&mut batch, 4), Ok(4));
        assert_eq!(rx.recv_many(&mut batch, usize::MAX), Ok(6));
        assert_eq!(batch[0], 100, "a batch is appended to what is there");
        assert!(batch[1..].iter().copied().eq(0..10));
        let waiting = spawn_local(move || {
            let mut batch = Vec::new();
            (rx.recv_many(&mut batch, 9), batch, rx.recv_many(&mut Vec::new(), 1))
        });
        yield_now();
        tx.send(11).unwrap();
        drop(tx);
        assert_eq!(waiting.join().unwrap(), (Ok(1), vec![11], Err(RecvError)));
    });
}

#[test]
fn a_huge_capacity_costs_nothing_until_it_is_used() {
    let (tx, rx) = bounded::<[u8; 4096]>(usize::MAX - 1);
    assert_eq!(tx.capacity(), Some(usize::MAX - 1));
    tx.send([7; 4096]).unwrap();
    assert_eq!(rx.recv().unwrap()[4095], 7);
}

#[test]
fn messages_without_a_size_are_counted() {
    for (tx, rx) in [bounded(2_000), unbounded()] {
        (0..1_999).for_each(|_| tx.send(()).unwrap());
        drop(tx);
        assert_eq!(rx.iter().count(), 1_999);
    }
}

#[test]
fn a_channel_can_be_sent_through_a_channel() {
    runtime(2).block_on(|| {
        let (ask, asked) = rendezvous::<Sender<u32>>();
        spawn(move || asked.iter().zip(0..).for_each(|(reply, n)| reply.send(n).unwrap()));
        let answers = (0..100).map(|_| {
            let (reply, answer) = bounded(1);
            ask.send(reply).unwrap();
            answer.recv().unwrap()
        });
        assert!(answers.eq(0..100));
    });
}

#[test]
fn a_ring_of_tasks_passes_a_token_round() {
    const TASKS: usize = 500;
    for workers in [1, 2, 4] {
        let total = runtime(workers).block_on(|| {
            let (first, mut last) = rendezvous::<usize>();
            for _ in 0..TASKS {
                let (tx, rx) = rendezvous();
                let from = std::mem::replace(&mut last, rx);
                spawn(move || from.iter().for_each(|token| tx.send(token + 1).unwrap()));
            }
            (0..20).fold(0, |token, _| {
                first.send(token).unwrap();
                last.recv().unwrap()
            })
        });
        assert_eq!(total, 20 * TASKS);
    }
}

#[test]
fn a_oneshot_carries_its_message_whoever_comes_first() {
    let runtime = runtime(2);
    let drops = Arc::new(AtomicUsize::new(0));
    for round in 0..2_000 {
        let (tx, rx) = oneshot();
        let cargo = Cargo(Arc::clone(&drops));
        let sender = runtime.spawn(move || tx.send(cargo).is_ok());
        match round % 3 {
            0 => assert!(rx.recv().is_ok()),
            1 => assert!(runtime.spawn(move || rx.recv()).join().unwrap().is_ok()),
            _ => drop(rx),
        }
        assert!(sender.join().unwrap() || round % 3 == 2);
    }
    assert_eq!(drops.load(Ordering::Relaxed), 2_000);
}

#[test]
fn a_oneshot_tells_each_side_that_the_other_is_gone() {
    let (tx, rx) = oneshot::<u8>();
    let waiting = thread::spawn(move || rx.recv());
    drop(tx);
    assert_eq!(waiting.join().unwrap(), Err(RecvError));

    let (tx, rx) = oneshot();
    assert!(!tx.is_closed());
    drop(rx);
    assert!(tx.is_closed());
    assert_eq!(tx.send(9).unwrap_err().0, 9);

    let (tx, mut rx) = oneshot();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    tx.send(1).unwrap();
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(1), Err(TryRecvError::Closed)));
    assert_eq!(rx.recv_timeout(LONG), Err(RecvTimeoutError::Closed));
}

#[test]
fn oneshot_timeouts_that_race_with_the_message_lose_nothing() {
    runtime(2).block_on(|| {
        for _ in 0..3_000 {
            let (tx, mut rx) = oneshot();
            let sender = spawn(move || tx.send(5).unwrap());
            let first = rx.recv_timeout(Duration::from_micros(fastrand::u64(0..20)));
            assert_eq!(first.or_else(|_| rx.recv_timeout(LONG)), Ok(5));
            sender.join().unwrap();
        }
    });
}

#[test]
fn ends_are_distinct_tasks_threads_and_runtimes() {
    let (one, two) = (runtime(1), runtime(1));
    let (tx, rx) = bounded(3);
    let senders = [one.spawn(feed(tx.clone(), 0)), two.spawn(feed(tx.clone(), 1))];
    let thread = thread::spawn(feed(tx, 2));
    let received: HashSet<_> = rx.iter().collect();
    assert_eq!(received.len(), 300);
    senders.into_iter().for_each(|task| task.join().unwrap());
    thread.join().unwrap();
}

fn feed(tx: Sender<(u8, u32)>, who: u8) -> impl FnOnce() + Send {
    move || (0..100).for_each(|n| tx.send((who, n)).unwrap())
}

#[test]
fn a_task_that_never_has_to_wait_still_gives_its_neighbours_a_turn() {
    let runtime = Runtime::builder().workers(1).build().unwrap();
    runtime.block_on(|| {
        let (tx, rx) = bounded(1);
        let stop = std::rc::Rc::new(std::cell::Cell::new(false));
        let neighbour = std::rc::Rc::clone(&stop);
        moonfleet::spawn_local(move || neighbour.set(true));
        while !stop.get() {
            tx.send(1).unwrap();
            rx.recv().unwrap();
        }
    });
}

#[test]
fn messages_that_come_back_cost_no_other_its_place() {
    const RETURNED: usize = 1_000;
    for (tx, rx) in [bounded(1), bounded(64), bounded(1_025), unbounded()] {
        let mut context = Context::from_waker(Waker::noop());
        // Handed over, and never fetched: the last one to leave puts the oldest in front.
        let mut futures: Vec<_> = (0..RETURNED).map(|_| Box::pin(rx.recv_async())).collect();
        for future in &mut futures {
            assert!(future.as_mut().poll(&mut context).is_pending());
        }
        (0..RETURNED).for_each(|message| tx.try_send(message).unwrap());
        while futures.pop().is_some() {}
        let resting = tx.capacity().unwrap_or(RETURNED);
        let mut sends: Vec<_> =
            (RETURNED..2 * RETURNED + resting).map(|message| Box::pin(tx.send_async(message))).collect();
        let waiting =
            sends.iter_mut().filter_map(|send| send.as_mut().poll(&mut context).is_pending().then_some(()));
        assert_eq!(waiting.count(), if tx.capacity().is_some() { RETURNED } else { 0 });
        let received: Vec<_> = std::iter::from_fn(|| rx.try_recv().ok()).collect();
        assert_eq!(received, (0..2 * RETURNED + resting).collect::<Vec<_>>());
    }
}
