//! Models of `sync/semaphore/mod.rs`, and with it of `park.rs` and `wait/queue.rs`.

use std::sync::Arc;
use std::time::Duration;

use loom::thread::{self, JoinHandle};

use crate::model::model;
use crate::sync::semaphore::{AcquireError, AcquireTimeoutError, Semaphore};

/// A deadline that passes when loom likes.
const SOON: Duration = Duration::ZERO;

/// Runs `party` on a thread of its own.
fn with<R: 'static>(
    semaphore: &Arc<Semaphore>,
    party: impl FnOnce(&Semaphore) -> R + 'static,
) -> JoinHandle<R> {
    let semaphore = Arc::clone(semaphore);
    thread::spawn(move || party(&semaphore))
}

/// A permit that is given back reaches whoever waits for it.
#[test]
fn a_permit_goes_from_hand_to_hand() {
    model(3, || {
        let semaphore = Arc::new(Semaphore::new(1));
        let others = [1, 2].map(|_| with(&semaphore, |semaphore| semaphore.acquire().map(drop)));
        assert_eq!(semaphore.acquire().map(drop), Ok(()));
        for other in others {
            assert_eq!(other.join().unwrap(), Ok(()));
        }
        assert_eq!(semaphore.available_permits(), 1);
    });
}

/// A wish at the head that can never be granted holds up those behind it only until its time is over.
#[test]
fn who_gives_up_lets_those_behind_go_on() {
    model(3, || {
        let semaphore = Arc::new(Semaphore::new(1));
        let head = with(&semaphore, |semaphore| semaphore.acquire_many_timeout(2, SOON).map(drop));
        assert_eq!(semaphore.acquire().map(drop), Ok(()));
        // It may come when the permit is back, but one is not two.
        assert_eq!(head.join().unwrap(), Err(AcquireTimeoutError::Timeout));
        assert_eq!(semaphore.available_permits(), 1);
    });
}

/// A permit that comes when the head gives up is not taken for enough for the next.
#[test]
fn every_permit_goes_to_one_wish_that_it_is_enough_for() {
    model(3, || {
        let semaphore = Arc::new(Semaphore::new(0));
        let impatient = with(&semaphore, |semaphore| semaphore.acquire_timeout(SOON).map(drop));
        let large = with(&semaphore, |semaphore| semaphore.acquire_many(2).map(drop));
        semaphore.add_permits(1);
        semaphore.add_permits(1);
        assert_eq!(large.join().unwrap(), Ok(()));
        let _either = impatient.join().unwrap();
        assert_eq!(semaphore.available_permits(), 2);
    });
}

/// Closing ends every wait; what was granted before stays granted, and comes back.
#[test]
fn a_closed_semaphore_ends_every_wait() {
    model(3, || {
        let semaphore = Arc::new(Semaphore::new(0));
        let waits =
            [1, 2].map(|count| with(&semaphore, move |semaphore| semaphore.acquire_many(count).map(drop)));
        assert!(semaphore.close());
        for wait in waits {
            assert_eq!(wait.join().unwrap(), Err(AcquireError::Closed));
        }
    });
}
