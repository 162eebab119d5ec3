//! Fork and join: two closures side by side, one of which any worker may take.
//!
//! Models: fork.

#![allow(unsafe_code, reason = "offers a frame of this stack to other workers, and waits for them")]

use core::ptr::NonNull;
use std::thread;

use crate::channel::oneshot;
use crate::context;
use crate::primitive::UnsafeCell;
use crate::scheduler::fork::{Fork, Forked, Perform};
use crate::scheduler::worker::{self, Worker};
use crate::suspend::{catch, is_unwinding, masked, resume};
use crate::task::header::TaskRef;
use crate::wait::lock::Lock;
use crate::wait::one::One;
use crate::wait::waiter::{Urgency, wake_if_any};

/// Runs two closures, at the same time if another worker is free, and returns both results.
///
/// The second is offered to other workers while the first runs here; then it runs here, too, if nobody has
/// taken it: a plain call, without a task. For recursion over large trees, stop forking where a piece is worth
/// less than about a microsecond. Outside a task, and in a migratable one, both run here.
///
/// **Shape** `(FnOnce() → A, FnOnce() → B)` to `(A, B)`
/// # Suspends
/// While another worker runs the second; no cancel cuts that short, but it is passed on to it.
/// # Panics
/// If one of them panics, when both have ended, with its payload (the first's, if both do).
/// # Cancellation
/// Unwinds silently, when both have ended.
///
/// # Examples
/// ```
/// fn sum(numbers: &[u64]) -> u64 {
///     if numbers.len() < 1_000 {
///         return numbers.iter().sum();
///     }
///     let (left, right) = numbers.split_at(numbers.len() / 2);
///     let (left, right) = moonfleet::fork_join(|| sum(left), || sum(right));
///     left + right
/// }
///
/// let numbers: Vec<u64> = (0..100_000).collect();
/// assert_eq!(moonfleet::run(|| sum(&numbers)), 4_999_950_000);
/// ```
/// What must not compile: two closures that change the same, and a second one that cannot go elsewhere.
/// ```compile_fail,E0499
/// let mut sum = 0;
/// moonfleet::fork_join(|| sum += 1, || sum += 2);
/// ```
/// ```compile_fail,E0277
/// let not_send = std::rc::Rc::new(1);
/// moonfleet::fork_join(|| (), || *not_send);
/// ```
pub fn fork_join<A, B, RA, RB>(here: A, anywhere: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB + Send,
    RB: Send,
{
    let Some(worker) = may_fork() else { return (here(), anywhere()) };
    // A destructor in an unwind cannot be unwound once more: then the other half is not to be cancelled.
    let call = Call::new(anywhere, !is_unwinding());
    // SAFETY: fork-lives — `call` is not moved, and below we get the right back or wait for who has it; the
    // closure and its result are `Send`.
    worker.queue_fork(unsafe { Forked::new(call.address()) });
    let first = catch(here);
    let is_back = take_back(worker, call.address());
    let made = if is_back { None } else { call.wait(first.is_err()) };
    let first = first.unwrap_or_else(|payload| resume(payload));
    let second = match made {
        Some(second) => second.unwrap_or_else(|payload| resume(payload)),
        None => {
            // SAFETY: call-owner — we have the right to make the call, or whoever had it has given it back.
            let anywhere = unsafe { call.take() };
            anywhere()
        }
    };
    (first, second)
}

/// The worker, if there is a task that may leave forks with it: one that stays.
fn may_fork<'a>() -> Option<&'a Worker> {
    let (_, task) = context::current()?;
    worker::current().filter(|worker| !worker.local.is_stopping() && !task.is_migratable())
}

/// Takes the fork at `fork` back; false if another worker has it. Forks on top of it belong to other tasks of
/// this worker that have suspended: they become tasks.
fn take_back(worker: &Worker, fork: NonNull<Fork>) -> bool {
    while let Some(forked) = worker.deques.forks.pop() {
        if forked.is(fork) {
            // The right is used by the caller.
            core::mem::forget(forked);
            return true;
        }
        worker.adopt(forked);
    }
    false
}

/// The second closure, on the stack of who forked.
///
/// INVARIANT(call-owner): `body` is touched only by whoever has the right to perform the fork.
#[repr(C)]
struct Call<B, R> {
    /// First, so that its address is the call's.
    fork: Fork,
    body: UnsafeCell<Option<B>>,
    /// `None`: whoever took the call gives it back.
    outcome: One<Option<thread::Result<R>>>,
    runner: Lock<Runner>,
}

/// Who makes the call, to be told if it is cancelled.
struct Runner {
    cancelled: bool,
    task: Option<TaskRef>,
}

impl<B: FnOnce() -> R, R> Call<B, R> {
    fn new(body: B, cancellable: bool) -> Self {
        Self {
            fork: Fork::new(perform::<B, R>, cancellable),
            body: UnsafeCell::new(Some(body)),
            outcome: One::new(),
            runner: Lock::new(Runner { cancelled: false, task: None }),
        }
    }

    fn address(&self) -> NonNull<Fork> {
        NonNull::from(self).cast()
    }

    /// # Safety
    /// Call-owner: the caller has the right to make the call.
    unsafe fn take(&self) -> B {
        let body = self.body.get_mut();
        // SAFETY: call-owner — promised by the caller.
        unsafe { body.deref() }.take().expect("a call is made once")
    }

    /// Waits for who makes the call; `None` if nobody has made it after all. A cancel, or a failure of the first
    /// closure, is passed on.
    #[cold]
    fn wait(&self, first_has_failed: bool) -> Option<thread::Result<R>> {
        if first_has_failed {
            self.cancel();
        }
        let outcome = oneshot::take(&self.outcome, None).or_else(|_| {
            self.cancel();
            masked(|| oneshot::take(&self.outcome, None))
        });
        outcome.expect("whoever has the right to a fork performs it")
    }

    fn cancel(&self) {
        let mut runner = self.runner.lock();
        runner.cancelled = true;
        let task = runner.task.take();
        drop(runner);
        if let Some(task) = task {
            context::cancel(&task);
        }
    }

    /// Notes who makes the call; false if it is cancelled already.
    fn begin(&self) -> bool {
        let task = context::current().map(|(_, task)| task.to_ref());
        let mut runner = self.runner.lock();
        runner.task = task;
        // RE-CHECK: who forked may have been cancelled before it knew of us.
        !runner.cancelled
    }

    fn end(&self) {
        let task = self.runner.lock().task.take();
        drop(task);
    }
}

/// Makes the call at `fork`, or does not, and delivers what came of it.
///
/// # Safety
/// `fork` begins a `Call<B, R>`, and the caller has the right to perform it.
unsafe fn perform<B: FnOnce() -> R, R>(fork: NonNull<Fork>, what: Perform) {
    // SAFETY: fork-lives — and this function is in the head of calls of this type alone.
    let call = unsafe { fork.cast::<Call<B, R>>().as_ref() };
    let outcome = (what == Perform::Run && call.begin()).then(|| {
        // SAFETY: call-owner — the caller has the right.
        catch(unsafe { call.take() })
    });
    call.end();
    match call.outcome.put(outcome) {
        Ok(wake) => wake_if_any(wake, Urgency::Next),
        Err(_) => unreachable!("who forked waits"),
    }
}
