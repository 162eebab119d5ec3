//! Models of `context/running.rs`.

use std::sync::Arc;

use loom::thread;

use crate::context::running::{Running, Sight};
use crate::model::model;

/// A mark that is still there at the second look belongs to the turn that was marked at the first.
#[test]
fn a_mark_ends_with_its_turn() {
    model(5, || {
        let word = Arc::new(Running::new());
        let worker = {
            let word = Arc::clone(&word);
            thread::spawn(move || {
                word.set(1);
                word.set(0);
                word.set(2);
            })
        };
        let (first, second) = (word.look(), word.look());
        match (first, second) {
            (Sight::Marked(marked), Sight::GoesOn(id)) => assert_eq!(id, marked, "it is another turn"),
            (_, Sight::GoesOn(id)) => panic!("nobody has marked the turn of {id}"),
            _ => {}
        }
        worker.join().unwrap();
    });
}
