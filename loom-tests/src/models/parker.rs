//! Models of `suspend/parker.rs`: a plain thread that waits, and others that fire it.

use std::ptr::NonNull;
use std::sync::Arc;

use loom::thread;

use crate::model::{model, write};
use crate::primitive::UnsafeCell;
use crate::suspend::parker::Parker;
use crate::wait::lock::Lock;
use crate::wait::waiter::{Urgency, Waiter};
use crate::wait::word::Reason;

/// A deadline that passes when loom likes.
const SOON: Option<u64> = Some(0);

/// Where a thread waits, and what is handed to it.
struct Berth {
    waiting: Lock<Option<NonNull<Waiter>>>,
    cargo: UnsafeCell<usize>,
}

impl Berth {
    fn new() -> Arc<Self> {
        Arc::new(Self { waiting: Lock::new(None), cargo: UnsafeCell::new(0) })
    }

    /// Waits to be handed something; gives it.
    fn wait(&self, parker: &Parker, deadline_ns: Option<u64>) -> Option<usize> {
        parker.waiter().word().arm();
        *self.waiting.lock() = Some(NonNull::from(parker.waiter()));
        match parker.wait(deadline_ns) {
            Reason::Arm(_) => Some(write(&self.cargo, 0)),
            reason => {
                assert_eq!(reason, Reason::TimedOut);
                *self.waiting.lock() = None;
                None
            }
        }
    }

    /// Hands something to the thread that waits, if one does.
    fn hand(&self, cargo: usize) -> bool {
        let mut waiting = self.waiting.lock();
        // SAFETY: waiter-lives — a thread that is not fired takes its waiter out before it goes on.
        let wake = waiting.and_then(|waiter| unsafe { Waiter::fire(waiter, Reason::Arm(0)) });
        let Some(wake) = wake else { return false };
        *waiting = None;
        drop(waiting);
        write(&self.cargo, cargo);
        wake.wake(Urgency::Queued);
        true
    }
}

/// Each wake ends one wait, and brings what was handed over before it; the one before, which comes late, ends none.
#[test]
fn each_wake_ends_one_wait() {
    model(4, || {
        let berth = Berth::new();
        let other = {
            let berth = Arc::clone(&berth);
            thread::spawn(move || {
                for cargo in [1, 2] {
                    while !berth.hand(cargo) {
                        thread::yield_now();
                    }
                }
            })
        };
        let parker = Parker::new();
        assert_eq!([berth.wait(&parker, None), berth.wait(&parker, None)], [Some(1), Some(2)]);
        other.join().unwrap();
    });
}

/// A thread whose deadline passes takes its word back, or was fired before: then it waits for the wake.
#[test]
fn a_deadline_loses_no_wake() {
    model(5, || {
        let berth = Berth::new();
        let other = {
            let berth = Arc::clone(&berth);
            thread::spawn(move || berth.hand(1))
        };
        let parker = Parker::new();
        let handed = berth.wait(&parker, SOON);
        assert_eq!(other.join().unwrap(), handed.is_some(), "both sides agree");
        if handed.is_some() {
            assert_eq!(handed, Some(1));
        }
    });
}
