//! Errors that end tasks: what is noted while their frames are there, and what becomes of those that no joiner will see.
//!
//! Text reaches the joiner with the traceback of its task, and of the coroutines that it came out of; any other error
//! value as it is. What nobody joins goes to the script's `on_error`, or to stderr. The others of the state go on.

#![allow(unsafe_code, reason = "a message handler, and calls at the base of a Lua thread")]

use std::ffi::c_int;
use std::io::Write;

use crate::raw::coroutine::{join_stories, push_inner_story};
use crate::raw::ffi::*;
use crate::raw::{Entry, Frame, Kind};
use crate::state::local::CANCELLED;
use crate::state::task::Failure;
use crate::state::{Local, Phase, Task};

/// The message handler of a task: notes the traceback, and puts it under an error that is text. `[-0, +1, e]`
///
/// # Safety
/// For Lua to call, as any message handler.
pub(crate) unsafe extern "C-unwind" fn annotate(l: *mut lua_State) -> c_int {
    // SAFETY: plain-frames: `note` is over before anything else can raise, and borrowed texts stay on the stack.
    unsafe {
        lua_settop(l, 1);
        let text = lua_tolstring(l, 1, std::ptr::null_mut());
        let is_inner = push_inner_story(l);
        luaL_traceback(l, l, std::ptr::null(), 1);
        if is_inner {
            join_stories(l);
        }
        note(Frame::new(l));
        if text.is_null() {
            lua_settop(l, 1);
        } else {
            lua_pushfstring(l, c"%s\n%s".as_ptr(), text, lua_tolstring(l, -1, std::ptr::null_mut()));
        }
    }
    1
}

/// Notes the error at 1, whose traceback is on top, with the running task. `[-0, +0, -]`
fn note(frame: Frame<'_>) {
    let task = Local::of(frame).running();
    let traceback = frame.with_bytes(-1, |text: &[u8]| text.into()).unwrap_or_default();
    let says_so = frame.with_bytes(1, |text: &[u8]| text.ends_with(CANCELLED.as_bytes()));
    let is_told = task.is_cancelled() || moonfleet::cancel::is_cancelled();
    task.note_failure(Failure { traceback, is_cancel: is_told && says_so == Some(true) });
}

/// How a task has ended that ended by an error.
pub(super) fn phase(task: &Task) -> Phase {
    match task.failure() {
        Some(failure) if failure.is_cancel => Phase::Cancelled,
        _ => Phase::Failed,
    }
}

/// Tells of the error at `index` of a Lua thread of a task that nobody joins: the script's `on_error`, if there is one.
pub(super) fn complain(frame: Frame<'_>, index: c_int, task: &Task) {
    if frame.reserve(8) && frame.push_registry(Entry::OnError) == Kind::Function {
        if let Err(text) = call_handler(frame, index, task) {
            report(&format!("on_error failed: {text}"));
            report_failure(frame, index, task);
        }
        return;
    }
    frame.pop(1);
    report_failure(frame, index, task);
}

/// Calls the `on_error` on top with the error, its traceback and the task. `[-1, +0, -]`
fn call_handler(frame: Frame<'_>, index: c_int, task: &Task) -> Result<(), String> {
    let traceback = task.failure().map(|failure| failure.traceback).unwrap_or_default();
    frame.push_copy(index);
    let pushed = frame.protect(1, &mut (&*traceback, task), |scope, (traceback, task)| {
        // SAFETY: under a protected call; the error's own text goes without the traceback that was put under it.
        unsafe {
            let bare = scope.with_bytes(1, |text: &[u8]| {
                text.strip_suffix(*traceback).and_then(|text| text.strip_suffix(b"\n")).map(<[u8]>::len)
            });
            let l = scope.state();
            match bare.flatten() {
                Some(length) => drop(lua_pushlstring(l, lua_tolstring(l, 1, std::ptr::null_mut()), length)),
                None => scope.push_copy(1),
            }
        }
        scope.push_bytes(traceback);
        push_handle(*scope, task);
        3
    });
    let called = pushed.and_then(|count| frame.call(count, Entry::Explain));
    match called {
        Ok(results) => {
            frame.pop(results);
            Ok(())
        }
        Err(_) => {
            let text = describe(frame, -1);
            frame.pop(1);
            Err(text)
        }
    }
}

/// Pushes the handle of a task that has not ended. `[-0, +1, -]`
pub(crate) fn push_handle(frame: Frame<'_>, task: &Task) {
    if task.is_main() {
        frame.push_registry(Entry::MainTask);
        return;
    }
    frame.push_registry(Entry::Tasks);
    // SAFETY: two slots; the table is one.
    unsafe {
        lua_rawgetp(frame.state(), -1, task.thread.cast_const().cast());
        lua_remove(frame.state(), -2);
    }
}

/// Writes `moonfleet: text` to stderr.
pub(crate) fn report(text: &str) {
    // A report that cannot be written has nowhere else to go.
    let _ = writeln!(std::io::stderr().lock(), "moonfleet: {text}");
}

/// Reports the error value at `index` of a thread of the task. A value that is no text has its traceback under it.
fn report_failure(frame: Frame<'_>, index: c_int, task: &Task) {
    let mut text = describe(frame, index);
    if let (false, Some(failure)) = (frame.kind(index) == Kind::String, task.failure()) {
        text = format!("{text}\n{}", String::from_utf8_lossy(&failure.traceback));
    }
    report(&format!("task '{}' failed: {text}", task.name()));
}

/// The error value as text; a table may say by `__tostring` what it means.
pub(crate) fn describe(frame: Frame<'_>, index: c_int) -> String {
    if let Some(text) = frame.text(index) {
        return text;
    }
    if frame.kind(index) == Kind::None || !frame.reserve(8) {
        return "error without a message".to_owned();
    }
    frame.push_copy(index);
    let converted = frame.protect(1, &mut (), |scope, ()| {
        scope.to_text();
        1
    });
    let text = if converted.is_ok() { frame.text(-1) } else { None };
    frame.pop(1);
    text.unwrap_or_else(|| "error in __tostring".to_owned())
}
