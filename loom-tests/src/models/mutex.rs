//! Models of `sync/raw_mutex.rs`.

use std::sync::Arc;

use loom::thread;

use crate::model::model;
use crate::primitive::UnsafeCell;
use crate::sync::raw_mutex::RawMutex;

/// A deadline that passes when loom likes.
const SOON: Option<u64> = Some(0);
/// The clock stands still: with this patience, who loses has starved.
const NO_PATIENCE: u64 = 0;

/// A count that only the holder touches.
#[derive(Default)]
struct Count {
    raw: RawMutex,
    value: UnsafeCell<usize>,
}

impl Count {
    /// Counts as the holder, and frees the lock. Loom fails the model if another access may overlap.
    fn add_one(&self) {
        let access = self.value.get_mut();
        // SAFETY: loom has checked that this access excludes others.
        *unsafe { access.deref() } += 1;
        drop(access);
        self.raw.unlock();
    }

    fn lock_and_add(&self) {
        self.raw.lock();
        self.add_one();
    }

    /// Counts unless the deadline passes.
    fn add_soon(&self) -> usize {
        let taken = self.raw.lock_contended(SOON, NO_PATIENCE).is_ok();
        if taken {
            self.add_one();
        }
        usize::from(taken)
    }

    fn impatient_add(&self) {
        self.raw.lock_contended(None, NO_PATIENCE).expect("nobody cancels, and there is no deadline");
        self.add_one();
    }

    /// What was counted, when all is over.
    fn total(&self) -> usize {
        assert!(self.raw.try_lock(), "the lock is free");
        let access = self.value.get_mut();
        // SAFETY: as in `add_one`.
        *unsafe { access.deref() }
    }

    /// The same, once `other` is done.
    fn total_after(&self, other: thread::JoinHandle<usize>) -> usize {
        other.join().unwrap();
        self.total()
    }
}

/// Runs `other` beside `this`.
fn beside(count: &Arc<Count>, other: impl FnOnce(&Count) -> usize + 'static) -> thread::JoinHandle<usize> {
    let count = Arc::clone(count);
    thread::spawn(move || other(&count))
}

/// Whoever has the lock is alone with the value, and sees what every holder before it wrote.
#[test]
fn one_holder_follows_another() {
    model(3, || {
        let count = Arc::new(Count::default());
        let other = beside(&count, |count| {
            count.lock_and_add();
            1
        });
        count.lock_and_add();
        count.lock_and_add();
        assert_eq!(count.total_after(other), 3);
    });
}

/// Of several that wait, none is forgotten.
#[test]
fn every_waiter_gets_its_turn() {
    model(2, || {
        let count = Arc::new(Count::default());
        assert!(count.raw.try_lock());
        let others = [(); 2].map(|()| {
            beside(&count, |count| {
                count.lock_and_add();
                1
            })
        });
        count.add_one();
        let [one, other] = others;
        one.join().unwrap();
        assert_eq!(count.total_after(other), 3);
    });
}

/// A waiter that loses once has the lock handed over: it is the only holder then, too.
#[test]
fn a_lock_that_is_handed_over_has_one_holder() {
    model(3, || {
        let count = Arc::new(Count::default());
        assert!(count.raw.try_lock());
        let other = beside(&count, |count| {
            count.impatient_add();
            1
        });
        count.add_one();
        count.lock_and_add();
        count.lock_and_add();
        assert_eq!(count.total_after(other), 4);
    });
}

/// A waiter that gives up, even after it was woken or has starved, leaves the wake and the lock to others.
#[test]
fn who_gives_up_takes_no_wake_along() {
    model(2, || {
        let count = Arc::new(Count::default());
        assert!(count.raw.try_lock());
        let patient = beside(&count, |count| {
            count.impatient_add();
            1
        });
        let hasty = beside(&count, Count::add_soon);
        count.add_one();
        count.lock_and_add();
        patient.join().unwrap();
        let added = hasty.join().unwrap();
        assert_eq!(count.total(), 3 + added);
    });
}

/// A lock that would be handed to a waiter that has given up since is free.
#[test]
fn a_lock_for_one_who_gave_up_is_freed() {
    model(3, || {
        let count = Arc::new(Count::default());
        assert!(count.raw.try_lock());
        let hasty = beside(&count, |count| {
            // The second time it does not give up, and sees what the holder did that could not hand over.
            if count.add_soon() == 0 {
                count.lock_and_add();
            }
            1
        });
        thread::yield_now();
        count.add_one();
        count.raw.lock();
        thread::yield_now();
        count.add_one();
        assert_eq!(count.total_after(hasty), 3);
    });
}
