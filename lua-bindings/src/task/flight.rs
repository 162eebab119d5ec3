//! [`Flight`]: what is known of a launched state, shared by the state that launched it and the launched one.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use moonfleet::cancel::CancelHandle;

use crate::state::Phase;
use crate::state::task::Watcher;
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
    is_cancelled: AtomicBool,
    /// Cancels the native task; set when that is queued, gone when it has ended.
    canceller: Mutex<Option<CancelHandle>>,
    /// Who is told of the end besides; gone after it.
    watchers: Mutex<Option<Vec<Watcher>>>,
}

impl Flight {
    pub(super) fn new(name: Box<str>) -> Self {
        Self {
            name,
            phase: AtomicU8::new(Phase::Ready as u8),
            joiners: AtomicUsize::new(0),
            result: Mutex::new(None),
            latch: Handle::rendezvous(),
            is_cancelled: AtomicBool::new(false),
            canceller: Mutex::new(None),
            watchers: Mutex::new(Some(Vec::new())),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn phase(&self) -> Phase {
        // ORDER: Acquire; pairs with the Release in `set_phase`. A status is a glimpse in any case.
        match self.phase.load(Ordering::Acquire) {
            phase if phase == Phase::Ready as u8 => Phase::Ready,
            phase if phase == Phase::Done as u8 => Phase::Done,
            phase if phase == Phase::Failed as u8 => Phase::Failed,
            phase if phase == Phase::Cancelled as u8 => Phase::Cancelled,
            _ => Phase::Running,
        }
    }

    fn set_phase(&self, phase: Phase) {
        // ORDER: Release; pairs with the Acquire in `phase`.
        self.phase.store(phase as u8, Ordering::Release);
    }

    pub(super) fn begin(&self) {
        self.set_phase(Phase::Running);
    }

    /// Publishes the phase and the result, and lets go those who wait for it. Only the first time counts.
    pub(super) fn end(&self, phase: Phase, result: Result<Message, Message>) {
        let Some(watchers) = lock(&self.watchers).take() else { return };
        *lock(&self.result) = Some(result);
        self.set_phase(phase);
        drop(lock(&self.canceller).take());
        self.latch.sender().close();
        watchers.into_iter().for_each(Watcher::tell);
    }

    /// Has `watcher` told at the end, or now if it has come.
    pub(super) fn watch(&self, watcher: Watcher) {
        match &mut *lock(&self.watchers) {
            Some(watchers) => watchers.push(watcher),
            None => watcher.tell(),
        }
    }

    /// How the native task is cancelled.
    pub(super) fn set_canceller(&self, canceller: CancelHandle) {
        if !self.phase().is_ended() {
            *lock(&self.canceller) = Some(canceller);
        }
    }

    /// Cancels the function; false if it was before, or has ended.
    pub(super) fn cancel(&self) -> bool {
        // ORDER: Relaxed; it only decides who is the first.
        if self.phase().is_ended() || self.is_cancelled.swap(true, Ordering::Relaxed) {
            return false;
        }
        let canceller = lock(&self.canceller).clone();
        if let Some(canceller) = canceller {
            canceller.cancel();
        }
        true
    }

    pub(super) fn latch(&self) -> &Handle {
        &self.latch
    }

    /// A copy of the result; `None` before the end.
    pub(super) fn result(&self) -> Option<Result<Message, Message>> {
        lock(&self.result).clone()
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

/// A panic while a lock is held can only come from the allocator; what it guards is whole all the same.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
