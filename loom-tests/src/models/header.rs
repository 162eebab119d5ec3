//! Models of `task/header.rs` and `task/cell.rs`: who frees a task, and who gets its outcome.

use std::sync::Arc;

use loom::thread::{self, JoinHandle};

use crate::context;
use crate::model::model;
use crate::park::take_one;
use crate::suspend::Party;
use crate::task::cell::{Joinable, Outcome};
use crate::task::error::JoinError;
use crate::task::header::TaskRef;

/// What a worker does with a task that needs no second turn.
fn start(task: TaskRef) -> JoinHandle<()> {
    thread::spawn(move || {
        // SAFETY: body-starter — the queue's reference is this thread's alone, and it is used once.
        unsafe { (task.vtable().run)(&task, |_| ()) };
        drop(task);
    })
}

/// What a join handle does.
fn join<T>(joinable: &Joinable<T>) -> Outcome<T> {
    let taken = take_one(&Party::current(), joinable.outcome(), None);
    taken.expect("there is no deadline").expect("a task that ends leaves its outcome")
}

/// Whoever drops the last reference frees the task, after the last access of everybody else.
#[test]
fn the_last_reference_frees() {
    model(5, || {
        let (task, joinable) = context::task(1, || ());
        let kept = task.to_ref();
        joinable.detach();
        let worker = start(task);
        assert_eq!(kept.info().id, 1);
        drop(kept);
        worker.join().unwrap();
    });
}

/// The outcome reaches who joins, and the task is freed once, by the last of both.
#[test]
fn an_outcome_reaches_who_joins() {
    model(5, || {
        let token = Arc::new(());
        let result = Arc::clone(&token);
        let (task, joinable) = context::task(1, move || result);
        let worker = start(task);
        drop(join(&joinable).expect("it ends well"));
        drop(joinable);
        worker.join().unwrap();
        assert_eq!(Arc::strong_count(&token), 1, "it was taken once, and the task is gone");
    });
}

/// A task that nobody joins drops its outcome, whether its handle goes before its end or after.
#[test]
fn an_outcome_that_nobody_wants_is_dropped() {
    model(5, || {
        let token = Arc::new(());
        let result = Arc::clone(&token);
        let (task, joinable) = context::task(1, move || result);
        let worker = start(task);
        joinable.detach();
        worker.join().unwrap();
        assert_eq!(Arc::strong_count(&token), 1, "it is gone with the task");
    });
}

/// A panic ends the task alone, and comes out where it is joined.
#[test]
fn a_panic_comes_out_of_the_join() {
    model(4, || {
        // Raised without the hook, which would report each of them.
        let (task, joinable) = context::task(1, || std::panic::resume_unwind(Box::new("a leak")));
        let worker = start(task);
        let outcome: Outcome<()> = join(&joinable);
        let Err(JoinError::Panicked(panic)) = outcome else { panic!("it panicked: {outcome:?}") };
        assert_eq!(panic.message(), Some("a leak"));
        worker.join().unwrap();
    });
}
