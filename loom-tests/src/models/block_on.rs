//! Models of `block_on.rs`, which waits by `sync/notify.rs`.

use std::cell::RefCell;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use loom::thread;

use crate::block_on::block_on;
use crate::model::model;
use crate::primitive::atomic::{AtomicUsize, Ordering};

/// A future that is woken before, while or after its party falls asleep is polled again, and sees what was done
/// before each wake. It is woken `wakes` times, once by each thread.
fn notices(wakes: usize) {
    let done = Arc::new(AtomicUsize::new(0));
    let wakers = RefCell::new(Vec::new());
    let output = block_on(poll_fn(|context| {
        let mut wakers = wakers.borrow_mut();
        if wakers.is_empty() {
            wakers.extend((0..wakes).map(|_| {
                let (waker, done) = (context.waker().clone(), Arc::clone(&done));
                thread::spawn(move || {
                    // ORDER: Relaxed; the wake publishes it, which is what these models are about.
                    done.fetch_add(1, Ordering::Relaxed);
                    waker.wake();
                })
            }));
        }
        // ORDER: Relaxed; see above.
        if done.load(Ordering::Relaxed) < wakes {
            return Poll::Pending;
        }
        // The last to have the waker frees what is behind it, by a plain `Arc` of which loom knows nothing.
        wakers.drain(..).for_each(|waker| waker.join().unwrap());
        Poll::Ready(7)
    }));
    assert_eq!(output, 7);
}

/// No wake is slept through.
#[test]
fn a_wake_is_not_slept_through() {
    model(4, || notices(1));
}

/// Nor one of two.
#[test]
fn none_of_two_wakes_is_slept_through() {
    model(2, || notices(2));
}
