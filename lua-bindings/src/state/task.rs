//! [`Task`]: what is known of a task, from its spawn until the last handle is gone.

#![allow(unsafe_code, reason = "results live on the stack of another Lua thread")]

use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::c_int;
use std::time::Duration;

use moonfleet::cancel::CancelHandle;
use moonfleet::channel::Sender;

use crate::raw::active::Chain;
use crate::raw::ffi::*;
use crate::raw::{Entry, Frame, Raise, Scope, compat};
use crate::state::coarse::Coarse;
use crate::state::{Phase, Wait};
use crate::value::Handle;

/// A task of this state.
///
/// INVARIANT(thread): until the task has ended, `thread` is a live Lua thread: the registry holds the task's userdata,
/// to which it is tied. Afterwards the userdata is tied to `results`, if there are any: a thread that runs nothing and
/// that scripts never see, with what `xpcall` returned on its stack: `true` and values, or `false` and the error. The
/// main task's is the main thread, which lives as long as the state.
///
/// Many are made and dropped, so it is kept small: what few tasks have is in a box.
pub(crate) struct Task {
    number: u64,
    pub(crate) thread: *mut lua_State,
    born: Coarse,
    /// Null before the end, and after an end without results.
    results: Cell<*mut lua_State>,
    phase: Cell<Phase>,
    is_unstarted: Cell<bool>,
    /// How many Rust functions of the embedder are one inside the other.
    pub(crate) nesting: Cell<u8>,
    wait: Cell<&'static &'static str>,
    /// The active Lua threads of the task, while it is suspended.
    chain: Cell<Chain>,
    pub(crate) joiners: Cell<u32>,
    /// Closed when the task ends; made by the first who waits for that.
    latch: OnceCell<Handle>,
    is_cancelled: Cell<bool>,
    /// Cancels the native task; gone when that has ended.
    native: Cell<Option<CancelHandle>>,
    rare: OnceCell<Box<Rare>>,
}

// The allocator's fastest size, counts included.
const _: () = assert!(size_of::<Task>() + 2 * size_of::<usize>() <= 120);

/// What few tasks have.
#[derive(Default)]
struct Rare {
    name: OnceCell<Box<str>>,
    /// Who is told of the end besides those who join.
    watchers: RefCell<Vec<Watcher>>,
    failure: RefCell<Option<Failure>>,
}

/// Somebody who wants to hear of the end of a task, as number so-and-so of several.
pub(crate) struct Watcher {
    pub(crate) ends: Sender<usize>,
    pub(crate) number: usize,
}

impl Watcher {
    /// Tells of the end.
    pub(crate) fn tell(self) {
        // Nobody may be left to hear it.
        let _ = self.ends.try_send(self.number);
    }
}

/// What is known of the error that ended a task, besides its value.
#[derive(Clone)]
pub(crate) struct Failure {
    /// The traceback at the place of the error.
    pub(crate) traceback: Box<[u8]>,
    /// The error is the one by which a cancel ends the task.
    pub(crate) is_cancel: bool,
}

impl Task {
    pub(crate) fn new(name: Option<Box<str>>, number: u64, thread: *mut lua_State) -> Self {
        let rare = OnceCell::new();
        if let Some(name) = name {
            let name = OnceCell::from(name);
            rare.get_or_init(|| Box::new(Rare { name, ..Rare::default() }));
        }
        Self {
            number,
            thread,
            born: Coarse::now(),
            results: Cell::new(std::ptr::null_mut()),
            phase: Cell::new(Phase::Ready),
            is_unstarted: Cell::new(true),
            nesting: Cell::new(0),
            wait: Cell::new(Wait::NOTHING.what()),
            chain: Cell::new(Chain::NONE),
            joiners: Cell::new(0),
            latch: OnceCell::new(),
            is_cancelled: Cell::new(false),
            native: Cell::default(),
            rare,
        }
    }

    #[inline]
    pub(crate) fn phase(&self) -> Phase {
        self.phase.get()
    }

    /// Whether the task has never run.
    pub(crate) fn is_unstarted(&self) -> bool {
        self.is_unstarted.get()
    }

    /// The task starts.
    pub(crate) fn start(&self) {
        self.is_unstarted.set(false);
        self.set_running();
    }

    /// The task goes on.
    #[inline]
    pub(crate) fn set_running(&self) {
        self.phase.set(Phase::Running);
        self.chain.set(Chain::NONE);
    }

    /// The task suspends.
    #[inline]
    pub(crate) fn set_suspended(&self, phase: Phase, wait: Wait, chain: Chain) {
        self.phase.set(phase);
        self.wait.set(wait.what());
        self.chain.set(chain);
    }

    /// What the task waits for, while it does.
    pub(crate) fn waits_for(&self) -> Option<&'static str> {
        (self.phase() == Phase::Waiting).then(|| *self.wait.get())
    }

    /// The active Lua threads of a task that is suspended.
    pub(crate) fn chain(&self) -> Chain {
        self.chain.get()
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Whether it is the main task of its state.
    pub(crate) fn is_main(&self) -> bool {
        self.number == 0
    }

    /// How long ago the task was spawned, to a few milliseconds.
    pub(crate) fn age(&self) -> Duration {
        self.born.elapsed()
    }

    /// The given name, or `task` and its number.
    pub(crate) fn name(&self) -> String {
        let name = self.rare.get().and_then(|rare| rare.name.get());
        name.map_or_else(|| format!("task {}", self.number), |name| name.to_string())
    }

    fn rare(&self) -> &Rare {
        self.rare.get_or_init(Box::default)
    }

    /// A channel that closes when the task ends.
    pub(crate) fn latch(&self) -> &Handle {
        self.latch.get_or_init(|| {
            let latch = Handle::rendezvous();
            if self.phase().is_ended() {
                latch.sender().close();
            }
            latch
        })
    }

    /// Has `watcher` told when the task ends, or now if it has.
    pub(crate) fn watch(&self, watcher: Watcher) {
        if self.phase().is_ended() {
            watcher.tell();
        } else {
            self.rare().watchers.borrow_mut().push(watcher);
        }
    }

    /// Sets the final phase, and lets go those who wait for it.
    pub(crate) fn end(&self, phase: Phase) {
        self.phase.set(phase);
        drop(self.native.take());
        if let Some(latch) = self.latch.get() {
            latch.sender().close();
        }
        if let Some(rare) = self.rare.get() {
            rare.watchers.take().into_iter().for_each(Watcher::tell);
        }
    }

    // ── cancelling and failing ──────────────────────────────────────────────────────────────────────────────

    /// How the native task is cancelled that runs this one.
    pub(crate) fn set_native(&self, native: CancelHandle) {
        self.native.set(Some(native));
    }

    /// Cancels the task; false if it was before. What it waits for ends at once, and so does every later wait.
    pub(crate) fn cancel(&self) -> bool {
        if self.phase().is_ended() || self.is_cancelled.replace(true) {
            return false;
        }
        let native = self.native.take();
        if let Some(native) = &native {
            native.cancel();
        }
        self.native.set(native);
        true
    }

    #[inline]
    pub(crate) fn is_cancelled(&self) -> bool {
        self.is_cancelled.get()
    }

    /// Notes an error that may end the task.
    pub(crate) fn note_failure(&self, failure: Failure) {
        self.rare().failure.replace(Some(failure));
    }

    /// What is known of the last error that was noted.
    pub(crate) fn failure(&self) -> Option<Failure> {
        self.rare.get()?.failure.borrow().clone()
    }

    // ── results ─────────────────────────────────────────────────────────────────────────────────────────────

    /// Moves what `xpcall` returned off the thread, which whoever has kept it then finds dead. Runs on the thread,
    /// as the last thing that it does; nothing is collected between this and its end. `[-all, +0, -]`
    pub(crate) fn keep_results(&self, frame: Frame<'_>) {
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

    /// Pushes a copy of the results of a task that was not cancelled onto another stack: `true` and values, or `false`
    /// and the error. `[-0, +n, -]`
    pub(crate) fn push_results(&self, frame: Frame<'_>) -> Result<c_int, Raise> {
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
