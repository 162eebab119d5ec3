//! The header of a task: what the scheduler sees, the same for every task whatever it computes.
//!
//! Models: header, summons, cancel.

#![allow(unsafe_code, reason = "tasks are reached through counted raw pointers")]

use core::cell::Cell;
use core::mem::offset_of;
use core::num::NonZeroU64;
use core::ptr::NonNull;
use std::fmt;
use std::sync::Arc;

use super::claim::{Claim, Told};
use super::limits::Limits;
use super::locals::Locals;
use super::summons::Summons;
use crate::coroutine::{Coroutine, Suspender};
use crate::home::Home;
use crate::home::inbox::Link;
use crate::primitive::atomic::{AtomicUsize, Ordering, fence};
use crate::stack::{StackClass, StackError};
use crate::wait::waiter::{Urgency, Waiter};

/// What never changes about a task.
#[derive(Debug)]
pub(crate) struct Info {
    pub(crate) id: u64,
    /// Behind a thin pointer: most tasks have none, and each keeps room for it.
    pub(crate) name: Option<Box<Arc<str>>>,
    /// The task of the same runtime that spawned it.
    pub(crate) parent: Option<NonZeroU64>,
    pub(crate) stack_class: StackClass,
}

/// What a task is made with.
#[derive(Debug)]
pub(crate) struct Birth {
    pub(crate) info: Info,
    pub(crate) limits: Limits,
    pub(crate) migration: Migration,
}

/// Whether a task may change its worker after it has started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Migration {
    /// Never.
    #[default]
    Never,
    /// When it is ready, it may be offered to other workers.
    Possible,
    /// It was offered: now it runs wherever it is.
    Offered,
}

impl Info {
    /// The name, if it was given one.
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref().map(|name| &**name)
    }
}

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
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
    // What every wait and wake touches comes first, in one cache line.
    waiter: Waiter,
    pub(crate) limits: Limits,
    pub(crate) suspender: Cell<Option<Suspender>>,
    claim: Claim<Home>,
    link: Link,
    pub(crate) coroutine: Cell<Option<Coroutine>>,
    refs: AtomicUsize,
    vtable: &'static Vtable,
    pub(crate) stack_limit: Cell<usize>,
    pub(crate) owned: Owned,
    /// The storm in which it waits in a destructor while it unwinds; see `context/storm.rs`.
    pub(crate) waits_in_unwind: Cell<u16>,
    /// The storm in which it was last known to unwind.
    pub(crate) unwinds: Cell<u16>,
    pub(crate) migration: Cell<Migration>,
    /// It waits with a timer of its home.
    pub(crate) has_timer: Cell<bool>,
    /// Empty again before the last reference goes: INVARIANT(locals-end).
    pub(crate) locals: Locals,
    /// By which its home is asked to look at its limits.
    summons: Summons,
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
        birth: Birth,
        vtable: &'static Vtable,
        wake: unsafe fn(NonNull<Waiter>, Urgency),
    ) -> Self {
        let Birth { info, limits, migration } = birth;
        Self {
            // SAFETY: passed on to the caller.
            waiter: unsafe { Waiter::new(wake) },
            link: Link::new(),
            claim: Claim::new(),
            refs: AtomicUsize::new(2),
            vtable,
            coroutine: Cell::new(None),
            suspender: Cell::new(None),
            stack_limit: Cell::new(0),
            owned: Owned { prev: Cell::new(None), next: Cell::new(None) },
            limits,
            waits_in_unwind: Cell::new(0),
            unwinds: Cell::new(0),
            migration: Cell::new(migration),
            has_timer: Cell::new(false),
            locals: Locals::default(),
            summons: Summons::new(),
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

    /// The worker the task belongs to, if it is claimed.
    #[inline]
    pub(crate) fn home(&self) -> Option<&'static Home> {
        self.claim.home()
    }

    /// Whether the task may change its worker after it has started.
    #[inline]
    pub(crate) fn is_migratable(&self) -> bool {
        self.migration.get() != Migration::Never
    }

    /// Whether the task belongs to the worker at `home`.
    #[inline]
    pub(crate) fn is_at(&self, home: &Home) -> bool {
        self.claim.is_at(home)
    }

    /// Claims the start of the task for `home`, its home for life: true for one caller, which belongs to that
    /// home and starts it now, or hands it over.
    #[inline]
    pub(crate) fn claim(&self, home: &'static Home) -> bool {
        self.claim.claim(home)
    }

    /// As [`Claim::give_up`].
    pub(crate) fn give_up(&self) {
        self.claim.give_up();
    }

    /// As [`Claim::home_or_tell_claimer`].
    pub(crate) fn home_or_tell_claimer(&self) -> Option<&'static Home> {
        self.claim.home_or_tell_claimer()
    }

    /// Tells the task to end. The caller tells the home, if there is one.
    pub(crate) fn tell_to_end(&self) -> Told<Home> {
        self.claim.cancel()
    }

    /// Whether the task was told to end, before it started or since.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.claim.is_cancelled()
    }

    /// A counted reference to the task.
    pub(crate) fn to_ref(&self) -> TaskRef {
        // SAFETY: counted — every header lies in a counted allocation; this borrows a reference to clone it.
        let borrowed = core::mem::ManuallyDrop::new(unsafe { TaskRef::from_raw(NonNull::from(self)) });
        TaskRef::clone(&borrowed)
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
// SAFETY: as above.
unsafe impl Sync for TaskRef {}

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

impl TaskRef {
    /// Asks `home`, where the task lives, to look at the task's limits: one of them may be over.
    pub(crate) fn summon(&self, home: &Home) {
        if home.is_vacant() {
            // The order would keep the ended task until another worker moves in.
            return;
        }
        let Some(link) = self.summons.call() else { return };
        let _kept_by_the_order = TaskRef::clone(self).into_raw();
        // SAFETY: summons-link — it is in no inbox, and the order's reference keeps it until it is drained.
        unsafe { home.order(link) };
    }

    /// The task that an order is about: from now on it may be summoned again.
    ///
    /// # Safety
    /// `link` was drained from the orders of a home, to which [`TaskRef::summon`] alone pushes.
    pub(crate) unsafe fn of_order(link: NonNull<Link>) -> Self {
        // SAFETY: the link comes from `Summons::call`.
        let summons = unsafe { Summons::of_link(link) };
        // SAFETY: the summons lies at this offset within the header that contains it.
        let header: NonNull<Header> = unsafe { summons.byte_sub(offset_of!(Header, summons)) }.cast();
        // SAFETY: counted — the order's reference is ours now.
        let task = unsafe { TaskRef::from_raw(header) };
        task.summons.answer();
        task
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
