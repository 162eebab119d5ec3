//! `coroutine.*` and `debug.*hook` where this crate has to know of them: with the meaning, the results and the error texts
//! of the stock functions.
//!
//! A resume or a close makes another Lua thread innermost ([`active`]); a new thread must not inherit a hook of ours, and
//! scripts must not see one ([`slice`]). What can only fail is left to the stock function, called in the very frame, so
//! that its words are the stock ones in every version. LuaJIT has one hook for all threads, and keeps its own functions.

#![allow(unsafe_code, reason = "C functions")]
#![cfg_attr(feature = "luajit", allow(dead_code, reason = "LuaJIT keeps its own functions"))]

use std::ffi::{CStr, c_int};

use super::ffi::*;
use super::{Entry, Scope, active, compat, slice};

/// The functions that are replaced, as upvalues know the stock ones.
type Replacement = (&'static CStr, &'static CStr, unsafe extern "C-unwind" fn(*mut lua_State) -> c_int);

const REPLACEMENTS: &[Replacement] = &[
    (c"coroutine", c"create", create),
    (c"coroutine", c"resume", resume),
    (c"coroutine", c"wrap", wrap),
    (c"coroutine", c"close", close),
    (c"debug", c"gethook", with_own_hooks),
    (c"debug", c"sethook", with_own_hooks),
];

/// Replaces the functions in the libraries of a new state. `[-0, +0, m]`
///
/// # Safety
/// plain-frames; the libraries are open, and untouched.
pub(crate) unsafe fn replace(l: *mut lua_State) {
    if cfg!(feature = "luajit") {
        return;
    }
    // SAFETY: the caller's; four slots.
    unsafe {
        for (library, name, function) in REPLACEMENTS {
            lua_getglobal(l, library.as_ptr());
            lua_getfield(l, -1, name.as_ptr());
            lua_pushcclosure(l, *function, 1);
            lua_setfield(l, -2, name.as_ptr());
            lua_pop(l, 1);
        }
    }
}

/// Runs the stock function that the running one has replaced, in its frame. `[-?, +n, e]`
unsafe fn stock(l: *mut lua_State) -> c_int {
    // SAFETY: `replace` made it the first upvalue.
    match unsafe { lua_tocfunction(l, lua_upvalueindex(1)) } {
        // SAFETY: it is a C function for Lua to call, and finds its arguments where Lua put them.
        Some(function) => unsafe { function(l) },
        None => 0,
    }
}

/// `coroutine.create(fn)`. `[-0, +1, e]`
unsafe extern "C-unwind" fn create(l: *mut lua_State) -> c_int {
    // SAFETY: called by Lua; nothing is alive.
    unsafe {
        if lua_type(l, 1) != LUA_TFUNCTION {
            return stock(l);
        }
        let co = lua_newthread(l);
        lua_pushvalue(l, 1);
        lua_xmove(l, co, 1);
        slice::cleanse(co);
    }
    1
}

/// `coroutine.wrap(fn)`. `[-0, +1, e]`
unsafe extern "C-unwind" fn wrap(l: *mut lua_State) -> c_int {
    // SAFETY: called by Lua; nothing is alive. The thread becomes the upvalue.
    unsafe {
        let count = create(l);
        lua_pushcclosure(l, wrapped, 1);
        count
    }
}

/// `coroutine.resume(co, ...)`. `[-0, +n, e]`
unsafe extern "C-unwind" fn resume(l: *mut lua_State) -> c_int {
    // SAFETY: called by Lua; nothing is alive.
    unsafe {
        let co = lua_tothread(l, 1);
        if co.is_null() {
            return stock(l);
        }
        match drive(l, co, lua_gettop(l) - 1, || lua_pushboolean(l, 1)) {
            Ok(count) => count + 1,
            Err(Failed) => {
                lua_pushboolean(l, 0);
                lua_insert(l, -2);
                2
            }
        }
    }
}

/// What `coroutine.wrap` returns: resumes, and passes errors on, with the position in front if they are text.
/// `[-0, +n, e]`
unsafe extern "C-unwind" fn wrapped(l: *mut lua_State) -> c_int {
    // SAFETY: called by Lua; nothing is alive. The first upvalue is the thread.
    unsafe {
        let co = lua_tothread(l, lua_upvalueindex(1));
        match drive(l, co, lua_gettop(l), || ()) {
            Ok(count) => count,
            Err(Failed) => pass_on(l, co),
        }
    }
}

/// So many values fit on the stack of any C function beside its arguments: Lua grants twenty.
const FEW: c_int = 16;

/// A resume failed; the error is on top.
struct Failed;

/// Resumes `co` with the `arguments` values on top: how many results are on top then, above what `lead` pushes, which is
/// one value at most. `[-arguments, +n, m]`
#[inline]
unsafe fn drive(
    l: *mut lua_State,
    co: *mut lua_State,
    arguments: c_int,
    lead: impl FnOnce(),
) -> Result<c_int, Failed> {
    // SAFETY: threads of one state; `lua_resume` catches what is raised.
    unsafe {
        if arguments > 0 {
            if lua_checkstack(co, arguments) == 0 {
                lua_pushstring(l, c"too many arguments to resume".as_ptr());
                return Err(Failed);
            }
            lua_xmove(l, co, arguments);
        }
        let mut count = 0;
        let status = active::enter(co, || lua_resume(co, l, arguments, &mut count));
        if status != LUA_OK && status != LUA_YIELD {
            lua_xmove(co, l, 1);
            return Err(Failed);
        }
        if count > FEW && lua_checkstack(l, count + 1) == 0 {
            lua_settop(co, -count - 1);
            lua_pushstring(l, c"too many results to resume".as_ptr());
            return Err(Failed);
        }
        lead();
        if count > 0 {
            lua_xmove(co, l, count);
        }
        Ok(count)
    }
}

/// Raises the error on top, after the coroutine that failed is closed. `[-1, +0, e]`
#[cold]
unsafe fn pass_on(l: *mut lua_State, co: *mut lua_State) -> c_int {
    // SAFETY: plain-frames; the callback has its twenty slots.
    unsafe {
        let mut status = lua_status(co);
        let has_failed = status != LUA_OK && status != LUA_YIELD;
        if has_failed {
            // While its frames are there.
            push_story(l, co);
            status = active::enter(co, || compat::close_coroutine(co, l));
            lua_xmove(co, l, 1);
        }
        if status != compat::LUA_ERRMEM && lua_type(l, -1) == LUA_TSTRING {
            luaL_where(l, 1);
            lua_insert(l, -2);
            lua_concat(l, 2);
            if has_failed {
                lua_pushvalue(l, -1);
                Entry::StoryError.set(l);
                lua_pushvalue(l, -2);
                Entry::Story.set(l);
            }
        }
        lua_error(l)
    }
}

/// A story is not added to beyond this length: a recursion through coroutines fails in each of them.
const LONG_STORY: usize = 4096;

/// Pushes the traceback of `co`, which has failed with the error on top, below those of the coroutines in which the
/// very error was raised before. `[-0, +1, m]`
unsafe fn push_story(l: *mut lua_State, co: *mut lua_State) {
    // SAFETY: plain-frames; borrowed texts stay on the stack.
    unsafe {
        if push_inner_story(l) {
            if lua_rawlen(l, -1) < LONG_STORY {
                luaL_traceback(l, co, std::ptr::null(), 0);
                join_stories(l);
            }
        } else {
            luaL_traceback(l, co, std::ptr::null(), 0);
        }
    }
}

/// Pushes the tracebacks of the coroutines that the error on top has come out of; false if it came out of none.
/// `[-0, +(1|0), -]`
pub(crate) unsafe fn push_inner_story(l: *mut lua_State) -> bool {
    // SAFETY: three slots.
    unsafe {
        Entry::StoryError.push(l);
        let is_the_same = lua_type(l, -1) == LUA_TSTRING && lua_rawequal(l, -1, -2) != 0;
        lua_pop(l, 1);
        if is_the_same {
            Entry::Story.push(l);
        }
        is_the_same
    }
}

impl Scope<'_> {
    /// Pushes the traceback of Lua threads of which each was resumed by the next; from `level` on, in the first.
    /// `[-0, +1, m]`
    ///
    /// # Safety
    /// The threads are of this state, and alive.
    pub(crate) unsafe fn push_traceback(
        self,
        threads: impl Iterator<Item = *mut lua_State>,
        mut level: c_int,
    ) {
        let l = self.state();
        let mut is_first = true;
        for thread in threads {
            // SAFETY: frame, plain-frames: an iterator over links owns nothing.
            unsafe {
                // The job that we are in is none of the script's.
                luaL_traceback(l, thread, std::ptr::null(), level + c_int::from(thread == l));
                if !is_first {
                    join_stories(l);
                }
            }
            (is_first, level) = (false, 0);
        }
        if is_first {
            self.push_bytes(b"stack traceback:");
        }
    }
}

/// Replaces the tracebacks of a coroutine and of the thread that has resumed it by one of both. `[-2, +1, m]`
pub(crate) unsafe fn join_stories(l: *mut lua_State) {
    const HEADING: &CStr = c"stack traceback:";
    // SAFETY: plain-frames; both are texts, and the upper one begins with the heading.
    unsafe {
        let inner = lua_tolstring(l, -2, std::ptr::null_mut());
        let outer = lua_tolstring(l, -1, std::ptr::null_mut()).add(HEADING.count_bytes());
        lua_pushfstring(l, c"%s\n\t(in a coroutine resumed by)%s".as_ptr(), inner, outer);
        lua_replace(l, -3);
        lua_pop(l, 1);
    }
}

/// `coroutine.close(co)`. `[-0, +n, e]`
unsafe extern "C-unwind" fn close(l: *mut lua_State) -> c_int {
    // SAFETY: called by Lua; nothing is alive. What the stock function would refuse, or treat as closing the running
    // coroutine, is left to it.
    unsafe {
        let co = lua_tothread(l, 1);
        if co.is_null() || co == l || !is_at_rest(co) {
            return stock(l);
        }
        let status = active::enter(co, || compat::close_coroutine(co, l));
        lua_pushboolean(l, (status == LUA_OK).into());
        if status == LUA_OK {
            return 1;
        }
        lua_xmove(co, l, 1);
        2
    }
}

/// Whether a coroutine other than the running one is suspended or dead. `[-0, +0, -]`
unsafe fn is_at_rest(co: *mut lua_State) -> bool {
    // SAFETY: the record is only written to.
    unsafe {
        let mut frame = std::mem::MaybeUninit::<lua_Debug>::uninit();
        lua_status(co) != LUA_OK || lua_getstack(co, 0, frame.as_mut_ptr()) == 0
    }
}

/// `debug.gethook` and `debug.sethook`. `[-?, +n, e]`
unsafe extern "C-unwind" fn with_own_hooks(l: *mut lua_State) -> c_int {
    // SAFETY: called by Lua; nothing is alive but plain data, should the stock function raise.
    slice::with_own_hooks(|| unsafe { stock(l) })
}
