//! States on other workers: `moonfleet.launch`, `moonfleet.workers` and `moonfleet.worker`.

use std::ffi::{CStr, c_int};

use crate::raw::{Frame, Kind, Outcome, Raise, Reply};
use crate::state::Local;
use crate::task::{TaskHandle, launch as flight};
use crate::value::{Message, Names};

/// The option names, as upvalues of the callback.
pub(super) const FIELDS: &[&CStr] = &[c"fn", c"args", c"name", c"worker", c"n"];
const FUNCTION: c_int = 1;
const ARGUMENTS: c_int = 2;
const NAME: c_int = 3;
const WORKER: c_int = 4;
const COUNT: c_int = 5;

/// `moonfleet.launch(fn, ...)` or `moonfleet.launch{fn=, args={}, name=, worker=}`: runs `fn` in a new Lua state on
/// another worker. Function, arguments and results are copied.
pub(super) fn launch(frame: Frame<'_>) -> Result<TaskHandle, Raise> {
    // The userdata for the result is on top.
    let arguments = frame.top() - 1;
    match if arguments == 0 { Kind::None } else { frame.kind(1) } {
        Kind::Function => {
            let message = Message::read_range(frame, 1, arguments, Names::Arguments)?;
            flight::launch(frame, message, None, None)
        }
        Kind::Table => launch_with_options(frame),
        _ => Err(Raise::expected(1, c"function")),
    }
}

fn launch_with_options(frame: Frame<'_>) -> Result<TaskHandle, Raise> {
    let top = frame.top();
    let name = match frame.field(1, NAME) {
        Kind::Nil => None,
        _ => Some(frame.text(-1).ok_or_else(|| Raise::argument(1, "'name' must be a string"))?),
    };
    let worker = match frame.field(1, WORKER) {
        Kind::Nil => None,
        _ => Some(worker_index(frame)?),
    };
    let first = frame.top() + 1;
    if frame.field(1, FUNCTION) != Kind::Function {
        return Err(Raise::argument(1, "'fn' must be a function"));
    }
    let count = 1 + push_arguments(frame)?;
    let message = Message::read_range(frame, first, count, Names::Arguments)?;
    frame.pop(frame.top() - top);
    flight::launch(frame, message, name, worker)
}

/// The worker in the field on top, counted from 1 in Lua.
fn worker_index(frame: Frame<'_>) -> Result<usize, Raise> {
    let workers = moonfleet::worker_count();
    let index = frame.integer(-1).and_then(|n| usize::try_from(n).ok()).filter(|n| (1..=workers).contains(n));
    index
        .map(|n| n - 1)
        .ok_or_else(|| Raise::argument(1, format!("'worker' must be a number from 1 to {workers}")))
}

/// Pushes the elements of the list `args` above the function on top. `[-0, +n, -]`
fn push_arguments(frame: Frame<'_>) -> Result<c_int, Raise> {
    let function = frame.top();
    match frame.field(1, ARGUMENTS) {
        Kind::Nil => {
            frame.pop(1);
            return Ok(0);
        }
        Kind::Table => {}
        _ => return Err(Raise::argument(1, "'args' must be a table")),
    }
    // A list made by table.pack says how long it is, holes and all.
    frame.field(-1, COUNT);
    let length = frame.integer(-1).unwrap_or(frame.raw_length(-2) as i64);
    frame.pop(1);
    let count =
        c_int::try_from(length).ok().filter(|&count| count >= 0 && frame.reserve(count.saturating_add(8)));
    let count = count.ok_or_else(|| Raise::argument(1, "'args' is too long"))?;
    let list = function + 1;
    for n in 1..=count {
        frame.raw_get_index(list, i64::from(n));
    }
    frame.remove(list);
    Ok(count)
}

/// `moonfleet.workers()`: how many there are.
pub(super) fn workers(frame: Frame<'_>) -> Outcome {
    frame.push_integer(moonfleet::worker_count() as i64);
    Ok(Reply::Values(1))
}

/// `moonfleet.worker()`: which one this state belongs to, from 1 to `workers()`.
pub(super) fn worker(frame: Frame<'_>) -> Outcome {
    frame.push_integer(Local::of(frame).worker() as i64 + 1);
    Ok(Reply::Values(1))
}
