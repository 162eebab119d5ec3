//! Typed userdata: one class per Rust type, one pointer-sized check to get back to it, and a weak cache that gives
//! a shared value the same handle each time it comes back to a state.
//!
//! ```text
//! userdata   ┌───────────┬─────────┐      key: address of the class's key; null before the value is
//!            │ key       │ value T │           there and after it was finalized
//!            └───────────┴─────────┘
//! registry   [key of class] = metatable      [KNOWN] = { [address of value] = userdata }   weak values
//! ```

#![allow(unsafe_code, reason = "userdata is untyped memory")]

use std::ffi::{CStr, c_int, c_void};
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::compat::{self, Key};
use super::ffi::*;

/// A Rust type that Lua scripts hold as userdata.
pub(crate) trait Class: 'static {
    /// What error messages call it.
    const NAME: &'static CStr;

    /// The key of this class; one `static` per type.
    fn key() -> &'static Key;

    /// What makes two handles the same, for classes whose values are shared.
    fn identity(&self) -> *const c_void {
        std::ptr::null()
    }
}

/// Memory of one userdata.
///
/// INVARIANT(cell): `value` is initialised exactly while `key` is the key of `T`.
#[repr(C)]
pub(crate) struct Cell<T> {
    key: *const c_void,
    value: MaybeUninit<T>,
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
            (*self.0).value.write(value);
            (*self.0).key = T::key().address();
            lua_rawgetp(l, LUA_REGISTRYINDEX, T::key().address());
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
        let cell = compat::new_userdata(l, size_of::<Cell<T>>()).cast::<Cell<T>>();
        (*cell).key = std::ptr::null();
        Empty(cell)
    }
}

/// The value of class `T` at `index`. `[-0, +0, -]`
///
/// # Safety
/// `l` is a valid frame, and the userdata stays alive for `'a`.
#[inline]
pub(crate) unsafe fn get<'a, T: Class>(l: *mut lua_State, index: c_int) -> Option<&'a T> {
    // SAFETY: a full userdata of at least that size has readable memory behind it, and only `fill` writes the key of
    // `T` there: INVARIANT(cell).
    unsafe {
        if lua_type(l, index) != LUA_TUSERDATA || lua_rawlen(l, index) < size_of::<Cell<T>>() {
            return None;
        }
        let cell = lua_touserdata(l, index).cast::<Cell<T>>();
        ((*cell).key == T::key().address()).then(|| (*cell).value.assume_init_ref())
    }
}

/// `__gc`: drops the value. A script that calls it by hand finds that nothing happens: a task may be waiting on it.
pub(super) unsafe extern "C-unwind" fn collect<T: Class>(l: *mut lua_State) -> c_int {
    // SAFETY: INVARIANT(cell); the key is cleared first, so the value is dropped once.
    unsafe {
        if compat::is_finalizing(l) && get::<T>(l, 1).is_some() {
            let cell = lua_touserdata(l, 1).cast::<Cell<T>>();
            (*cell).key = std::ptr::null();
            // A destructor that panics has nowhere to go from here; the hook has already reported it.
            let _ = catch_unwind(AssertUnwindSafe(|| (*cell).value.assume_init_drop()));
        }
    }
    0
}

static KNOWN: Key = Key::new();

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
        lua_rawsetp(l, LUA_REGISTRYINDEX, KNOWN.address());
    }
}

/// Files the userdata on top in the weak cache. `[-0, +0, m]`
///
/// # Safety
/// plain-frames; the identity is that of the value inside.
pub(crate) unsafe fn remember(l: *mut lua_State, identity: *const c_void) {
    // SAFETY: two slots.
    unsafe {
        lua_rawgetp(l, LUA_REGISTRYINDEX, KNOWN.address());
        lua_pushvalue(l, -2);
        lua_rawsetp(l, -2, identity);
        lua_pop(l, 1);
    }
}

/// Pushes the userdata filed under `identity`; false if there is none. `[-0, +(1|0), -]`
///
/// # Safety
/// `l` is a valid frame with two free slots.
#[inline]
pub(crate) unsafe fn push_known(l: *mut lua_State, identity: *const c_void) -> bool {
    // SAFETY: the caller's; the address in the cache cannot be a stale one, because the userdata there keeps its
    // value alive, and the collector clears the entry before it runs the finalizer.
    unsafe {
        lua_rawgetp(l, LUA_REGISTRYINDEX, KNOWN.address());
        if lua_rawgetp(l, -1, identity) == LUA_TNIL {
            lua_pop(l, 2);
            return false;
        }
        lua_remove(l, -2);
        true
    }
}
