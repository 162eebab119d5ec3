//! [`LuaState`]: the owner of one `lua_State`. It lives inside one native task, and so on one worker.

#![allow(unsafe_code, reason = "owns a raw state")]

use std::ptr::NonNull;
use std::rc::Rc;

use crate::raw::chunk::Source;
use crate::raw::ffi::*;
use crate::raw::pool::Pool;
use crate::raw::warn::Warnings;
use crate::raw::{Entry, Frame, Raise, compat};
use crate::state::fleet::Berth;
use crate::state::open;
use crate::state::{Fleet, Local, Phase};

/// An open Lua state, its main thread at rest unless a method runs.
///
/// INVARIANT(owner): not `Send`, so opened, used and closed by one worker (own-worker). Closed only when no task
/// has a native stack in it; otherwise it stays open for good.
pub(crate) struct LuaState {
    lua: NonNull<lua_State>,
    /// What Lua points to; they outlive `lua`, which `drop` closes first.
    _pool: Box<Pool>,
    _warnings: Box<Warnings>,
    local: Rc<Local>,
    berth: Berth,
}

impl LuaState {
    /// Opens a state on the calling worker, with libraries, `arg`, `package.preload` and `LUA_INIT` in place.
    /// Its main task has this name.
    pub(crate) fn open(berth: Berth, name: &str) -> Result<Self, String> {
        let worker = moonfleet::worker_index().unwrap_or(0);
        let (mut pool, mut warnings) = (Pool::new(), Box::<Warnings>::default());
        // SAFETY: both go into the `LuaState` beside the state.
        let lua = NonNull::new(unsafe { compat::new_state(&raw mut *pool, &raw mut *warnings) });
        let lua = lua.ok_or("cannot create a Lua state: not enough memory")?;
        let local = Local::new(berth.fleet().clone(), worker, name, lua.as_ptr());
        let state = Self { lua, _pool: pool, _warnings: warnings, local, berth };
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

    pub(crate) fn fleet(&self) -> &Fleet {
        self.berth.fleet()
    }

    /// Runs a chunk on the main thread, with the script's arguments as its own. The error has a traceback.
    pub(crate) fn run(&self, source: Source<'_>) -> Result<(), String> {
        let frame = self.frame();
        let arguments = self.fleet().arguments.of_script();
        let outcome = frame.load(source).and_then(|()| {
            let count = frame.protect(0, &mut &*arguments, |scope, words| {
                scope.grow(words.len() as i32);
                words.iter().for_each(|word| scope.push_bytes(word.to_bytes()));
                words.len() as i32
            })?;
            frame.call(count, Entry::Explain)
        });
        let outcome = outcome.map(drop).map_err(|raise| self.error_text(raise));
        frame.pop(frame.top());
        outcome
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

    pub(crate) fn local(&self) -> &Local {
        &self.local
    }

    /// The main task has ended in this phase. Waits for the others of this state, then closes it: finalizers run.
    pub(crate) fn close(self, phase: Phase) {
        if !self.local.drain(phase) {
            // The runtime shuts down under suspended tasks; their native stacks still have frames in the state.
            std::mem::forget(self);
        }
    }
}

impl Drop for LuaState {
    fn drop(&mut self) {
        self.local.close();
        // SAFETY: INVARIANT(owner): `close` saw the tasks end, or none was ever started.
        unsafe { lua_close(self.lua.as_ptr()) }
    }
}
