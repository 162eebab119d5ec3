//! The wait group: waiting until all of a changing number of things are done.
//!
//! It counts what is to be done. Tokens count by their lives, so they cannot be got wrong, not even by a task
//! that panics or is cancelled; they are the way to count tasks. `add` and `done` count by hand, for ends that
//! no value marks: a callback, a frame of C, a message from elsewhere.
//!
//! The epochs end when the count falls to zero. So a wait ends by the first zero after it began, even if the
//! count has risen again before the party runs: a group can be used again without care for who still wakes.
//!
//! Models: wait_group.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::epoch::{Epochs, Passed};
use crate::suspend::{Cancelled, Party, unwind_cancelled};
use crate::sys::clock;

/// A number of things to be done, and parties that wait until all are. Clones are the same group.
///
/// # Examples
/// ```
/// use moonfleet::sync::WaitGroup;
///
/// moonfleet::run(|| {
///     let group = WaitGroup::new();
///     for _ in 0..3 {
///         let token = group.token();
///         moonfleet::spawn(move || {
///             // ... work ...
///             drop(token);
///         });
///     }
///     group.wait();
///     assert_eq!(group.pending(), 0);
/// });
/// ```
#[derive(Clone)]
pub struct WaitGroup {
    pending: Arc<Epochs<usize>>,
}

/// One thing to be done, for as long as this lives. A clone is one more.
///
/// # Examples
/// ```
/// let group = moonfleet::sync::WaitGroup::new();
/// let token = group.token();
/// let other = token.clone();
/// assert_eq!(group.pending(), 2);
/// drop((token, other));
/// assert_eq!(group.pending(), 0);
/// ```
#[derive(Debug)]
#[must_use = "a token that is dropped at once is done at once"]
pub struct WaitGroupToken {
    group: WaitGroup,
}

/// Not all was done in time.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// let group = moonfleet::sync::WaitGroup::new();
/// let _token = group.token();
/// assert_eq!(group.wait_timeout(Duration::ZERO).unwrap_err().pending, 1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitGroupTimeoutError {
    /// How many were not done.
    pub pending: usize,
}

/// Why a party waits no more, though not all is done.
enum Left {
    TimedOut(WaitGroupTimeoutError),
    Cancelled,
}

impl WaitGroup {
    /// A group with nothing to do.
    ///
    /// **Shape** `() → WaitGroup`
    ///
    /// # Examples
    /// ```
    /// moonfleet::sync::WaitGroup::new().wait();
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self { pending: Arc::new(Epochs::new(0)) }
    }

    /// One thing more to be done; it is done when the token is dropped.
    ///
    /// Take the token before the task is spawned: one taken inside may come after a `wait`.
    ///
    /// **Shape** `() → WaitGroupToken`
    ///
    /// # Examples
    /// ```
    /// let group = moonfleet::sync::WaitGroup::new();
    /// let token = group.token();
    /// std::thread::spawn(move || drop(token));
    /// group.wait();
    /// ```
    pub fn token(&self) -> WaitGroupToken {
        self.add(1);
        WaitGroupToken { group: self.clone() }
    }

    /// `count` things more to be done; each ends by a call of [`WaitGroup::done`].
    ///
    /// **Shape** `usize → ()`
    /// # Panics
    /// If that is more than can be counted. The group is left as it was.
    ///
    /// # Examples
    /// ```
    /// let group = moonfleet::sync::WaitGroup::new();
    /// group.add(2);
    /// group.done();
    /// assert_eq!(group.pending(), 1);
    /// ```
    pub fn add(&self, count: usize) {
        let before = self.pending.change(|present| {
            let before = present.state;
            present.state = before.checked_add(count).unwrap_or(before);
            before
        });
        assert!(
            before.checked_add(count).is_some(),
            "{count} were added to a wait group of {before}, but {} is the most it can count",
            usize::MAX
        );
    }

    /// One thing less to be done. If it was the last, whoever waits goes on.
    ///
    /// **Shape** `() → ()`
    /// # Panics
    /// If nothing is left to be done: there are more calls of `done` than were added.
    ///
    /// # Examples
    /// ```
    /// let group = moonfleet::sync::WaitGroup::new();
    /// group.add(1);
    /// let other = group.clone();
    /// std::thread::spawn(move || other.done());
    /// group.wait();
    /// ```
    pub fn done(&self) {
        let before = self.pending.change(|present| {
            let before = present.state;
            present.state = before.saturating_sub(1);
            if before == 1 {
                present.end();
            }
            before
        });
        assert!(
            before != 0,
            "`done` was called on a wait group with nothing left to be done; \
             is `add` called before the work begins? A token cannot be done twice"
        );
    }

    /// How many things are not done.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(moonfleet::sync::WaitGroup::new().pending(), 0);
    /// ```
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending.change(|present| present.state)
    }

    /// Waits until all is done.
    ///
    /// **Shape** `() → ()`
    /// # Suspends
    /// Until nothing is left to be done. Hold no std lock across it, and no token of the group: that would
    /// be a wait for oneself.
    /// # Cancellation
    /// Unwinds silently; if all is done already, it returns first. In a task that unwinds already, it returns
    /// though something may be left.
    ///
    /// # Examples
    /// ```
    /// let group = moonfleet::sync::WaitGroup::new();
    /// let token = group.token();
    /// moonfleet::run(move || {
    ///     moonfleet::spawn(move || drop(token));
    ///     group.wait();
    /// });
    /// ```
    pub fn wait(&self) {
        if self.wait_until(None).is_err() {
            unwind_cancelled();
        }
    }

    /// Waits until all is done, but no longer than `timeout`.
    ///
    /// **Shape** `Duration → Result<(), WaitGroupTimeoutError>`
    /// # Suspends
    /// As [`WaitGroup::wait`], up to `timeout`.
    /// # Errors
    /// [`WaitGroupTimeoutError`]: something was left when the time was over.
    /// # Cancellation
    /// As [`WaitGroup::wait`], but in a task that unwinds already it reports what is left.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// let group = moonfleet::sync::WaitGroup::new();
    /// assert!(group.wait_timeout(Duration::ZERO).is_ok());
    /// group.add(1);
    /// assert!(group.wait_timeout(Duration::from_millis(1)).is_err());
    /// ```
    pub fn wait_timeout(&self, timeout: Duration) -> Result<(), WaitGroupTimeoutError> {
        self.wait_until(Some(clock::after(timeout))).map_err(|left| match left {
            Left::TimedOut(error) => error,
            Left::Cancelled => {
                unwind_cancelled();
                WaitGroupTimeoutError { pending: self.pending() }
            }
        })
    }

    /// As [`WaitGroup::wait`], with a cancel as a value.
    pub(crate) fn wait_or_cancelled(&self) -> Result<(), Cancelled> {
        self.wait_until(None).map_err(|_| Cancelled)
    }

    fn wait_until(&self, deadline_ns: Option<u64>) -> Result<(), Left> {
        let party = Party::enter().map_err(|_| Left::Cancelled)?;
        let passed = self.pending.wait(
            &party,
            deadline_ns,
            |present| (present.state == 0).then_some(()),
            |&mut pending| pending,
        );
        match passed {
            Passed::AtOnce(()) | Passed::Woken => Ok(()),
            Passed::TimedOut(pending) => Err(Left::TimedOut(WaitGroupTimeoutError { pending })),
            Passed::Cancelled => Err(Left::Cancelled),
        }
    }
}

impl Default for WaitGroup {
    fn default() -> Self {
        Self::new()
    }
}

impl Clone for WaitGroupToken {
    fn clone(&self) -> Self {
        self.group.token()
    }
}

impl Drop for WaitGroupToken {
    fn drop(&mut self) {
        self.group.done();
    }
}

impl fmt::Debug for WaitGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitGroup").field("pending", &self.pending()).finish()
    }
}

impl fmt::Display for WaitGroupTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the group was waited for, but {} of it were not done in time", self.pending)
    }
}

impl Error for WaitGroupTimeoutError {}
