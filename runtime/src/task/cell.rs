//! The whole allocation of a task: header, outcome, body. One per task, made by spawn.
//!
//! Models: header.

#![allow(unsafe_code, reason = "reaches the typed parts from the header")]

use core::ptr::NonNull;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::{JoinError, TaskPanic};
use super::header::{Birth, Header, TaskRef, Vtable};
use super::limits::End;
use crate::primitive::UnsafeCell;
use crate::quiet::quietly;
use crate::stack::StackError;
use crate::wait::one::One;
use crate::wait::waiter::{Urgency, Waiter, wake_if_any};

/// How a task ended.
pub(crate) type Outcome<T> = Result<T, JoinError>;

/// The payload of the unwind that ends a cancelled task. Only `suspend` raises it.
#[derive(Debug)]
pub(crate) struct CancelUnwind;

/// A task in memory.
///
/// INVARIANT(body-starter): `body` is touched only by whoever may start the task, and only once.
#[repr(C)]
struct TaskCell<F, T> {
    header: Header,
    outcome: One<Outcome<T>>,
    body: UnsafeCell<Option<F>>,
}

impl<F, T> TaskCell<F, T> {
    /// # Safety
    /// Body-starter: the caller may start the task, and has not done so.
    unsafe fn take_body(&self) -> Option<F> {
        let body = self.body.get_mut();
        // SAFETY: body-starter — promised by the caller.
        unsafe { body.deref() }.take()
    }
}

/// A join handle's view of a task: the counted reference and the typed outcome in the same allocation.
pub(crate) struct Joinable<T> {
    pub(crate) task: TaskRef,
    outcome: NonNull<One<Outcome<T>>>,
}

// SAFETY: the outcome cell is behind a lock, and its value may move to this thread if it is `Send`.
unsafe impl<T: Send> Send for Joinable<T> {}
// SAFETY: as above; sharing the handle gives no more than the lock does.
unsafe impl<T: Send> Sync for Joinable<T> {}

impl<T> Joinable<T> {
    /// Lets the task run on by itself.
    pub(crate) fn detach(self) {
        drop(self.outcome().leave());
    }

    /// The cell the outcome arrives in.
    pub(crate) fn outcome(&self) -> &One<Outcome<T>> {
        // SAFETY: counted — `task` keeps the allocation that the cell is part of.
        unsafe { self.outcome.as_ref() }
    }
}

/// Allocates an unstarted task: the reference for its queue, and the one to join it by.
///
/// # Safety
/// `wake` as in [`Header::new`]. If `F` is not `Send`, the queue's reference stays on this thread; if `T` is
/// not `Send`, so does the other.
pub(crate) unsafe fn allocate<F, T>(
    birth: Birth,
    wake: unsafe fn(NonNull<Waiter>, Urgency),
    body: F,
) -> (TaskRef, Joinable<T>)
where
    F: FnOnce() -> T,
{
    let vtable = const { &Vtable { run: run::<F, T>, refuse: refuse::<F, T>, free: free::<F, T> } };
    // SAFETY: the header begins the allocation that `vtable` is for; `wake` is passed on to the caller.
    let header = unsafe { Header::new(birth, vtable, wake) };
    let cell = Box::new(TaskCell { header, outcome: One::new(), body: UnsafeCell::new(Some(body)) });
    let cell = NonNull::from(Box::leak(cell));
    // SAFETY: the cell is alive; this only computes the address of its field.
    let outcome = unsafe { NonNull::new_unchecked(&raw mut (*cell.as_ptr()).outcome) };
    // SAFETY: a header starts with two references: this is the queue's.
    let queued = unsafe { TaskRef::from_raw(cell.cast()) };
    // SAFETY: and this is the join handle's.
    let task = unsafe { TaskRef::from_raw(cell.cast()) };
    (queued, Joinable { task, outcome })
}

/// Runs the body, on the task's own stack, ends its task-locals, calls `ended`, and delivers what came of it.
///
/// # Safety
/// `header` begins a `TaskCell<F, T>`, and the caller is its body-starter.
unsafe fn run<F: FnOnce() -> T, T>(header: &Header, ended: fn(&Header)) {
    // SAFETY: this function is in the vtable of cells of this type alone.
    let cell = unsafe { &*core::ptr::from_ref(header).cast::<TaskCell<F, T>>() };
    // SAFETY: body-starter — the home worker runs a task once.
    let body = unsafe { cell.take_body() }.expect("a task runs once");
    let outcome = if header.limits.is_cancelled() {
        // Dropped here, not in the scheduler: a destructor of the user's may want to suspend.
        catch_unwind(AssertUnwindSafe(|| drop(body))).and_then(|()| Err(Box::new(CancelUnwind)))
    } else {
        catch_unwind(AssertUnwindSafe(body))
    };
    end_locals(header);
    ended(header);
    deliver(cell, outcome.map_err(|payload| explain(header, payload)));
    // A result that nobody wanted was dropped there, and its destructor may have made more of them.
    end_locals(header);
}

/// Drops the body unrun, and delivers why.
///
/// # Safety
/// As for [`run`].
unsafe fn refuse<F: FnOnce() -> T, T>(header: &Header, source: StackError) {
    // SAFETY: this function is in the vtable of cells of this type alone.
    let cell = unsafe { &*core::ptr::from_ref(header).cast::<TaskCell<F, T>>() };
    // SAFETY: body-starter — the home worker failed to start the task, and will not try again.
    let body = unsafe { cell.take_body() };
    quietly(|| drop(body));
    let task = header.info().to_string().into();
    deliver(cell, Err(JoinError::NoStack { task, source: Box::new(source) }));
}

/// Frees the allocation.
///
/// # Safety
/// `header` begins a `TaskCell<F, T>` made by [`allocate`], and the last reference to it is gone.
unsafe fn free<F, T>(header: NonNull<Header>) {
    // SAFETY: counted — the last reference is gone, and the allocation was made by `allocate` for this type.
    let cell = unsafe { Box::from_raw(header.cast::<TaskCell<F, T>>().as_ptr()) };
    quietly(|| drop(cell));
}

/// Destroys the task-locals. Masked, because their destructors may wait, as those on the stack may.
#[inline]
fn end_locals(header: &Header) {
    if header.locals.has_any() {
        // Nothing unwinds here, at the root.
        header.limits.within(End::Mask, false, |_| header.locals.end());
    }
}

fn deliver<F, T>(cell: &TaskCell<F, T>, outcome: Outcome<T>) {
    match cell.outcome.put(outcome) {
        Ok(wake) => wake_if_any(wake, Urgency::Next),
        Err(unclaimed) => {
            if let Err(error @ (JoinError::Panicked(_) | JoinError::NoStack { .. })) = &unclaimed {
                report_unjoined(error);
            }
            quietly(|| drop(unclaimed));
        }
    }
}

fn explain(header: &Header, payload: Box<dyn Any + Send>) -> JoinError {
    let task = header.info().to_string().into();
    if payload.is::<CancelUnwind>() {
        JoinError::Cancelled { task }
    } else {
        JoinError::Panicked(TaskPanic::new(task, payload))
    }
}

/// Nobody joined the task, so nobody else can tell the user.
fn report_unjoined(error: &JoinError) {
    use std::io::Write;
    // A closed stderr is no reason to fail.
    let _ = writeln!(std::io::stderr().lock(), "moonfleet: {error} (nobody joined it)");
}
