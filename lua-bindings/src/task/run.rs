//! The life of a task on its native stack: `lua_resume` once, and then the end.
//!
//! The task's function runs under the stock `xpcall`, so an error is turned into text with a traceback while its
//! frames are still there, and to-be-closed variables are closed. A wait suspends this native stack below Lua; Lua
//! never sees it. What Lua does see is a bare `coroutine.yield`: there is nobody to resume the task, so it ends.

#![allow(unsafe_code, reason = "drives a raw Lua thread")]

use std::ffi::c_int;
use std::rc::Rc;

use crate::raw::ffi::*;
use crate::raw::{Frame, active, compat};
use crate::state::{Local, Phase, Task};
use crate::task::failure;
use crate::task::spawn::forget;

/// What becomes of a task that yields where there is no coroutine to yield from.
const BARE_YIELD: &str = "attempt to yield from outside a coroutine";

/// Runs the task to its end, with the `arguments` values above the function on its thread.
pub(super) fn run(task: &Rc<Task>, local: &Local, arguments: c_int) {
    if task.phase().is_ended() {
        // It was cancelled before its turn, by somebody who could not keep it from coming.
        return;
    }
    local.begin_task(task);
    // SAFETY: INVARIANT(thread) of the task; it was spawned on this worker, and this native stack alone runs it. Nothing
    // below raises: every Lua call is a resume or a protected one.
    unsafe { active::enter(task.thread, || run_thread(task, arguments)) };
    // SAFETY: the thread is at rest, and still held by the registry.
    unsafe { forget(task.thread, task.thread) };
    local.unregister_task();
}

fn run_thread(task: &Task, arguments: c_int) {
    let mut results = 0;
    // SAFETY: as in `run`; `lua_resume` catches every error.
    let (frame, status) = unsafe {
        (Frame::new(task.thread), lua_resume(task.thread, std::ptr::null_mut(), arguments, &mut results))
    };
    if status != LUA_OK {
        end_badly(frame, status);
    }
    let phase = if frame.boolean(1) { Phase::Done } else { failure::phase(task) };
    if phase == Phase::Failed && task.joiners.get() == 0 {
        failure::complain(frame, 2, task);
    }
    task.keep_results(frame);
    task.end(phase);
}

/// Leaves `false` and an error on the stack of a thread that did not come to a regular end. `[-?, +2, -]`
#[cold]
fn end_badly(frame: Frame<'_>, status: c_int) {
    let text = match status {
        LUA_YIELD => None,
        _ => Some(frame.text(-1).unwrap_or_default()),
    };
    // SAFETY: the thread is not running, and will not be resumed; to-be-closed variables are closed here.
    unsafe { compat::close_thread(frame.state()) };
    frame.push_boolean(false);
    let mut text = text.as_deref().unwrap_or(BARE_YIELD).as_bytes();
    let pushed = frame.protect(0, &mut text, |scope, text| {
        scope.push_bytes(text);
        1
    });
    // On failure the error value itself, a text about memory, is on the stack: just as good.
    drop(pushed);
}
