//! Models of a cancel that ends a wait: from `task/claim.rs` by the orders of `home/mod.rs` to the worker's own
//! `context/local.rs`, which asks `task/limits.rs` and fires `wait/word.rs`; `task/header.rs` keeps the task meanwhile.

use std::sync::Arc;

use loom::thread::{self, JoinHandle};

use crate::bell::Bell;
use crate::cancel::stop::Stop;
use crate::channel::blocking::{self, RecvFailure};
use crate::channel::core::{Received, Sent};
use crate::channel::{Channels, End};
use crate::context::local::Local;
use crate::context::{self, Lease};
use crate::model::{model, write};
use crate::park::{Refused, Waited, wait_in};
use crate::primitive::UnsafeCell;
use crate::select::{RecvArm, Selected, Wait, select_or_cancelled};
use crate::suspend::{Cancelled, Party};
use crate::sync::raw_mutex::RawMutex;
use crate::sync::raw_rwlock::{Access, RawRwLock};
use crate::task::header::TaskRef;
use crate::wait::queue::{Place, Queue};
use crate::wait::waiter::{Urgency, wake_if_any};

/// A worker with one task, and that one as others know it.
struct Crew<R> {
    worker: JoinHandle<R>,
    task: TaskRef,
    lease: Lease,
    /// In the task's closure, which nobody runs: it goes with the task.
    token: Arc<()>,
}

impl<R: 'static> Crew<R> {
    /// Starts a task that does `body` and nothing else.
    fn start(body: impl FnOnce() -> R + 'static) -> Self {
        let lease = Lease::new();
        let home = lease.0;
        let token = Arc::new(());
        let kept_by_task = Arc::clone(&token);
        let (task, joinable) = context::task(1, move || drop(kept_by_task));
        joinable.detach();
        let kept = task.to_ref();
        let worker = thread::spawn(move || {
            assert!(task.claim(home), "nobody else starts it");
            let local = context::begin(home, &task);
            let result = body();
            local.end_turn();
            local.drain_inbox();
            local.obey_orders(0);
            context::end();
            result
        });
        Self { worker, task: kept, lease, token }
    }

    fn cancel(&self) {
        context::cancel(&self.task);
    }

    /// What came of the task. Its references end here: what is left over is the model's to find.
    fn end(self) -> R {
        let result = self.worker.join().unwrap();
        // As the next worker to move in.
        for link in self.lease.0.orders().drain() {
            // SAFETY: the orders of this home are about this task.
            drop(unsafe { TaskRef::of_order(link) });
        }
        drop(self.task);
        assert_eq!(Arc::strong_count(&self.token), 1, "whoever has told the task something has let it go");
        result
    }
}

/// Sends without waiting.
fn leave_message(end: &End<u8>) {
    match end.core().try_send(1) {
        Sent::Done(wake) => wake_if_any(wake, Urgency::Next),
        sent => unreachable!("there is room: {sent:?}"),
    }
}

/// The message that rests in the channel, if one does.
fn left_in(end: &End<u8>) -> Option<u8> {
    match end.core().try_receive() {
        Received::Done(message, _) => Some(message),
        Received::Empty | Received::Closed => None,
    }
}

/// A task that is cancelled before, while or after it falls asleep does not sleep on.
#[test]
fn a_cancel_is_not_slept_through() {
    model(4, || {
        let end = Channels::<u8>::new([1]).end(0);
        let crew = Crew::start(move || blocking::receive(end.core(), None));
        crew.cancel();
        assert_eq!(crew.end(), Err(RecvFailure::Cancelled));
    });
}

/// What was done before a cancel is seen by the task that it interrupts.
#[test]
fn a_cancelled_task_sees_why() {
    model(4, || {
        let end = Channels::<u8>::new([1]).end(0);
        let why = Arc::new(UnsafeCell::new(0));
        let seen = Arc::clone(&why);
        let crew = Crew::start(move || {
            assert_eq!(blocking::receive(end.core(), None), Err(RecvFailure::Cancelled));
            write(&seen, 0)
        });
        write(&why, 1);
        crew.cancel();
        assert_eq!(crew.end(), 1);
    });
}

/// A receiver that is cancelled as a message arrives has it, or leaves it in the channel.
#[test]
fn a_cancelled_receiver_takes_no_message_along() {
    model(2, || {
        let channel = Channels::new([1]);
        let end = channel.end(0);
        let crew = Crew::start(move || blocking::receive(end.core(), None));
        let end = channel.end(0);
        let sender = thread::spawn(move || leave_message(&end));
        crew.cancel();
        sender.join().unwrap();
        let left = left_in(&channel.end(0));
        match crew.end() {
            Ok(message) => assert_eq!((message, left), (1, None)),
            failure => {
                assert_eq!(failure, Err(RecvFailure::Cancelled));
                assert_eq!(left, Some(1));
            }
        }
    });
}

/// The same for a select over two channels.
#[test]
fn a_cancelled_select_takes_no_message_along() {
    model(2, || {
        fastrand::seed(0);
        let channels = Channels::new([1, 1]);
        let ends = [channels.end(0), channels.end(1)];
        let crew = Crew::start(move || {
            let (mut first, mut second) = (RecvArm::new(&ends[0]), RecvArm::new(&ends[1]));
            let selected = select_or_cancelled(&mut [&mut first, &mut second], Wait::Forever);
            assert_eq!(first.take(), None, "nobody sends there");
            (selected, second.take())
        });
        let end = channels.end(1);
        let sender = thread::spawn(move || leave_message(&end));
        crew.cancel();
        sender.join().unwrap();
        let left = left_in(&channels.end(1));
        match crew.end() {
            (Err(Cancelled), taken) => assert_eq!((taken, left), (None, Some(1))),
            (selected, taken) => {
                assert_eq!((selected, taken, left), (Ok(Selected::Arm(1)), Some(Ok(1)), None));
            }
        }
    });
}

/// A task that waits for a lock and is cancelled as the lock is freed has it, or leaves it free.
#[test]
fn a_cancelled_waiter_leaves_the_lock_free() {
    model(2, || {
        let lock = Arc::new(RawMutex::default());
        assert!(lock.try_lock());
        let wanted = Arc::clone(&lock);
        let crew = Crew::start(move || {
            let taken = wanted.lock_contended(None, 0);
            if taken.is_ok() {
                wanted.unlock();
            }
            taken
        });
        let held = Arc::clone(&lock);
        let holder = thread::spawn(move || held.unlock());
        crew.cancel();
        holder.join().unwrap();
        assert!(matches!(crew.end(), Ok(()) | Err(Refused::Cancelled)));
        assert!(lock.try_lock(), "nobody holds it");
    });
}

/// A task that is woken for a lock, loses it to another, and waits again, is cancelled all the same.
#[test]
fn a_cancel_between_two_waits_is_not_lost() {
    model(3, || {
        let lock = Arc::new(RawMutex::default());
        assert!(lock.try_lock());
        let wanted = Arc::clone(&lock);
        let crew = Crew::start(move || {
            let taken = wanted.lock_contended(None, u64::MAX);
            if taken.is_ok() {
                wanted.unlock();
            }
        });
        lock.unlock();
        let is_taken = lock.try_lock();
        crew.cancel();
        // As one that joins the task with the lock in its hand.
        crew.end();
        assert_ne!(is_taken, lock.try_lock(), "nobody else holds it");
    });
}

/// A writer that is cancelled lets the readers in that stood behind it, while another reader stays inside.
#[test]
fn a_cancelled_writer_lets_readers_pass() {
    model(2, || {
        let lock = Arc::new(RawRwLock::default());
        lock.enter(Access::Read);
        let wanted = Arc::clone(&lock);
        let crew = Crew::start(move || {
            let entered = wanted.enter_contended(Access::Write, None);
            assert!(matches!(entered, Err(Refused::Cancelled)), "a reader stays inside");
        });
        let shared = Arc::clone(&lock);
        let reader = thread::spawn(move || {
            shared.enter(Access::Read);
            shared.leave(Access::Read);
        });
        crew.cancel();
        crew.end();
        reader.join().unwrap();
        lock.leave(Access::Read);
        assert!(lock.try_enter(Access::Write), "nobody is inside");
    });
}

/// A task that moves to another home while somebody tells it to stop does not sleep there: it sees that before it
/// waits, or is told; an order that comes to the old home too late is not missed.
#[test]
fn a_task_that_moves_is_stopped() {
    model(2, || {
        let (before, after) = (Lease::new(), Lease::new());
        let (task, joinable) = context::task(1, || ());
        joinable.detach();
        assert!(task.claim(before.0), "nobody else has seen the task");
        let (stop, moved) = (Arc::new(Stop::new()), Arc::new(Bell::default()));
        let traveller = {
            let (task, stop, moved) = (task.to_ref(), Arc::clone(&stop), Arc::clone(&moved));
            let (before, after) = (before.0, after.0);
            let line = Queue::<(), ()>::new(());
            thread::spawn(move || {
                let here = context::begin(before, &task);
                let ran = stop.run(|| {
                    let party = Party::enter()?;
                    task.give_up();
                    assert!(task.claim(after), "nobody else wants it");
                    let there = context::begin(after, &task);
                    moved.ring();
                    // As who was woken for a lock, has lost it to another, and waits again.
                    let waited = wait_in(&party, &line, Place::Last, (), None, |_| None::<()>);
                    assert_eq!(waited, Waited::Cancelled);
                    there.end_turn();
                    Ok::<_, Cancelled>(())
                });
                if !matches!(ran, Ok(Ok(()))) {
                    moved.ring();
                }
                here.end_turn();
                context::end();
            })
        };
        let home = before.0;
        let stopper = {
            let stop = Arc::clone(&stop);
            thread::spawn(move || assert!(stop.stop(), "nobody else stops"))
        };
        moved.wait();
        stopper.join().unwrap();
        let local = Local::new(home, Arc::default());
        local.drain_inbox();
        local.obey_orders(0);
        traveller.join().unwrap();
        for link in after.0.orders().drain() {
            // SAFETY: the orders of this home are about this task.
            drop(unsafe { TaskRef::of_order(link) });
        }
    });
}

/// A cancel that meets the end of its task comes to nothing, and keeps nothing.
#[test]
fn a_cancel_meets_the_end() {
    model(5, || {
        let crew = Crew::start(|| ());
        crew.cancel();
        crew.end();
    });
}
