//! Locks: a task that waits for one leaves its worker to others, and may hold one over a wait.

use std::sync::atomic::{AtomicUsize, Ordering};

use moonfleet::sync::{Condvar, Mutex, Semaphore};
use moonfleet::{scope, yield_now};

const CREW: usize = 100;

fn main() {
    moonfleet::run(|| {
        // A mutex held over a wait. With std's, the worker would stand still.
        let chest = Mutex::new(0);
        scope(|s| {
            for _ in 0..CREW {
                s.spawn(|| {
                    let mut coins = chest.lock();
                    let found = *coins;
                    yield_now();
                    *coins = found + 1;
                });
            }
        });
        println!("coins in the chest: {}", chest.into_inner());

        // A condition: the captain waits until all are aboard.
        let (aboard, changed) = (Mutex::new(0), Condvar::new());
        let counted = scope(|s| {
            let captain = s.spawn(|| *changed.wait_while(aboard.lock(), |aboard| *aboard < CREW));
            for _ in 0..CREW {
                s.spawn(|| {
                    *aboard.lock() += 1;
                    changed.notify_one();
                });
            }
            captain.join().unwrap()
        });
        println!("the captain has counted {counted}");

        // Permits: two boats, so never more than two ashore.
        let (boats, ashore, most) = (Semaphore::new(2), AtomicUsize::new(0), AtomicUsize::new(0));
        scope(|s| {
            for _ in 0..CREW {
                s.spawn(|| {
                    let _boat = boats.acquire().unwrap();
                    most.fetch_max(1 + ashore.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
                    yield_now();
                    ashore.fetch_sub(1, Ordering::Relaxed);
                });
            }
        });
        println!("never more than two ashore: {}", most.into_inner() <= 2);
        println!("boats back: {}", boats.available_permits());
    });
}
