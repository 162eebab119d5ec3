//! The header of a task: what the scheduler sees, the same for every task whatever it computes.

#![allow(unsafe_code, reason = "tasks are reached through counted raw pointers")]

use core::cell::Cell;
use core::mem::offset_of;
use core::num::{NonZeroU32, NonZeroU64};
use core::ptr::{self, NonNull};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};

use super::locals::Locals;
use crate::coroutine::{Coroutine, Suspender};
use crate::home::Home;
use crate::home::inbox::Link;
use crate::stack::{StackClass, StackError};
use crate::wait::waiter::{Urgency, Waiter};

/// What never changes about a task.
#[derive(Debug)]
pub(crate) struct Info {
    pub(crate) id: u64,
    pub(crate) name: Option<Arc<str>>,
    /// The task of the same runtime that spawned it.
    pub(crate) parent: Option<NonZeroU64>,
    pub(crate) stack_class: StackClass,
}

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "task '{name}' ({})", self.id),
            None => write!(f, "task {}", self.id),
        }
    }
}

/// What a task does, for whoever holds only its header.
#[derive(Debug)]
pub(crate) struct Vtable {
    /// Runs the body on the current stack, calls the function, and delivers the outcome; never unwinds.
    pub(crate) run: unsafe fn(&Header, fn(&Header)),
    /// Drops the body unrun and delivers "no stack".
    pub(crate) refuse: unsafe fn(&Header, StackError),
    /// Frees the allocation.
    pub(crate) free: unsafe fn(NonNull<Header>),
}

/// The header. Who may touch which field: see the [module](super).
#[repr(C)]
pub(crate) struct Header {
    waiter: Waiter,
    link: Link,
    home: Cell<*const Home>,
    refs: AtomicUsize,
    vtable: &'static Vtable,
    pub(crate) coroutine: Cell<Option<Coroutine>>,
    pub(crate) suspender: Cell<Option<Suspender>>,
    pub(crate) stack_limit: Cell<usize>,
    pub(crate) owned: Owned,
    pub(crate) cancelled: Cell<bool>,
    /// It is known to have begun to unwind: by a cancel, or because it waited when nobody else could be meant.
    pub(crate) unwinds: Cell<bool>,
    /// The era of its worker in which it was suspended as one that may be unwinding.
    pub(crate) suspect_in: Cell<Option<NonZeroU32>>,
    /// Empty again before the last reference goes: INVARIANT(locals-end).
    pub(crate) locals: Locals,
    claimed: AtomicBool,
    info: Info,
}

/// Neighbours in the home worker's list of started tasks.
#[derive(Debug)]
pub(crate) struct Owned {
    pub(crate) prev: Cell<Option<NonNull<Header>>>,
    pub(crate) next: Cell<Option<NonNull<Header>>>,
}

impl Header {
    /// The header of an unstarted task, with one reference for the queue and one for the join handle.
    ///
    /// # Safety
    /// `wake` queues the task whose header holds the waiter at its home, from any thread; `vtable` belongs
    /// to the allocation that this header begins.
    pub(crate) unsafe fn new(
        info: Info,
        vtable: &'static Vtable,
        wake: unsafe fn(NonNull<Waiter>, Urgency),
    ) -> Self {
        Self {
            // SAFETY: passed on to the caller.
            waiter: unsafe { Waiter::new(wake) },
            link: Link::new(),
            home: Cell::new(ptr::null()),
            refs: AtomicUsize::new(2),
            vtable,
            coroutine: Cell::new(None),
            suspender: Cell::new(None),
            stack_limit: Cell::new(0),
            owned: Owned { prev: Cell::new(None), next: Cell::new(None) },
            cancelled: Cell::new(false),
            unwinds: Cell::new(false),
            suspect_in: Cell::new(None),
            locals: Locals::default(),
            claimed: AtomicBool::new(false),
            info,
        }
    }

    /// The task's waiter.
    #[inline]
    pub(crate) fn waiter(&self) -> &Waiter {
        &self.waiter
    }

    /// The task's inbox link.
    #[inline]
    pub(crate) fn link(&self) -> NonNull<Link> {
        NonNull::from(&self.link)
    }

    /// What never changes about the task.
    pub(crate) fn info(&self) -> &Info {
        &self.info
    }

    /// What the task does.
    #[inline]
    pub(crate) fn vtable(&self) -> &'static Vtable {
        self.vtable
    }

    /// The worker the task belongs to; null before it is pinned.
    #[inline]
    pub(crate) fn home(&self) -> *const Home {
        self.home.get()
    }

    /// Makes `home` the task's home for life, and takes the task off the market for thieves.
    ///
    /// # Safety
    /// The task is unstarted, the caller alone may start it, and `home` outlives it.
    pub(crate) unsafe fn pin_to(&self, home: *const Home) {
        self.home.set(home);
        // ORDER: Relaxed; the caller alone may start the task, so nobody races for the claim.
        self.claimed.store(true, Ordering::Relaxed);
    }

    /// Claims the start of a stealable task: true for one caller, who now starts it.
    #[inline]
    pub(crate) fn claim(&self) -> bool {
        // ORDER: Acquire; pairs with the Release that published the task through a queue, for a claimer that
        // came by the join handle instead. Losers read nothing. An exchange: claims race.
        !self.claimed.swap(true, Ordering::Acquire)
    }

    /// The header that `waiter` is embedded in.
    ///
    /// # Safety
    /// `waiter` was obtained by [`Header::waiter`].
    #[inline]
    pub(crate) unsafe fn of_waiter(waiter: NonNull<Waiter>) -> NonNull<Header> {
        const { assert!(offset_of!(Header, waiter) == 0, "the waiter comes first") };
        waiter.cast()
    }

    /// The header that `link` is embedded in.
    ///
    /// # Safety
    /// `link` was obtained by [`Header::link`].
    #[inline]
    pub(crate) unsafe fn of_link(link: NonNull<Link>) -> NonNull<Header> {
        // SAFETY: the link lies at this offset within the header that contains it.
        unsafe { link.byte_sub(offset_of!(Header, link)) }.cast()
    }
}

/// A counted reference to a task.
pub(crate) struct TaskRef(NonNull<Header>);

// SAFETY: what a task reference lets other threads touch is atomic or immutable; see the module's table.
unsafe impl Send for TaskRef {}

impl TaskRef {
    /// Takes over one reference.
    ///
    /// # Safety
    /// The caller owns a reference to the task, and gives it away.
    #[inline]
    pub(crate) unsafe fn from_raw(header: NonNull<Header>) -> Self {
        Self(header)
    }

    /// Gives the reference away as a pointer.
    #[inline]
    pub(crate) fn into_raw(self) -> NonNull<Header> {
        core::mem::ManuallyDrop::new(self).0
    }
}

impl core::ops::Deref for TaskRef {
    type Target = Header;

    #[inline]
    fn deref(&self) -> &Header {
        // SAFETY: counted — this reference keeps the allocation.
        unsafe { self.0.as_ref() }
    }
}

impl Clone for TaskRef {
    fn clone(&self) -> Self {
        // ORDER: Relaxed; a new reference is made from an existing one, which keeps the task meanwhile.
        self.refs.fetch_add(1, Ordering::Relaxed);
        Self(self.0)
    }
}

impl Drop for TaskRef {
    #[inline]
    fn drop(&mut self) {
        // ORDER: Release; pairs with the fence below; our last accesses come before the free.
        if self.refs.fetch_sub(1, Ordering::Release) == 1 {
            // ORDER: Acquire; pairs with the Release of every other drop.
            fence(Ordering::Acquire);
            let free = self.vtable.free;
            // SAFETY: counted — that was the last reference.
            unsafe { free(self.0) };
        }
    }
}

impl fmt::Debug for TaskRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskRef({})", self.info)
    }
}
