//! A state that goes from epoch to epoch, and parties that wait for the present one to end: what barriers, wait
//! groups, events and the channels with many readers are made of.
//!
//! Whoever ends an epoch wakes all that wait for its end, and nobody else: who comes while those wakes are
//! under way belongs to the next epoch. So each party notes its epoch in its slot, and the wakes can be made
//! one by one, with the lock free between them. INVARIANT(epoch-order): parties stand in the order of their
//! epochs, because they join under the lock, and at the end; those whose epoch is over stand first.
//!
//! Models: epoch.

use crate::park::{Waited, wait_or};
use crate::suspend::Party;
use crate::wait::list::Fired;
use crate::wait::queue::{Inner, Queue};
use crate::wait::waiter::Urgency;

/// A state of type `S` that goes from epoch to epoch.
#[derive(Debug)]
pub(crate) struct Epochs<S> {
    queue: Queue<Present<S>, u64>,
}

/// The state in the present epoch: what the lock guards.
#[derive(Debug)]
pub(crate) struct Present<S> {
    pub(crate) state: S,
    epoch: u64,
}

impl<S> Present<S> {
    /// Ends the epoch: all who wait now will be woken.
    #[inline]
    pub(crate) fn end(&mut self) {
        self.epoch += 1;
    }
}

/// How a wait for the end of an epoch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passed<R, L> {
    /// The attempt succeeded at once: nothing was waited for.
    AtOnce(R),
    /// The epoch is over, or somebody woke this party alone.
    Woken,
    /// The deadline passed; this is what the party said when it left.
    TimedOut(L),
    /// The party is being cancelled.
    Cancelled,
}

impl<S> Epochs<S> {
    /// The first epoch of `state`.
    pub(crate) fn new(state: S) -> Self {
        Self { queue: Queue::new(Present { state, epoch: 0 }) }
    }

    /// Looks at the state, or changes it, under the lock, and wakes whom that concerns.
    ///
    /// As under every `Lock`: `change` calls no code of the user's, runs no destructor, allocates nothing.
    #[inline]
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut Present<S>) -> R) -> R {
        let mut inner = self.queue.lock();
        let before = inner.state.epoch;
        let changed = change(&mut inner.state);
        let owes_wakes = inner.state.epoch != before && !inner.is_deserted();
        drop(inner);
        if owes_wakes {
            self.wake_ended();
        }
        changed
    }

    /// Makes `attempt` under the lock; if it gives nothing, waits until the epoch is over, or until
    /// `deadline_ns`. Who gives up says so to the state by `leave`, unless the epoch ended just then: that
    /// is a success.
    ///
    /// The caller has asked [`Party::enter`] who it is. An `attempt` that gives nothing ends no epoch.
    ///
    /// # Suspends
    /// Unless the attempt succeeds.
    pub(crate) fn wait<R, L>(
        &self,
        party: &Party,
        deadline_ns: Option<u64>,
        attempt: impl FnOnce(&mut Present<S>) -> Option<R>,
        leave: impl FnOnce(&mut S) -> L,
    ) -> Passed<R, L> {
        let (mut joined, mut has_ended) = (0, false);
        let waited = wait_or(party, &self.queue, deadline_ns, |inner| {
            joined = inner.state.epoch;
            let done = attempt(&mut inner.state);
            has_ended = inner.state.epoch != joined;
            debug_assert!(done.is_some() || !has_ended, "nobody waits in an epoch that is over");
            done.ok_or(joined)
        });
        match waited {
            Waited::AtOnce(done) => {
                if has_ended {
                    self.wake_ended();
                }
                Passed::AtOnce(done)
            }
            Waited::Woken(_) => Passed::Woken,
            Waited::TimedOut => self.leave(joined, leave).map_or(Passed::Woken, Passed::TimedOut),
            Waited::Cancelled => self.leave(joined, leave).map_or(Passed::Woken, |_| Passed::Cancelled),
        }
    }

    /// Wakes the party that waits longest; if nobody waits, changes the state by `otherwise`.
    pub(crate) fn wake_one_or(&self, otherwise: impl FnOnce(&mut S)) {
        let mut inner = loop {
            let mut inner = self.queue.lock();
            // RE-CHECK: those whose epoch is over are woken by that, and must not use up a wake meant for one that
            // still waits.
            let Some(late) = fire_ended(&mut inner) else { break inner };
            drop(inner);
            late.leave().wake(Urgency::Queued);
        };
        match inner.fire_first() {
            Some(first) => {
                drop(inner);
                first.leave().wake(Urgency::Queued);
            }
            None => otherwise(&mut inner.state.state),
        }
    }

    /// The party that joined in epoch `joined` gives up; `None` if that is over.
    fn leave<L>(&self, joined: u64, leave: impl FnOnce(&mut S) -> L) -> Option<L> {
        let mut inner = self.queue.lock();
        // RE-CHECK: the epoch may have ended just before the party's deadline.
        (inner.state.epoch == joined).then(|| leave(&mut inner.state.state))
    }

    /// Wakes all whose epoch is over. Others may do the same at the same time: they share the work.
    fn wake_ended(&self) {
        loop {
            let ended = fire_ended(&mut self.queue.lock());
            let Some(ended) = ended else { return };
            ended.leave().wake(Urgency::Queued);
        }
    }
}

/// Ends the wait of one party whose epoch is over: by epoch-order, the first if any.
#[inline]
fn fire_ended<S>(inner: &mut Inner<Present<S>, u64>) -> Option<Fired<u64>> {
    let present = inner.state.epoch;
    inner.fire_first_if(|&joined| joined < present)
}
