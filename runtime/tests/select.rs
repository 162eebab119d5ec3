//! Select: every form of the macro, and what is promised to winners and losers.

mod support;

use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant};

use moonfleet::channel::{self, Receiver, RecvError, Sender, bounded, rendezvous, unbounded};
use moonfleet::select::{Arm, RecvArm, Selected, SendArm, Wait, select as select_of};
use moonfleet::{select, spawn, spawn_local, yield_now};

use support::{LONG, runtime};

#[test]
fn the_macro_takes_expressions_blocks_and_trailing_commas() {
    let (tx, rx) = bounded(1);
    let (ready, is_ready) = bounded(1);
    ready.send(()).unwrap();
    let mut log = Vec::new();
    select! { send(tx, 1) -> sent => log.push(sent.is_ok()) }
    select! { recv(rx) -> message => log.push(message == Ok(1)), }
    select! {
        recv(rx) -> _ => log.push(false),
        send(tx, 2) -> sent => { log.push(sent.is_ok()); }
    }
    select! {
        recv(rx) -> message => { log.push(message == Ok(2)) }
        send(tx.clone(), 1 + 2) -> _ => { log.push(true) },
        default => { log.push(false); }
    }
    select! {
        recv(&is_ready) -> Ok(()) | Err(RecvError) => log.push(true),
        timeout(LONG) => log.push(false),
    }
    select! {
        recv(&rx) -> _ => log.push(false),
        deadline(Instant::now()) => log.push(true),
    }
    assert!(log.iter().all(|&as_expected| as_expected), "{log:?}");
    assert_eq!(log.len(), 6);
}

#[test]
fn the_macro_is_an_expression_that_may_leave_its_surroundings() {
    fn first_even(rx: &Receiver<u32>) -> Result<u32, RecvError> {
        loop {
            let n = select! { recv(rx) -> n => n? };
            if n % 2 == 1 {
                continue;
            }
            return select! { default => Ok(n) };
        }
    }
    let (tx, rx) = bounded(8);
    [1, 3, 4].into_iter().for_each(|n| tx.send(n).unwrap());
    assert_eq!(first_even(&rx), Ok(4));
    drop(tx);
    assert_eq!(first_even(&rx), Err(RecvError));
}

#[test]
fn arms_nest_in_the_code_of_arms() {
    let (tx, rx) = bounded(2);
    tx.send(1).unwrap();
    let seen = select! {
        recv(rx) -> outer => select! {
            send(tx, 2) -> _ => (outer, rx.recv()),
        },
    };
    assert_eq!(seen, (Ok(1), Ok(2)));
}

#[test]
fn default_runs_only_if_no_arm_is_ready() {
    let (tx, rx) = bounded(1);
    let try_one = || select! { recv(rx) -> n => n.ok(), default => None };
    assert_eq!(try_one(), None);
    tx.send(3).unwrap();
    assert_eq!(try_one(), Some(3));
    let (meet, met) = rendezvous();
    assert!(select! { send(meet, 1) -> _ => false, default => true });
    drop(met);
}

#[test]
fn a_timeout_is_not_early_and_keeps_the_unsent_message() {
    let wait = Duration::from_millis(3);
    let check = || {
        let (tx, _rx) = rendezvous();
        let mut arm = SendArm::new(&tx, "kept");
        let start = Instant::now();
        assert_eq!(select_of(&mut [&mut arm], Wait::Until(start + wait)), Selected::TimedOut);
        assert!(start.elapsed() >= wait);
        assert_eq!((arm.take(), arm.into_message()), (None, Some("kept")));
    };
    check();
    runtime(1).block_on(check);
}

#[test]
fn a_huge_timeout_is_no_timeout() {
    runtime(1).block_on(|| {
        let (tx, rx) = rendezvous();
        spawn_local(move || tx.send(1).unwrap());
        assert!(select! { recv(rx) -> n => n == Ok(1), timeout(Duration::MAX) => false });
    });
}

#[test]
fn losers_keep_their_messages() {
    runtime(1).block_on(|| {
        let (full, kept_out) = rendezvous();
        let (tx, rx) = rendezvous();
        let waiting = spawn_local(move || {
            let (mut loser, mut winner) = (SendArm::new(&full, "loses"), RecvArm::new(&rx));
            let selected = select_of(&mut [&mut loser, &mut winner], Wait::Forever);
            (selected, winner.take(), loser.take(), loser.into_message())
        });
        yield_now();
        tx.send("wins").unwrap();
        let (selected, received, unsent, message) = waiting.join().unwrap();
        assert_eq!((selected, received), (Selected::Arm(1), Some(Ok("wins"))));
        assert_eq!((unsent, message), (None, Some("loses")));
        assert!(kept_out.try_recv().is_err());
    });
}

#[test]
fn a_losing_receive_takes_nothing() {
    runtime(1).block_on(|| {
        let (tx, rx) = bounded::<u8>(4);
        let (done, is_done) = rendezvous::<()>();
        let other = rx.clone();
        let waiting = spawn_local(move || {
            select! {
                recv(other) -> _ => false,
                recv(is_done) -> _ => true,
            }
        });
        yield_now();
        done.send(()).unwrap();
        tx.send(5).unwrap();
        assert!(waiting.join().unwrap());
        assert_eq!(rx.try_recv(), Ok(5));
    });
}

#[test]
fn every_ready_arm_is_chosen_now_and_then() {
    const ROUNDS: u32 = 10_000;
    for arms in [2, 3, 8, 12] {
        let channels: Vec<_> = (0..arms).map(|_| unbounded()).collect();
        let mut wins = vec![0_u32; arms];
        for _ in 0..ROUNDS {
            channels.iter().for_each(|(tx, rx)| {
                if rx.is_empty() {
                    tx.send(()).unwrap()
                }
            });
            wins[receive_any(&channels, Wait::Poll).unwrap()] += 1;
        }
        // Chance decides: with odds of one in thousands of millions a fair arm gets less than half its share.
        let share = ROUNDS / u32::try_from(arms).unwrap();
        assert!(wins.iter().all(|&n| n > share / 2 && n < 2 * share), "{arms} arms won {wins:?} times");
    }
}

/// Receives from one of `channels`: which one.
fn receive_any(channels: &[(Sender<()>, Receiver<()>)], wait: Wait) -> Option<usize> {
    let mut arms: Vec<_> = channels.iter().map(|(_, rx)| RecvArm::new(rx)).collect();
    let mut dynamic: Vec<&mut dyn Arm> = arms.iter_mut().map(|arm| arm as &mut dyn Arm).collect();
    match select_of(&mut dynamic, wait) {
        Selected::Arm(index) => Some(index),
        Selected::TimedOut | Selected::WouldBlock => None,
    }
}

#[test]
fn any_of_many_arms_wakes_a_parked_select() {
    const ARMS: usize = 40;
    runtime(2).block_on(|| {
        let channels: Vec<_> = (0..ARMS).map(|_| rendezvous()).collect();
        let senders: Vec<_> = channels.iter().map(|(tx, _)| tx.clone()).collect();
        let sending = spawn(move || (0..1_000).for_each(|n| senders[n * 7 % ARMS].send(()).unwrap()));
        let winners = (0..1_000).map(|_| receive_any(&channels, Wait::Forever).unwrap());
        assert!(winners.eq((0..1_000).map(|n| n * 7 % ARMS)));
        sending.join().unwrap();
    });
}

#[test]
fn an_arm_on_a_closed_channel_is_ready() {
    let (tx, rx) = bounded::<u8>(4);
    tx.send(1).unwrap();
    tx.close();
    assert_eq!(select! { recv(rx) -> n => n }, Ok(1));
    assert_eq!(select! { recv(rx) -> n => n }, Err(RecvError));
    assert_eq!(select! { send(tx, 9) -> sent => sent.unwrap_err().0 }, 9);
}

#[test]
fn a_close_wakes_a_parked_select() {
    runtime(1).block_on(|| {
        let ((tx, rx), (_quiet, silence)) = (rendezvous::<u8>(), rendezvous::<u8>());
        let receiving = spawn_local(move || {
            select! {
                recv(silence) -> _ => None,
                recv(rx) -> n => Some(n),
            }
        });
        yield_now();
        drop(tx);
        assert_eq!(receiving.join().unwrap(), Some(Err(RecvError)));

        let (tx, rx) = rendezvous();
        let sending = spawn_local(move || select! { send(tx, 7) -> sent => sent.unwrap_err().0 });
        yield_now();
        drop(rx);
        assert_eq!(sending.join().unwrap(), 7);
    });
}

#[test]
fn one_channel_may_stand_in_several_arms() {
    for (tx, rx) in [rendezvous(), bounded(2), bounded(2_000)] {
        runtime(1).block_on(|| {
            let other = rx.clone();
            let receiving = spawn_local(move || {
                let both = || select! { recv(rx) -> n => n, recv(rx) -> n => n };
                [both(), both(), both()]
            });
            yield_now();
            (0..3).for_each(|n| select! { send(tx, n) -> _ => (), send(tx, n) -> _ => () });
            assert_eq!(receiving.join().unwrap(), [Ok(0), Ok(1), Ok(2)]);
            assert!(other.is_empty());
        });
    }
}

#[test]
fn a_select_never_meets_itself() {
    runtime(1).block_on(|| {
        let (tx, rx) = rendezvous();
        let (their_tx, their_rx) = (tx.clone(), rx.clone());
        let waiting = spawn_local(move || {
            select! {
                send(tx, 1) -> _ => "sent",
                recv(rx) -> _ => "received",
            }
        });
        yield_now();
        assert!(!waiting.is_finished());
        assert_eq!(their_rx.recv(), Ok(1));
        assert_eq!(waiting.join().unwrap(), "sent");
        assert!(their_tx.try_send(2).is_err(), "no node was left behind");
    });
}

/// Sends or receives, whichever is possible, `rounds` times; how many of each, and the sums.
fn face(to: &Sender<u64>, from: &Receiver<u64>, rounds: u64) -> [(u64, u64); 2] {
    let (mut sent, mut received) = ((0, 0), (0, 0));
    for n in 0..rounds {
        select! {
            send(to, n) -> done => {
                done.unwrap();
                sent = (sent.0 + 1, sent.1 + n);
            }
            recv(from) -> message => received = (received.0 + 1, received.1 + message.unwrap()),
        }
    }
    [sent, received]
}

#[test]
fn selects_that_face_each_other_neither_lock_up_nor_lose() {
    const ROUNDS: u64 = 100_000;
    for workers in [1, 2] {
        let ((one, from_one), (two, from_two)) = (rendezvous(), rendezvous());
        let runtime = runtime(workers);
        let left = runtime.spawn(move || face(&one, &from_two, ROUNDS));
        let right = runtime.spawn(move || face(&two, &from_one, ROUNDS));
        let ([sent, received], [sent_back, received_back]) = (left.join().unwrap(), right.join().unwrap());
        assert_eq!((sent, received), (received_back, sent_back));
        assert_eq!(sent.0 + received.0, ROUNDS);
    }
}

#[test]
fn selects_face_each_other_from_plain_threads_too() {
    const ROUNDS: u64 = 5_000;
    let ((one, from_one), (two, from_two)) = (rendezvous(), rendezvous());
    let left = thread::spawn(move || face(&one, &from_two, ROUNDS));
    let right = runtime(1).block_on(|| face(&two, &from_one, ROUNDS));
    let left = left.join().unwrap();
    assert_eq!((left[0], left[1]), (right[1], right[0]));
}

#[test]
fn many_selects_over_the_same_channels_lose_nothing() {
    const EACH: u64 = 5_000;
    for make in [rendezvous, || bounded(3), || bounded(1_025), unbounded] {
        let channels: [(Sender<u64>, Receiver<u64>); 3] = std::array::from_fn(|_| make());
        let runtime = runtime(2);
        let senders: Vec<_> = (0..4)
            .map(|first| {
                let [a, b, c] = channels.each_ref().map(|(tx, _)| tx.clone());
                runtime.spawn(move || {
                    for n in (first..4 * EACH).step_by(4) {
                        select! { send(a, n) -> r => r, send(b, n) -> r => r, send(c, n) -> r => r }.unwrap();
                    }
                })
            })
            .collect();
        let receivers: Vec<_> = (0..3)
            .map(|_| {
                let [a, b, c] = channels.each_ref().map(|(_, rx)| rx.clone());
                runtime.spawn(move || {
                    let mut seen = Vec::new();
                    while let Ok(n) = select! { recv(a) -> r => r, recv(b) -> r => r, recv(c) -> r => r } {
                        seen.push(n);
                    }
                    // One of the three was closed first: what rests in the others is received in the end.
                    seen.extend([&a, &b, &c].into_iter().flat_map(Receiver::iter));
                    seen
                })
            })
            .collect();
        senders.into_iter().for_each(|task| task.join().unwrap());
        drop(channels);
        let mut all: Vec<_> = receivers.into_iter().flat_map(|task| task.join().unwrap()).collect();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..4 * EACH));
    }
}

#[test]
fn timeouts_that_race_with_arms_lose_nothing() {
    let (tx, rx) = rendezvous();
    let runtime = runtime(2);
    let short = || Duration::from_micros(fastrand::u64(0..30));
    let sender = runtime.spawn(move || {
        let send_one = |n| select! { send(tx, n) -> sent => sent.is_ok(), timeout(short()) => false };
        (0..4_000_u64).filter(|&n| send_one(n)).collect::<Vec<_>>()
    });
    let receiver = runtime.spawn(move || {
        let mut received = Vec::new();
        loop {
            select! {
                recv(rx) -> n => match n { Ok(n) => received.push(n), Err(RecvError) => return received },
                timeout(short()) => {}
            }
        }
    });
    assert_eq!(receiver.join().unwrap(), sender.join().unwrap());
}

#[test]
fn one_owner_serves_many_askers() {
    // "Stateful goroutines" of Go by Example, with the sums checked.
    let runtime = runtime(2);
    let state = runtime.block_on(|| {
        let (reads, read_ops) = rendezvous::<(u32, channel::oneshot::Sender<u64>)>();
        let (writes, write_ops) = rendezvous::<(u32, u64)>();
        let owner = spawn(move || {
            let mut state = HashMap::new();
            let (mut reading, mut writing) = (true, true);
            while reading || writing {
                select! {
                    recv(read_ops) -> op => match op {
                        Ok((key, reply)) => reply.send(state.get(&key).copied().unwrap_or(0)).unwrap(),
                        Err(RecvError) => reading = false,
                    },
                    recv(write_ops) -> op => match op {
                        Ok((key, n)) => *state.entry(key).or_default() += n,
                        Err(RecvError) => writing = false,
                    },
                }
            }
            state
        });
        for reader in 0..100 {
            let reads = reads.clone();
            spawn(move || {
                for _ in 0..20 {
                    let (reply, answer) = channel::oneshot();
                    reads.send((reader % 5, reply)).unwrap();
                    answer.recv().unwrap();
                }
            });
        }
        for _ in 0..10 {
            let writes = writes.clone();
            spawn(move || (0..100).for_each(|n| writes.send((n % 5, 1)).unwrap()));
        }
        drop((reads, writes));
        owner.join().unwrap()
    });
    assert!((0..5).all(|key| state[&key] == 200), "{state:?}");
}
