//! [`LuaState`]: the owner of one `lua_State`. It lives inside one native task, and so on one worker.

#![allow(unsafe_code, reason = "owns a raw state")]

use std::ffi::{CStr, c_int};
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::rc::Rc;

use crate::raw::chunk::Source;
use crate::raw::ffi::*;
use crate::raw::pool::Pool;
use crate::raw::warn::Warnings;
use crate::raw::{Entry, Frame, Kind, Raise, compat};
use crate::state::fleet::Berth;
use crate::state::open;
use crate::state::{Fleet, Local, Phase, Wait};

/// An open Lua state, its main thread at rest unless a method runs.
///
/// INVARIANT(owner): not `Send`, so opened, used and closed by one worker (own-worker). Closed only when no task
/// has a native stack in it; otherwise it stays open for good. What `lua` points to, the pool and the warnings, is
/// ours, and goes after it.
pub(crate) struct LuaState {
    lua: NonNull<lua_State>,
    pool: NonNull<Pool>,
    warnings: NonNull<Warnings>,
    local: ManuallyDrop<Rc<Local>>,
    berth: Berth,
}

impl LuaState {
    /// Opens a state on the calling worker, with libraries, `arg`, `package.preload` and `LUA_INIT` in place.
    /// Its main task has this name.
    pub(crate) fn open(berth: Berth, name: &str) -> Result<Self, String> {
        let worker = moonfleet::worker_index().unwrap_or(0);
        let settings = berth.settings().clone();
        let (pool, warnings) = (Pool::new(settings.memory_limit), Box::<Warnings>::default());
        let (pool, warnings) = (NonNull::from(Box::leak(pool)), NonNull::from(Box::leak(warnings)));
        // SAFETY: both go into the `LuaState` beside the state.
        let lua = NonNull::new(unsafe { compat::new_state(pool.as_ptr(), warnings.as_ptr()) });
        let Some(lua) = lua else {
            // SAFETY: there is no state that would point to them.
            unsafe { free(pool, warnings) };
            return Err("cannot create a Lua state: not enough memory".to_owned());
        };
        let local = Local::new(berth.fleet().clone(), worker, settings, name, lua.as_ptr());
        let state = Self { lua, pool, warnings, local: ManuallyDrop::new(local), berth };
        // SAFETY: new, and ours.
        match unsafe { open::open(lua.as_ptr(), &state.local) } {
            Ok(()) => Ok(state),
            Err(raise) => Err(state.error_text(raise)),
        }
    }

    /// The stack of the main thread.
    pub(crate) fn frame(&self) -> Frame<'_> {
        // SAFETY: INVARIANT(owner); `&self` is used only by the main task, which runs the main thread.
        unsafe { Frame::new(self.lua.as_ptr()) }
    }

    pub(crate) fn local(&self) -> &Local {
        &self.local
    }

    pub(crate) fn fleet(&self) -> &Fleet {
        self.berth.fleet()
    }

    /// Runs a chunk on the main thread, without arguments. The error has a traceback.
    pub(crate) fn run(&self, source: Source<'_>) -> Result<(), String> {
        let frame = self.frame();
        self.conclude(frame.load(source).and_then(|()| frame.call(0, Entry::Explain)))
    }

    /// Runs the script on the main thread, with the elements of the global `arg` as its arguments.
    pub(crate) fn run_script(&self, source: Source<'_>) -> Result<(), String> {
        let frame = self.frame();
        let outcome = frame.load(source).and_then(|()| {
            let count = push_arguments(frame)?;
            frame.call(count, Entry::Explain)
        });
        self.conclude(outcome)
    }

    /// Requires `module`, and makes what that gives the global `global`.
    pub(crate) fn require(&self, global: &CStr, module: &CStr) -> Result<(), String> {
        let frame = self.frame();
        let outcome = frame.protect(0, &mut &*module, |scope, module| {
            scope.push_global(c"require");
            scope.push_bytes(module.to_bytes());
            2
        });
        let outcome = outcome.and_then(|_| {
            let results = frame.call(1, Entry::Explain)?;
            // `require` of a script's own may give anything.
            frame.keep(results, 1);
            frame.protect(1, &mut &*global, |scope, global| {
                scope.set_global(global);
                0
            })
        });
        self.conclude(outcome)
    }

    /// Turns warnings on.
    pub(crate) fn turn_warnings_on(&self) {
        self.frame().warn(c"@on");
    }

    /// Leaves nothing on the stack, and makes a text of an error.
    fn conclude(&self, outcome: Result<c_int, Raise>) -> Result<(), String> {
        let outcome = outcome.map(drop).map_err(|raise| self.error_text(raise));
        self.frame().pop(self.frame().top());
        outcome
    }

    /// Waits in `operation`, while the tasks of this state run.
    pub(crate) fn wait<R>(&self, wait: Wait, operation: impl FnOnce() -> R) -> Result<R, Raise> {
        self.local.wait(self.frame(), wait, operation)
    }

    /// Takes the error that `raise` stands for off the stack.
    pub(crate) fn error_text(&self, raise: Raise) -> String {
        match raise {
            Raise::Top => {
                let text = self.frame().text(-1);
                self.frame().pop(1);
                text.unwrap_or_else(|| "error without a message".to_owned())
            }
            Raise::Error(text) | Raise::Argument { text, .. } => text.into_owned(),
            Raise::Expected { expected, .. } => format!("{} expected", expected.to_string_lossy()),
        }
    }

    /// Whether this state's main task is the only Lua left in the process.
    pub(crate) fn is_alone(&self) -> bool {
        self.local.is_quiet() && self.fleet().size() == 1
    }

    /// The main task has ended in this phase. Waits for the others of this state, then closes it: finalizers run. If
    /// the runtime shuts down under suspended tasks, whose native stacks have frames in the state, it stays open.
    pub(crate) fn close(self, phase: Phase) {
        self.local.drain(phase);
    }
}

impl Drop for LuaState {
    fn drop(&mut self) {
        if !self.local.is_quiet() {
            return;
        }
        self.local.close();
        // SAFETY: INVARIANT(owner): no task is left. The state is closed before what it points to goes.
        unsafe {
            lua_close(self.lua.as_ptr());
            free(self.pool, self.warnings);
            ManuallyDrop::drop(&mut self.local);
        }
    }
}

/// Frees what a state points to.
///
/// # Safety
/// Both were leaked by `open`, and no state points to them.
unsafe fn free(pool: NonNull<Pool>, warnings: NonNull<Warnings>) {
    // SAFETY: the caller's.
    drop(unsafe { (Box::from_raw(pool.as_ptr()), Box::from_raw(warnings.as_ptr())) });
}

/// Pushes the elements of the global `arg`, as the stock interpreter does for a script. `[-0, +n, -]`
fn push_arguments(frame: Frame<'_>) -> Result<c_int, Raise> {
    frame.protect(0, &mut (), |scope, ()| {
        scope.push_global(c"arg");
        1
    })?;
    let table = frame.top();
    if frame.kind(table) != Kind::Table {
        return Err(Raise::error("'arg' is not a table"));
    }
    let count =
        c_int::try_from(frame.raw_length(table)).ok().filter(|&count| frame.reserve(count.saturating_add(3)));
    let count = count.ok_or_else(|| Raise::error("too many arguments to script"))?;
    for n in 1..=count {
        frame.raw_get_index(table, n.into());
    }
    frame.remove(table);
    Ok(count)
}
