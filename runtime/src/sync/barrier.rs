//! The barrier: so many parties wait for each other, then all go on. Its epochs are the rounds.
//!
//! Models: epoch.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::epoch::{Epochs, Passed};
use crate::suspend::{Party, unwind_cancelled};
use crate::sys::clock;

/// A place where a number of parties wait until all of them are there. It can be used again at once.
///
/// # Examples
/// ```
/// use moonfleet::sync::Barrier;
/// use std::sync::Arc;
///
/// moonfleet::run(|| {
///     let barrier = Arc::new(Barrier::new(3));
///     let parties: Vec<_> = (0..3)
///         .map(|_| Arc::clone(&barrier))
///         .map(|barrier| moonfleet::spawn(move || barrier.wait().is_leader()))
///         .collect();
///     let leaders = parties.into_iter().filter_map(|party| party.join().ok()).filter(|&leads| leads);
///     assert_eq!(leaders.count(), 1);
/// });
/// ```
pub struct Barrier {
    /// How many wait in the present round: fewer than `parties`.
    arrived: Epochs<usize>,
    parties: usize,
}

/// Tells one party of a round from the others: what [`Barrier::wait`] returns.
///
/// # Examples
/// ```
/// assert!(moonfleet::sync::Barrier::new(1).wait().is_leader());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BarrierWaitResult(bool);

/// Not all parties came in time, and this one does not wait any more.
///
/// # Examples
/// ```
/// use moonfleet::sync::Barrier;
/// use std::time::Duration;
///
/// let error = Barrier::new(3).wait_timeout(Duration::ZERO).unwrap_err();
/// assert_eq!((error.arrived, error.parties), (1, 3));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BarrierTimeoutError {
    /// How many were there when the time was over, this one included.
    pub arrived: usize,
    /// How many were waited for.
    pub parties: usize,
}

/// Why a party waits no more, though its round goes on.
enum Left {
    TimedOut(BarrierTimeoutError),
    Cancelled,
}

impl BarrierWaitResult {
    /// Whether this party was the last to come. One of each round is.
    ///
    /// # Examples
    /// ```
    /// let barrier = moonfleet::sync::Barrier::new(1);
    /// if barrier.wait().is_leader() {
    ///     // One party does what has to be done once for all.
    /// }
    /// ```
    #[must_use]
    pub fn is_leader(self) -> bool {
        self.0
    }
}

impl Barrier {
    /// A barrier for `parties` parties. With zero or one, nobody ever waits at it.
    ///
    /// **Shape** `usize → Barrier`
    ///
    /// # Examples
    /// ```
    /// assert!(moonfleet::sync::Barrier::new(0).wait().is_leader());
    /// ```
    #[must_use]
    pub fn new(parties: usize) -> Self {
        Self { arrived: Epochs::new(0), parties }
    }

    /// Waits until all parties are here. The last to come is the leader of the round.
    ///
    /// **Shape** `() → BarrierWaitResult`
    /// # Suspends
    /// Until all parties are here. Hold no std lock across it.
    /// # Cancellation
    /// Unwinds silently: the party is counted out, as if it had not come. If all are here already, it goes on
    /// first. In a task that unwinds already, it returns, and does not lead.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::sync::Barrier;
    ///
    /// let barrier = Barrier::new(2);
    /// std::thread::scope(|scope| {
    ///     let other = scope.spawn(|| barrier.wait().is_leader());
    ///     assert!(barrier.wait().is_leader() != other.join().unwrap());
    /// });
    /// ```
    pub fn wait(&self) -> BarrierWaitResult {
        self.wait_until(None).unwrap_or_else(|left| {
            debug_assert!(matches!(left, Left::Cancelled), "a wait without a deadline");
            unwind_cancelled();
            BarrierWaitResult(false)
        })
    }

    /// Waits until all parties are here, but no longer than `timeout`. A party whose time is over is counted
    /// out, as if it had not come.
    ///
    /// **Shape** `Duration → Result<BarrierWaitResult, BarrierTimeoutError>`
    /// # Suspends
    /// As [`Barrier::wait`], up to `timeout`.
    /// # Errors
    /// [`BarrierTimeoutError`]: not all came in time.
    /// # Cancellation
    /// As [`Barrier::wait`], but in a task that unwinds already it reports that not all came.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::sync::Barrier;
    /// use std::time::Duration;
    ///
    /// let barrier = Barrier::new(2);
    /// assert!(barrier.wait_timeout(Duration::from_millis(1)).is_err());
    /// ```
    pub fn wait_timeout(&self, timeout: Duration) -> Result<BarrierWaitResult, BarrierTimeoutError> {
        self.wait_until(Some(clock::after(timeout))).map_err(|left| match left {
            Left::TimedOut(error) => error,
            Left::Cancelled => {
                unwind_cancelled();
                let others = self.arrived.change(|round| round.state);
                BarrierTimeoutError { arrived: others + 1, parties: self.parties }
            }
        })
    }

    fn wait_until(&self, deadline_ns: Option<u64>) -> Result<BarrierWaitResult, Left> {
        let party = Party::enter().map_err(|_| Left::Cancelled)?;
        let passed = self.arrived.wait(
            &party,
            deadline_ns,
            |round| {
                round.state += 1;
                let all_are_here = round.state >= self.parties;
                if all_are_here {
                    round.state = 0;
                    round.end();
                }
                all_are_here.then_some(())
            },
            |arrived| {
                *arrived -= 1;
                *arrived + 1
            },
        );
        match passed {
            Passed::AtOnce(()) => Ok(BarrierWaitResult(true)),
            Passed::Woken => Ok(BarrierWaitResult(false)),
            Passed::TimedOut(arrived) => {
                Err(Left::TimedOut(BarrierTimeoutError { arrived, parties: self.parties }))
            }
            Passed::Cancelled => Err(Left::Cancelled),
        }
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arrived = self.arrived.change(|round| round.state);
        f.debug_struct("Barrier").field("arrived", &arrived).field("parties", &self.parties).finish()
    }
}

impl fmt::Display for BarrierTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { arrived, parties } = self;
        write!(f, "{parties} parties were waited for, but {arrived} came in time")
    }
}

impl Error for BarrierTimeoutError {}
