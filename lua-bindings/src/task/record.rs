//! [`Task`]: what is known of a task, from its spawn until the last handle is gone.

#![allow(unsafe_code, reason = "results live on the stack of another Lua thread")]

use std::cell::{Cell, OnceCell};
use std::ffi::c_int;

use crate::raw::ffi::*;
use crate::raw::{Entry, Frame, Raise, Scope, compat};
use crate::state::Phase;
use crate::value::Handle;

/// A task of this state.
///
/// INVARIANT(thread): until the task has ended, `thread` is a live Lua thread: the registry holds the task's userdata,
/// to which it is tied. Afterwards the userdata is tied to `results`, if there are any: a thread that runs nothing and
/// that scripts never see, with what `xpcall` returned on its stack: `true` and values, or `false` and the error.
pub(crate) struct Task {
    name: Option<Box<str>>,
    number: u64,
    pub(super) thread: *mut lua_State,
    /// Null before the end, and after an end without results.
    results: Cell<*mut lua_State>,
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
            results: Cell::new(std::ptr::null_mut()),
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

    /// Moves what `xpcall` returned off the thread, which whoever has kept it then finds dead. Runs on the thread,
    /// as the last thing that it does; nothing is collected between this and its end. `[-all, +0, -]`
    pub(super) fn keep_results(&self, frame: Frame<'_>) {
        let count = frame.top();
        if count == 1 && frame.boolean(1) {
            frame.pop(1);
            return;
        }
        let mut holder = Holder { of: self.thread, made: std::ptr::null_mut() };
        if frame.protect(count, &mut holder, Holder::fill).is_ok() {
            self.results.set(holder.made);
        } else {
            // There is no memory for a holder. The thread keeps the error, which says so.
            frame.push_boolean(false);
            // SAFETY: two values are on the stack.
            unsafe { lua_insert(frame.state(), 1) };
            self.results.set(self.thread);
        }
    }

    /// Pushes a copy of the results onto another stack. `[-0, +n, -]`
    pub(super) fn push_results(&self, frame: Frame<'_>) -> Result<c_int, Raise> {
        if self.results.get().is_null() {
            frame.push_boolean(true);
            return Ok(1);
        }
        // SAFETY: INVARIANT(thread); the caller waited for an ended phase.
        let results = unsafe { Frame::new(self.results.get()) };
        let count = results.top();
        if !(frame.reserve(count) && results.reserve(count.min(Frame::COPIED_AT_ONCE))) {
            return Err(Raise::error("too many results"));
        }
        results.copy_to(frame, 1, count);
        Ok(count)
    }
}

/// A Lua thread in the making, to hold the results of another.
struct Holder {
    of: *mut lua_State,
    made: *mut lua_State,
}

impl Holder {
    /// Moves all values on the stack to a new thread, and ties that to the userdata of the task. `[-all, +0, m]`
    fn fill(scope: Scope<'_>, holder: &mut Holder) -> c_int {
        let (l, count) = (scope.state(), scope.top());
        scope.grow(8);
        // SAFETY: plain-frames; the task is still filed under its thread.
        unsafe {
            let made = lua_newthread(l);
            if lua_checkstack(made, count) == 0 {
                lua_pushstring(l, c"not enough memory for the results of a task".as_ptr());
                lua_error(l);
            }
            lua_insert(l, 1);
            lua_xmove(l, made, count);
            Entry::Tasks.push(l);
            lua_rawgetp(l, -1, holder.of.cast_const().cast());
            lua_pushvalue(l, 1);
            compat::tie(l, -2);
            holder.made = made;
        }
        0
    }
}
