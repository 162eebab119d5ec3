//! A stop: ends whatever the tasks inside it wait for, once and for all. Tokens and scopes are made of it.
//!
//! Models: stop.

use std::sync::Arc;

use crate::context;
use crate::park::stay_in;
use crate::primitive::atomic::{AtomicBool, Ordering};
use crate::suspend::{Cancelled, Party, within};
use crate::task::header::TaskRef;
use crate::task::limits::End;
use crate::wait::queue::Queue;

/// A flag, and the tasks that must be told when it is set.
#[derive(Debug)]
pub(crate) struct Stop {
    flag: Arc<AtomicBool>,
    /// Whether it was stopped, and the tasks inside.
    inside: Queue<bool, TaskRef>,
}

impl Stop {
    /// Nothing is stopped yet.
    pub(crate) fn new() -> Self {
        Self { flag: Arc::new(AtomicBool::new(false)), inside: Queue::new(false) }
    }

    /// Whether it was stopped.
    pub(crate) fn is_stopped(&self) -> bool {
        // ORDER: Acquire; pairs with the Release in `stop`: what happened before that is visible.
        self.flag.load(Ordering::Acquire)
    }

    /// Runs `body` inside: stopped before, or meanwhile, it is unwound at its next suspension point. Does not
    /// begin if it was stopped before.
    ///
    /// # Errors
    /// [`Cancelled`]: it was stopped.
    /// # Panics
    /// Outside a task.
    pub(crate) fn run<R>(&self, body: impl FnOnce() -> R) -> Result<R, Cancelled> {
        let (_, task) = context::current().expect("only tasks are stopped");
        if self.is_stopped() {
            return Err(Cancelled);
        }
        within(End::Flag(Arc::clone(&self.flag)), || {
            // Stopped from here on, the flag is set before the list is looked at: we are told, or see it.
            stay_in(&Party::current(), &self.inside, task.to_ref(), |&stopped| !stopped, body)
        })
    }

    /// Stops; false if it was stopped before.
    pub(crate) fn stop(&self) -> bool {
        // ORDER: Release; pairs with the Acquire in `is_stopped` and in `task/limits.rs`. It comes before the
        // list is closed, so who is not in the list sees it.
        self.flag.store(true, Ordering::Release);
        if core::mem::replace(&mut self.inside.lock().state, true) {
            return false;
        }
        loop {
            let task = self.inside.lock().take_first();
            let Some(task) = task else { return true };
            context::look_at_limits(&task);
        }
    }
}
