//! Models of `wait/one.rs`, through `channel/oneshot.rs` where that frees the cell.

use std::sync::Arc;
use std::time::Duration;

use loom::thread;

use crate::channel::oneshot;
use crate::channel::{RecvError, RecvTimeoutError};
use crate::model::model;
use crate::suspend::Party;
use crate::wait::one::{One, Taken};
use crate::wait::waiter::{Urgency, wake_if_any};
use crate::wait::word::Reason;

/// A deadline that passes when loom likes.
const SOON: Duration = Duration::ZERO;

/// A taker that waits is woken, and gets the value, and the last to use the cell frees it.
#[test]
fn a_value_reaches_the_taker_that_waits() {
    model(5, || {
        let (tx, rx) = oneshot::pair();
        let giver = thread::spawn(move || tx.send(7).is_ok());
        assert_eq!(rx.recv(), Ok(7));
        assert!(giver.join().unwrap());
    });
}

/// A taker that waits is woken when the giver leaves.
#[test]
fn a_giver_that_leaves_wakes_the_taker() {
    model(5, || {
        let (tx, rx) = oneshot::pair::<u8>();
        let giver = thread::spawn(move || drop(tx));
        assert_eq!(rx.recv(), Err(RecvError));
        giver.join().unwrap();
    });
}

/// A value is received, or comes back to the giver, or is dropped with the cell: exactly one of these.
#[test]
fn a_value_is_never_lost_or_doubled() {
    model(5, || {
        let token = Arc::new(());
        let (tx, mut rx) = oneshot::pair();
        let giver = {
            let token = Arc::clone(&token);
            thread::spawn(move || tx.send(token).map_err(|error| error.0))
        };
        let received = rx.recv_timeout(SOON);
        drop(rx);
        let sent = giver.join().unwrap();
        assert!(received.is_err() || sent.is_ok(), "received and given back");
        drop((received, sent));
        assert_eq!(Arc::strong_count(&token), 1, "the value is gone");
    });
}

/// A taker may wait again after a deadline, and misses nothing.
#[test]
fn a_taker_may_wait_again() {
    model(5, || {
        let (tx, mut rx) = oneshot::pair();
        let giver = thread::spawn(move || tx.send(7).is_ok());
        match rx.recv_timeout(SOON) {
            Ok(value) => assert_eq!(value, 7),
            Err(error) => {
                assert_eq!(error, RecvTimeoutError::Timeout);
                assert_eq!(rx.recv(), Ok(7));
            }
        }
        assert!(giver.join().unwrap());
    });
}

/// Two that leave at the same time: one of them frees the cell, after the other has used it.
#[test]
fn the_last_to_leave_frees() {
    model(5, || {
        let (tx, rx) = oneshot::pair::<u8>();
        let giver = thread::spawn(move || drop(tx));
        drop(rx);
        giver.join().unwrap();
    });
}

/// After `withdraw` nobody touches the waiter, which may end there and then.
#[test]
fn a_withdrawn_waiter_is_left_alone() {
    model(5, || {
        let one = Arc::new(One::new());
        let giver = {
            let one = Arc::clone(&one);
            thread::spawn(move || {
                let wake = one.put(7).expect("the taker stays");
                wake_if_any(wake, Urgency::Next);
            })
        };
        let party = Party::current();
        party.waiter().word().arm();
        // SAFETY: the party lives until it was fired, or has withdrawn.
        let early = unsafe { one.take_or_wait(party.waiter()) };
        if matches!(early, Taken::Empty) && party.wait(Some(0)) == Reason::TimedOut {
            one.withdraw(party.waiter());
        }
        // Loom checks that the giver's accesses to its word are over.
        drop(party);
        giver.join().unwrap();
        if matches!(early, Taken::Empty) {
            assert!(matches!(one.take(), Taken::Value(7)));
        }
    });
}
