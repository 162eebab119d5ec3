//! Models of `sync/raw_once.rs`.

use std::sync::Arc;

use loom::thread;

use crate::model::{model, write};
use crate::primitive::UnsafeCell;
use crate::sync::raw_once::RawOnce;

/// A value that is made under a claim.
#[derive(Default)]
struct Place {
    once: RawOnce,
    value: loom::cell::UnsafeCell<usize>,
    /// How many attempts there were: for who has the claim.
    attempts: UnsafeCell<usize>,
}

impl Place {
    /// Makes the value, or waits until it is made; gives the number of the attempt if it was ours. The first
    /// `failures` attempts fail.
    fn make(&self, failures: usize) -> Option<usize> {
        let claim = self.once.claim().expect("nobody cancels")?;
        let attempt = write(&self.attempts, 0) + 1;
        write(&self.attempts, attempt);
        if attempt > failures {
            // SAFETY: loom checks that no other access overlaps.
            self.value.with_mut(|value| unsafe { *value = 7 });
            claim.complete();
        }
        Some(attempt)
    }

    fn read(&self) -> usize {
        // SAFETY: loom checks that no write overlaps.
        self.value.with(|value| unsafe { *value })
    }
}

/// One makes the value; the others wait, and see it.
#[test]
fn what_is_made_once_is_seen_by_all() {
    model(3, || {
        let place = Arc::new(Place::default());
        let others = [(); 2].map(|()| {
            let place = Arc::clone(&place);
            thread::spawn(move || {
                let made = place.make(0);
                assert_eq!(place.read(), 7);
                made
            })
        });
        thread::yield_now();
        if place.once.is_complete() {
            assert_eq!(place.read(), 7);
        }
        let makers = others.into_iter().filter_map(|other| other.join().unwrap());
        assert_eq!(makers.count(), 1);
    });
}

/// An attempt that fails is followed by another, of one that waited if there is one, and it sees what the first
/// one did.
#[test]
fn an_abandoned_attempt_is_followed_by_another() {
    model(2, || {
        let place = Arc::new(Place::default());
        let others = [(); 2].map(|()| {
            let place = Arc::clone(&place);
            thread::spawn(move || place.make(1))
        });
        let mut made: Vec<_> = [place.make(1)].into();
        made.extend(others.into_iter().map(|other| other.join().unwrap()));
        made.sort_unstable();
        assert_eq!(made, [None, Some(1), Some(2)]);
        assert!(place.once.is_complete() && place.read() == 7);
    });
}
