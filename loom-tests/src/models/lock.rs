//! Models of `wait/lock.rs`.

use std::sync::Arc;

use loom::thread;

use crate::model::model;
use crate::wait::lock::Lock;

/// Whoever holds the lock is alone with the value, and sees what every holder before it wrote.
#[test]
fn holders_come_one_after_another() {
    model(3, || {
        let lock = Arc::new(Lock::new(0));
        let others: Vec<_> = (0..2)
            .map(|_| {
                let lock = Arc::clone(&lock);
                thread::spawn(move || *lock.lock() += 1)
            })
            .collect();
        *lock.lock() += 1;
        for other in others {
            other.join().unwrap();
        }
        assert_eq!(*lock.lock(), 3);
    });
}

/// The same for a holder without a guard.
#[test]
fn a_raw_holder_is_alone_too() {
    model(3, || {
        let lock = Arc::new(Lock::new(0));
        let other = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || *lock.lock() += 1)
        };
        // SAFETY: released below, on this thread.
        unsafe { lock.acquire_raw() };
        // SAFETY: we hold the lock.
        let access = unsafe { lock.held() };
        // SAFETY: the only access while we hold the lock.
        *unsafe { access.deref() } += 1;
        drop(access);
        // SAFETY: held by the acquire above, and the access is over.
        unsafe { lock.release() };
        other.join().unwrap();
        assert_eq!(*lock.lock(), 2);
    });
}
