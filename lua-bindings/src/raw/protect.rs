//! [`Frame::protect`]: runs code that may raise under `lua_pcall`, and [`Scope`], what such code may do.
//!
//! A job gets its Rust data by reference from outside the protected call, and owns nothing: that is the whole of
//! rule plain-frames. A job must not panic either, for there is Lua between it and the nearest `catch_unwind`.

#![allow(unsafe_code, reason = "the calls that may raise, under a protected call")]

use std::ffi::{CStr, c_int, c_void};
use std::ops::Deref;

use super::compat;
use super::ffi::*;
use super::userdata::{self, Class};
use super::{Entry, Frame, Raise};

/// A [`Frame`] under a protected call: it may also do what can raise.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a>(Frame<'a>);

impl<'a> Deref for Scope<'a> {
    type Target = Frame<'a>;

    fn deref(&self) -> &Frame<'a> {
        &self.0
    }
}

/// What the job runner finds behind the light userdata it is given.
struct Job {
    run: unsafe fn(*mut lua_State, *mut c_void) -> c_int,
    data: *mut c_void,
}

impl<'a> Frame<'a> {
    /// Runs `job` under a protected call. It sees the `arguments` values on top of this stack, and returns how many
    /// values on top of its own are its results. `[-arguments, +results, -]`
    ///
    /// On failure the error value is on top, ready for [`Raise::Top`].
    pub(crate) fn protect<C>(
        self,
        arguments: c_int,
        context: &mut C,
        job: fn(Scope<'_>, &mut C) -> c_int,
    ) -> Result<c_int, Raise> {
        struct Typed<'c, C> {
            context: &'c mut C,
            job: fn(Scope<'_>, &mut C) -> c_int,
        }
        unsafe fn run<C>(l: *mut lua_State, data: *mut c_void) -> c_int {
            // SAFETY: `data` is the `typed` below, which outlives the call and is not touched meanwhile.
            let typed = unsafe { &mut *data.cast::<Typed<'_, C>>() };
            // SAFETY: the runner was called on this state, by the native stack that runs it.
            (typed.job)(Scope(unsafe { Frame::new(l) }), typed.context)
        }
        let mut typed = Typed { context, job };
        let mut job = Job { run: run::<C>, data: (&raw mut typed).cast() };
        let before = self.top() - arguments;
        // SAFETY: frame; `lua_pcall` returns whatever happens inside. The runner and its job need two slots.
        let status = unsafe {
            if lua_checkstack(self.state(), 4) == 0 {
                return Err(Raise::error("stack overflow"));
            }
            compat::push_job_runner(self.state(), runner);
            lua_insert(self.state(), -1 - arguments);
            lua_pushlightuserdata(self.state(), (&raw mut job).cast());
            lua_pcall(self.state(), arguments + 1, LUA_MULTRET, 0)
        };
        if status == LUA_OK { Ok(self.top() - before) } else { Err(Raise::Top) }
    }
}

/// The C function under every protected call: runs the job on top of its stack, if there is one. `[-1, +results, e]`
unsafe extern "C-unwind" fn runner(l: *mut lua_State) -> c_int {
    // SAFETY: only `protect` calls it with an argument, and then the last one points to a live `Job`.
    unsafe {
        let job = lua_touserdata(l, -1).cast::<Job>();
        if job.is_null() {
            return 0;
        }
        lua_settop(l, -2);
        ((*job).run)(l, (*job).data)
    }
}

/// Makes [`Frame::protect`] usable in a new state. `[-0, +0, m]`
///
/// # Safety
/// plain-frames; once, on the main thread.
pub(crate) unsafe fn prepare(l: *mut lua_State) {
    // SAFETY: the caller's.
    unsafe { compat::prepare_job_runner(l, runner) }
}

/// Runs `job` in a state that is not prepared yet, with `data` as its argument. `[-0, +results, -]`
///
/// # Safety
/// `l` is open, on this worker, with an empty stack.
pub(crate) unsafe fn bootstrap(
    l: *mut lua_State,
    job: lua_CFunction,
    data: *const c_void,
) -> Result<(), Raise> {
    // SAFETY: the caller's. If there is not even memory for a closure (LuaJIT), Lua ends the process.
    unsafe {
        lua_pushcclosure(l, job, 0);
        lua_pushlightuserdata(l, data.cast_mut());
        if lua_pcall(l, 1, LUA_MULTRET, 0) == LUA_OK { Ok(()) } else { Err(Raise::Top) }
    }
}

// SAFETY (every block below): INVARIANT(frame), and a raise ends in the protected call around the job, whose frames
// are plain.
impl Scope<'_> {
    /// Makes room for `slots` more values. `[-0, +0, e]`
    pub(crate) fn grow(self, slots: c_int) {
        // SAFETY: frame, plain-frames.
        unsafe { luaL_checkstack(self.state(), slots, c"too many values".as_ptr()) }
    }

    /// Pushes a string. `[-0, +1, m]`
    pub(crate) fn push_bytes(self, bytes: &[u8]) {
        // SAFETY: frame, plain-frames.
        unsafe { lua_pushlstring(self.state(), bytes.as_ptr().cast(), bytes.len()) };
    }

    /// Pushes a new table with room for that many elements and fields. `[-0, +1, m]`
    pub(crate) fn push_table(self, elements: usize, fields: usize) {
        let bounded = |count: usize| count.try_into().unwrap_or(c_int::MAX);
        // SAFETY: frame, plain-frames.
        unsafe { lua_createtable(self.state(), bounded(elements), bounded(fields)) }
    }

    /// Pops a value and then a key, and sets that field of the table at `table`, without metamethods. `[-2, +0, m]`
    pub(crate) fn raw_set(self, table: c_int) {
        // SAFETY: frame, plain-frames.
        unsafe { lua_rawset(self.state(), table) }
    }

    /// Pops a value and makes it element `n` of the table at `table`. `[-1, +0, m]`
    pub(crate) fn raw_set_index(self, table: c_int, n: i64) {
        // SAFETY: frame, plain-frames.
        unsafe { lua_rawseti(self.state(), table, n) }
    }

    /// Pushes the value of a global variable. `[-0, +1, e]`
    pub(crate) fn push_global(self, name: &CStr) {
        // SAFETY: frame, plain-frames.
        unsafe { lua_getglobal(self.state(), name.as_ptr()) };
    }

    /// Pops a value and makes it that of a global variable. `[-1, +0, e]`
    pub(crate) fn set_global(self, name: &CStr) {
        // SAFETY: frame, plain-frames.
        unsafe { lua_setglobal(self.state(), name.as_ptr()) }
    }

    /// Pops a value and makes it a registry entry. `[-1, +0, m]`
    pub(crate) fn set_registry(self, entry: Entry) {
        // SAFETY: frame, plain-frames.
        unsafe { entry.set(self.state()) }
    }

    /// Pushes a precompiled function, or raises why it does not load. `[-0, +1, e]`
    pub(crate) fn push_binary(self, code: &[u8]) {
        // SAFETY: frame, plain-frames; the code came out of `lua_dump` in this very process.
        unsafe {
            let status = luaL_loadbufferx(
                self.state(),
                code.as_ptr().cast(),
                code.len(),
                c"=crossed".as_ptr(),
                c"b".as_ptr(),
            );
            if status != LUA_OK {
                lua_error(self.state());
            }
        }
    }

    /// Pops a value and makes it upvalue `n` of the function at `function`. `[-1, +0, -]`
    pub(crate) fn set_upvalue(self, function: c_int, n: c_int) {
        // SAFETY: frame.
        unsafe {
            if lua_setupvalue(self.state(), function, n).is_null() {
                lua_pop(self.state(), 1);
            }
        }
    }

    /// Makes upvalue `n` of `function` the same variable as upvalue `m` of `other`. `[-0, +0, -]`
    pub(crate) fn join_upvalues(self, (function, n): (c_int, c_int), (other, m): (c_int, c_int)) {
        // SAFETY: frame; both functions have those upvalues, as they had where they were dumped.
        unsafe { compat::upvalue_join(self.state(), function, n, other, m) }
    }

    /// Pushes the userdata filed under `number`, or files a new one with the value that `make` makes. `[-0, +1, m]`
    pub(crate) fn push_filed<T: Class>(self, number: u32, make: impl FnOnce() -> T) {
        if self.push_known(number) {
            return;
        }
        // SAFETY: frame, plain-frames: the value is made when the userdata is there to hold it.
        unsafe {
            let cell = userdata::allocate::<T>(self.state());
            cell.fill(self.state(), make());
            userdata::remember(self.state(), number);
        }
    }

    /// Moves the value on top to `index`, and shifts up those above. `[-1, +1, -]`
    pub(crate) fn insert(self, index: c_int) {
        // SAFETY: frame.
        unsafe { lua_insert(self.state(), index) }
    }

    /// Calls the function below the `arguments` values on top, and drops its results. `[-(arguments + 1), +0, e]`
    pub(crate) fn call(self, arguments: c_int) {
        // SAFETY: frame, plain-frames; what is called may wait.
        unsafe { lua_call(self.state(), arguments, 0) }
    }

    /// Replaces the key on top by its value in the table at `table`. `[-1, +1, e]`
    pub(crate) fn get(self, table: c_int) {
        // SAFETY: frame, plain-frames; a metamethod may run, and wait.
        unsafe { lua_gettable(self.state(), table) };
    }

    /// Pops a value and then a key, and sets that field of the table at `table`. `[-2, +0, e]`
    pub(crate) fn set(self, table: c_int) {
        // SAFETY: frame, plain-frames; as above.
        unsafe { lua_settable(self.state(), table) }
    }

    /// Pushes the table of globals. `[-0, +1, -]`
    pub(crate) fn push_globals(self) {
        // SAFETY: frame.
        unsafe { compat::push_globals(self.state()) }
    }

    /// Pushes `function` with the `upvalues` values on top as its upvalues. `[-upvalues, +1, m]`
    pub(crate) fn push_callback(self, function: lua_CFunction, upvalues: c_int) {
        // SAFETY: frame, plain-frames.
        unsafe { compat::push_callback(self.state(), function, upvalues) }
    }

    /// Pushes a userdata with the value in `slot`, which must be there. `[-0, +1, m]`
    pub(crate) fn push_userdata<T: Class>(self, slot: &mut Option<T>) {
        // SAFETY: frame, plain-frames: the value is taken when the userdata is there to hold it.
        unsafe {
            let empty = userdata::allocate::<T>(self.state());
            if let Some(value) = slot.take() {
                empty.fill(self.state(), value);
            }
        }
    }

    /// Pops a value and sets the field `name` of the table then on top. `[-1, +0, m]`
    pub(crate) fn set_field(self, name: &CStr) {
        // SAFETY: frame, plain-frames; the table has no metamethods.
        unsafe { lua_setfield(self.state(), -2, name.as_ptr()) };
    }

    /// Replaces the value on top by its `tostring`. `[-1, +1, e]`
    pub(crate) fn to_text(self) {
        // SAFETY: frame, plain-frames; a `__tostring` of a script may run, and even wait.
        unsafe {
            luaL_tolstring(self.state(), -1, std::ptr::null_mut());
            lua_remove(self.state(), -2);
        }
    }

    /// Pushes the type name of the value at `index` as error messages give it. `[-0, +1, m]`
    pub(crate) fn push_type_name(self, index: c_int) {
        // SAFETY: frame, plain-frames.
        unsafe { lua_pushstring(self.state(), super::raise::type_name(self.state(), index)) };
    }
}
