//! [`Frame`]: a view of one Lua stack, as a callback sees it. Its methods never raise, so a Rust frame that uses it
//! may own whatever it likes.
//!
//! What may raise (anything that allocates in Lua) goes through [`Frame::protect`].

#![allow(unsafe_code, reason = "each method wraps one Lua call that cannot raise")]

use std::ffi::{CStr, c_int, c_void};
use std::marker::PhantomData;
use std::ptr::NonNull;

use super::compat;
use super::ffi::*;
use super::userdata::{self, Class};
use super::{Entry, Raise, Reply};

/// One Lua stack, from inside a callback or at the base of a thread.
///
/// INVARIANT(frame): `state` is open, belongs to this worker, and no other native stack is running it. Callers keep
/// the stack slots they use within what Lua guarantees (20), or call [`reserve`](Self::reserve).
#[derive(Clone, Copy)]
pub(crate) struct Frame<'a> {
    state: NonNull<lua_State>,
    marker: PhantomData<&'a lua_State>,
}

/// The type of a Lua value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// No value at that index.
    None,
    Nil,
    Boolean,
    LightUserdata,
    Number,
    String,
    Table,
    Function,
    Userdata,
    Thread,
    /// LuaJIT's FFI objects.
    Other,
}

impl Kind {
    #[inline]
    fn from_raw(tag: c_int) -> Self {
        match tag {
            LUA_TNONE => Self::None,
            LUA_TNIL => Self::Nil,
            LUA_TBOOLEAN => Self::Boolean,
            LUA_TLIGHTUSERDATA => Self::LightUserdata,
            LUA_TNUMBER => Self::Number,
            LUA_TSTRING => Self::String,
            LUA_TTABLE => Self::Table,
            LUA_TFUNCTION => Self::Function,
            LUA_TUSERDATA => Self::Userdata,
            LUA_TTHREAD => Self::Thread,
            _ => Self::Other,
        }
    }

    /// Whether there is a value other than nil.
    #[inline]
    pub(crate) fn is_some(self) -> bool {
        !matches!(self, Self::None | Self::Nil)
    }
}

impl<'a> Frame<'a> {
    /// A view of the stack of `state`.
    ///
    /// # Safety
    /// INVARIANT(frame) holds for `'a`.
    #[inline]
    pub(crate) unsafe fn new(state: *mut lua_State) -> Self {
        // SAFETY: an open state is not null.
        Self { state: unsafe { NonNull::new_unchecked(state) }, marker: PhantomData }
    }

    /// The state itself, for raw/, state/ and task/.
    #[inline]
    pub(crate) fn state(self) -> *mut lua_State {
        self.state.as_ptr()
    }
}

// SAFETY (every block below): INVARIANT(frame), and the Lua call cannot raise.
/// Reading. All `[-0, +0, -]`.
impl<'a> Frame<'a> {
    /// How many values are on the stack.
    #[inline]
    pub(crate) fn top(self) -> c_int {
        // SAFETY: frame.
        unsafe { lua_gettop(self.state()) }
    }

    /// The type of the value at `index`.
    #[inline]
    pub(crate) fn kind(self, index: c_int) -> Kind {
        // SAFETY: frame.
        Kind::from_raw(unsafe { lua_type(self.state(), index) })
    }

    /// The truth of the value at `index`.
    #[inline]
    pub(crate) fn boolean(self, index: c_int) -> bool {
        // SAFETY: frame.
        unsafe { lua_toboolean(self.state(), index) != 0 }
    }

    /// The value at `index` as a number; numeric strings count, as everywhere in Lua.
    #[inline]
    pub(crate) fn number(self, index: c_int) -> Option<f64> {
        let mut is_number = 0;
        // SAFETY: frame; the conversion does not change the value on the stack.
        let number = unsafe { lua_tonumberx(self.state(), index, &mut is_number) };
        (is_number != 0).then_some(number)
    }

    /// The value at `index` as an integer, if it has an exact one.
    #[inline]
    pub(crate) fn integer(self, index: c_int) -> Option<i64> {
        let mut is_integer = 0;
        // SAFETY: frame.
        let integer = unsafe { lua_tointegerx(self.state(), index, &mut is_integer) };
        (is_integer != 0).then_some(integer)
    }

    /// Whether the number at `index` is stored as an integer.
    #[inline]
    pub(crate) fn is_integer(self, index: c_int) -> bool {
        // SAFETY: frame.
        unsafe { compat::is_integer(self.state(), index) }
    }

    /// Calls `read` with the bytes of the string at `index`; `None` if it is not a string.
    ///
    /// `read` must not pop the string: the bytes live as long as it is on the stack.
    #[inline]
    pub(crate) fn with_bytes<R>(self, index: c_int, read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        if self.kind(index) != Kind::String {
            return None;
        }
        let mut length = 0;
        // SAFETY: frame; on a string the call converts nothing and returns its bytes, which the stack keeps alive.
        let bytes = unsafe {
            let start = lua_tolstring(self.state(), index, &mut length);
            std::slice::from_raw_parts(start.cast::<u8>(), length)
        };
        Some(read(bytes))
    }

    /// The string at `index` as text, invalid UTF-8 replaced.
    pub(crate) fn text(self, index: c_int) -> Option<String> {
        self.with_bytes(index, |bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    /// The identity of a table, function, userdata or thread.
    #[inline]
    pub(crate) fn identity(self, index: c_int) -> usize {
        // SAFETY: frame.
        unsafe { lua_topointer(self.state(), index) }.addr()
    }

    /// The length of a table's array part, without metamethods.
    #[inline]
    pub(crate) fn raw_length(self, index: c_int) -> usize {
        // SAFETY: frame.
        unsafe { lua_rawlen(self.state(), index) }
    }

    /// Whether the function at `index` is a C function.
    pub(crate) fn is_c_function(self, index: c_int) -> bool {
        // SAFETY: frame.
        unsafe { lua_iscfunction(self.state(), index) != 0 }
    }

    /// The identity of the `n`th upvalue of the Lua function at `index`, which must have that many.
    pub(crate) fn upvalue_identity(self, index: c_int, n: c_int) -> usize {
        // SAFETY: frame.
        unsafe { compat::upvalue_id(self.state(), index, n) }.addr()
    }

    /// Tells the collector of `bytes` that a new Lua object holds outside Lua. Finalizers may run.
    #[inline]
    pub(crate) fn weigh(self, bytes: usize) {
        // SAFETY: frame.
        unsafe { compat::weigh(self.state(), bytes) }
    }

    /// How many bytes the state uses.
    pub(crate) fn memory_used(self) -> usize {
        // SAFETY: frame.
        unsafe { compat::memory_used(self.state()) }
    }

    /// Whether a finalizer is running, so that nothing may wait.
    #[inline]
    pub(crate) fn is_finalizing(self) -> bool {
        // SAFETY: frame.
        unsafe { compat::is_finalizing(self.state()) }
    }

    /// The per-state data; only inside a callback.
    #[inline]
    pub(crate) fn state_data(self) -> *const c_void {
        // SAFETY: frame.
        unsafe { compat::state_data(self.state()) }
    }

    /// The value of class `T` at `index`.
    #[inline]
    pub(crate) fn userdata<T: Class>(self, index: c_int) -> Option<&'a T> {
        // SAFETY: frame. The reference lives while the userdata does, and the stack of the call keeps it alive: a
        // `__gc` that a script calls by hand does nothing (`userdata::collect`).
        unsafe { userdata::get::<T>(self.state(), index) }
    }

    /// The value of class `T` that is the first upvalue of the running callback. A script with the `debug` library can
    /// take it away: who needs it for long takes a share of it.
    #[inline]
    pub(crate) fn upvalue<T: Class>(self) -> Option<&'a T> {
        self.userdata(lua_upvalueindex(compat::HIDDEN_UPVALUES + 1))
    }

    /// Argument `index` as a value of class `T`, or the usual `bad argument` error.
    #[inline]
    pub(crate) fn argument<T: Class>(self, index: c_int) -> Result<&'a T, Raise> {
        self.userdata(index).ok_or_else(|| Raise::expected(index, T::NAME))
    }
}

/// Pushing and popping.
impl Frame<'_> {
    /// Makes room for `slots` more values; false if the stack cannot grow. `[-0, +0, -]`
    pub(crate) fn reserve(self, slots: c_int) -> bool {
        // SAFETY: frame.
        unsafe { lua_checkstack(self.state(), slots) != 0 }
    }

    /// Drops the `count` values on top. `[-count, +0, -]`
    #[inline]
    pub(crate) fn pop(self, count: c_int) {
        // SAFETY: frame.
        unsafe { lua_settop(self.state(), -count - 1) }
    }

    /// Of the `count` values on top keeps the first `kept`; what is missing becomes nil. `[-count, +kept, -]`
    pub(crate) fn keep(self, count: c_int, kept: c_int) {
        // SAFETY: frame; the callers keep one or two.
        unsafe { lua_settop(self.state(), self.top() - count + kept) }
    }

    /// Gives Lua a warning, which may be a word about warnings such as `@on`. `[-0, +0, -]`
    pub(crate) fn warn(self, text: &CStr) {
        // SAFETY: frame; our warn function does not raise.
        unsafe { compat::warn(self.state(), text) }
    }

    /// Removes the value at `index`, and shifts down those above. `[-1, +0, -]`
    pub(crate) fn remove(self, index: c_int) {
        // SAFETY: frame.
        unsafe { lua_remove(self.state(), index) }
    }

    /// Pops a value and puts it in the place of the one at `index`. `[-1, +0, -]`
    pub(crate) fn replace(self, index: c_int) {
        // SAFETY: frame.
        unsafe { lua_replace(self.state(), index) }
    }

    /// Makes the stack `count` values long, with nils if need be. `[-?, +?, -]`
    pub(crate) fn set_top(self, count: c_int) {
        // SAFETY: frame.
        unsafe { lua_settop(self.state(), count) }
    }

    /// Pushes nil. `[-0, +1, -]`
    #[inline]
    pub(crate) fn push_nil(self) {
        // SAFETY: frame.
        unsafe { lua_pushnil(self.state()) }
    }

    /// Pushes a boolean. `[-0, +1, -]`
    #[inline]
    pub(crate) fn push_boolean(self, value: bool) {
        // SAFETY: frame.
        unsafe { lua_pushboolean(self.state(), value.into()) }
    }

    /// Pushes an integer. `[-0, +1, -]`
    #[inline]
    pub(crate) fn push_integer(self, value: i64) {
        // SAFETY: frame.
        unsafe { lua_pushinteger(self.state(), value) }
    }

    /// Pushes a float. `[-0, +1, -]`
    #[inline]
    pub(crate) fn push_number(self, value: f64) {
        // SAFETY: frame.
        unsafe { lua_pushnumber(self.state(), value) }
    }

    /// Pushes a copy of the value at `index`. `[-0, +1, -]`
    #[inline]
    pub(crate) fn push_copy(self, index: c_int) {
        // SAFETY: frame.
        unsafe { lua_pushvalue(self.state(), index) }
    }

    /// Pushes a registry entry. `[-0, +1, -]`
    pub(crate) fn push_registry(self, entry: Entry) -> Kind {
        // SAFETY: frame.
        Kind::from_raw(unsafe { entry.push(self.state()) })
    }

    /// Replaces the key on top by its value in the table at `table`, without metamethods. `[-1, +1, -]`
    #[inline]
    pub(crate) fn raw_get(self, table: c_int) -> Kind {
        // SAFETY: frame.
        Kind::from_raw(unsafe { lua_rawget(self.state(), table) })
    }

    /// Pushes element `n` of the table at `table`, without metamethods. `[-0, +1, -]`
    #[inline]
    pub(crate) fn raw_get_index(self, table: c_int, n: i64) -> Kind {
        // SAFETY: frame.
        Kind::from_raw(unsafe { lua_rawgeti(self.state(), table, n) })
    }

    /// Pushes the field of the table at `table` whose name is the `n`th upvalue of the running callback: a lookup
    /// that neither creates nor hashes a string. `[-0, +1, -]`
    #[inline]
    pub(crate) fn field(self, table: c_int, n: c_int) -> Kind {
        // SAFETY: frame.
        unsafe { lua_pushvalue(self.state(), lua_upvalueindex(compat::HIDDEN_UPVALUES + n)) };
        self.raw_get(if table < 0 { table - 1 } else { table })
    }

    /// Replaces the key on top by the next key and its value; at the end pops it and returns false.
    /// `[-1, +(2|0), -]`
    ///
    /// It cannot raise as long as the key came from this walk and the table did not change under it.
    pub(crate) fn next(self, table: c_int) -> bool {
        // SAFETY: frame.
        unsafe { lua_next(self.state(), table) != 0 }
    }

    /// Pushes the `n`th upvalue of the function at `index` and returns its name. `[-0, +(1|0), -]`
    pub(crate) fn push_upvalue(self, index: c_int, n: c_int) -> Option<String> {
        // SAFETY: frame; the name belongs to the function, which is on the stack.
        unsafe {
            let name = lua_getupvalue(self.state(), index, n);
            (!name.is_null()).then(|| CStr::from_ptr(name).to_string_lossy().into_owned())
        }
    }

    /// Pushes the userdata that this state has filed under `number`; false if there is none. `[-0, +(1|0), -]`
    #[inline]
    pub(crate) fn push_known(self, number: u32) -> bool {
        // SAFETY: frame.
        unsafe { userdata::push_known(self.state(), number) }
    }

    /// Files the userdata at `index` under `number`, and gives it another metatable of its class. `[-0, +0, -]`
    ///
    /// On failure (no memory) the error value is on top, and nothing has changed.
    pub(crate) fn file_userdata(self, index: c_int, metatable: Entry, number: u32) -> Result<(), Raise> {
        self.push_copy(index);
        self.protect(1, &mut { number }, |scope, number| {
            // SAFETY: a job's frames are plain; the userdata is on top.
            unsafe { userdata::remember(scope.state(), *number) };
            0
        })?;
        self.push_copy(index);
        // SAFETY: frame; setting a metatable allocates nothing.
        unsafe {
            metatable.push(self.state());
            lua_setmetatable(self.state(), -2);
        }
        self.pop(1);
        Ok(())
    }

    /// Pushes copies of `count` values, from index `first` on, onto another stack of the same state, which has room
    /// for them; this one needs room for a few. `[-0, +0, -]` here, `[-0, +count, -]` there.
    #[inline]
    pub(crate) fn copy_to(self, other: Frame<'_>, first: c_int, count: c_int) {
        let (mut next, end) = (first, first + count);
        while next < end {
            let batch = (end - next).min(Self::COPIED_AT_ONCE);
            for index in next..next + batch {
                // SAFETY: frame, for both; the callers have reserved the room.
                unsafe { lua_pushvalue(self.state(), index) };
            }
            // SAFETY: as above; threads of one state share its heap.
            unsafe { lua_xmove(self.state(), other.state(), batch) };
            next += batch;
        }
    }

    /// How many free slots [`copy_to`](Self::copy_to) needs where it copies from.
    pub(crate) const COPIED_AT_ONCE: c_int = 6;

    /// Pushes `true` as the only result. `[-0, +1, -]`
    #[inline]
    pub(crate) fn reply_true(self) -> Reply {
        self.push_boolean(true);
        Reply::Values(1)
    }
}
