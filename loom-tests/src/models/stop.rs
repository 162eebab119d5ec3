//! Models of `cancel/stop.rs`, with the scopes of `task/limits.rs`.

use std::sync::Arc;

use loom::thread::{self, JoinHandle};

use crate::bell;
use crate::cancel::stop::Stop;
use crate::context::{self, Lease};
use crate::model::{model, write};
use crate::primitive::UnsafeCell;

/// A stop, and what was written before it was stopped, one cell for each task.
struct Scene {
    stop: Stop,
    reasons: [UnsafeCell<bool>; 2],
}

impl Scene {
    fn new() -> Arc<Self> {
        Arc::new(Self { stop: Stop::new(), reasons: [false; 2].map(UnsafeCell::new) })
    }

    /// A task that runs inside and does nothing until it is told, or else finds that its time is over; whether
    /// it was admitted.
    fn task(self: &Arc<Self>, number: usize) -> JoinHandle<bool> {
        let scene = Arc::clone(self);
        thread::spawn(move || {
            let lease = Lease::new();
            let (task, joinable) = context::task(number as u64 + 1, || ());
            let bell = bell::give(task.info().id);
            let _local = context::begin(lease.0, &task);
            let body = || {
                while !task.limits.is_interrupted(false, 0) {
                    bell.wait();
                }
            };
            let ran = scene.stop.run(body).is_ok();
            assert!(write(&scene.reasons[number], false), "what was written before the stop");
            assert!(scene.stop.is_stopped() && !task.limits.is_interrupted(false, 0), "the scope has ended");
            context::end();
            joinable.detach();
            ran
        })
    }

    fn stop(&self) -> bool {
        for reason in &self.reasons {
            write(reason, true);
        }
        self.stop.stop()
    }
}

/// A task is refused, or told, or sees the flag by itself: none that is inside goes on waiting.
#[test]
fn every_task_inside_is_told() {
    model(3, || {
        let scene = Scene::new();
        let tasks = [0, 1].map(|number| scene.task(number));
        assert!(scene.stop(), "nobody else stops");
        for task in tasks {
            task.join().unwrap();
        }
    });
}

/// Of two that stop, one does; the task is told all the same.
#[test]
fn a_stop_is_made_once() {
    model(2, || {
        let scene = Scene::new();
        for reason in &scene.reasons {
            write(reason, true);
        }
        let stoppers = [(); 2].map(|()| {
            let scene = Arc::clone(&scene);
            thread::spawn(move || scene.stop.stop())
        });
        let task = scene.task(0);
        let [first, second] = stoppers.map(|stopper| stopper.join().unwrap());
        assert_ne!(first, second, "one of them has stopped it");
        task.join().unwrap();
    });
}
