//! A child of a scope: the closure with what it owes to the scope, and the handle to its result.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::{Core, Failure};
use crate::cancel::CancelHandle;
use crate::channel::oneshot;
use crate::context;
use crate::join::JoinHandle;
use crate::suspend::{Cancelled, catch, unwind_cancelled};
use crate::sync::WaitGroupToken;
use crate::task::cell::CancelUnwind;
use crate::task::error::JoinError;

/// A closure of a scope. The order of the fields matters: what borrows is dropped before the scope is told.
pub(super) struct Child<F, T, E> {
    body: Option<F>,
    result: Option<oneshot::Sender<T>>,
    core: Arc<Core<E>>,
    /// Last, because the scope may be over when it is dropped.
    _counted: WaitGroupToken,
}

/// What a scope panics with when a child was not started.
const NO_STACK: &str = "a task of a scope was not started, because there was no stack for it: let tasks end first, or raise \
     `max_stacks` or what the system grants";

impl<F, T, E> Child<F, T, E>
where
    F: FnOnce() -> Result<T, E>,
{
    pub(super) fn new(body: F, result: oneshot::Sender<T>, core: Arc<Core<E>>) -> Self {
        let counted = core.running.token();
        Self { body: Some(body), result: Some(result), core, _counted: counted }
    }

    /// Runs the closure in the scope, and tells whoever must know what came of it. Never unwinds.
    pub(super) fn run(mut self) {
        let core = Arc::clone(&self.core);
        let body = self.body.take().expect("a child runs once");
        let ran = catch(|| core.children.run(body));
        // A destructor of the user's, of the closure or the result, may panic as well.
        let told = catch(|| match ran {
            Ok(Ok(Ok(value))) => drop(self.result.take().map(|result| result.send(value))),
            Ok(Ok(Err(error))) => drop(core.fail(Failure::Error(error))),
            Ok(Err(Cancelled)) => {}
            Err(payload) => core.panicked(payload),
        });
        if let Err(payload) = told {
            core.panicked(payload);
        }
    }
}

impl<E> Core<E> {
    /// A child has unwound: fails the scope, unless it was by a cancel, of the child or of all. Never unwinds.
    fn panicked(&self, payload: Box<dyn Any + Send>) {
        if !payload.is::<CancelUnwind>() {
            let weaker = self.fail(Failure::Panic(payload));
            // A payload that panics in turn has been reported by the panic hook, and the scope fails anyway.
            let _ = catch(|| drop(weaker));
        }
    }
}

impl<F, T, E> Drop for Child<F, T, E> {
    fn drop(&mut self) {
        // Dropped unrun by its own task, it was cancelled; by the scheduler, there was no stack for it.
        let was_refused = self.body.is_some() && context::current().is_none();
        let dropped = catch(|| drop((self.body.take(), self.result.take())));
        if let Err(payload) = dropped {
            self.core.panicked(payload);
        }
        if was_refused {
            self.core.panicked(Box::new(NO_STACK));
        }
    }
}

/// Owns the right to join one task of a scope. Dropped, it lets the task run on until the scope waits for it.
///
/// # Examples
/// ```
/// moonfleet::run(|| {
///     let answer = moonfleet::scope(|s| s.spawn(|| 42).join().unwrap());
///     assert_eq!(answer, 42);
/// });
/// ```
pub struct ScopedJoinHandle<'scope, T> {
    outcome: oneshot::Receiver<T>,
    task: JoinHandle<()>,
    scope: PhantomData<&'scope ()>,
}

impl<T> ScopedJoinHandle<'_, T> {
    pub(super) fn new(outcome: oneshot::Receiver<T>, task: JoinHandle<()>) -> Self {
        Self { outcome, task, scope: PhantomData }
    }

    /// Waits until the task has ended, and returns its result.
    ///
    /// **Shape** `self → Result<T, JoinError>`
    /// # Suspends
    /// Until the task has ended.
    /// # Errors
    /// [`JoinError`]: the task was cancelled, got no stack, or is the caller itself. One that panics or fails is
    /// not seen here: the scope fails, and unwinds whoever waits in it.
    /// # Cancellation
    /// Unwinds silently.
    ///
    /// # Examples
    /// See [`ScopedJoinHandle`].
    pub fn join(mut self) -> Result<T, JoinError> {
        match self.task.wait(None) {
            Err(_) => unwind_cancelled(),
            Ok(Err(error)) => return Err(error),
            Ok(Ok(())) => {}
        }
        let cancelled = || JoinError::Cancelled { task: self.task.describe() };
        self.outcome.try_recv().map_err(|_| cancelled())
    }

    /// Cancels the task, without waiting for it; the scope does not fail by that.
    ///
    /// # Examples
    /// ```
    /// moonfleet::run(|| {
    ///     moonfleet::scope(|s| {
    ///         let task = s.spawn(|| moonfleet::time::sleep(std::time::Duration::MAX));
    ///         task.cancel();
    ///         assert!(matches!(task.join(), Err(moonfleet::JoinError::Cancelled { .. })));
    ///     });
    /// });
    /// ```
    pub fn cancel(&self) {
        self.task.cancel();
    }

    /// A handle that others may cancel the task by.
    ///
    /// # Examples
    /// See [`CancelHandle`].
    #[must_use]
    pub fn cancel_handle(&self) -> CancelHandle {
        self.task.cancel_handle()
    }

    /// Whether the task has ended: a join would not wait.
    ///
    /// # Examples
    /// ```
    /// moonfleet::run(|| moonfleet::scope(|s| {
    ///     let task = s.spawn(|| ());
    ///     while !task.is_finished() {
    ///         moonfleet::yield_now();
    ///     }
    ///     assert!(task.join().is_ok());
    /// }));
    /// ```
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.task.is_finished()
    }
}

impl<T> fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scoped{:?}", self.task)
    }
}
