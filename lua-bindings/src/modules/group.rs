//! Several tasks at once, and tasks in the place of calls: `moonfleet.all`, `race`, `timeout` and `async`.

#![allow(unsafe_code, reason = "timeout and async make a task, which may raise before anything is alive")]

use std::ffi::c_int;

use moonfleet::channel::{self, Receiver};
use moonfleet::foreign::{self, Cancelled, RecvFailure};

use crate::modules::task::{refuse_self, unwrap};
use crate::modules::time;
use crate::raw::callback::conclude;
use crate::raw::ffi::*;
use crate::raw::{Frame, Outcome, Raise, Reply, compat};
use crate::state::local::cancelled;
use crate::state::task::Watcher;
use crate::state::{Local, Phase, Wait};
use crate::task::handle::JoinGuard;
use crate::task::{TaskHandle, spawn};

/// Tasks that are waited for together: those that are the arguments of the running callback.
struct Group<'a> {
    tasks: Vec<&'a TaskHandle>,
    _guards: Vec<JoinGuard<'a>>,
    /// Hears of each end, by the place of the task in the list.
    ended: Receiver<usize>,
}

impl<'a> Group<'a> {
    /// The arguments, all of which must be tasks.
    fn of_arguments(frame: Frame<'a>) -> Result<Self, Raise> {
        let (ends, ended) = channel::unbounded();
        let mut tasks = Vec::new();
        for index in 1..=frame.top() {
            let task = frame.argument::<TaskHandle>(index)?;
            if task.is_running_here(frame) {
                return Err(Raise::argument(index, "a task cannot wait for itself"));
            }
            tasks.push(task);
        }
        for (number, task) in tasks.iter().enumerate() {
            task.watch(Watcher { ends: ends.clone(), number });
        }
        let guards = tasks.iter().map(|task| task.join_guard()).collect();
        Ok(Self { tasks, _guards: guards, ended })
    }

    /// Waits for the next that ends.
    fn next(&self, frame: Frame<'_>, what: &'static &'static str) -> Result<usize, Raise> {
        let recv = || foreign::recv(&self.ended, None);
        match Local::of(frame).wait(frame, Wait::inside(what, None), recv)? {
            Ok(n) => Ok(n),
            Err(_) => Err(cancelled(Cancelled)),
        }
    }

    /// Cancels those that have not ended.
    fn cancel(&self, frame: Frame<'_>) {
        for task in &self.tasks {
            task.cancel(frame);
        }
    }
}

/// `moonfleet.all(task, …)`: the first result of each. Raises the first error that comes, and cancels the rest.
pub(super) fn all(frame: Frame<'_>) -> Outcome {
    let group = Group::of_arguments(frame)?;
    for _ in &group.tasks {
        let task = group.tasks[group.next(frame, &"all")?];
        if task.phase() != Phase::Done {
            group.cancel(frame);
            return raise(frame, task);
        }
    }
    let count = group.tasks.len() as c_int;
    if !frame.reserve(count + 8) {
        return Err(Raise::error("too many results"));
    }
    for task in &group.tasks {
        let top = frame.top();
        if task.push_results(frame)? == 1 {
            frame.push_nil();
        }
        frame.remove(top + 1);
        frame.pop(frame.top() - top - 1);
    }
    Ok(Reply::Values(count))
}

/// `moonfleet.race(task, …)`: the index of the first that ends, and its results, or raises its error. Cancels the rest.
pub(super) fn race(frame: Frame<'_>) -> Outcome {
    if frame.top() == 0 {
        return Err(Raise::expected(1, c"task"));
    }
    let group = Group::of_arguments(frame)?;
    let n = group.next(frame, &"race")?;
    group.cancel(frame);
    let task = group.tasks[n];
    if task.phase() != Phase::Done {
        return raise(frame, task);
    }
    let top = frame.top();
    let count = task.push_results(frame)?;
    // In place of the `true`.
    frame.push_integer(n as i64 + 1);
    frame.replace(top + 1);
    Ok(Reply::Values(count))
}

/// Raises what has ended the task.
fn raise(frame: Frame<'_>, task: &TaskHandle) -> Outcome {
    let base = frame.top();
    task.push_results(frame)?;
    unwrap(frame, task, base)
}

/// `moonfleet.timeout(seconds, fn, ...)`: the results of `fn(...)`, which runs in a task of its own; or cancels it in time,
/// waits for its end, and gives `nil, "timeout"`. `[-0, +n, e]`
pub(super) unsafe extern "C-unwind" fn timeout(l: *mut lua_State) -> c_int {
    // SAFETY: called by Lua; nothing is alive where something raises.
    unsafe {
        conclude(l, |frame| time::seconds(frame, 1).map(|_| Reply::Values(0)));
        luaL_checktype(l, 2, LUA_TFUNCTION);
        spawn::queue(l, 2, 0);
        lua_replace(l, 2);
        lua_settop(l, 2);
        conclude(l, finish_in_time)
    }
}

/// Waits for the task at 2, for as many seconds as 1 says.
fn finish_in_time(frame: Frame<'_>) -> Outcome {
    let deadline = time::deadline(frame, 1)?;
    let task = frame.argument::<TaskHandle>(2)?;
    refuse_self(frame, task)?;
    let _guard = task.join_guard();
    let end = || foreign::recv(task.latch().receiver(), deadline);
    let waited = Local::of(frame).wait(frame, Wait::inside(&"timeout", deadline), end)?;
    let failure = match waited {
        Ok(_) | Err(RecvFailure::Closed) => None,
        Err(failure) => Some(failure),
    };
    if failure.is_some() {
        task.cancel(frame);
        // It ends soon, unless it does not want to. A cancel of this task has had its effect.
        let end = || moonfleet::cancel::mask(|| foreign::recv(task.latch().receiver(), None));
        drop(Local::of(frame).wait(frame, Wait::inside(&"timeout", None), end)?);
    }
    match failure {
        Some(RecvFailure::Cancelled) => return Err(cancelled(Cancelled)),
        Some(_) if task.phase() == Phase::Cancelled => return Ok(Reply::Failure(c"timeout")),
        _ => {}
    }
    let base = frame.top();
    task.push_results(frame)?;
    unwrap(frame, task, base)
}

/// `moonfleet.async(fn)`: a function that spawns `fn` with its arguments, and returns the task. `[-0, +1, e]`
pub(super) unsafe extern "C-unwind" fn make_async(l: *mut lua_State) -> c_int {
    // SAFETY: called by Lua; nothing is alive.
    unsafe {
        luaL_checktype(l, 1, LUA_TFUNCTION);
        lua_settop(l, 1);
        compat::push_callback(l, spawn::spawn_upvalue, 1);
    }
    1
}
