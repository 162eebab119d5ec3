//! Chunks: dumping a function, loading a script, and calling what was loaded.

#![allow(unsafe_code, reason = "the calls that load, dump and run Lua code")]

use std::ffi::{CStr, c_char, c_int, c_void};

use super::ffi::*;
use super::{Entry, Frame, Raise};
use super::{active, compat};

/// Where a chunk comes from.
#[derive(Clone, Copy)]
pub(crate) enum Source<'s> {
    /// The file at this path; `None` is standard input.
    File(Option<&'s CStr>),
    /// Text, and the name that error messages give it.
    Text(&'s [u8], &'s CStr),
}

impl Frame<'_> {
    /// Pushes the chunk as a function; on failure the message is on top instead. `[-0, +1, -]`
    pub(crate) fn load(self, source: Source<'_>) -> Result<(), Raise> {
        // SAFETY: frame; loading reports every failure by its status.
        let status = unsafe {
            match source {
                Source::File(path) => compat::load_file(self.state(), path),
                Source::Text(text, name) => luaL_loadbufferx(
                    self.state(),
                    text.as_ptr().cast(),
                    text.len(),
                    name.as_ptr(),
                    std::ptr::null(),
                ),
            }
        };
        if status == LUA_OK { Ok(()) } else { Err(Raise::Top) }
    }

    /// The same for text that is to be nothing else: what is precompiled does not load.
    pub(crate) fn load_text(self, text: &[u8], name: &CStr) -> Result<(), Raise> {
        let (start, length, mode) = (text.as_ptr().cast(), text.len(), c"t".as_ptr());
        // SAFETY: frame; loading reports every failure by its status.
        let status = unsafe { luaL_loadbufferx(self.state(), start, length, name.as_ptr(), mode) };
        if status == LUA_OK { Ok(()) } else { Err(Raise::Top) }
    }

    /// Calls the function below the `arguments` values on top, with the error handler in the registry entry `handler`. On
    /// failure what the handler made of the error is on top. `[-(arguments + 1), +results, -]`
    pub(crate) fn call(self, arguments: c_int, handler: Entry) -> Result<c_int, Raise> {
        if !self.reserve(1) {
            return Err(Raise::error("stack overflow"));
        }
        let function = self.top() - arguments;
        // SAFETY: frame; a protected call reports every failure by its status. The handler sits below the function
        // during the call, and is removed again.
        unsafe {
            handler.push(self.state());
            lua_insert(self.state(), function);
            let status =
                active::enter(self.state(), || lua_pcall(self.state(), arguments, LUA_MULTRET, function));
            lua_remove(self.state(), function);
            if status == LUA_OK { Ok(self.top() - function + 1) } else { Err(Raise::Top) }
        }
    }

    /// Appends the precompiled form of the Lua function at `index` to `code`. `[-0, +0, -]`
    pub(crate) fn dump(self, index: c_int, code: &mut Vec<u8>) -> Result<(), Raise> {
        self.push_copy(index);
        self.protect(1, code, |scope, code| {
            // SAFETY: frame, plain-frames: the vector belongs to the caller of `dump`.
            unsafe { lua_dump(scope.state(), append, std::ptr::from_mut(code).cast(), 0) };
            0
        })?;
        Ok(())
    }
}

/// The `lua_Writer` of [`Frame::dump`].
unsafe extern "C-unwind" fn append(
    _: *mut lua_State,
    bytes: *const c_void,
    size: usize,
    code: *mut c_void,
) -> c_int {
    if size > 0 {
        // SAFETY: Lua gives `size` readable bytes, and passes on the pointer it was given.
        unsafe {
            (*code.cast::<Vec<u8>>()).extend_from_slice(std::slice::from_raw_parts(bytes.cast(), size))
        };
    }
    0
}

/// The error handler of the main chunk, as in the stock interpreter: a traceback under the message, and some text
/// for an error value that is none. `[-0, +1, e]`
pub(crate) unsafe extern "C-unwind" fn explain(l: *mut lua_State) -> c_int {
    // SAFETY: plain-frames: the locals are pointers into Lua strings that stay on the stack.
    unsafe {
        let mut text: *const c_char = lua_tolstring(l, 1, std::ptr::null_mut());
        if text.is_null() {
            if luaL_callmeta(l, 1, c"__tostring".as_ptr()) != 0 && lua_type(l, -1) == LUA_TSTRING {
                return 1;
            }
            text = lua_pushfstring(l, c"(error object is a %s value)".as_ptr(), luaL_typename(l, 1));
        }
        luaL_traceback(l, l, text, 1);
    }
    1
}

/// The error handler of calls from Rust: a table with the error value and the traceback. `[-0, +1, e]`
pub(crate) unsafe extern "C-unwind" fn capture(l: *mut lua_State) -> c_int {
    // SAFETY: plain-frames.
    unsafe {
        lua_createtable(l, 2, 0);
        lua_pushvalue(l, 1);
        lua_rawseti(l, -2, 1);
        luaL_traceback(l, l, std::ptr::null(), 1);
        lua_rawseti(l, -2, 2);
    }
    1
}
