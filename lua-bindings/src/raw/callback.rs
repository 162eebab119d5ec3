//! Rust functions as C functions.
//!
//! ```text
//! Lua ─► enter ─► catch_unwind ─► body(frame) -> Outcome      body may own anything, and never raises
//!          │◄────────────────────────────┘
//!          └─► results, or raise                              by now nothing with a destructor is alive
//! ```
//! A body is a zero-sized function item, so each becomes its own C function and costs no indirection.

#![allow(unsafe_code, reason = "the trampolines between Lua and Rust")]

use std::ffi::{CStr, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

use super::ffi::*;
use super::userdata;
use super::{Class, Frame, Raise, compat};

/// What a callback gives back.
pub(crate) type Outcome = Result<Reply, Raise>;

/// The results of a callback.
#[derive(Clone, Copy)]
pub(crate) enum Reply {
    /// That many values, on top of the stack.
    Values(c_int),
    /// `nil, "reason"`.
    Failure(&'static CStr),
    /// A function and the first argument, for the generic `for`.
    Iterate(lua_CFunction),
}

/// `body` as a C function.
pub(crate) const fn function<F>(_: F) -> lua_CFunction
where
    F: Fn(Frame<'_>) -> Outcome + Copy + 'static,
{
    const { assert!(size_of::<F>() == 0, "a callback captures nothing") };
    enter::<F>
}

/// The C function of `F`. `[-0, +n, e]`
///
/// # Safety
/// For Lua to call, as any C function.
unsafe extern "C-unwind" fn enter<F>(l: *mut lua_State) -> c_int
where
    F: Fn(Frame<'_>) -> Outcome + Copy + 'static,
{
    // SAFETY: `function` was given a value of this zero-sized type, so reading another one from nowhere is fine.
    let body = unsafe { NonNull::<F>::dangling().read() };
    // SAFETY: Lua calls us on the native stack that runs `l`, and nothing else is alive on this frame.
    unsafe { conclude(l, body) }
}

/// `body` as a C function that returns a new userdata. The body finds its arguments, and above them the userdata,
/// which is there first: so the value goes straight in, with no call in between that could raise.
pub(crate) const fn constructor<T, F>(_: F) -> lua_CFunction
where
    T: Class,
    F: Fn(Frame<'_>) -> Result<T, Raise> + Copy + 'static,
{
    const { assert!(size_of::<F>() == 0, "a callback captures nothing") };
    construct::<T, F>
}

unsafe extern "C-unwind" fn construct<T, F>(l: *mut lua_State) -> c_int
where
    T: Class,
    F: Fn(Frame<'_>) -> Result<T, Raise> + Copy + 'static,
{
    // SAFETY: as in `enter`; plain-frames holds at `allocate` and at `remember`: before and after the body.
    unsafe {
        let body = NonNull::<F>::dangling().read();
        let empty = userdata::allocate::<T>(l);
        let index = lua_gettop(l);
        let count = conclude(l, |frame| match body(frame) {
            Ok(value) => {
                empty.fill(l, value);
                Ok(Reply::Values(1))
            }
            Err(raise) => {
                // It must not pass for an argument in the error message.
                frame.remove(index);
                Err(raise)
            }
        });
        if let Some(number) = userdata::get::<T>(l, -1).and_then(T::number) {
            userdata::remember(l, number);
        }
        count
    }
}

/// Runs `body` so that neither a panic nor a value of its frame survives it, then returns its results to Lua or
/// raises. `[-0, +n, e]`
///
/// # Safety
/// plain-frames: `body` itself owns nothing with a destructor beyond its own call, and the caller neither.
pub(crate) unsafe fn conclude<'a>(l: *mut lua_State, body: impl FnOnce(Frame<'a>) -> Outcome) -> c_int {
    // SAFETY: the caller's.
    let frame = unsafe { Frame::new(l) };
    match catch_unwind(AssertUnwindSafe(|| body(frame))) {
        Ok(Ok(Reply::Values(count))) => count,
        // SAFETY: the body has returned; a reply is plain data.
        Ok(Ok(reply)) => unsafe { push_reply(l, reply) },
        // SAFETY: `throw` consumes all that is left.
        Ok(Err(raise)) => unsafe { raise.throw(l) },
        // SAFETY: the same.
        Err(payload) => unsafe { Raise::from_panic(payload).throw(l) },
    }
}

/// `[-0, +n, m]`
#[cold]
unsafe fn push_reply(l: *mut lua_State, reply: Reply) -> c_int {
    // SAFETY: plain-frames; two slots of the twenty.
    unsafe {
        match reply {
            Reply::Values(count) => return count,
            Reply::Failure(reason) => {
                lua_pushnil(l);
                lua_pushstring(l, reason.as_ptr());
            }
            Reply::Iterate(step) => {
                compat::push_callback(l, step, 0);
                lua_pushvalue(l, 1);
            }
        }
    }
    2
}
