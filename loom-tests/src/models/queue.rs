//! Models of `wait/queue.rs` and `park.rs`: a queue whose state counts permits.

use std::sync::Arc;

use loom::thread::{self, JoinHandle};

use crate::model::model;
use crate::park::{Waited, stay_in, wait_in};
use crate::suspend::Party;
use crate::wait::queue::{Place, Queue};
use crate::wait::waiter::{Urgency, wake_if_any};

/// A deadline that passes when loom likes.
const SOON: Option<u64> = Some(0);

type Permits = Queue<usize, usize>;

/// Takes a permit, waiting for one; what it was given with the wake is in the slot.
fn take(permits: &Permits, deadline_ns: Option<u64>) -> Waited<(), usize> {
    let party = Party::enter().expect("nobody cancels");
    wait_in(&party, permits, Place::Last, 1, deadline_ns, |inner| {
        inner.state = inner.state.checked_sub(1)?;
        Some(())
    })
}

/// Gives a permit: to the first who waits, or to the state. True if somebody waited.
fn give(permits: &Permits) -> bool {
    let mut inner = permits.lock();
    let fired = inner.fire_first();
    inner.state += usize::from(fired.is_none());
    drop(inner);
    let wake = fired.map(|fired| {
        let (wish, wake) = fired.empty();
        assert_eq!(wish, 1, "what the party has left in its slot");
        wake
    });
    let waited = wake.is_some();
    wake_if_any(wake, Urgency::Next);
    waited
}

fn giver(permits: &Arc<Permits>) -> JoinHandle<bool> {
    let permits = Arc::clone(permits);
    thread::spawn(move || give(&permits))
}

/// A party that finds nothing is queued before anything can be given: no permit passes it by.
#[test]
fn no_grant_passes_a_party_by() {
    model(3, || {
        let permits = Arc::new(Permits::new(0));
        let givers = [(); 2].map(|()| giver(&permits));
        let taken = [(); 2].map(|()| take(&permits, None));
        assert!(
            taken.iter().all(|taken| matches!(taken, Waited::AtOnce(()) | Waited::Woken(None))),
            "{taken:?}"
        );
        let waited = taken.iter().filter(|&&taken| taken == Waited::Woken(None)).count();
        let given: usize = givers.map(|giver| giver.join().unwrap().into()).iter().sum();
        assert_eq!((given, permits.lock().state), (waited, 0), "two were given, two taken");
    });
}

/// A grant beats a deadline: both sides agree on it, no permit is lost, and nobody is left in the queue.
#[test]
fn a_grant_beats_a_deadline() {
    model(3, || {
        let permits = Arc::new(Permits::new(0));
        let giver = giver(&permits);
        let taken = take(&permits, SOON);
        let given = giver.join().unwrap();
        let inner = permits.lock();
        assert!(inner.is_deserted());
        match taken {
            Waited::Woken(slot) => assert_eq!((slot, given, inner.state), (None, true, 0)),
            Waited::AtOnce(()) => assert_eq!((given, inner.state), (false, 0)),
            Waited::TimedOut => assert_eq!((given, inner.state), (false, 1)),
            Waited::Cancelled => unreachable!("nobody cancels"),
        }
    });
}

/// A party that gives up takes no other with it: the patient one gets the permit that the hasty one leaves.
#[test]
fn a_party_that_gives_up_leaves_alone() {
    model(3, || {
        let permits = Arc::new(Permits::new(0));
        let hasty = {
            let permits = Arc::clone(&permits);
            thread::spawn(move || take(&permits, SOON) != Waited::TimedOut)
        };
        let patient = {
            let permits = Arc::clone(&permits);
            thread::spawn(move || take(&permits, None))
        };
        give(&permits);
        if hasty.join().unwrap() {
            give(&permits);
        }
        assert!(matches!(patient.join().unwrap(), Waited::AtOnce(()) | Waited::Woken(None)));
        let inner = permits.lock();
        assert!(inner.is_deserted() && inner.state == 0);
    });
}

/// A badge in the queue is taken out by one, or leaves with its party; then nobody is left in the queue.
#[test]
fn a_badge_is_taken_once() {
    model(3, || {
        let stay = Arc::new(Queue::new(0));
        let token = Arc::new(());
        let takers = [(); 2].map(|()| {
            let stay = Arc::clone(&stay);
            thread::spawn(move || stay.lock().take_first().is_some())
        });
        stay_in(&Party::current(), &stay, Arc::clone(&token), |_| true, || ());
        let taken = takers.map(|taker| taker.join().unwrap());
        assert_ne!(taken, [true; 2], "there is one badge");
        assert!(stay.lock().is_deserted());
        assert_eq!(Arc::strong_count(&token), 1, "the badge is gone");
    });
}
