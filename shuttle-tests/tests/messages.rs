//! Messages between tasks of several workers, and plain threads: each arrives once, and closing wakes everybody.

use std::sync::Arc;

use moonfleet_shuttle_tests::moonfleet::{self, channel, sync};
use moonfleet_shuttle_tests::{explore, hangs_by, join_thread, run, select, thread};

/// Two producers and two consumers on all workers, over a channel with one place.
fn every_message_arrives_once() {
    run(2, || {
        let (tx, rx) = channel::bounded(1);
        let producers = [0, 1].map(|n| {
            let tx = tx.clone();
            moonfleet::spawn_on(n, move || (0..3).for_each(|m| tx.send(n * 3 + m).unwrap()))
        });
        drop(tx);
        let consumers = [0, 1].map(|n| {
            let rx = rx.clone();
            moonfleet::spawn_on(n, move || rx.iter().collect::<Vec<_>>())
        });
        producers.into_iter().for_each(|task| task.join().unwrap());
        let mut received = consumers.map(|task| task.join().unwrap()).concat();
        received.sort_unstable();
        assert_eq!(received, [0, 1, 2, 3, 4, 5]);
    });
}

/// The state belongs to one task; others ask it by messages, and it waits for either kind of them.
fn one_task_owns_the_state() {
    let last = run(2, || {
        let (read, reads) = channel::rendezvous::<channel::oneshot::Sender<u32>>();
        let (write, writes) = channel::rendezvous::<u32>();
        let owner = moonfleet::spawn(move || {
            let mut state = 0;
            for _ in 0..4 {
                select! {
                    recv(reads) -> reply => drop(reply.unwrap().send(state)),
                    recv(writes) -> value => state += value.unwrap(),
                }
            }
            state
        });
        let writers = [1, 2].map(|value| {
            let write = write.clone();
            moonfleet::spawn(move || write.send(value).unwrap())
        });
        let readers = [(); 2].map(|()| {
            let read = read.clone();
            moonfleet::spawn(move || {
                let (reply, answer) = channel::oneshot();
                read.send(reply).unwrap();
                answer.recv().unwrap()
            })
        });
        assert!(readers.into_iter().all(|task| task.join().unwrap() <= 3));
        writers.into_iter().for_each(|task| task.join().unwrap());
        owner.join().unwrap()
    });
    assert_eq!(last, 3);
}

/// A plain thread and a task talk to each other.
fn threads_and_tasks_talk() {
    let (question, questions) = channel::rendezvous();
    let (answer, answers) = channel::unbounded();
    let outside = thread(move || {
        for n in 0..3 {
            question.send(n).unwrap();
            assert_eq!(answers.recv(), Ok(n * n));
        }
    });
    run(1, move || questions.iter().for_each(|n| answer.send(n * n).unwrap()));
    join_thread(outside);
}

/// Tasks of two workers under one mutex, and one that waits for what they do.
fn locks_are_handed_on() {
    run(2, || {
        let shared = Arc::new((sync::Mutex::new(0), sync::Condvar::new(), sync::Semaphore::new(1)));
        let tasks = [0, 1, 0].map(|worker| {
            let shared = Arc::clone(&shared);
            moonfleet::spawn_on(worker, move || {
                let (count, changed, permits) = &*shared;
                let permit = permits.acquire().unwrap();
                let mut count = count.lock();
                let before = *count;
                moonfleet::yield_now();
                *count = before + 1;
                changed.notify_one();
                drop(count);
                drop(permit);
            })
        });
        let (count, changed, _) = &*shared;
        assert_eq!(*changed.wait_while(count.lock(), |count| *count < 3), 3);
        tasks.into_iter().for_each(|task| task.join().unwrap());
    });
}

#[test]
fn channels_lose_nothing() {
    explore(every_message_arrives_once);
    hangs_by("closes_in_silence", every_message_arrives_once);
    hangs_by("rings_no_bell", every_message_arrives_once);
}

#[test]
fn a_stateful_task_answers() {
    explore(one_task_owns_the_state);
    hangs_by("rings_no_bell", one_task_owns_the_state);
}

#[test]
fn threads_are_parties_too() {
    explore(threads_and_tasks_talk);
    hangs_by("wakes_threads_in_silence", threads_and_tasks_talk);
}

#[test]
fn locks_wake_their_waiters() {
    explore(locks_are_handed_on);
    hangs_by("notifies_nobody", locks_are_handed_on);
}
