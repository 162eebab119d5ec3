//! The current worker and task of this thread: where blocking code meets the scheduler.
//!
//! - [`storm`]: which of a worker's tasks unwind.
//! - [`local`]: a worker's own run queues, timers and counters, touched by its thread alone.
//! - [`counters`]: what a worker counts, readable by anybody; [`running`]: which task it runs.
//! - this file: the thread-local that finds them, and the wake that crosses or stays.
//!
//! A started task never changes its thread, so a reference found here stays right over a suspension.

#![allow(unsafe_code, reason = "keeps the current worker in a thread-local raw pointer")]

pub(crate) mod counters;
pub(crate) mod storm;
pub(crate) mod local;
pub(crate) mod running;

use core::cell::Cell;
use core::ptr::{self, NonNull};

use self::local::Local;
use crate::home::Home;
use crate::stack::Overflowing;
use crate::sys::clock;
use crate::task::claim::Told;
use crate::task::header::{Header, TaskRef};
use crate::wait::waiter::{Urgency, Waiter};

thread_local! {
    /// INVARIANT(local-lives): null, or the `Local` of the worker that runs this thread; set by [`enter`]
    /// for as long as the guard lives.
    static LOCAL: Cell<*const Local> = const { Cell::new(ptr::null()) };
}

/// Makes `local` this thread's worker while the guard lives.
pub(crate) fn enter(local: &Local) -> Entered<'_> {
    LOCAL.set(local);
    Entered { _local: local }
}

/// This thread belongs to a worker.
#[derive(Debug)]
pub(crate) struct Entered<'a> {
    _local: &'a Local,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        LOCAL.set(ptr::null());
    }
}

/// The worker of this thread, if it is one.
///
/// The reference is as long as the caller says: a worker's `Local` lives until every task of it has ended
/// and the worker's loop has returned, and only those run on its thread.
///
/// Never inlined, so that no task that has changed its worker goes on with the address it had before.
#[inline(never)]
pub(crate) fn local<'a>() -> Option<&'a Local> {
    // SAFETY: local-lives — code on this thread runs inside the worker's loop, within the guard.
    unsafe { LOCAL.get().as_ref() }
}

/// The worker of this thread and the task that it runs, if it runs one.
#[inline]
pub(crate) fn current<'a>() -> Option<(&'a Local, &'a Header)> {
    let local = local()?;
    // SAFETY: home-thread — the current task is kept by the worker's loop while it runs.
    let task = unsafe { local.current()?.as_ref() };
    Some((local, task))
}

/// Wakes the task that `waiter` is embedded in: a push on its home's run queue or into its home's inbox.
///
/// # Safety
/// The waiter is a task's, and was fired; this is the one wake for that.
pub(crate) unsafe fn wake_task(waiter: NonNull<Waiter>, urgency: Urgency) {
    // SAFETY: the caller's promise; only task headers are given this function.
    let task = unsafe { Header::of_waiter(waiter) };
    // SAFETY: a suspended task is kept by its own suspension, until it is resumed.
    let header = unsafe { task.as_ref() };
    match local() {
        Some(local) if header.is_at(local.home()) => local.wake(task, urgency),
        here => {
            if let Some(local) = here {
                local.counters().wakes_remote.add(1);
            }
            let home = header.home().expect("a waiting task has started, and has a home");
            // SAFETY: link-owner — a suspended task is in no queue, and it is fired once; it stays until it is
            // drained.
            unsafe { home.deliver(header.link()) };
        }
    }
}

/// Tells a task to end: its present wait, and every later one, is interrupted.
pub(crate) fn cancel(task: &TaskRef) {
    if let Told::Home(home) = task.tell_to_end() {
        look_at_limits_at(home, task);
    }
}

/// A limit of a started task may be over: its present wait is to end if so.
pub(crate) fn look_at_limits(task: &TaskRef) {
    if let Some(home) = task.home_or_tell_claimer() {
        look_at_limits_at(home, task);
    }
}

fn look_at_limits_at(home: &'static Home, task: &TaskRef) {
    match local() {
        // Here, it happens at once.
        Some(local) if ptr::eq(local.home(), home) => local.look_at_limits(task, clock::now_ns()),
        _ => task.summon(home),
    }
}

/// What to say if the current task has overflowed its stack. Called by the signal handler: no allocation.
pub(crate) fn overflowing() -> Option<Overflowing> {
    let (_, task) = current()?;
    let info = task.info();
    let limit = task.stack_limit.get();
    let (name, name_len) = info.name().map_or((ptr::null(), 0), |name| (name.as_ptr(), name.len()));
    Some(Overflowing {
        guard: limit..limit + info.stack_class.guard(),
        usable_bytes: info.stack_class.usable(),
        id: info.id,
        name,
        name_len,
    })
}
