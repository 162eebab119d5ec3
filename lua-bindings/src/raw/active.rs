//! Which Lua threads are active on this OS thread: the one that runs, and those that wait for it to yield or return.
//!
//! ```text
//!   INNERMOST ─▶ Link { coroutine } ─▶ Link { coroutine } ─▶ Link { thread of the task } ─▶ ∅
//! ```
//! Each link lives in the native frame that drives its Lua thread. A task that suspends takes the whole chain with it,
//! and brings it back; so the chain tells a traceback of a suspended task where the task is, and a signal handler which
//! Lua thread it has interrupted ([`slice`](super::slice)).

#![allow(unsafe_code, reason = "follows links that live on native stacks")]

use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering, compiler_fence};

use super::ffi::lua_State;
use super::slice;

/// One active Lua thread.
pub(crate) struct Link {
    state: *mut lua_State,
    outer: *mut Link,
}

thread_local! {
    /// INVARIANT(innermost): null, or the first link of the chain of the task that runs on this OS thread. Links are
    /// complete before they are reachable from here, and unreachable before their frame ends.
    ///
    /// Atomic because a signal handler of this thread reads it; no other thread does. So Relaxed is enough.
    static INNERMOST: AtomicPtr<Link> = const { AtomicPtr::new(null_mut()) };

    /// Whether signal handlers are to leave the running Lua thread alone.
    static HIDDEN: AtomicBool = const { AtomicBool::new(false) };
}

#[inline]
fn innermost() -> *mut Link {
    // ORDER: Relaxed; this thread's own.
    INNERMOST.with(|innermost| innermost.load(Ordering::Relaxed))
}

#[inline]
fn set_innermost(link: *mut Link) {
    // ORDER: Release; a compiler barrier, no more: the handler that reads the pointer finds the link complete.
    INNERMOST.with(|innermost| innermost.store(link, Ordering::Release));
}

/// Runs `drive`, during which `state` is the Lua thread that runs.
///
/// # Safety
/// `drive` does not raise: whatever it drives ends in a protected call or a resume.
#[inline]
pub(crate) unsafe fn enter<R>(state: *mut lua_State, drive: impl FnOnce() -> R) -> R {
    let outer = innermost();
    let mut link = Link { state, outer };
    set_innermost(&raw mut link);
    slice::follow(state);
    let result = drive();
    set_innermost(outer);
    // SAFETY: INVARIANT(innermost); the outer link's frame is below this one.
    slice::follow(unsafe { state_of(outer) });
    result
}

/// The chain of a task that suspends.
#[derive(Clone, Copy)]
pub(crate) struct Chain(*mut Link);

impl Chain {
    /// The chain of a task that has not started, or has ended.
    pub(crate) const NONE: Self = Self(null_mut());

    /// Takes the running task's chain off this OS thread: the task suspends. A slice that was over is forgotten.
    #[inline]
    pub(crate) fn take() -> Self {
        let chain = Self(innermost());
        set_innermost(null_mut());
        slice::follow(null_mut());
        chain
    }

    /// The task goes on.
    #[inline]
    pub(crate) fn put_back(self) {
        set_innermost(self.0);
        set_hidden(false);
    }

    /// The chain of the task that runs on this OS thread.
    pub(crate) fn current() -> Self {
        Self(innermost())
    }

    /// The Lua threads, the innermost first.
    ///
    /// # Safety
    /// It is the current chain, or was taken and has not been put back: its frames are suspended.
    pub(crate) unsafe fn states(self) -> impl Iterator<Item = *mut lua_State> + use<> {
        let mut link = self.0;
        std::iter::from_fn(move || {
            // SAFETY: INVARIANT(innermost); the frames of a suspended task stay where they are.
            let Link { state, outer } = unsafe { link.as_ref() }?;
            link = *outer;
            Some(*state)
        })
    }
}

/// The Lua thread that runs; null if none does.
pub(super) fn running() -> *mut lua_State {
    // SAFETY: INVARIANT(innermost).
    unsafe { state_of(innermost()) }
}

/// What a signal handler has interrupted.
pub(super) enum Interrupted {
    Nothing,
    /// Code that is not to be disturbed.
    Hidden,
    Running(*mut lua_State),
}

/// What a signal handler has interrupted on its own thread.
pub(super) fn interrupted() -> Interrupted {
    // ORDER: Relaxed; this thread's own.
    if HIDDEN.with(|hidden| hidden.load(Ordering::Relaxed)) {
        return Interrupted::Hidden;
    }
    match running() {
        state if state.is_null() => Interrupted::Nothing,
        state => Interrupted::Running(state),
    }
}

/// Hides the running Lua thread from signal handlers while `body` runs. If `body` raises, it stays hidden until some
/// task of this OS thread has waited: only slices last longer until then.
pub(super) fn hidden<R>(body: impl FnOnce() -> R) -> R {
    set_hidden(true);
    let result = body();
    set_hidden(false);
    result
}

#[inline]
fn set_hidden(is_hidden: bool) {
    // ORDER: Release; a compiler barrier against the handler, as in `set_innermost`.
    HIDDEN.with(|hidden| hidden.store(is_hidden, Ordering::Release));
    compiler_fence(Ordering::SeqCst);
}

/// # Safety
/// Null, or a live link.
#[inline]
unsafe fn state_of(link: *mut Link) -> *mut lua_State {
    // SAFETY: the caller's.
    unsafe { link.as_ref() }.map_or(null_mut(), |link| link.state)
}
