//! Tables of callbacks: modules, and the methods of classes.

#![allow(unsafe_code, reason = "builds Lua tables under a protected call")]

use std::ffi::{CStr, c_int};

use super::ffi::*;
use super::userdata::{self, Class};
use super::{Entry, Scope, compat};

/// A function of a library, or a method of a class.
#[derive(Clone, Copy)]
pub(crate) struct Function {
    name: &'static CStr,
    body: lua_CFunction,
    upvalues: &'static [&'static CStr],
}

impl Function {
    pub(crate) const fn new(name: &'static CStr, body: lua_CFunction) -> Self {
        Self { name, body, upvalues: &[] }
    }

    /// A function that finds these strings as its upvalues: see [`Frame::field`](super::Frame::field).
    pub(crate) const fn with_upvalues(
        name: &'static CStr,
        body: lua_CFunction,
        upvalues: &'static [&'static CStr],
    ) -> Self {
        Self { name, body, upvalues }
    }
}

impl Scope<'_> {
    /// Pushes a table of functions. `[-0, +1, m]`
    pub(crate) fn push_library(self, functions: &[Function]) {
        self.push_table(0, functions.len());
        self.add_functions(functions);
    }

    /// Creates the metatable of a class: methods by `__index`, the name, the finalizer. `[-0, +0, m]`
    pub(crate) fn define_class<T: Class>(self, methods: &[Function], metamethods: &[Function]) {
        let l = self.state();
        self.push_library(metamethods);
        // SAFETY: plain-frames, and at most eight slots.
        unsafe {
            self.push_library(methods);
            lua_setfield(l, -2, c"__index".as_ptr());
            lua_pushstring(l, T::NAME.as_ptr());
            lua_setfield(l, -2, c"__name".as_ptr());
            compat::push_callback(l, userdata::collect::<T>, 0);
            lua_setfield(l, -2, c"__gc".as_ptr());
            T::METATABLE.set(l);
        }
    }

    /// Creates a second metatable of a class, the same but for the finalizer. `[-0, +0, m]`
    pub(crate) fn define_without_finalizer<T: Class>(self, entry: Entry) {
        let l = self.state();
        // SAFETY: plain-frames, and at most six slots; the walk changes the new table alone.
        unsafe {
            T::METATABLE.push(l);
            lua_createtable(l, 0, 4);
            lua_pushnil(l);
            while lua_next(l, -3) != 0 {
                lua_pushvalue(l, -2);
                lua_insert(l, -2);
                lua_rawset(l, -4);
            }
            lua_pushnil(l);
            lua_setfield(l, -2, c"__gc".as_ptr());
            entry.set(l);
            lua_pop(l, 1);
        }
    }

    /// Makes a callback a registry entry. `[-0, +0, m]`
    pub(crate) fn register(self, function: lua_CFunction, entry: Entry) {
        // SAFETY: plain-frames; a slot or two.
        unsafe {
            compat::push_callback(self.state(), function, 0);
            entry.set(self.state());
        }
    }

    /// Adds functions to the table on top. `[-0, +0, m]`
    fn add_functions(self, functions: &[Function]) {
        let l = self.state();
        for function in functions {
            // SAFETY: plain-frames; a function has a handful of upvalues.
            unsafe {
                for text in function.upvalues {
                    lua_pushstring(l, text.as_ptr());
                }
                compat::push_callback(l, function.body, function.upvalues.len() as c_int);
                lua_setfield(l, -2, function.name.as_ptr());
            }
        }
    }
}
