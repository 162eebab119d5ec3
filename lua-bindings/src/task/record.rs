//! [`Task`]: what is known of a task, from its spawn until the last handle is gone.

#![allow(unsafe_code, reason = "results live on the stack of another Lua thread")]

use std::cell::{Cell, OnceCell};
use std::ffi::c_int;

use crate::raw::ffi::*;
use crate::raw::{Frame, Raise};
use crate::state::Phase;
use crate::value::Handle;

/// A task of this state.
///
/// INVARIANT(thread): `thread` is a live Lua thread for as long as a handle or the registry holds the task's
/// userdata, which is tied to it. Once the phase is an ended one, its stack holds the results of `xpcall`: `true`
/// and values, or `false` and the error.
pub(crate) struct Task {
    name: Option<Box<str>>,
    number: u64,
    pub(super) thread: *mut lua_State,
    pub(super) phase: Cell<Phase>,
    pub(super) joiners: Cell<usize>,
    /// Closed when the task ends; made by the first who waits for that.
    latch: OnceCell<Handle>,
}

impl Task {
    pub(super) fn new(name: Option<Box<str>>, number: u64, thread: *mut lua_State) -> Self {
        Self {
            name,
            number,
            thread,
            phase: Cell::new(Phase::Ready),
            joiners: Cell::new(0),
            latch: OnceCell::new(),
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase.get()
    }

    /// The given name, or `task` and its number.
    pub(crate) fn name(&self) -> String {
        self.name.as_deref().map_or_else(|| format!("task {}", self.number), str::to_owned)
    }

    /// A channel that closes when the task ends.
    pub(super) fn latch(&self) -> &Handle {
        self.latch.get_or_init(|| {
            let latch = Handle::rendezvous();
            if self.phase().is_ended() {
                latch.sender().close();
            }
            latch
        })
    }

    /// Sets the final phase, and lets go those who wait for it.
    pub(super) fn end(&self, phase: Phase) {
        self.phase.set(phase);
        if let Some(latch) = self.latch.get() {
            latch.sender().close();
        }
    }

    /// Pushes a copy of the results onto another stack. `[-0, +n, -]`
    pub(super) fn push_results(&self, frame: Frame<'_>) -> Result<c_int, Raise> {
        // SAFETY: INVARIANT(thread); the caller waited for an ended phase.
        let results = unsafe { Frame::new(self.thread) };
        let count = results.top();
        if !frame.reserve(count) || !results.reserve(1) {
            return Err(Raise::error("too many results"));
        }
        for index in 1..=count {
            results.push_copy(index);
            // SAFETY: both threads belong to this state; the slots are there.
            unsafe { lua_xmove(self.thread, frame.state(), 1) };
        }
        Ok(count)
    }
}
