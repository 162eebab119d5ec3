//! Models of `signal/pending.rs`: signals that come, and parties that take them.

use std::sync::Arc;

use loom::thread;

use crate::model::{model, write};
use crate::primitive::UnsafeCell;
use crate::signal::pending::Pending;

/// Of two that look for a signal one takes it, and nobody takes it twice, though others come and go beside it.
#[test]
fn a_signal_is_taken_once() {
    model(5, || {
        let pending = Arc::new(Pending::new());
        pending.add(1);
        let takers = [(); 2].map(|()| {
            let pending = Arc::clone(&pending);
            thread::spawn(move || pending.take())
        });
        pending.add(2);
        let mut taken = takers.map(|taker| taker.join().unwrap()).to_vec();
        taken.push(pending.take());
        taken.sort_unstable();
        assert_eq!(taken, [None, Some(1), Some(2)]);
    });
}

/// Who takes a signal finds what was done before it came.
#[test]
fn a_signal_brings_what_came_before() {
    model(5, || {
        let pending = Arc::new(Pending::new());
        let cargo = Arc::new(UnsafeCell::new(0));
        let taker = {
            let (pending, cargo) = (Arc::clone(&pending), Arc::clone(&cargo));
            thread::spawn(move || pending.take().map(|_| write(&cargo, 0)))
        };
        write(&cargo, 1);
        pending.add(1);
        assert!(matches!(taker.join().unwrap(), None | Some(1)));
    });
}
