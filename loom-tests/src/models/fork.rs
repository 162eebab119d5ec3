//! Models of `scope/fork.rs` and `scheduler/fork.rs`: who forks, and who takes the fork.

use std::sync::Arc;

use loom::thread::{self, JoinHandle};

use crate::channel::Channels;
use crate::channel::blocking::{self, RecvFailure};
use crate::context::{self, Lease};
use crate::model::{model, write};
use crate::primitive::UnsafeCell;
use crate::scheduler::fork::Forked;
use crate::scheduler::worker::Worker;
use crate::scope::fork::fork_join;
use crate::task::header::TaskRef;

/// A deadline that passes when loom likes.
const SOON: Option<u64> = Some(0);

/// A task that forks, and where its forks lie.
struct Tree {
    worker: Worker,
    lease: Lease,
    task: TaskRef,
}

impl Tree {
    fn new() -> Arc<Self> {
        let lease = Lease::new();
        let (task, joinable) = context::task(1, || ());
        joinable.detach();
        assert!(task.claim(lease.0), "nobody else has seen the task");
        Arc::new(Self { worker: Worker::new(), lease, task })
    }

    /// Forks on this loom thread, as the task's worker.
    fn fork_join<A, B: Send>(&self, here: impl FnOnce() -> A, anywhere: impl FnOnce() -> B + Send) -> (A, B) {
        self.worker.enter();
        let local = context::begin(self.lease.0, &self.task);
        let results = fork_join(here, anywhere);
        local.end_turn();
        local.drain_inbox();
        local.obey_orders(0);
        context::end();
        results
    }

    /// Another worker, which takes a fork if it finds one, and does this with it.
    fn thief(self: &Arc<Self>, with: impl FnOnce(&Worker, Forked) + 'static) -> JoinHandle<()> {
        let tree = Arc::clone(self);
        thread::spawn(move || {
            if let Some(forked) = tree.worker.deques.forks.steal() {
                with(&tree.worker, forked);
            }
        })
    }

    /// Lets go what was ordered too late.
    fn end(self: Arc<Self>) {
        for home in [self.lease.0, self.worker.lease.0] {
            for link in home.orders().drain() {
                // SAFETY: the orders of a home are about its tasks.
                drop(unsafe { TaskRef::of_order(link) });
            }
        }
    }
}

/// A closure that may be sent because only one thread of the model calls it, which is what the model checks.
struct Sent<F>(F);

// SAFETY: the threads of a model share one OS thread.
unsafe impl<F> Send for Sent<F> {}

impl<F: FnOnce() -> R, R> Sent<F> {
    fn call(self) -> R {
        (self.0)()
    }
}

/// Both closures are called once, wherever that is, and who forked sees what they did.
#[test]
fn a_fork_is_performed_once() {
    model(3, || {
        let tree = Tree::new();
        let thief = tree.thief(Worker::adopt);
        let cell = UnsafeCell::new(0);
        let anywhere = Sent(|| write(&cell, 2));
        let results = tree.fork_join(|| 1, || anywhere.call());
        assert_eq!(results, (1, 0));
        assert_eq!(write(&cell, 0), 2, "what the fork did");
        thief.join().unwrap();
        tree.end();
    });
}

/// A fork that its thief lets go is performed by who forked.
#[test]
fn a_fork_that_is_let_go_comes_back() {
    model(3, || {
        let tree = Tree::new();
        let thief = tree.thief(|_, forked| drop(forked));
        assert_eq!(tree.fork_join(|| 1, || 2), (1, 2));
        thief.join().unwrap();
        tree.end();
    });
}

/// Who forked is cancelled before somebody performs the fork: that one knows, or is told.
#[test]
fn a_cancel_comes_before_the_fork() {
    model(3, || {
        let tree = Tree::new();
        let task = tree.task.to_ref();
        let thief = tree.thief(move |worker, forked| {
            context::cancel(&task);
            worker.adopt(forked);
        });
        let end = Channels::<u8>::new([1]).end(0);
        // If it is not the thief that performs it, nobody may be cancelled.
        let anywhere = Sent(|| {
            let deadline =
                if context::current().is_some_and(|(_, task)| task.info().id == 1) { SOON } else { None };
            blocking::receive(end.core(), deadline)
        });
        let results = tree.fork_join(|| (), || anywhere.call());
        assert!(matches!(results.1, Err(RecvFailure::Cancelled | RecvFailure::TimedOut)));
        thief.join().unwrap();
        tree.end();
    });
}

/// Who forked is cancelled: so is who performs the fork, before it begins or while it waits.
#[test]
fn a_cancel_goes_on_to_the_fork() {
    model(2, || {
        let tree = Tree::new();
        let thief = tree.thief(Worker::adopt);
        let canceller = {
            let task = tree.task.to_ref();
            thread::spawn(move || context::cancel(&task))
        };
        let end = Channels::<u8>::new([1]).end(0);
        let anywhere = Sent(|| blocking::receive(end.core(), None));
        let results = tree.fork_join(|| (), || anywhere.call());
        assert_eq!(results, ((), Err(RecvFailure::Cancelled)));
        canceller.join().unwrap();
        thief.join().unwrap();
        tree.end();
    });
}
