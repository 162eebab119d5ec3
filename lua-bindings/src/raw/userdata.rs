//! Typed userdata: one class per Rust type, one pointer-sized check to get back to it, and a weak cache that gives
//! a shared value the same handle each time it comes back to a state.
//!
//! ```text
//! userdata   ┌───────────┬─────────┐      key: tells the class; 0 before the value is there and after
//!            │ key       │ value T │           it was finalized
//!            └───────────┴─────────┘
//! registry   [T::METATABLE] = metatable      [Known] = { [number of value] = userdata }, weak
//! ```

#![allow(unsafe_code, reason = "userdata is untyped memory")]

use std::ffi::{CStr, c_int};
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::compat;
use super::ffi::*;
use super::registry::Entry;

/// A Rust type that Lua scripts hold as userdata.
pub(crate) trait Class: 'static {
    /// What error messages call it.
    const NAME: &'static CStr;

    /// Where its metatable is. The class is also known by this.
    const METATABLE: Entry;

    /// Whether a Lua value can be tied to the userdata.
    const TIES: bool = false;

    /// The metatable for this value: a class may have a second one, for values without a destructor to run.
    fn metatable(&self) -> Entry {
        Self::METATABLE
    }

    /// For classes whose values are shared: a small positive number that no other live value of the class has.
    fn number(&self) -> Option<u32> {
        None
    }
}

/// Memory of one userdata.
///
/// INVARIANT(cell): `value` is initialised exactly while `key` is `key::<T>()`.
#[repr(C)]
pub(crate) struct Cell<T> {
    key: usize,
    value: MaybeUninit<T>,
}

/// The key of a cell without a value.
const NO_VALUE: usize = 0;

/// What marks a cell of class `T`: a word that no other userdata is likely to begin with, and no light one.
const fn key<T: Class>() -> usize {
    0x6d6f_6f6e_666c_0000 | (-(T::METATABLE as isize)) as usize
}

/// A userdata on top of the stack that waits for its value.
#[must_use]
pub(crate) struct Empty<T>(*mut Cell<T>);

impl<T: Class> Empty<T> {
    /// Gives the userdata on top of the stack its value and its metatable. `[-0, +0, -]`
    ///
    /// # Safety
    /// The userdata is still on top of the stack of `l`.
    pub(crate) unsafe fn fill(self, l: *mut lua_State, value: T) {
        // SAFETY: the cell is live and empty. From the metatable on, `collect` drops the value.
        unsafe {
            let metatable = value.metatable();
            (*self.0).value.write(value);
            (*self.0).key = key::<T>();
            metatable.push(l);
            lua_setmetatable(l, -2);
        }
    }
}

/// Pushes an empty userdata. `[-0, +1, m]`
///
/// # Safety
/// plain-frames.
pub(crate) unsafe fn allocate<T: Class>(l: *mut lua_State) -> Empty<T> {
    const { assert!(align_of::<Cell<T>>() <= align_of::<usize>(), "Lua aligns userdata to words") };
    // SAFETY: the new memory is ours until it is filled; `collect` ignores an empty cell.
    unsafe {
        let cell = compat::new_userdata(l, size_of::<Cell<T>>(), T::TIES).cast::<Cell<T>>();
        (*cell).key = NO_VALUE;
        Empty(cell)
    }
}

/// The value of class `T` at `index`. `[-0, +0, -]`
///
/// # Safety
/// `l` is a valid frame, and the userdata stays alive for `'a`.
#[inline]
pub(crate) unsafe fn get<'a, T: Class>(l: *mut lua_State, index: c_int) -> Option<&'a T> {
    // SAFETY: only a full userdata has a pointer and a length; then there is memory behind it. Only `fill` writes the
    // key of `T` there: INVARIANT(cell).
    unsafe {
        let cell = lua_touserdata(l, index).cast::<Cell<T>>();
        if cell.is_null() || lua_rawlen(l, index) < size_of::<Cell<T>>() {
            return None;
        }
        ((*cell).key == key::<T>()).then(|| (*cell).value.assume_init_ref())
    }
}

/// `__gc`: drops the value. A script that calls it by hand finds that nothing happens: a task may be waiting on it.
pub(super) unsafe extern "C-unwind" fn collect<T: Class>(l: *mut lua_State) -> c_int {
    // SAFETY: INVARIANT(cell); the key is cleared first, so the value is dropped once.
    unsafe {
        if compat::is_finalizing(l) && get::<T>(l, 1).is_some() {
            let cell = lua_touserdata(l, 1).cast::<Cell<T>>();
            (*cell).key = NO_VALUE;
            // A destructor that panics has nowhere to go from here; the hook has already reported it.
            let _ = catch_unwind(AssertUnwindSafe(|| (*cell).value.assume_init_drop()));
        }
    }
    0
}

/// Creates the weak cache. `[-0, +0, m]`
///
/// # Safety
/// plain-frames.
pub(crate) unsafe fn prepare(l: *mut lua_State) {
    // SAFETY: three slots on a fresh stack.
    unsafe {
        lua_createtable(l, 0, 0);
        lua_createtable(l, 0, 1);
        lua_pushstring(l, c"v".as_ptr());
        lua_setfield(l, -2, c"__mode".as_ptr());
        lua_setmetatable(l, -2);
        Entry::Known.set(l);
    }
}

/// Files the userdata on top in the weak cache. `[-0, +0, m]`
///
/// # Safety
/// plain-frames; the number is that of the value inside.
pub(crate) unsafe fn remember(l: *mut lua_State, number: u32) {
    // SAFETY: two slots.
    unsafe {
        Entry::Known.push(l);
        lua_pushvalue(l, -2);
        lua_rawseti(l, -2, number.into());
        lua_pop(l, 1);
    }
}

/// Pushes the userdata filed under `number`; false if there is none. `[-0, +(1|0), -]`
///
/// What is found is the right one: it keeps its value alive, so the number is still taken; and the collector
/// clears an entry before it runs the finalizer.
///
/// # Safety
/// `l` is a valid frame with two free slots.
#[inline]
pub(crate) unsafe fn push_known(l: *mut lua_State, number: u32) -> bool {
    // SAFETY: the caller's.
    unsafe {
        Entry::Known.push(l);
        if lua_rawgeti(l, -1, number.into()) == LUA_TNIL {
            lua_pop(l, 2);
            return false;
        }
        lua_replace(l, -2);
        true
    }
}
