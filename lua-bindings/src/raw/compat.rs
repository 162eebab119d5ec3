//! What differs between Lua 5.4, Lua 5.5 and LuaJIT, and nothing else. The rest of the crate reads as if there
//! were one Lua.
//!
//! | | Lua 5.4, 5.5 | LuaJIT |
//! |---|---|---|
//! | per-state data | the extra space in front of every `lua_State` | first upvalue of every callback |
//! | value tied to a userdata | a user value | the environment table |
//! | memory | one [`Pool`](super::pool::Pool) per state | LuaJIT's own |
//! | whole numbers | integers | doubles |
//! | inside a finalizer? | `lua_gc` refuses to answer | hooks are off while the collector is stopped |

#![allow(unsafe_code, reason = "wraps the calls that differ")]

#[cfg(feature = "luajit")]
pub(crate) use jit::*;
#[cfg(not(feature = "luajit"))]
pub(crate) use puc::*;

#[cfg(not(feature = "luajit"))]
mod puc {
    //! Lua 5.4 and 5.5, from PUC-Rio.

    use std::ffi::{CStr, c_int, c_void};

    use super::super::ffi::*;
    use super::super::pool::Pool;
    use super::super::warn::{self, Warnings};
    use mlua_sys::lua_Hook;
    pub(crate) use mlua_sys::{lua_upvalueid as upvalue_id, lua_upvaluejoin as upvalue_join};

    #[cfg(feature = "lua54")]
    pub(crate) const VERSION: &str = "Lua 5.4";
    #[cfg(feature = "lua54")]
    pub(crate) const INIT_VARIABLES: &[&CStr] = &[c"LUA_INIT_5_4", c"LUA_INIT"];
    #[cfg(feature = "lua55")]
    pub(crate) const VERSION: &str = "Lua 5.5";
    #[cfg(feature = "lua55")]
    pub(crate) const INIT_VARIABLES: &[&CStr] = &[c"LUA_INIT_5_5", c"LUA_INIT"];

    /// Upvalues of a callback that belong to this file; its own ones follow.
    pub(crate) const HIDDEN_UPVALUES: c_int = 0;

    /// A new state whose memory comes from `pool`; null if there is none.
    ///
    /// # Safety
    /// Both outlive the state.
    pub(crate) unsafe fn new_state(pool: *mut Pool, warnings: *mut Warnings) -> *mut lua_State {
        // SAFETY: the allocator and the warn function get the data they are made for.
        unsafe {
            #[cfg(feature = "lua54")]
            let l = mlua_sys::lua_newstate(Pool::resize, pool.cast());
            #[cfg(feature = "lua55")]
            let l = mlua_sys::lua_newstate(
                Pool::resize,
                pool.cast(),
                mlua_sys::luaL_makeseed(std::ptr::null_mut()),
            );
            if !l.is_null() {
                mlua_sys::lua_setwarnf(l, Some(warn::warn), warnings.cast());
            }
            l
        }
    }

    /// Makes `data` the per-state data of the state and of every thread created in it later. `[-0, +0, -]`
    pub(crate) unsafe fn set_state_data(l: *mut lua_State, data: *const c_void) {
        // SAFETY: Lua keeps LUA_EXTRASPACE bytes (one pointer) in front of each `lua_State` for the host.
        unsafe { mlua_sys::lua_getextraspace(l).cast::<*const c_void>().write(data) }
    }

    /// The per-state data, from inside a callback. `[-0, +0, -]`
    pub(crate) unsafe fn state_data(l: *mut lua_State) -> *const c_void {
        // SAFETY: as above; new threads start with a copy of the main thread's extra space.
        unsafe { mlua_sys::lua_getextraspace(l).cast::<*const c_void>().read() }
    }

    /// Pushes `function` as a callback with the `upvalues` values on top of the stack. `[-upvalues, +1, m]`
    pub(crate) unsafe fn push_callback(l: *mut lua_State, function: lua_CFunction, upvalues: c_int) {
        // SAFETY: the caller pushed that many values.
        unsafe { lua_pushcclosure(l, function, upvalues) }
    }

    /// Pushes the function that runs protected jobs, without allocating. `[-0, +1, -]`
    pub(crate) unsafe fn push_job_runner(l: *mut lua_State, runner: lua_CFunction) {
        // SAFETY: a C function without upvalues is a plain value.
        unsafe { lua_pushcclosure(l, runner, 0) }
    }

    /// Nothing to prepare: see [`push_job_runner`]. `[-0, +0, -]`
    pub(crate) unsafe fn prepare_job_runner(_: *mut lua_State, _: lua_CFunction) {}

    /// Pushes a userdata of `size` bytes, with room for a tied value if `ties`. `[-0, +1, m]`
    pub(crate) unsafe fn new_userdata(l: *mut lua_State, size: usize, ties: bool) -> *mut c_void {
        // SAFETY: no precondition but a valid state.
        unsafe { mlua_sys::lua_newuserdatauv(l, size, ties.into()) }
    }

    /// Pops a value and ties it to the life of the userdata at `index`. `[-1, +0, m]`
    pub(crate) unsafe fn tie(l: *mut lua_State, index: c_int) {
        // SAFETY: `new_userdata` made room for one user value.
        unsafe { mlua_sys::lua_setiuservalue(l, index, 1) };
    }

    /// Whether the number at `index` is an integer. `[-0, +0, -]`
    pub(crate) unsafe fn is_integer(l: *mut lua_State, index: c_int) -> bool {
        // SAFETY: any acceptable index.
        unsafe { mlua_sys::lua_isinteger(l, index) != 0 }
    }

    /// Whether a finalizer is running. `[-0, +0, -]`
    ///
    /// While the collector calls a `__gc` it refuses every `lua_gc` option with -1. A script that called
    /// `collectgarbage("stop")` does not look like that: the option asked for here then answers 0.
    pub(crate) unsafe fn is_finalizing(l: *mut lua_State) -> bool {
        // SAFETY: this option takes no further argument and changes nothing.
        unsafe { mlua_sys::lua_gc(l, mlua_sys::LUA_GCISRUNNING) < 0 }
    }

    /// Tells the collector of `bytes` that a new Lua object holds outside Lua, so that it does not lag behind a
    /// program that makes many of them. May run finalizers. `[-0, +0, -]`
    #[inline]
    pub(crate) unsafe fn weigh(l: *mut lua_State, bytes: usize) {
        let mut pool = std::ptr::null_mut();
        // SAFETY: `new_state` gave Lua a pool, which outlives it.
        let due = unsafe {
            mlua_sys::lua_getallocf(l, &mut pool);
            (*pool.cast::<Pool>()).weigh(bytes)
        };
        if due > 0 {
            // SAFETY: the caller's.
            unsafe { step_collector(l, due) }
        }
    }

    /// Advances the collector as if `bytes` had been allocated, unless a script or a finalizer has stopped it.
    #[cold]
    unsafe fn step_collector(l: *mut lua_State, bytes: usize) {
        // 5.4 counts in kilobytes.
        #[cfg(feature = "lua54")]
        let bytes = (bytes >> 10) as c_int;
        // SAFETY: the first option changes nothing; errors in finalizers that the second one runs become warnings.
        unsafe {
            if mlua_sys::lua_gc(l, mlua_sys::LUA_GCISRUNNING) == 1 {
                mlua_sys::lua_gc(l, mlua_sys::LUA_GCSTEP, bytes);
            }
        }
    }

    /// Pushes the table of globals. `[-0, +1, -]`
    pub(crate) unsafe fn push_globals(l: *mut lua_State) {
        // SAFETY: the registry always has it.
        unsafe { lua_rawgeti(l, LUA_REGISTRYINDEX, mlua_sys::LUA_RIDX_GLOBALS) };
    }

    /// How many bytes the state uses. `[-0, +0, -]`
    pub(crate) unsafe fn memory_used(l: *mut lua_State) -> usize {
        let mut pool = std::ptr::null_mut();
        // SAFETY: `new_state` gave Lua a pool, which outlives it.
        unsafe {
            mlua_sys::lua_getallocf(l, &mut pool);
            (*pool.cast::<Pool>()).used()
        }
    }

    /// Gives Lua a warning. `[-0, +0, -]`
    pub(crate) unsafe fn warn(l: *mut lua_State, text: &CStr) {
        // SAFETY: any state; the text ends here.
        unsafe { mlua_sys::lua_warning(l, text.as_ptr(), 0) }
    }

    pub(crate) use mlua_sys::LUA_ERRMEM;

    /// Sets a hook. `[-0, +0, -]`
    pub(crate) unsafe fn set_hook(l: *mut lua_State, hook: Option<lua_Hook>, mask: c_int, count: c_int) {
        // SAFETY: the caller's.
        unsafe { mlua_sys::lua_sethook(l, hook, mask, count) }
    }

    /// Whether the two threads have one hook between them.
    pub(crate) fn shares_hooks(one: *mut lua_State, other: *mut lua_State) -> bool {
        one == other
    }

    /// Runs `body`, which is called by a hook and may wait, so that other threads have their hooks called meanwhile:
    /// here each has its own. `[-0, +0, -]`
    pub(crate) unsafe fn outside_hook<R>(_: *mut lua_State, body: impl FnOnce() -> R) -> Option<R> {
        Some(body())
    }

    /// The per-state data, from inside a hook. `[-0, +0, -]`
    pub(crate) unsafe fn state_data_in_hook(l: *mut lua_State) -> *const c_void {
        // SAFETY: the caller's.
        unsafe { state_data(l) }
    }

    /// Whether a finalizer is running, from inside a hook: one is called in a coroutine of a finalizer. `[-0, +0, -]`
    pub(crate) unsafe fn is_finalizing_in_hook(l: *mut lua_State) -> bool {
        // SAFETY: the caller's.
        unsafe { is_finalizing(l) }
    }

    /// Closes a coroutine that is suspended or dead, as a call of `from`: its status. `[-?, +(0|1), -]` there.
    pub(crate) unsafe fn close_coroutine(co: *mut lua_State, from: *mut lua_State) -> c_int {
        // SAFETY: the caller's.
        unsafe { mlua_sys::lua_closethread(co, from) }
    }

    /// Closes the to-be-closed variables of a thread that will never be resumed, and empties its stack. The
    /// handlers run on the calling native stack. `[-?, +0, -]`
    pub(crate) unsafe fn close_thread(l: *mut lua_State) {
        // SAFETY: the caller owns the thread, and it is not running.
        unsafe {
            mlua_sys::lua_closethread(l, std::ptr::null_mut());
            lua_settop(l, 0);
        }
    }

    /// Loads the file at `path`, or standard input. `[-0, +1, -]`
    pub(crate) unsafe fn load_file(l: *mut lua_State, path: Option<&CStr>) -> c_int {
        let path = path.map_or(std::ptr::null(), CStr::as_ptr);
        // SAFETY: null means standard input; Lua copies the name.
        unsafe { mlua_sys::luaL_loadfilex(l, path, std::ptr::null()) }
    }
}

#[cfg(feature = "luajit")]
mod jit {
    //! LuaJIT 2.1: the 5.1 API.

    use std::cell::Cell;
    use std::ffi::{CStr, c_int, c_void};

    use super::super::ffi::*;
    use super::super::pool::Pool;
    use super::super::registry::Entry;
    use super::super::warn::Warnings;
    use mlua_sys::lua_Hook;

    pub(crate) const VERSION: &str = "LuaJIT 2.1";
    pub(crate) const INIT_VARIABLES: &[&CStr] = &[c"LUA_INIT"];
    /// Upvalues of a callback that belong to this file; its own ones follow.
    pub(crate) const HIDDEN_UPVALUES: c_int = 1;

    /// A new state; null if there is no memory. LuaJIT brings its own allocator, and has no warnings.
    pub(crate) unsafe fn new_state(_: *mut Pool, _: *mut Warnings) -> *mut lua_State {
        // SAFETY: no precondition.
        unsafe { mlua_sys::luaL_newstate() }
    }

    unsafe extern "C-unwind" {
        /// An identity for an upvalue, shared by the closures that share it. `[-0, +0, -]`
        #[link_name = "lua_upvalueid"]
        pub(crate) fn upvalue_id(l: *mut lua_State, function: c_int, n: c_int) -> *mut c_void;
        /// Makes one upvalue refer to another. `[-0, +0, -]`
        #[link_name = "lua_upvaluejoin"]
        pub(crate) fn upvalue_join(l: *mut lua_State, f1: c_int, n1: c_int, f2: c_int, n2: c_int);
    }

    /// Makes `data` the per-state data, which every later callback carries as an upvalue. `[-0, +0, m]`
    pub(crate) unsafe fn set_state_data(l: *mut lua_State, data: *const c_void) {
        // SAFETY: one stack slot is used and given back.
        unsafe {
            lua_pushlightuserdata(l, data.cast_mut());
            Entry::Data.set(l);
        }
    }

    /// The per-state data, from inside a callback. `[-0, +0, -]`
    pub(crate) unsafe fn state_data(l: *mut lua_State) -> *const c_void {
        // SAFETY: the running function was pushed by `push_callback`, so its first upvalue is the data.
        unsafe { lua_touserdata(l, lua_upvalueindex(1)) }
    }

    /// Pushes `function` as a callback with the `upvalues` values on top of the stack. `[-upvalues, +1, m]`
    pub(crate) unsafe fn push_callback(l: *mut lua_State, function: lua_CFunction, upvalues: c_int) {
        // SAFETY: the data goes below the caller's upvalues, so that it is the first one.
        unsafe {
            Entry::Data.push(l);
            lua_insert(l, -1 - upvalues);
            lua_pushcclosure(l, function, upvalues + HIDDEN_UPVALUES);
        }
    }

    /// Pushes the function that runs protected jobs, without allocating. `[-0, +1, -]`
    pub(crate) unsafe fn push_job_runner(l: *mut lua_State, _: lua_CFunction) {
        // SAFETY: `prepare_job_runner` ran when the state was opened.
        unsafe { Entry::Runner.push(l) };
    }

    /// Creates the closure that [`push_job_runner`] pushes: here every C function is an object. Also finds out on
    /// which thread this state runs finalizers, by letting one run. `[-0, +0, m]`
    pub(crate) unsafe fn prepare_job_runner(l: *mut lua_State, runner: lua_CFunction) {
        // SAFETY: the stack ends as it began.
        unsafe {
            push_callback(l, runner, 0);
            Entry::Runner.set(l);
            mlua_sys::lua_newuserdata(l, 0);
            lua_createtable(l, 0, 1);
            lua_pushcclosure(l, note_thread, 0);
            lua_setfield(l, -2, c"__gc".as_ptr());
            lua_setmetatable(l, -2);
            lua_pop(l, 1);
            mlua_sys::lua_gc(l, mlua_sys::LUA_GCCOLLECT, 0);
        }
    }

    /// `__gc` that files the thread it runs on. `[-0, +0, m]`
    unsafe extern "C-unwind" fn note_thread(l: *mut lua_State) -> c_int {
        // SAFETY: one stack slot is used and given back.
        unsafe {
            lua_pushlightuserdata(l, l.cast());
            Entry::FinalizerThread.set(l);
        }
        0
    }

    /// Pushes a userdata of `size` bytes; each has room for a tied value. `[-0, +1, m]`
    pub(crate) unsafe fn new_userdata(l: *mut lua_State, size: usize, _: bool) -> *mut c_void {
        // SAFETY: no precondition but a valid state.
        unsafe { mlua_sys::lua_newuserdata(l, size) }
    }

    /// Pops a value and ties it to the life of the userdata at `index`. `[-1, +0, m]`
    pub(crate) unsafe fn tie(l: *mut lua_State, index: c_int) {
        // SAFETY: a userdata may have any table as its environment.
        unsafe {
            let index = mlua_sys::lua_absindex(l, index);
            lua_createtable(l, 1, 0);
            lua_insert(l, -2);
            lua_rawseti(l, -2, 1);
            mlua_sys::lua_setfenv(l, index);
        }
    }

    /// Whether the number at `index` is an integer: LuaJIT has doubles only. `[-0, +0, -]`
    pub(crate) unsafe fn is_integer(_: *mut lua_State, _: c_int) -> bool {
        false
    }

    /// Whether a finalizer is running. `[-0, +0, -]`
    ///
    /// LuaJIT stops the collector and turns hooks off around a `__gc`, which it runs on a thread of its own. A
    /// collector that is not stopped answers at once, and so does that thread. What remains is a coroutine inside a
    /// finalizer, or a script that stopped the collector: set a hook, and see whether it fires.
    pub(crate) unsafe fn is_finalizing(l: *mut lua_State) -> bool {
        /// `LUA_GCISRUNNING` of LuaJIT's `lua.h`.
        const IS_RUNNING: c_int = 9;
        // SAFETY: the option changes nothing, and the stack ends as it began.
        unsafe {
            if mlua_sys::lua_gc(l, IS_RUNNING, 0) != 0 {
                return false;
            }
            Entry::FinalizerThread.push(l);
            let on_finalizer_thread = lua_touserdata(l, -1) == l.cast();
            lua_pop(l, 1);
            on_finalizer_thread || !hooks_fire(l)
        }
    }

    thread_local! {
        static FIRED: Cell<bool> = const { Cell::new(false) };
    }

    unsafe extern "C-unwind" fn on_call(_: *mut lua_State, _: *mut mlua_sys::lua_Debug) {
        FIRED.set(true);
    }

    unsafe fn hooks_fire(l: *mut lua_State) -> bool {
        FIRED.set(false);
        // SAFETY: the hook of the script is put back; the job runner does nothing when it is given no job.
        unsafe {
            let (hook, mask, count) =
                (mlua_sys::lua_gethook(l), mlua_sys::lua_gethookmask(l), mlua_sys::lua_gethookcount(l));
            mlua_sys::lua_sethook(l, Some(on_call), mlua_sys::LUA_MASKCALL, 0);
            Entry::Runner.push(l);
            if lua_pcall(l, 0, 0, 0) != LUA_OK {
                lua_pop(l, 1);
            }
            mlua_sys::lua_sethook(l, hook, mask, count);
        }
        FIRED.get()
    }

    /// LuaJIT has no way to hear of memory outside Lua that does not run a whole step. `[-0, +0, -]`
    pub(crate) unsafe fn weigh(_: *mut lua_State, _: usize) {}

    /// Pushes the table of globals. `[-0, +1, -]`
    pub(crate) unsafe fn push_globals(l: *mut lua_State) {
        // SAFETY: the pseudo-index is always valid.
        unsafe { lua_pushvalue(l, mlua_sys::LUA_GLOBALSINDEX) }
    }

    /// How many bytes the state uses. `[-0, +0, -]`
    pub(crate) unsafe fn memory_used(l: *mut lua_State) -> usize {
        // SAFETY: the options change nothing.
        let (kilobytes, rest) = unsafe {
            (mlua_sys::lua_gc(l, mlua_sys::LUA_GCCOUNT, 0), mlua_sys::lua_gc(l, mlua_sys::LUA_GCCOUNTB, 0))
        };
        ((kilobytes as usize) << 10) + rest as usize
    }

    /// LuaJIT has no warnings. `[-0, +0, -]`
    pub(crate) unsafe fn warn(_: *mut lua_State, _: &CStr) {}

    pub(crate) use mlua_sys::LUA_ERRMEM;

    /// Sets the hook of all threads. `[-0, +0, -]`
    pub(crate) unsafe fn set_hook(l: *mut lua_State, hook: Option<lua_Hook>, mask: c_int, count: c_int) {
        // SAFETY: the caller's.
        unsafe { mlua_sys::lua_sethook(l, hook, mask, count) };
    }

    /// Whether the two threads have one hook between them: if there are two.
    pub(crate) fn shares_hooks(one: *mut lua_State, other: *mut lua_State) -> bool {
        !one.is_null() && !other.is_null()
    }

    /// Runs `body`, which is called by a hook and may wait, so that other threads have their hooks called meanwhile.
    /// `None` if there is no memory. `[-0, +0, m]`
    ///
    /// LuaJIT calls no hook while one is active, on whatever thread. But an error that ends a coroutine makes it forget
    /// that one is, and an error that ends a protected call makes it remember what was when the call began.
    pub(crate) unsafe fn outside_hook<R, F: FnOnce() -> R>(l: *mut lua_State, body: F) -> Option<R> {
        struct Call<R, F> {
            body: Option<F>,
            result: Option<R>,
        }
        unsafe extern "C-unwind" fn run<R, F: FnOnce() -> R>(l: *mut lua_State) -> c_int {
            // SAFETY: plain-frames when it raises: `body` and its result belong to the frame outside the protected call.
            unsafe {
                let call = lua_touserdata(l, 1).cast::<Call<R, F>>();
                let co = lua_newthread(l);
                lua_pushcclosure(co, fail, 0);
                lua_resume(co, l, 0, &mut 0);
                (*call).result = (*call).body.take().map(|body| body());
                fail(l)
            }
        }
        let mut call = Call { body: Some(body), result: None };
        // SAFETY: the protected call ends with an error whatever happens, which is dropped. Three slots of the twenty.
        unsafe {
            lua_pushcclosure(l, run::<R, F>, 0);
            lua_pushlightuserdata(l, (&raw mut call).cast());
            lua_pcall(l, 1, 0, 0);
            lua_pop(l, 1);
        }
        call.result
    }

    /// Raises nil. `[-0, +1, e]`
    unsafe extern "C-unwind" fn fail(l: *mut lua_State) -> c_int {
        // SAFETY: nothing is alive.
        unsafe {
            lua_pushnil(l);
            lua_error(l)
        }
    }

    /// The per-state data, from inside a hook. `[-0, +0, -]`
    pub(crate) unsafe fn state_data_in_hook(l: *mut lua_State) -> *const c_void {
        // SAFETY: one stack slot is used and given back; the registry keeps the pointer itself.
        unsafe {
            Entry::Data.push(l);
            let data = lua_touserdata(l, -1);
            lua_pop(l, 1);
            data
        }
    }

    /// LuaJIT calls no hooks inside finalizers.
    pub(crate) unsafe fn is_finalizing_in_hook(_: *mut lua_State) -> bool {
        false
    }

    /// LuaJIT keeps its own `coroutine.*`, and has no `coroutine.close`.
    pub(crate) unsafe fn close_coroutine(_: *mut lua_State, _: *mut lua_State) -> c_int {
        LUA_OK
    }

    /// LuaJIT has no to-be-closed variables: the stack is emptied. `[-?, +0, -]`
    pub(crate) unsafe fn close_thread(l: *mut lua_State) {
        // SAFETY: the caller owns the thread, and it is not running.
        unsafe { lua_settop(l, 0) }
    }

    /// Loads the file at `path`, or standard input. `[-0, +1, -]`
    pub(crate) unsafe fn load_file(l: *mut lua_State, path: Option<&CStr>) -> c_int {
        let path = path.map_or(std::ptr::null(), CStr::as_ptr);
        // SAFETY: null means standard input; Lua copies the name.
        unsafe { mlua_sys::luaL_loadfile(l, path) }
    }
}
