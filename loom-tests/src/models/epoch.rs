//! Models of `epoch.rs`, bare and as `sync/barrier.rs` and `sync/notify.rs`.

use std::sync::Arc;
use std::time::Duration;

use loom::thread::{self, JoinHandle};

use crate::bell::Bell;
use crate::epoch::{Epochs, Passed, Present};
use crate::model::model;
use crate::suspend::Party;
use crate::sync::barrier::Barrier;
use crate::sync::notify::Notify;

/// A deadline that passes when loom likes.
const SOON: Duration = Duration::ZERO;
/// The same, as the runtime's inner files have it.
const SOON_NS: Option<u64> = Some(0);

/// An epoch that somebody can wait for, and a bell that tells when the party number so-and-so does.
struct Waits {
    epochs: Epochs<()>,
    joined: [Bell; 2],
}

impl Waits {
    fn new() -> Arc<Self> {
        Arc::new(Self { epochs: Epochs::new(()), joined: [Bell::default(), Bell::default()] })
    }

    /// Waits for the end of the epoch as party number `number`.
    fn wait(&self, number: usize, deadline_ns: Option<u64>) -> Passed<(), ()> {
        let party = Party::enter().expect("no model cancels");
        let join = |_: &mut Present<()>| {
            self.joined[number].ring();
            None
        };
        self.epochs.wait(&party, deadline_ns, join, |()| ())
    }

    fn end(&self) {
        self.epochs.change(Present::end);
    }
}

/// Runs `party` on a thread of its own.
fn with<R: 'static>(waits: &Arc<Waits>, party: impl FnOnce(&Waits) -> R + 'static) -> JoinHandle<R> {
    let waits = Arc::clone(waits);
    thread::spawn(move || party(&waits))
}

/// Whoever waits is woken by the end of the epoch.
#[test]
fn an_end_wakes_all() {
    model(3, || {
        let waits = Waits::new();
        let parties = [0, 1].map(|number| with(&waits, move |waits| waits.wait(number, None)));
        waits.joined.iter().for_each(Bell::wait);
        waits.end();
        for party in parties {
            assert_eq!(party.join().unwrap(), Passed::Woken);
        }
    });
}

/// A party that was woken and waits anew waits for the next end.
#[test]
fn who_waits_anew_is_not_woken_by_the_old_end() {
    model(3, || {
        let waits = Waits::new();
        let party = with(&waits, |waits| (waits.wait(0, None), waits.wait(1, SOON_NS)));
        waits.joined[0].wait();
        waits.end();
        let (first, second) = party.join().unwrap();
        assert_eq!(first, Passed::Woken);
        assert_eq!(second, Passed::TimedOut(()), "woken twice by one end");
    });
}

/// A wake for one party reaches one that still waits, though others, whose epoch is over, stand before it.
#[test]
fn a_wake_for_one_is_not_used_up_by_the_late() {
    model(2, || {
        let waits = Waits::new();
        let early = with(&waits, |waits| waits.wait(0, None));
        waits.joined[0].wait();
        let ender = with(&waits, Waits::end);
        let waker = with(&waits, |waits| {
            waits.joined[1].wait();
            waits.epochs.wake_one_or(|()| ());
        });
        assert_eq!(waits.wait(1, None), Passed::Woken);
        for party in [ender, waker] {
            party.join().unwrap();
        }
        assert_eq!(early.join().unwrap(), Passed::Woken);
    });
}

/// Of two at a barrier whose time may be over, both pass, and one leads; or neither does, and none is counted.
#[test]
fn a_round_ends_for_all_or_goes_on_without_some() {
    model(3, || {
        let barrier = Arc::new(Barrier::new(2));
        let other = {
            let barrier = Arc::clone(&barrier);
            thread::spawn(move || barrier.wait_timeout(SOON).map(|round| round.is_leader()).ok())
        };
        let this = barrier.wait_timeout(SOON).map(|round| round.is_leader()).ok();
        match (this, other.join().unwrap()) {
            (Some(leads), Some(other_leads)) => assert_ne!(leads, other_leads),
            outcome => assert_eq!(outcome, (None, None)),
        }
        assert_eq!(barrier.wait_timeout(SOON).map_err(|error| error.arrived), Err(1));
    });
}

/// A signal that meets a timeout is received, or kept for the next.
#[test]
fn a_signal_is_received_or_kept() {
    model(3, || {
        let notify = Arc::new(Notify::new());
        let party = {
            let notify = Arc::clone(&notify);
            thread::spawn(move || notify.wait_timeout(SOON).is_ok())
        };
        notify.notify_one();
        let received = party.join().unwrap();
        assert_ne!(received, notify.wait_timeout(SOON).is_ok());
    });
}
