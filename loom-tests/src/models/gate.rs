//! Models of `scheduler/gate.rs`.

use std::sync::Arc;

use loom::thread;

use crate::model::{model, write};
use crate::primitive::UnsafeCell;
use crate::scheduler::gate::Gate;

/// A gate, what each spawner pushes inside it, and what was written before it is closed.
struct Yard {
    gate: Gate,
    pushed: [UnsafeCell<bool>; 2],
    reason: UnsafeCell<&'static str>,
}

impl Yard {
    fn new() -> Arc<Self> {
        let pushed = std::array::from_fn(|_| UnsafeCell::new(false));
        Arc::new(Self { gate: Gate::new(), pushed, reason: UnsafeCell::new("open") })
    }

    /// Enters and pushes; true if the gate was open.
    fn spawn(&self, spawner: usize) -> bool {
        let inside = self.gate.enter();
        if inside.is_some() {
            write(&self.pushed[spawner], true);
        }
        inside.is_some()
    }
}

/// After `close` has returned, nobody is inside, everything pushed inside is visible, and nobody enters.
#[test]
fn a_closed_gate_has_nobody_inside() {
    model(3, || {
        let yard = Yard::new();
        let spawners: Vec<_> = (0..2)
            .map(|spawner| {
                let yard = Arc::clone(&yard);
                thread::spawn(move || yard.spawn(spawner))
            })
            .collect();
        assert!(yard.gate.close(), "it was open");
        // Loom fails this read if a spawner may still be at its cell.
        let pushed: Vec<_> = yard.pushed.iter().map(|cell| write(cell, false)).collect();
        assert!(yard.gate.enter().is_none(), "closed for good");
        let entered: Vec<_> = spawners.into_iter().map(|spawner| spawner.join().unwrap()).collect();
        assert_eq!(pushed, entered);
    });
}

/// Of two that close, one is told that it did; both find nobody inside afterwards.
#[test]
fn a_gate_is_closed_once() {
    model(3, || {
        let yard = Yard::new();
        let spawner = {
            let yard = Arc::clone(&yard);
            thread::spawn(move || yard.spawn(0))
        };
        let other = {
            let yard = Arc::clone(&yard);
            thread::spawn(move || yard.gate.close())
        };
        let first = yard.gate.close();
        let pushed = write(&yard.pushed[0], false);
        assert_ne!(first, other.join().unwrap(), "one of the two has closed it");
        assert_eq!(spawner.join().unwrap(), pushed);
    });
}

/// A spawner that is refused sees what was written before the gate was closed.
#[test]
fn a_refusal_comes_after_its_reason() {
    model(3, || {
        let yard = Yard::new();
        let spawner = {
            let yard = Arc::clone(&yard);
            thread::spawn(move || {
                if !yard.spawn(0) {
                    assert_eq!(write(&yard.reason, "read"), "shutdown");
                }
            })
        };
        write(&yard.reason, "shutdown");
        assert!(yard.gate.close());
        spawner.join().unwrap();
    });
}
