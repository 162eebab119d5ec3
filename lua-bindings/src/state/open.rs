//! Opening a state: what the stock interpreter prepares, then our modules.

#![allow(unsafe_code, reason = "sets up a raw state")]

use std::ffi::{CStr, CString, c_int};
use std::os::unix::ffi::OsStringExt;

use crate::raw::chunk::{self, Source};
use crate::raw::ffi::*;
use crate::raw::{Entry, Frame, Raise, Scope, protect, userdata};
use crate::raw::{compat, coroutine};
use crate::state::fleet::Arguments;
use crate::state::{Libraries, Local};
use crate::value::library;

/// Prepares a new state. On failure the error value is on top. `[-0, +(0|1), -]`
///
/// # Safety
/// `l` is new, and belongs to this worker.
pub(super) unsafe fn open(l: *mut lua_State, local: &Local) -> Result<(), Raise> {
    // SAFETY: the caller's.
    let frame = unsafe {
        protect::bootstrap(l, foundations, std::ptr::from_ref(local).cast())?;
        Frame::new(l)
    };
    frame.protect(0, &mut &*local, |scope, local| {
        // SAFETY: under a protected call, with nothing alive.
        unsafe { libraries(scope, local) };
        arguments(scope, &local.fleet().arguments);
        0
    })?;
    for (code, name) in local.settings().prelude() {
        frame.load_text(code.as_bytes(), name)?;
        let results = frame.call(0, Entry::Explain)?;
        frame.pop(results);
    }
    if local.settings().libraries == Libraries::Sandbox {
        // What it gets from other states must not bring the libraries back.
        frame.protect(0, &mut (), |scope, ()| {
            scope.push_table(0, 0);
            scope.set_registry(Entry::Libraries);
            0
        })?;
    }
    if local.settings().instruction_budget.is_some() {
        frame.protect(0, &mut local.budget(), |scope, budget| {
            // SAFETY: under a protected call, on the main thread of a new state; `local` outlives it.
            unsafe { budget.install(scope.state()) };
            0
        })?;
    }
    if local.settings().environment { run_init(frame) } else { Ok(()) }
}

/// State data, the protected-call runner, the weak cache. `[-1, +0, m]`
unsafe extern "C-unwind" fn foundations(l: *mut lua_State) -> c_int {
    // SAFETY: plain-frames; the argument is what `open` passed.
    unsafe {
        compat::set_state_data(l, lua_touserdata(l, 1));
        protect::prepare(l);
        userdata::prepare(l);
    }
    0
}

/// `[-0, +0, m]`
unsafe fn libraries(scope: Scope<'_>, local: &Local) {
    let l = scope.state();
    // SAFETY: plain-frames; the stack ends as it began.
    unsafe {
        if !local.settings().environment {
            // The word by which the stock interpreter tells `package` not to look at LUA_PATH and LUA_CPATH.
            lua_pushboolean(l, 1);
            lua_setfield(l, LUA_REGISTRYINDEX, c"LUA_NOENV".as_ptr());
        }
        luaL_openlibs(l);
        coroutine::replace(l);
        file(l, chunk::explain, Entry::Explain);
        lua_getglobal(l, c"xpcall".as_ptr());
        scope.set_registry(Entry::Xpcall);
        lua_createtable(l, 0, 0);
        scope.set_registry(Entry::Tasks);
        luaL_getsubtable(l, LUA_REGISTRYINDEX, c"_LOADED".as_ptr());
        library::record_loaded(scope, scope.top());
        lua_getglobal(l, c"package".as_ptr());
        lua_getfield(l, -1, c"preload".as_ptr());
        for module in local.fleet().modules {
            lua_pushstring(l, module.name.as_ptr());
            compat::push_callback(l, module.open, 0);
            lua_pcall_or_raise(l);
            library::record(scope);
            compat::push_callback(l, loader, 1);
            lua_rawset(l, -3);
        }
        lua_pop(l, 3);
    }
}

unsafe fn file(l: *mut lua_State, function: lua_CFunction, entry: Entry) {
    // SAFETY: the caller's.
    unsafe {
        compat::push_callback(l, function, 0);
        entry.set(l);
    }
}

/// Calls the function on top, which returns one value. `[-1, +1, e]`
unsafe fn lua_pcall_or_raise(l: *mut lua_State) {
    // SAFETY: the caller's.
    unsafe {
        if lua_pcall(l, 0, 1, 0) != LUA_OK {
            lua_error(l);
        }
    }
}

/// The preload function of a module: gives the table that was made when the state was opened. `[-0, +1, -]`
unsafe extern "C-unwind" fn loader(l: *mut lua_State) -> c_int {
    // SAFETY: `libraries` made the table the first upvalue.
    unsafe { lua_pushvalue(l, lua_upvalueindex(compat::HIDDEN_UPVALUES + 1)) };
    1
}

/// The global `arg`: the script at 0, its arguments after it, everything else before it. `[-0, +0, m]`
fn arguments(scope: Scope<'_>, arguments: &Arguments) {
    scope.push_table(arguments.of_script().len(), arguments.script + 1);
    for (at, word) in arguments.words.iter().enumerate() {
        scope.push_bytes(word.to_bytes());
        scope.raw_set_index(-2, at as i64 - arguments.script as i64);
    }
    // SAFETY: under a protected call; the globals have no metatable yet.
    unsafe { lua_setglobal(scope.state(), c"arg".as_ptr()) };
}

/// Runs `LUA_INIT`, or the variable with the version in its name if that is set: a chunk, or `@` and a file.
fn run_init(frame: Frame<'_>) -> Result<(), Raise> {
    let Some((name, value)) = compat::INIT_VARIABLES.iter().find_map(|name| Some((name, variable(name)?)))
    else {
        return Ok(());
    };
    match value.to_bytes().split_first() {
        Some((b'@', path)) => {
            let path = CString::new(path).unwrap_or_default();
            frame.load(Source::File(Some(&path)))?;
        }
        _ => {
            let chunk_name = CString::new(format!("={}", name.to_string_lossy())).unwrap_or_default();
            frame.load(Source::Text(value.to_bytes(), &chunk_name))?;
        }
    }
    let results = frame.call(0, Entry::Explain)?;
    frame.pop(results);
    Ok(())
}

fn variable(name: &CStr) -> Option<CString> {
    CString::new(std::env::var_os(name.to_str().ok()?)?.into_vec()).ok()
}
