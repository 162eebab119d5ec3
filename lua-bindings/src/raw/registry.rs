//! [`Entry`]: what this crate keeps in a state's registry.
//!
//! The keys are negative integers: Lua and C modules file theirs under positive integers (`luaL_ref`), strings and
//! addresses, and an integer is found faster than either.

#![allow(unsafe_code, reason = "reads and writes the registry")]

use super::ffi::*;

/// One entry of the registry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(i32)]
pub(crate) enum Entry {
    /// Per-state data (LuaJIT).
    #[cfg(feature = "luajit")]
    Data = -1,
    /// The function that runs protected jobs (LuaJIT).
    #[cfg(feature = "luajit")]
    Runner = -2,
    /// The thread on which finalizers run (LuaJIT).
    #[cfg(feature = "luajit")]
    FinalizerThread = -3,
    /// The weak cache of userdata: number → userdata.
    Known = -4,
    /// Library tables: table → name, and back.
    Libraries = -5,
    /// The error handler of the main chunk.
    Explain = -6,
    /// The error handler of tasks.
    Annotate = -7,
    /// The stock `xpcall`, under which tasks run.
    Xpcall = -8,
    /// Handles of the tasks that have not ended, which nothing else may keep alive: Lua thread → handle.
    Tasks = -9,
    /// The metatable of channels.
    Channel = -10,
    /// The metatable of task handles.
    Task = -11,
    /// The metatable of channels that have nothing to finalize.
    Meeting = -12,
    /// The last error that has come out of a coroutine by `coroutine.wrap`, if it was text.
    StoryError = -13,
    /// Where that coroutine was, and those inside it.
    Story = -14,
    /// The script's handler of errors that nobody joins.
    OnError = -15,
    /// The metatables of locks.
    Mutex = -16,
    Semaphore = -17,
    Condition = -18,
    WaitGroup = -19,
    /// The handle of the main task. Not among the others: their table is fastest when it is empty at times.
    MainTask = -20,
    /// The error handler of calls from Rust.
    Capture = -40,
    /// The metatable of what holds a Rust function.
    RustFunction = -42,
    /// Functions that Rust code holds: number → function.
    Anchors = -43,
    /// How many instructions the state may still execute.
    Budget = -44,
}

impl Entry {
    /// Pushes the entry, and returns its type. `[-0, +1, -]`
    ///
    /// # Safety
    /// `l` is a valid frame with a free slot.
    #[inline]
    pub(crate) unsafe fn push(self, l: *mut lua_State) -> std::ffi::c_int {
        // SAFETY: the caller's.
        unsafe { lua_rawgeti(l, LUA_REGISTRYINDEX, self as _) }
    }

    /// Pops a value and makes it the entry. `[-1, +0, m]`
    ///
    /// # Safety
    /// plain-frames.
    pub(crate) unsafe fn set(self, l: *mut lua_State) {
        // SAFETY: the caller's.
        unsafe { lua_rawseti(l, LUA_REGISTRYINDEX, self as _) }
    }
}
