//! Models of `sync/wait_group.rs`, which counts the children of a scope.

use std::sync::Arc;
use std::time::Duration;

use loom::thread;

use crate::model::{model, write};
use crate::primitive::UnsafeCell;
use crate::sync::wait_group::WaitGroup;

/// A deadline that passes when loom likes.
const SOON: Duration = Duration::ZERO;

/// A scope with two children.
struct Scope {
    running: WaitGroup,
    /// One cell for each child to leave its mark in.
    marks: [UnsafeCell<usize>; 2],
}

impl Scope {
    fn new() -> Arc<Self> {
        Arc::new(Self { running: WaitGroup::new(), marks: [0; 2].map(UnsafeCell::new) })
    }

    /// Starts a child, counted from here on, which counts itself out at its end.
    fn spawn(self: &Arc<Self>, number: usize) -> thread::JoinHandle<()> {
        let (scope, token) = (Arc::clone(self), self.running.token());
        thread::spawn(move || {
            write(&scope.marks[number], 1);
            drop(token);
        })
    }
}

/// Who waits goes on when the last child has counted itself out, and sees what all have done.
#[test]
fn a_scope_ends_after_its_last_child() {
    model(3, || {
        let scope = Scope::new();
        let children = [0, 1].map(|number| scope.spawn(number));
        scope.running.wait();
        let marks = [0, 1].map(|number| write(&scope.marks[number], 0));
        assert_eq!((marks, scope.running.pending()), ([1, 1], 0));
        for child in children {
            child.join().unwrap();
        }
    });
}

/// Who gives up as the last child ends learns of the end, or how many are left: as a cancelled scope does, which then
/// waits again.
#[test]
fn who_gives_up_may_wait_again() {
    model(4, || {
        let scope = Scope::new();
        let child = scope.spawn(0);
        if let Err(error) = scope.running.wait_timeout(SOON) {
            assert_eq!(error.pending, 1, "the child that has not ended");
            scope.running.wait();
        }
        assert_eq!(write(&scope.marks[0], 0), 1);
        child.join().unwrap();
    });
}
