//! [`Flight`]: what is known of a launched state, shared by the state that launched it and the launched one.
//!
//! No model: the phase and the count are glimpses; the result travels behind a lock, and its end by a channel.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use crate::state::Phase;
use crate::value::{Handle, Message};

/// A function that runs in another Lua state.
pub(crate) struct Flight {
    name: Box<str>,
    phase: AtomicU8,
    joiners: AtomicUsize,
    /// Locked for a copy at most, never over a wait.
    result: Mutex<Option<Result<Message, Message>>>,
    /// Closed when the function has ended.
    latch: Handle,
}

impl Flight {
    pub(super) fn new(name: Box<str>) -> Self {
        Self {
            name,
            phase: AtomicU8::new(Phase::Ready as u8),
            joiners: AtomicUsize::new(0),
            result: Mutex::new(None),
            latch: Handle::rendezvous(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn phase(&self) -> Phase {
        // ORDER: Relaxed; a status is a glimpse, from which nothing follows.
        match self.phase.load(Ordering::Relaxed) {
            phase if phase == Phase::Ready as u8 => Phase::Ready,
            phase if phase == Phase::Done as u8 => Phase::Done,
            phase if phase == Phase::Failed as u8 => Phase::Failed,
            _ => Phase::Running,
        }
    }

    fn set_phase(&self, phase: Phase) {
        // ORDER: Relaxed; as in `phase`.
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    pub(super) fn begin(&self) {
        self.set_phase(Phase::Running);
    }

    /// Publishes the result, and lets go those who wait for it.
    pub(super) fn end(&self, result: Result<Message, Message>) {
        let phase = if result.is_ok() { Phase::Done } else { Phase::Failed };
        *self.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        self.set_phase(phase);
        self.latch.sender().close();
    }

    pub(super) fn latch(&self) -> &Handle {
        &self.latch
    }

    /// A copy of the result; `None` before the end.
    pub(super) fn result(&self) -> Option<Result<Message, Message>> {
        self.result.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn add_joiner(&self) {
        // ORDER: Relaxed; the count only decides whether an error is also reported on stderr.
        self.joiners.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn remove_joiner(&self) {
        // ORDER: Relaxed; as above.
        self.joiners.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn has_joiner(&self) -> bool {
        // ORDER: Relaxed; as above.
        self.joiners.load(Ordering::Relaxed) > 0
    }
}
