//! From a Lua function to a queued task: `moonfleet.spawn` and `moonfleet.spawn_named`.
//!
//! What may raise comes first: the handle, the Lua thread, its arguments. Then comes the Rust half, which cannot
//! raise. The task starts later, in order of spawning; the caller goes on.

#![allow(unsafe_code, reason = "builds a Lua thread before anything with a destructor is alive")]

use std::ffi::{c_int, c_void};
use std::rc::Rc;

use crate::raw::callback::conclude;
use crate::raw::compat;
use crate::raw::ffi::*;
use crate::raw::{Entry, Frame, Outcome, Raise, Reply, slice, userdata};
use crate::state::{Local, Phase, Task};
use crate::task::TaskHandle;
use crate::task::run::run;

/// `spawn(fn, ...)`. `[-0, +1, e]`
///
/// # Safety
/// For Lua to call, as any C function.
pub(crate) unsafe extern "C-unwind" fn spawn(l: *mut lua_State) -> c_int {
    // SAFETY: called by Lua; nothing is alive.
    unsafe {
        luaL_checktype(l, 1, LUA_TFUNCTION);
        queue(l, 1, 0)
    }
}

/// `spawn_named(name, fn, ...)`. `[-0, +1, e]`
///
/// # Safety
/// For Lua to call, as any C function.
pub(crate) unsafe extern "C-unwind" fn spawn_named(l: *mut lua_State) -> c_int {
    // SAFETY: called by Lua; nothing is alive.
    unsafe {
        luaL_checklstring(l, 1, std::ptr::null_mut());
        luaL_checktype(l, 2, LUA_TFUNCTION);
        queue(l, 2, 1)
    }
}

/// What `async(fn)` returns: a function that spawns `fn`, its first upvalue, with its arguments. `[-0, +1, e]`
///
/// # Safety
/// For Lua to call, as any C function.
pub(crate) unsafe extern "C-unwind" fn spawn_upvalue(l: *mut lua_State) -> c_int {
    // SAFETY: called by Lua; nothing is alive.
    unsafe {
        luaL_checkstack(l, 1, c"too many arguments".as_ptr());
        lua_pushvalue(l, lua_upvalueindex(compat::HIDDEN_UPVALUES + 1));
        lua_insert(l, 1);
        queue(l, 1, 0)
    }
}

/// Makes a task of the function at index `function` and the values above it, with the name at index `name` unless that is
/// 0. `[-0, +1, e]`
///
/// # Safety
/// plain-frames; called inside a callback.
pub(crate) unsafe fn queue(l: *mut lua_State, function: c_int, name: c_int) -> c_int {
    // SAFETY: plain-frames up to `conclude`: an `Empty` is a pointer.
    unsafe {
        let arguments = lua_gettop(l) - function;
        luaL_checkstack(l, arguments + 8, c"too many arguments".as_ptr());
        let empty = userdata::allocate::<TaskHandle>(l);
        let thread = lua_newthread(l);
        slice::cleanse(thread);
        compat::tie(l, -2);
        load(l, thread, function, arguments);
        remember(l, thread);
        conclude(l, |frame| {
            let name = (name != 0).then(|| frame.text(name)).flatten().map(String::into_boxed_str);
            let outcome = start(frame, name, thread, arguments, |handle| empty.fill(l, handle));
            if outcome.is_err() {
                forget(l, thread);
            }
            outcome
        })
    }
}

/// Gives the thread what it will run: `xpcall(fn, handler, ...)`. `[-0, +0, m]`
unsafe fn load(l: *mut lua_State, thread: *mut lua_State, function: c_int, arguments: c_int) {
    // SAFETY: plain-frames; `queue` made room here, and a borrowed text needs no destructor.
    unsafe {
        if lua_checkstack(thread, arguments + 8) == 0 {
            Raise::error("too many arguments").throw(l);
        }
        Entry::Xpcall.push(l);
        lua_pushvalue(l, function);
        Entry::Annotate.push(l);
        for index in 1..=arguments {
            lua_pushvalue(l, function + index);
        }
        lua_xmove(l, thread, arguments + 3);
    }
}

/// Files the handle on top in the registry until the task has ended: while it runs, nothing else need hold it. The
/// handle in turn holds the thread. `[-0, +0, m]`
unsafe fn remember(l: *mut lua_State, thread: *mut lua_State) {
    // SAFETY: plain-frames; two slots.
    unsafe {
        Entry::Tasks.push(l);
        lua_pushvalue(l, -2);
        lua_rawsetp(l, -2, address(thread));
        lua_pop(l, 1);
    }
}

/// The Rust half: the record, and the native task that will run it.
fn start(
    frame: Frame<'_>,
    name: Option<Box<str>>,
    thread: *mut lua_State,
    arguments: c_int,
    fill: impl FnOnce(TaskHandle),
) -> Outcome {
    let local = Local::share(frame);
    let number = local.register_task()?;
    let mut builder = moonfleet::TaskBuilder::new().stack_size(local.settings().stack_size).wide_guard(true);
    if let Some(name) = &name {
        builder = builder.name(&**name);
    }
    let task = Rc::new(Task::new(name, number, thread));
    let ticket = Ticket { task: Rc::clone(&task), local: Rc::clone(&local) };
    match builder.spawn_local(move || run(&ticket.task, &ticket.local, arguments + 2)) {
        Ok(native) => {
            task.set_native(native.cancel_handle());
            fill(TaskHandle::Local(task));
            Ok(Reply::Values(1))
        }
        // The ticket is gone, and the task with it.
        Err(error) => Err(Raise::error(error.to_string())),
    }
}

/// What a native task has that will run a task of this state. Dropped unused, as by a runtime that shuts down, it ends
/// the task, for which others may wait.
struct Ticket {
    task: Rc<Task>,
    local: Rc<Local>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.task.is_unstarted() && !self.task.phase().is_ended() {
            self.task.end(Phase::Cancelled);
            self.local.unregister_task();
        }
    }
}

/// Cancels a task of this state: false if it has ended, or was cancelled before.
pub(crate) fn cancel(frame: Frame<'_>, task: &Task) -> bool {
    let is_unstarted = task.phase() == Phase::Ready && task.is_unstarted();
    if !task.cancel() {
        return false;
    }
    if is_unstarted {
        // The native task does not start: it lets go of its closure when its turn comes.
        task.end(Phase::Cancelled);
        // SAFETY: the thread was queued by this state.
        unsafe { forget(frame.state(), task.thread) };
        Local::of(frame).unregister_task();
    }
    true
}

/// Takes the task with this thread out of the registry. `[-0, +0, -]`
///
/// # Safety
/// `l` belongs to the state of `thread`.
pub(super) unsafe fn forget(l: *mut lua_State, thread: *mut lua_State) {
    // SAFETY: setting an entry that exists to nil allocates nothing. An ended task may have filled its stack with
    // results; if it cannot grow for lack of memory, Lua keeps five slots beyond its end.
    unsafe {
        lua_checkstack(l, 3);
        Entry::Tasks.push(l);
        lua_pushnil(l);
        lua_rawsetp(l, -2, address(thread));
        lua_pop(l, 1);
    }
}

fn address(thread: *mut lua_State) -> *const c_void {
    thread.cast_const().cast()
}
