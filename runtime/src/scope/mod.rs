//! Scopes: tasks that borrow from their parent, end before it, and fail together.
//!
//! - this file: the scope. `child`: what runs in one. `fork`: two closures side by side.

#![allow(unsafe_code, reason = "spawns closures that borrow; the scope outlives them by waiting")]

mod child;
mod fork;

use std::any::Any;
use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};

use self::child::Child;
pub use self::child::ScopedJoinHandle;
pub use self::fork::fork_join;
use crate::cancel::stop::Stop;
use crate::channel::oneshot;
use crate::context;
use crate::spawn::{SpawnError, TaskBuilder, or_panic};
use crate::suspend::{Cancelled, catch, masked, resume, unwind_cancelled};
use crate::sync::WaitGroup;

/// Runs `body`, which may spawn tasks that borrow from outside of it, and waits until all of them have ended.
///
/// A child that panics fails the scope at once: its siblings are cancelled, `body` is interrupted at its next
/// suspension point, and the panic goes on here when all have ended. (In `std::thread::scope` the others run
/// to their ends first.) The same if `body` panics. If the task around is cancelled, so are the children.
///
/// **Shape** `FnOnce(&Scope) → R` to `R`
/// # Suspends
/// Until every child has ended; no cancel cuts that short, because they may borrow from here.
/// # Cancellation
/// Cancels the children, waits for them, and unwinds silently.
/// # Panics
/// If a child or `body` panics, with that payload; outside a task.
///
/// # Examples
/// ```
/// moonfleet::run(|| {
///     let mut log = vec![1, 2, 3];
///     let mut sum = 0;
///     moonfleet::scope(|s| {
///         s.spawn(|| log.push(4));
///         s.spawn(|| sum = 40 + 2);
///     });
///     assert_eq!((log.len(), sum), (4, 42));
/// });
/// ```
pub fn scope<'env, F, R>(body: F) -> R
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> R,
{
    match try_scope(|scope| Ok::<R, Infallible>(body(scope))) {
        Ok(result) => result,
        Err(never) => match never {},
    }
}

/// The same with errors: the first one, of a child spawned by [`Scope::spawn_try`] or of `body`, cancels the
/// others and is returned when they have ended.
///
/// **Shape** `FnOnce(&Scope) → Result<R, E>` to `Result<R, E>`
/// # Suspends
/// As [`scope`].
/// # Errors
/// The first error. A panic is stronger, and goes on.
/// # Cancellation
/// As [`scope`].
/// # Panics
/// As [`scope`].
///
/// # Examples
/// ```
/// moonfleet::run(|| {
///     let outcome = moonfleet::try_scope(|s| {
///         s.spawn(|| moonfleet::time::sleep(std::time::Duration::MAX));
///         s.spawn_try(|| "7".parse::<u8>());
///         s.spawn_try(|| "seven".parse::<u8>());
///         Ok(())
///     });
///     assert!(outcome.is_err(), "and the sleeper was cancelled");
/// });
/// ```
pub fn try_scope<'env, F, R, E>(body: F) -> Result<R, E>
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env, E>) -> Result<R, E>,
    E: Send,
{
    let scope = Scope { core: Arc::new(Core::new()), scope: PhantomData, env: PhantomData };
    let core = &*scope.core;
    assert!(context::current().is_some(), "a scope was begun outside a task; run it by `Runtime::block_on`");
    let ran = catch(|| core.body.run(|| body(&scope)));
    // Until the children have ended, no code of the user's runs here, such as the destructor of a failure: it
    // could unwind.
    let (of_body, weaker) = match ran {
        Ok(Ok(Ok(result))) => (Some(result), None),
        Ok(Ok(Err(error))) => (None, core.fail(Failure::Error(error))),
        // Interrupted, because a child has failed.
        Ok(Err(Cancelled)) => (None, None),
        Err(payload) => (None, core.fail(Failure::Panic(payload))),
    };
    let waited = core.wait_for_children();
    drop(weaker);
    match (core.take_failure(), of_body) {
        (Some(Failure::Panic(payload)), _) => resume(payload),
        (Some(Failure::Error(error)), _) => Err(error),
        (None, Some(result)) => {
            if waited.is_err() {
                // The children were cut short: what comes after the scope must not take their work for done.
                unwind_cancelled();
            }
            Ok(result)
        }
        (None, None) => unreachable!("only a failure interrupts the body"),
    }
}

/// A scope to spawn in; see [`scope`](fn@scope) and [`try_scope`].
///
/// # Examples
/// What must not compile: a child that outlives what it borrows, and two that change the same.
/// ```compile_fail,E0373
/// moonfleet::scope(|s| {
///     let inside = 1;
///     s.spawn(|| &inside);
/// });
/// ```
/// ```compile_fail,E0499
/// let mut count = 0;
/// moonfleet::scope(|s| {
///     s.spawn(|| count += 1);
///     s.spawn(|| count += 1);
/// });
/// ```
/// ```compile_fail,E0277
/// let not_send = std::rc::Rc::new(1);
/// moonfleet::scope(|s| {
///     s.spawn(|| println!("{not_send}"));
/// });
/// ```
/// ```compile_fail,E0277
/// let not_send = moonfleet::scope(|s| s.spawn(|| std::rc::Rc::new(1)).join());
/// ```
/// A handle that escapes, from the scope or into a task that may outlive it:
/// ```compile_fail
/// let handle = moonfleet::scope(|s| s.spawn(|| 1));
/// ```
/// ```compile_fail,E0521
/// moonfleet::scope(|s| {
///     let handle = s.spawn(|| 1);
///     moonfleet::spawn(move || handle.join());
/// });
/// ```
/// A scope that is used after its end:
/// ```compile_fail,E0521
/// let mut kept = None;
/// moonfleet::scope(|s| kept = Some(s));
/// ```
pub struct Scope<'scope, 'env: 'scope, E = Infallible> {
    core: Arc<Core<E>>,
    /// Invariant in both, as in the standard library: neither may shrink while children run.
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

impl<'scope, E: Send + 'scope> Scope<'scope, '_, E> {
    /// Spawns a child; any worker may start it.
    ///
    /// **Shape** `FnOnce() → T` to [`ScopedJoinHandle<T>`]
    /// # Panics
    /// As [`spawn`](crate::spawn).
    ///
    /// # Examples
    /// ```
    /// let words = vec!["moon", "fleet"];
    /// let lengths = moonfleet::run(|| {
    ///     moonfleet::scope(|s| {
    ///         let tasks: Vec<_> = words.iter().map(|word| s.spawn(move || word.len())).collect();
    ///         tasks.into_iter().map(|task| task.join().unwrap()).sum::<usize>()
    ///     })
    /// });
    /// assert_eq!(lengths, 9);
    /// ```
    #[track_caller]
    pub fn spawn<F, T>(&'scope self, body: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        self.spawn_as(TaskBuilder::new(), body)
    }

    /// Spawns a child with a name, a stack size, and so on.
    ///
    /// # Panics
    /// As [`spawn`](crate::spawn); if the stack size is out of range.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::TaskBuilder;
    ///
    /// moonfleet::run(|| {
    ///     moonfleet::scope(|s| {
    ///         let mate = s.spawn_as(TaskBuilder::new().name("mate"), || moonfleet::current_task());
    ///         assert_eq!(mate.join().unwrap().unwrap().name(), Some("mate"));
    ///     });
    /// });
    /// ```
    #[track_caller]
    pub fn spawn_as<F, T>(&'scope self, task: TaskBuilder, body: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        or_panic(self.launch(task, None, move || Ok(body())))
    }

    /// Spawns a child whose error fails the scope: the others are cancelled.
    ///
    /// # Panics
    /// As [`spawn`](crate::spawn).
    ///
    /// # Examples
    /// See [`try_scope`].
    #[track_caller]
    pub fn spawn_try<F, T>(&'scope self, body: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> Result<T, E> + Send + 'scope,
        T: Send + 'scope,
    {
        or_panic(self.launch(TaskBuilder::new(), None, body))
    }

    /// The same, for a child that is to run on `worker`.
    ///
    /// # Errors
    /// As [`TaskBuilder::spawn_on`].
    pub(crate) fn spawn_try_on<F, T>(
        &'scope self,
        worker: usize,
        body: F,
    ) -> Result<ScopedJoinHandle<'scope, T>, SpawnError>
    where
        F: FnOnce() -> Result<T, E> + Send + 'scope,
        T: Send + 'scope,
    {
        self.launch(TaskBuilder::new(), Some(worker), body)
    }

    /// Cancels the children that run, and those to come; `body` goes on, and the scope does not fail by it.
    ///
    /// # Examples
    /// The first answer wins:
    /// ```
    /// use moonfleet::{channel, time};
    /// use std::time::Duration;
    ///
    /// moonfleet::run(|| {
    ///     let (tx, rx) = channel::bounded(1);
    ///     let first = moonfleet::scope(|s| {
    ///         s.spawn(|| tx.send("fast"));
    ///         s.spawn(|| { time::sleep(Duration::MAX); tx.send("slow") });
    ///         let first = rx.recv();
    ///         s.cancel();
    ///         first
    ///     });
    ///     assert_eq!(first, Ok("fast"));
    /// });
    /// ```
    pub fn cancel(&self) {
        self.core.children.stop();
    }

    fn launch<F, T>(
        &'scope self,
        task: TaskBuilder,
        worker: Option<usize>,
        body: F,
    ) -> Result<ScopedJoinHandle<'scope, T>, SpawnError>
    where
        F: FnOnce() -> Result<T, E> + Send + 'scope,
        T: Send + 'scope,
    {
        let (result, outcome) = oneshot();
        let child = Child::new(body, result, Arc::clone(&self.core));
        // SAFETY: scope-waits — the scope does not end before the child has dropped everything that borrows.
        let spawned = unsafe { task.spawn_borrowing_here(worker, move || child.run()) };
        Ok(ScopedJoinHandle::new(outcome, spawned?))
    }
}

impl<E> fmt::Debug for Scope<'_, '_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("children", &self.core.running.pending()).finish()
    }
}

/// Why a scope failed.
enum Failure<E> {
    Panic(Box<dyn Any + Send>),
    Error(E),
}

/// What a scope shares with its children.
///
/// INVARIANT(scope-waits): the scope does not return before `running` is zero, whatever happens; a child counts
/// itself out after it has dropped its closure and its result.
struct Core<E> {
    running: WaitGroup,
    children: Stop,
    body: Stop,
    failure: Mutex<Option<Failure<E>>>,
}

impl<E> Core<E> {
    fn new() -> Self {
        Self {
            running: WaitGroup::new(),
            children: Stop::new(),
            body: Stop::new(),
            failure: Mutex::new(None),
        }
    }

    /// Notes why the scope fails, and ends everything in it. A panic replaces an error, nothing else does: the
    /// failure that does not count comes back, to be dropped where its destructor may do what it likes.
    #[must_use]
    fn fail(&self, failure: Failure<E>) -> Option<Failure<E>> {
        let mut noted = self.failure();
        let is_stronger =
            matches!((&failure, &*noted), (_, None) | (Failure::Panic(_), Some(Failure::Error(_))));
        let weaker = if is_stronger { noted.replace(failure) } else { Some(failure) };
        drop(noted);
        self.children.stop();
        self.body.stop();
        weaker
    }

    fn take_failure(&self) -> Option<Failure<E>> {
        self.failure().take()
    }

    /// Waits until every child has ended. [`Cancelled`]: some were cut short, because the party was interrupted.
    fn wait_for_children(&self) -> Result<(), Cancelled> {
        if self.running.pending() == 0 {
            return Ok(());
        }
        self.running.wait_or_cancelled().inspect_err(|Cancelled| {
            self.children.stop();
            masked(|| self.running.wait_or_cancelled()).expect("a masked wait is not cancelled");
        })
    }

    fn failure(&self) -> std::sync::MutexGuard<'_, Option<Failure<E>>> {
        // A panic while the lock is held is impossible; the word is whole all the same.
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
