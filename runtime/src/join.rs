//! Waiting for a task to end, and what it returned.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::fmt;
use std::ptr;
use std::time::Duration;

use crate::cancel::CancelHandle;
use crate::channel::blocking::RecvFailure;
use crate::channel::oneshot;
use crate::channel::polling::Polling;
use crate::context;
use crate::scheduler::shared::Shared;
use crate::scheduler::worker;
use crate::suspend::{Cancelled, unwind_cancelled};
use crate::sys::clock;
use crate::task::cell::{Joinable, Outcome};
use crate::task::error::JoinError;
use crate::wait::one::{Left, Taken};

/// Owns the right to join one task. Dropped, it lets the task run on by itself.
///
/// # Examples
/// ```
/// moonfleet::run(|| {
///     let answer = moonfleet::spawn(|| 6 * 7);
///     assert_eq!(answer.join().unwrap(), 42);
/// });
/// ```
pub struct JoinHandle<T> {
    joinable: Joinable<T>,
    /// The address that tells its runtime from others; only ever compared.
    runtime: usize,
    polling: Polling,
}

impl<T> JoinHandle<T> {
    pub(crate) fn new(joinable: Joinable<T>, shared: &Shared) -> Self {
        Self { joinable, runtime: ptr::from_ref(shared).addr(), polling: Polling::default() }
    }

    /// Waits until the task has ended, and returns its result.
    ///
    /// A task of the same runtime that nobody has started yet is started here and now, ahead of others.
    ///
    /// **Shape** `self → Result<T, JoinError>`
    /// # Suspends
    /// Until the task has ended.
    /// # Errors
    /// [`JoinError`]: the task panicked, was cancelled, got no stack, or is the caller itself.
    /// # Cancellation
    /// Unwinds silently; the joined task runs on.
    ///
    /// # Examples
    /// ```
    /// let error = moonfleet::run(|| moonfleet::spawn(|| panic!("adrift")).join().unwrap_err());
    /// assert!(error.to_string().contains("adrift"));
    /// ```
    pub fn join(mut self) -> Result<T, JoinError> {
        self.join_or_cancelled().unwrap_or_else(|Cancelled| {
            unwind_cancelled();
            Err(JoinError::Cancelled { task: self.describe() })
        })
    }

    /// Waits until the task has ended, but no longer than `timeout`.
    ///
    /// **Shape** `self, Duration → Result<Result<T, JoinError>, JoinHandle<T>>`
    /// # Suspends
    /// As [`JoinHandle::join`], up to `timeout`.
    /// # Errors
    /// The handle itself if the task still runs.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// moonfleet::run(|| {
    ///     let (tx, rx) = moonfleet::channel::rendezvous();
    ///     let task = moonfleet::spawn(move || rx.recv().unwrap());
    ///     let task = task.join_timeout(Duration::ZERO).unwrap_err();
    ///     tx.send(5).unwrap();
    ///     assert_eq!(task.join().unwrap(), 5);
    /// });
    /// ```
    pub fn join_timeout(mut self, timeout: Duration) -> Result<Result<T, JoinError>, Self> {
        self.polling.stop(self.joinable.outcome());
        match self.wait(Some(clock::after(timeout))) {
            Ok(outcome) => Ok(outcome),
            Err(failure) => {
                if failure == RecvFailure::Cancelled {
                    unwind_cancelled();
                }
                Err(self)
            }
        }
    }

    /// Cancels the task, without waiting for it: it unwinds silently from what it waits for, or from its next
    /// suspension point. One that has not started does not start; one that has ended keeps its result.
    ///
    /// # Examples
    /// ```
    /// moonfleet::run(|| {
    ///     let task = moonfleet::spawn(|| moonfleet::time::sleep(std::time::Duration::MAX));
    ///     task.cancel();
    ///     assert!(matches!(task.join(), Err(moonfleet::JoinError::Cancelled { .. })));
    /// });
    /// ```
    pub fn cancel(&self) {
        context::cancel(&self.joinable.task);
    }

    /// A handle that others may cancel the task by.
    ///
    /// # Examples
    /// See [`CancelHandle`].
    #[must_use]
    pub fn cancel_handle(&self) -> CancelHandle {
        CancelHandle::new(self.joinable.task.clone())
    }

    /// Whether the task has ended: a join would not wait.
    ///
    /// # Examples
    /// ```
    /// moonfleet::run(|| {
    ///     let task = moonfleet::spawn_local(|| ());
    ///     assert!(!task.is_finished(), "it starts when we suspend");
    ///     moonfleet::yield_now();
    ///     assert!(task.is_finished());
    /// });
    /// ```
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.joinable.outcome().is_done()
    }

    /// The task's id, unique in its runtime.
    ///
    /// # Examples
    /// ```
    /// let ids = moonfleet::run(|| (moonfleet::spawn(|| ()).id(), moonfleet::spawn(|| ()).id()));
    /// assert_ne!(ids.0, ids.1);
    /// ```
    #[must_use]
    pub fn id(&self) -> u64 {
        self.joinable.task.info().id
    }

    /// The task's name, if it was given one.
    ///
    /// # Examples
    /// ```
    /// moonfleet::run(|| {
    ///     let task = moonfleet::TaskBuilder::new().name("lookout").spawn(|| ()).unwrap();
    ///     assert_eq!(task.name(), Some("lookout"));
    /// });
    /// ```
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.joinable.task.info().name()
    }

    /// The task, as `task 7` or `task 'name' (7)`.
    pub(crate) fn describe(&self) -> Box<str> {
        self.joinable.task.info().to_string().into()
    }

    /// As [`JoinHandle::join`], with cancellation as a value.
    pub(crate) fn join_or_cancelled(&mut self) -> Result<Outcome<T>, Cancelled> {
        self.polling.stop(self.joinable.outcome());
        self.wait(None).map_err(|_| Cancelled)
    }

    /// Waits for the outcome; the failures are a timeout and a cancel. Of a handle that was never polled, or polls
    /// no more: the outcome has room for one waiter.
    pub(crate) fn wait(&self, deadline_ns: Option<u64>) -> Result<Outcome<T>, RecvFailure> {
        if self.is_of_current_task() {
            return Ok(Err(JoinError::JoinsItself { task: self.describe() }));
        }
        // A task of another runtime is that runtime's to start.
        if let Some(worker) = worker::current()
            && ptr::from_ref(&*worker.shared).addr() == self.runtime
        {
            worker.start_next(&self.joinable.task);
        }
        oneshot::take(self.joinable.outcome(), deadline_ns)
    }

    fn is_of_current_task(&self) -> bool {
        context::current().is_some_and(|(_, task)| ptr::eq(task, &raw const *self.joinable.task))
    }
}

/// Awaits the end of the task, under any executor. Dropped, it lets the task run on by itself.
///
/// # Panics
/// If it is polled after it was done.
///
/// # Examples
/// ```
/// let runtime = moonfleet::Runtime::builder().workers(1).build().unwrap();
/// let task = runtime.spawn(|| 6 * 7);
/// assert_eq!(moonfleet::block_on(task).unwrap(), 42);
/// ```
impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if this.is_of_current_task() {
            return Poll::Ready(Err(JoinError::JoinsItself { task: this.describe() }));
        }
        this.polling.poll(this.joinable.outcome(), context).map(|taken| match taken {
            Taken::Value(outcome) => outcome,
            Taken::Closed | Taken::Empty => panic!("a join handle was polled after it was done"),
        })
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        self.polling.stop(self.joinable.outcome());
        if let Left::Alone(unclaimed) = self.joinable.outcome().leave() {
            drop(unclaimed);
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinHandle({}, finished: {})", self.joinable.task.info(), self.is_finished())
    }
}
