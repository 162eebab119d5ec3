//! Models of `scheduler/idle.rs`, with the sleep flag of `home/inbox.rs`, as a worker's rounds use both.

use std::sync::Arc;

use loom::thread;

use crate::bell::Bell;
use crate::home::inbox::{Bell as Answer, Inbox};
use crate::model::model;
use crate::primitive::atomic::{AtomicUsize, Ordering};
use crate::scheduler::idle::Idle;

/// Stands for all queues that thieves look at. Everything is Relaxed: what order there is, the idle
/// protocol has made.
struct Queue(AtomicUsize);

impl Queue {
    fn push(&self) {
        // ORDER: Relaxed; see the type.
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn has_task(&self) -> bool {
        // ORDER: Relaxed; see the type.
        self.0.load(Ordering::Relaxed) != 0
    }

    fn take(&self) -> bool {
        // ORDER: Relaxed; see the type.
        let mut tasks = self.0.load(Ordering::Relaxed);
        while tasks != 0 {
            match self.0.compare_exchange(tasks, tasks - 1, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(found) => tasks = found,
            }
        }
        false
    }
}

/// A runtime reduced to its sleep.
struct Shared {
    idle: Idle,
    queue: Queue,
    homes: Vec<(Inbox, Bell)>,
    stopping: AtomicUsize,
    task_done: Bell,
}

impl Shared {
    fn new(workers: usize) -> Arc<Self> {
        Arc::new(Self {
            idle: Idle::new(workers),
            queue: Queue(AtomicUsize::new(0)),
            homes: (0..workers).map(|_| (Inbox::new(), Bell::default())).collect(),
            stopping: AtomicUsize::new(0),
            task_done: Bell::default(),
        })
    }

    fn publish(&self) {
        self.queue.push();
        self.task_published();
    }

    fn task_published(&self) {
        if let Some(index) = self.idle.claim_sleeper() {
            self.notify(index);
        }
    }

    fn notify(&self, index: usize) {
        let (inbox, bell) = &self.homes[index];
        if inbox.notify() == Answer::Ring {
            bell.ring();
        }
    }

    fn stop(&self) {
        // ORDER: Relaxed; the notices publish it.
        self.stopping.store(1, Ordering::Relaxed);
        (0..self.homes.len()).for_each(|index| self.notify(index));
    }

    /// A worker's loop.
    fn work(&self, index: usize) {
        let mut claimed = false;
        // ORDER: Relaxed; published by the notice, which `sleep` drains.
        while self.stopping.load(Ordering::Relaxed) == 0 {
            if claimed || self.queue.has_task() {
                self.search(claimed);
                claimed = false;
            } else {
                claimed = self.sleep(index);
            }
        }
    }

    fn search(&self, claimed: bool) -> bool {
        if !claimed && !self.idle.start_search() {
            // Enough others look for tasks: so does this worker in the next round.
            thread::yield_now();
            return false;
        }
        let found = self.queue.take();
        if self.idle.end_search(found, || self.queue.has_task()) {
            self.task_published();
        }
        if found {
            self.task_done.ring();
        }
        found
    }

    /// True if a producer has claimed this worker.
    fn sleep(&self, index: usize) -> bool {
        let (inbox, bell) = &self.homes[index];
        if self.idle.announce_sleep(index, || self.queue.has_task()) && inbox.doze() {
            bell.wait();
        }
        assert_eq!(inbox.drain().count(), 0, "there are only notices");
        self.idle.retract_sleep(index)
    }
}

/// A task is published to `workers`, which are about to sleep, and is run.
fn publish_to(workers: usize) {
    let shared = Shared::new(workers);
    let threads: Vec<_> = (0..workers)
        .map(|index| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.work(index))
        })
        .collect();
    shared.publish();
    // A task that is overlooked is never done: loom reports the deadlock.
    shared.task_done.wait();
    // The shutdown only ends the execution: one way to run it will do.
    loom::stop_exploring();
    shared.stop();
    for thread in threads {
        thread.join().unwrap();
    }
}

/// A published task is run, though the worker may be falling asleep.
#[test]
fn no_task_is_overlooked() {
    model(4, || publish_to(1));
}

/// The same for two workers, which search, sleep and are claimed in turns.
#[test]
fn no_task_is_overlooked_by_two() {
    model(1, || publish_to(2));
}

/// A worker that wakes and falls asleep again, between producers that rely on each other to wake it, does
/// not sleep over a task.
#[test]
fn no_producer_relies_on_one_that_gives_up() {
    model(2, || {
        let shared = Shared::new(1);
        assert!(shared.idle.announce_sleep(0, || false));
        let worker = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let claimed = shared.idle.retract_sleep(0);
                shared.search(claimed);
                shared.idle.announce_sleep(0, || shared.queue.has_task())
            })
        };
        let producer = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.publish())
        };
        shared.publish();
        producer.join().unwrap();
        let sleeps = worker.join().unwrap();
        if sleeps && shared.queue.has_task() {
            assert!(shared.homes[0].0.has_news(), "the sleeper is told of the task");
        }
    });
}

/// A task published while the last searcher stops with another one is seen by it, or wakes a sleeper.
#[test]
fn the_last_searcher_wakes_a_successor() {
    model(3, || {
        let shared = Shared::new(2);
        assert!(shared.idle.announce_sleep(1, || false));
        shared.queue.push();
        assert!(shared.idle.start_search());
        let searcher = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.search(true))
        };
        shared.publish();
        assert!(searcher.join().unwrap(), "there was a task from the beginning");
        assert!(shared.idle.retract_sleep(1), "the sleeper is claimed for the other task");
        assert!(shared.homes[1].0.has_news(), "and notified");
    });
}

/// A worker that wakes by itself while it is claimed, and finds a task, leaves no sleeper to the other one.
#[test]
fn a_claim_that_comes_late_hides_no_sleeper() {
    model(3, || {
        let shared = Shared::new(2);
        assert!(shared.idle.announce_sleep(0, || false));
        assert!(shared.idle.announce_sleep(1, || false));
        let worker = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.idle.retract_sleep(0) && shared.search(true))
        };
        let producer = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.publish())
        };
        shared.publish();
        producer.join().unwrap();
        if worker.join().unwrap() {
            assert!(shared.idle.retract_sleep(1), "the sleeper is claimed for the other task");
        }
    });
}
