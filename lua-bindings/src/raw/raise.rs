//! [`Raise`]: an error on its way to Lua, and the one place that raises it.

#![allow(unsafe_code, reason = "raises, after everything with a destructor is gone")]

use std::any::Any;
use std::borrow::Cow;
use std::ffi::{CStr, c_int};

use super::ffi::*;

/// Why a callback fails. The trampoline raises it once the callback's own values are dropped.
#[derive(Debug)]
pub(crate) enum Raise {
    /// `bad argument #index to 'name' (text)`.
    Argument { index: c_int, text: Cow<'static, str> },
    /// `bad argument #index to 'name' (expected expected, got …)`.
    Expected { index: c_int, expected: &'static CStr },
    /// A message, preceded by the position of the call.
    Error(Cow<'static, str>),
    /// The value on top of the stack, as it is.
    Top,
}

impl Raise {
    /// An error for argument `index`.
    pub(crate) fn argument(index: c_int, text: impl Into<Cow<'static, str>>) -> Self {
        Self::Argument { index, text: text.into() }
    }

    /// A type error for argument `index`.
    #[cold]
    pub(crate) fn expected(index: c_int, expected: &'static CStr) -> Self {
        Self::Expected { index, expected }
    }

    /// A message with the position of the call in front.
    pub(crate) fn error(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Error(text.into())
    }

    /// What a caught panic looks like in Lua.
    #[cold]
    pub(crate) fn from_panic(payload: Box<dyn Any + Send>) -> Self {
        let text = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        Self::Error(format!("panic in moonfleet: {text}").into())
    }

    /// Raises in `l`. `[-?, +1, e]`
    ///
    /// # Safety
    /// plain-frames: no frame up to the protected call owns a value with a destructor.
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn throw(self, l: *mut lua_State) -> ! {
        // SAFETY: the caller's.
        unsafe { self.throw_at(l, 1) }
    }

    /// The same from a hook: the position is that of the function which it has interrupted. `[-?, +1, e]`
    ///
    /// # Safety
    /// As for [`throw`](Self::throw).
    pub(crate) unsafe fn throw_here(self, l: *mut lua_State) -> ! {
        // SAFETY: the caller's.
        unsafe { self.throw_at(l, 0) }
    }

    /// # Safety
    /// As for [`throw`](Self::throw).
    #[cold]
    #[inline(never)]
    unsafe fn throw_at(self, l: *mut lua_State, level: c_int) -> ! {
        let mut buffer = Text { bytes: [0; Text::CAPACITY], length: 0 };
        let target = self.unload(&mut buffer);
        // SAFETY: `self` is gone; what is left on this frame is plain data.
        unsafe { target.raise(l, &buffer, level) }
    }

    /// Moves the message to plain memory and drops the rest.
    fn unload(self, buffer: &mut Text) -> Target {
        match self {
            Self::Argument { index, text } => {
                buffer.set(&text);
                Target::Argument(index)
            }
            Self::Error(text) => {
                buffer.set(&text);
                Target::Position
            }
            Self::Expected { index, expected } => Target::Expected(index, expected),
            Self::Top => Target::Top,
        }
    }
}

/// A [`Raise`] without its destructor.
#[derive(Clone, Copy)]
enum Target {
    Argument(c_int),
    Expected(c_int, &'static CStr),
    Position,
    Top,
}

impl Target {
    /// Raises. `[-?, +1, e]`
    ///
    /// # Safety
    /// plain-frames, as for [`Raise::throw`].
    unsafe fn raise(self, l: *mut lua_State, text: &Text, level: c_int) -> ! {
        // SAFETY: plain-frames holds here and above; a callback has 20 free slots, and this needs five.
        unsafe {
            match self {
                Self::Argument(index) => {
                    luaL_argerror(l, index, text.bytes.as_ptr().cast());
                }
                Self::Expected(index, expected) => {
                    let got = type_name(l, index);
                    let text = lua_pushfstring(l, c"%s expected, got %s".as_ptr(), expected.as_ptr(), got);
                    luaL_argerror(l, index, text);
                }
                Self::Position => {
                    luaL_where(l, level);
                    lua_pushlstring(l, text.bytes.as_ptr().cast(), text.length);
                    lua_concat(l, 2);
                }
                Self::Top => {}
            }
            lua_error(l)
        }
    }
}

/// The name of a value's type as Lua's own messages give it. `[-0, +(0|1), m]`
///
/// # Safety
/// As for any call that may raise: plain-frames.
pub(super) unsafe fn type_name(l: *mut lua_State, index: c_int) -> *const std::ffi::c_char {
    // SAFETY: a `__name` string stays on the stack, so the pointer stays good.
    unsafe {
        if luaL_getmetafield(l, index, c"__name".as_ptr()) == LUA_TSTRING {
            lua_tolstring(l, -1, std::ptr::null_mut())
        } else if lua_type(l, index) == LUA_TLIGHTUSERDATA {
            c"light userdata".as_ptr()
        } else {
            luaL_typename(l, index)
        }
    }
}

/// A message in plain memory, cut to a length that no error of ours needs. The last byte stays zero.
struct Text {
    bytes: [u8; Self::CAPACITY],
    length: usize,
}

impl Text {
    const CAPACITY: usize = 1024;

    fn set(&mut self, text: &str) {
        let limit = text.len().min(Self::CAPACITY - 1);
        let end = (0..=limit).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        self.bytes[..end].copy_from_slice(&text.as_bytes()[..end]);
        self.length = end;
    }
}
