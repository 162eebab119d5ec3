//! Models of `wait/future.rs`.

use std::ptr::NonNull;
use std::sync::Arc;
use std::task::Waker;

use loom::thread;

use crate::bell::Bell;
use crate::model::{Place, model, write};
use crate::primitive::UnsafeCell;
use crate::wait::future::FutureWaiter;
use crate::wait::lock::Lock;
use crate::wait::waiter::{Urgency, Waiter, wake_if_any};
use crate::wait::word::Reason;

/// A future that waits in a list of one place, and what it is handed there.
struct Waiting {
    future: Place<FutureWaiter>,
    list: Lock<Option<NonNull<Waiter>>>,
    slot: UnsafeCell<bool>,
}

impl Waiting {
    /// It waits; the end of the wait rings `bell`.
    fn new(bell: &Arc<Bell>) -> Arc<Self> {
        let future = Place::new(FutureWaiter::new());
        future.get().begin(&Waker::from(Arc::clone(bell)));
        let list = Lock::new(Some(NonNull::from(future.get().waiter())));
        Arc::new(Self { future, list, slot: UnsafeCell::new(false) })
    }

    /// Ends its wait, unless it has left the list; true if so.
    fn fire(&self) -> bool {
        let mut list = self.list.lock();
        // SAFETY: waiter-lives — it is in the list, whose lock we hold.
        let wake = list.take().and_then(|waiter| unsafe { Waiter::fire(waiter, Reason::Arm(0)) });
        drop(list);
        let fired = wake.is_some();
        if fired {
            write(&self.slot, true);
        }
        wake_if_any(wake, Urgency::Next);
        fired
    }
}

/// A future that is polled by one waker and then by another is woken by the last, or finds itself woken; then it
/// sees what it was handed.
#[test]
fn the_last_waker_is_woken() {
    model(4, || {
        let bells = [(); 3].map(|()| Arc::new(Bell::default()));
        let waiting = Waiting::new(&bells[0]);
        let firer = {
            let waiting = Arc::clone(&waiting);
            thread::spawn(move || waiting.fire())
        };
        let poll = |bell| waiting.future.get().poll(&Waker::from(Arc::clone(bell)));
        let reason = poll(&bells[1]).or_else(|| poll(&bells[2])).unwrap_or_else(|| {
            bells[2].wait();
            poll(&bells[2]).expect("its waker was woken")
        });
        assert_eq!(reason, Reason::Arm(0));
        assert!(write(&waiting.slot, false), "what it was handed");
        assert!(firer.join().unwrap());
    });
}

/// After `give_up` nobody touches the waiter, which may end there and then; both sides agree on who ended the wait.
#[test]
fn a_waiter_that_gives_up_is_left_alone() {
    model(4, || {
        let waiting = Waiting::new(&Arc::default());
        let firer = {
            let waiting = Arc::clone(&waiting);
            thread::spawn(move || waiting.fire())
        };
        let ended = waiting.future.get().give_up();
        if ended.is_none() {
            *waiting.list.lock() = None;
        } else {
            assert!(write(&waiting.slot, false), "what it was handed");
        }
        waiting.future.end();
        assert_eq!(firer.join().unwrap(), ended.is_some(), "both sides agree");
    });
}
