//! Models of `wait/word.rs` and `wait/waiter.rs`.

use std::ptr::NonNull;

use std::sync::Arc;

use loom::thread;

use crate::model::{model, write};
use crate::primitive::UnsafeCell;
use crate::suspend::Party;
use crate::wait::waiter::{Urgency, Waiter};
use crate::wait::word::Reason;

/// A party that others fire, and what they hand over.
struct Waiting {
    party: Party,
    slots: [UnsafeCell<usize>; 3],
}

impl Waiting {
    fn new() -> Arc<Self> {
        let waiting = Self { party: Party::current(), slots: std::array::from_fn(|_| UnsafeCell::new(0)) };
        waiting.party.waiter().word().arm();
        Arc::new(waiting)
    }

    /// Fires for `reason`; the winner fills the slot of that number and wakes. True if it won.
    fn fire(&self, reason: Reason, slot: usize) -> bool {
        // SAFETY: the party lives as long as the last `Arc`.
        let wake = unsafe { Waiter::fire(NonNull::from(self.party.waiter()), reason) };
        let won = wake.is_some();
        if let Some(wake) = wake {
            write(&self.slots[slot], slot + 1);
            wake.wake(Urgency::Next);
        }
        won
    }
}

/// Of two arms and a timer exactly one ends the wait; the party learns which, and finds what it handed over.
#[test]
fn one_firer_wins_and_its_value_arrives() {
    model(3, || {
        let waiting = Waiting::new();
        let firers = [Reason::Arm(0), Reason::Arm(1), Reason::TimedOut].into_iter().enumerate();
        let firers: Vec<_> = firers
            .map(|(slot, reason)| {
                let waiting = Arc::clone(&waiting);
                thread::spawn(move || waiting.fire(reason, slot))
            })
            .collect();
        let slot = match waiting.party.wait(None) {
            Reason::Arm(slot) => slot,
            Reason::TimedOut => 2,
            Reason::Cancelled => unreachable!("nobody cancels"),
        };
        assert_eq!(write(&waiting.slots[slot], 0), slot + 1, "the winner's value");
        let won: Vec<_> = firers.into_iter().map(|firer| firer.join().unwrap()).collect();
        assert_eq!(won.iter().filter(|&&won| won).count(), 1, "winners: {won:?}");
        assert!(won[slot], "the party learns who won");
    });
}

/// A party whose deadline passes takes its word back before it is fired, or gets what the firer hands over.
#[test]
fn a_deadline_loses_nothing() {
    model(3, || {
        let waiting = Waiting::new();
        let firer = {
            let waiting = Arc::clone(&waiting);
            thread::spawn(move || waiting.fire(Reason::Arm(0), 0))
        };
        let reason = waiting.party.wait(Some(0));
        let fired = match reason {
            Reason::Arm(0) => {
                assert_eq!(write(&waiting.slots[0], 0), 1, "the firer's value");
                true
            }
            reason => {
                assert_eq!(reason, Reason::TimedOut);
                false
            }
        };
        assert_eq!(firer.join().unwrap(), fired, "both sides agree");
    });
}
