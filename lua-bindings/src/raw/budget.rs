//! [`Budget`]: how many instructions the tasks of a state may execute, all together. A count hook takes them off.
//!
//! Once it is spent, every Lua thread of the state fails at its next instruction, and does so again after each
//! protected call that catches the error: nothing in Lua outlives it. Time in C functions is not counted.
//!
//! A Lua thread starts with the hook of the one that creates it, and counts for itself. So what a coroutine does before
//! its first [`BATCH`] of instructions is over goes uncounted; batches are small to keep that small. The same goes for the
//! batch that the end of a slice cuts short: [`slice`] takes the place of this hook, and puts it back anew.

#![allow(unsafe_code, reason = "a hook")]
#![cfg_attr(feature = "luajit", allow(dead_code, reason = "compiled code of LuaJIT calls no hooks"))]

use std::cell::Cell;
use std::ffi::c_int;

use super::ffi::*;
use super::registry::Entry;
use super::{compat, slice};

/// How many instructions are taken off at a time.
const BATCH: c_int = 100;

/// The instructions that are left; `None` without a limit.
#[derive(Debug, Default)]
pub(crate) struct Budget(Cell<Option<u64>>);

impl Budget {
    pub(crate) fn new(instructions: Option<u64>) -> Self {
        Self(Cell::new(instructions))
    }

    /// How many are left.
    pub(crate) fn left(&self) -> Option<u64> {
        self.0.get()
    }

    /// Whether there is a limit, and it is reached.
    pub(crate) fn is_spent(&self) -> bool {
        self.0.get() == Some(0)
    }

    /// Sets what is left, if there is a limit.
    pub(crate) fn refill(&self, instructions: u64) {
        if self.0.get().is_some() {
            self.0.set(Some(instructions));
        }
    }

    /// Has the threads of a new state pay. `[-0, +0, m]`
    ///
    /// # Safety
    /// plain-frames; `l` is the main thread, has created no other yet, and does not outlive the budget.
    pub(crate) unsafe fn install(&self, l: *mut lua_State) {
        // SAFETY: the caller's; one slot.
        unsafe {
            lua_pushlightuserdata(l, std::ptr::from_ref(self).cast_mut().cast());
            Entry::Budget.set(l);
            compat::set_hook(l, Some(charge), LUA_MASKCOUNT, BATCH);
        }
    }
}

/// The hook. `[-0, +0, e]`
///
/// The end of a slice may come at any point of it, also before the first: then `l` has another hook by now.
unsafe extern "C-unwind" fn charge(l: *mut lua_State, _: *mut lua_Debug) {
    // SAFETY: plain-frames; `install` filed the budget, which lives. A hook has 20 free slots.
    unsafe {
        Entry::Budget.push(l);
        let budget = lua_touserdata(l, -1).cast::<Budget>();
        lua_pop(l, 1);
        let Some(budget) = budget.as_ref() else { return };
        slice::with_own_hooks(|| budget.take_batch(l));
        if budget.is_spent() {
            luaL_where(l, 0);
            lua_pushstring(l, c"instruction budget exhausted".as_ptr());
            lua_concat(l, 2);
            lua_error(l);
        }
    }
}

impl Budget {
    /// Takes off what `l` has executed since the hook was called last. Once nothing is left, each instruction calls it.
    /// `[-0, +0, -]`
    unsafe fn take_batch(&self, l: *mut lua_State) {
        // SAFETY: the caller's: `l` runs, and has its own hook.
        unsafe {
            let batch = lua_gethookcount(l);
            let left = self.left().unwrap_or(u64::MAX).saturating_sub(batch.unsigned_abs().into());
            self.refill(left);
            let next = if left == 0 { 1 } else { BATCH };
            if batch != next {
                compat::set_hook(l, Some(charge), LUA_MASKCOUNT, next);
            }
        }
    }
}
