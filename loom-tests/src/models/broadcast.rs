//! Models of `channel/broadcast/mod.rs`, `channel/broadcast/ring.rs` and `channel/watch.rs`.
//!
//! The last end frees what all share, by a plain `Arc` of which loom knows nothing: so each model keeps an end
//! until its threads have ended.

use std::sync::Arc;
use std::time::Duration;

use loom::thread;

use crate::channel::broadcast::{self, RecvError};
use crate::channel::watch;
use crate::model::model;

/// A deadline that passes when loom likes.
const SOON: Duration = Duration::ZERO;

/// Every receiver sees every message, in the order of the sends, and then that the channel is closed.
#[test]
fn every_receiver_sees_every_message() {
    model(2, || {
        let (tx, mut rx) = broadcast::pair(2);
        let mut other = tx.subscribe();
        let sees = |rx: &mut broadcast::Receiver<u8>| [rx.recv(), rx.recv(), rx.recv()];
        let seen = [Ok(1), Ok(2), Err(RecvError::Closed)];
        let party = thread::spawn(move || sees(&mut other));
        let sender = thread::spawn(move || {
            assert_eq!([tx.send(1), tx.send(2)].map(|sent| sent.is_ok()), [true; 2]);
        });
        assert_eq!(sees(&mut rx), seen);
        assert_eq!(party.join().unwrap(), seen);
        sender.join().unwrap();
    });
}

/// A receiver that falls behind is told how much it has lost, and loses nothing else.
#[test]
fn who_lags_is_told() {
    model(3, || {
        let (tx, mut rx) = broadcast::pair(1);
        let sender = thread::spawn(move || {
            (1..=3).for_each(|message| assert!(tx.send(message).is_ok()));
            tx
        });
        let mut next = 1;
        while next <= 3 {
            match rx.recv() {
                Ok(message) => {
                    assert_eq!(message, next);
                    next += 1;
                }
                Err(error) => {
                    let RecvError::Lagged(lost) = error else { unreachable!("a sender is left") };
                    next += lost;
                }
            }
        }
        assert_eq!(next, 4);
        drop(sender.join().unwrap());
    });
}

/// A message that is sent while its only receiver times out and leaves is seen, or gone.
#[test]
fn a_message_that_nobody_is_to_see_is_gone() {
    model(3, || {
        let token = Arc::new(());
        let (tx, mut rx) = broadcast::pair(2);
        let receiver = thread::spawn(move || drop(rx.recv_timeout(SOON)));
        drop(tx.send(Arc::clone(&token)));
        receiver.join().unwrap();
        assert_eq!(Arc::strong_count(&token), 1, "the message is gone");
    });
}

/// A receiver that waits for changes gets to see the last value, and then that it is the last.
#[test]
fn the_last_value_is_seen() {
    model(3, || {
        let (tx, mut rx) = watch::pair(0);
        let sender = thread::spawn(move || {
            (1..=2).for_each(|value| assert_eq!(tx.send(value), 1));
            tx
        });
        let mut seen = 0;
        while seen < 2 {
            assert!(rx.changed().is_ok());
            let value = rx.get();
            assert!(value > seen, "{value} after {seen}");
            seen = value;
        }
        drop(sender.join().unwrap());
        assert!(rx.changed().is_err());
    });
}

/// Two that modify the value overwrite nothing unseen.
#[test]
fn no_modification_is_lost() {
    model(3, || {
        let (tx, mut rx) = watch::pair(0);
        let other = tx.clone();
        let party = thread::spawn(move || other.send_modify(|value| *value += 1));
        tx.send_modify(|value| *value += 1);
        party.join().unwrap();
        assert_eq!(rx.get(), 2);
    });
}
