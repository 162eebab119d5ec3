//! The queues of one worker that thieves take from.

use crossbeam_deque::{Stealer, Worker as Deque};

use super::fork::Forked;
use crate::task::header::TaskRef;

/// The owner's ends.
#[derive(Debug)]
pub(crate) struct Deques {
    /// Unstarted tasks spawned here, the oldest first.
    pub(crate) fresh: Deque<TaskRef>,
    /// Forks of tasks that run here, the newest first.
    pub(crate) forks: Deque<Forked>,
}

/// The thieves' ends.
#[derive(Debug)]
pub(crate) struct Stealers {
    pub(crate) fresh: Stealer<TaskRef>,
    pub(crate) forks: Stealer<Forked>,
}

impl Deques {
    /// Empty queues.
    pub(crate) fn new() -> Self {
        Self { fresh: Deque::new_fifo(), forks: Deque::new_lifo() }
    }

    /// The other ends.
    pub(crate) fn stealers(&self) -> Stealers {
        Stealers { fresh: self.fresh.stealer(), forks: self.forks.stealer() }
    }
}

impl Stealers {
    /// Whether there is anything to take.
    #[inline]
    pub(crate) fn has_any(&self) -> bool {
        !self.fresh.is_empty() || !self.forks.is_empty()
    }
}
