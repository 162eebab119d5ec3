//! Waiting for other tasks of the same worker, without a lock or an atomic.
//!
//! What only the tasks of one worker touch, such as the objects of one Lua state, needs no lock: they take
//! turns. A task that has to wait for such an object leaves its [`Neighbour`] there and calls [`wait`]; whoever
//! changes the object calls [`Neighbour::wake`]. Channels and locks of this crate are for everybody else.

#![allow(unsafe_code, reason = "a neighbour is an uncounted pointer; see Neighbour::wake")]

use core::marker::PhantomData;
use core::ptr::NonNull;
use std::time::Instant;

use crate::context;
use crate::suspend::{Cancelled, Party};
use crate::sys::clock;
use crate::task::header::Header;
use crate::wait::waiter::Urgency;
use crate::wait::word::Reason;

/// The running task, to be woken by other tasks of its worker.
///
/// # Examples
/// ```
/// use moonfleet::neighbour::{self, Neighbour, Woken};
/// use std::cell::Cell;
/// use std::rc::Rc;
///
/// moonfleet::run(|| {
///     let waiting = Rc::new(Cell::new(None));
///     let place = Rc::clone(&waiting);
///     let sleeper = moonfleet::spawn_local(move || {
///         place.set(Neighbour::current());
///         neighbour::wait(None)
///     });
///     moonfleet::yield_now();
///     // SAFETY: the sleeper waits, and nobody but us wakes it.
///     assert!(unsafe { waiting.take().unwrap().wake() });
///     assert_eq!(sleeper.join().unwrap(), Ok(Woken::ByNeighbour));
/// });
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Neighbour {
    task: NonNull<Header>,
    /// It means nothing on another thread.
    _here: PhantomData<*const ()>,
}

/// How a [`wait`] ended.
///
/// # Examples
/// ```
/// use moonfleet::neighbour::{Woken, wait};
///
/// let woken = moonfleet::run(|| wait(Some(std::time::Instant::now())));
/// assert_eq!(woken, Ok(Woken::TimedOut));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// A task of the same worker called [`Neighbour::wake`].
    ByNeighbour,
    /// The deadline passed.
    TimedOut,
}

impl Neighbour {
    /// The running task; `None` on a thread that runs none, and in a migratable task, which has no neighbours.
    ///
    /// # Examples
    /// ```
    /// assert!(moonfleet::neighbour::Neighbour::current().is_none());
    /// ```
    #[inline]
    #[must_use]
    pub fn current() -> Option<Self> {
        let (_, task) = context::current().filter(|(_, task)| !task.is_migratable())?;
        Some(Self { task: NonNull::from(task), _here: PhantomData })
    }

    /// Ends the [`wait`] of the task: it runs after those that are ready. False if its wait has ended
    /// otherwise, by a timeout or a cancel: then it is as if this had not been called.
    ///
    /// # Safety
    /// The task has not left the `wait` for which it handed this value out: it takes the value back from
    /// wherever it left it before it goes on.
    ///
    /// # Examples
    /// See [`Neighbour`].
    #[inline]
    pub unsafe fn wake(self) -> bool {
        self.wake_with(Urgency::Queued)
    }

    /// The same; the task runs next, because it was handed something.
    ///
    /// # Safety
    /// As [`Neighbour::wake`].
    ///
    /// # Examples
    /// See [`Neighbour`].
    #[inline]
    pub unsafe fn wake_next(self) -> bool {
        self.wake_with(Urgency::Next)
    }

    /// Whether the [`wait`] goes on: no neighbour, timeout or cancel has ended it yet.
    ///
    /// # Safety
    /// As [`Neighbour::wake`].
    ///
    /// # Examples
    /// ```
    /// use moonfleet::neighbour::{self, Neighbour};
    /// use std::cell::Cell;
    /// use std::rc::Rc;
    ///
    /// moonfleet::run(|| {
    ///     let waiting = Rc::new(Cell::new(None));
    ///     let place = Rc::clone(&waiting);
    ///     let sleeper = moonfleet::spawn_local(move || {
    ///         place.set(Neighbour::current());
    ///         neighbour::wait(None)
    ///     });
    ///     moonfleet::yield_now();
    ///     let neighbour = waiting.take().unwrap();
    ///     // SAFETY: the sleeper has not left its wait: it has not run since.
    ///     assert!(unsafe { neighbour.is_waiting() });
    ///     sleeper.cancel();
    ///     // SAFETY: as above.
    ///     assert!(!unsafe { neighbour.is_waiting() });
    ///     assert!(sleeper.join().unwrap().is_err());
    /// });
    /// ```
    #[inline]
    #[must_use]
    pub unsafe fn is_waiting(self) -> bool {
        // SAFETY: home-thread — the caller vouches that the task has not ended, and it lives here.
        unsafe { self.task.as_ref() }.waiter().word().is_waiting()
    }

    #[inline]
    fn wake_with(self, urgency: Urgency) -> bool {
        context::local().is_some_and(|local| local.wake_unshared(self.task, urgency))
    }
}

/// Suspends the running task until a task of the same worker wakes it, or `deadline` passes.
///
/// # Suspends
/// Always, except in a task that is being cancelled.
/// # Errors
/// [`Cancelled`]: the task is being cancelled.
/// # Panics
/// Outside a task: a plain thread has no neighbours.
///
/// # Examples
/// See [`Neighbour`].
#[inline]
pub fn wait(deadline: Option<Instant>) -> Result<Woken, Cancelled> {
    let party = Party::enter()?;
    assert!(matches!(party, Party::Task(_)), "neighbour::wait was called outside a task");
    party.waiter().word().arm();
    match party.wait(deadline.map(clock::at)) {
        Reason::Arm(_) => Ok(Woken::ByNeighbour),
        Reason::TimedOut => Ok(Woken::TimedOut),
        Reason::Cancelled => Err(Cancelled),
    }
}
