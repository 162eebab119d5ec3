//! A coroutine: a suspended call on a stack of its own. The one place that names corosensei's coroutine.
//!
//! A coroutine here takes nothing in, gives nothing out and never unwinds into its resumer; whatever a task
//! reads or leaves travels through its header. Dropping one that has not finished *leaks* its stack: live
//! frames may be borrowed by others, so they are finished on their own worker or kept for ever.

#![allow(unsafe_code, reason = "switching stacks")]

use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use corosensei::{CoroutineResult, Yielder};

use crate::stack::Stack;

type Raw = corosensei::Coroutine<(), (), (), Stack>;

/// A call with its own stack.
pub(crate) struct Coroutine(ManuallyDrop<Raw>);

impl core::fmt::Debug for Coroutine {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Coroutine").field("done", &self.0.done()).finish()
    }
}

/// How a resumption ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resumed {
    /// The coroutine suspended itself.
    Suspended,
    /// Its body returned.
    Finished,
}

/// The way out of a running coroutine, valid on its stack only.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Suspender(NonNull<Yielder<(), ()>>);

impl Coroutine {
    /// A coroutine that will run `body(argument, suspender)` on `stack`.
    ///
    /// # Safety
    /// `body` may be called with `argument`, once; it must not unwind.
    pub(crate) unsafe fn new(
        stack: Stack,
        body: unsafe fn(NonNull<()>, Suspender),
        argument: NonNull<()>,
    ) -> Self {
        Self(ManuallyDrop::new(Raw::with_stack(stack, move |yielder, ()| {
            // SAFETY: promised by the caller of `new`.
            unsafe { body(argument, Suspender(NonNull::from(yielder))) }
        })))
    }

    /// Runs until the coroutine suspends or finishes.
    #[inline]
    pub(crate) fn resume(&mut self) -> Resumed {
        match self.0.resume(()) {
            CoroutineResult::Yield(()) => Resumed::Suspended,
            CoroutineResult::Return(()) => Resumed::Finished,
        }
    }

    /// The stack of a finished coroutine.
    ///
    /// # Panics
    /// If it has not finished.
    pub(crate) fn into_stack(self) -> Stack {
        ManuallyDrop::into_inner(self.0).into_stack()
    }
}

impl Suspender {
    /// Suspends the running coroutine; returns when it is resumed.
    ///
    /// # Safety
    /// Called on the stack of the coroutine that this suspender was given to, while it runs.
    #[inline]
    pub(crate) unsafe fn suspend(self) {
        // SAFETY: the yielder lives at the bottom of the running coroutine's stack.
        unsafe { self.0.as_ref() }.suspend(());
    }
}
