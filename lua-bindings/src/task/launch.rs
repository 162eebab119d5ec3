//! The life of a launched state: a function and its arguments arrive as a message, and the results leave as one.

use std::ffi::c_int;
use std::sync::Arc;

use crate::raw::{Entry, Frame, Raise};
use crate::state::fleet::Berth;
use crate::state::{Local, LuaState};
use crate::task::TaskHandle;
use crate::task::flight::Flight;
use crate::task::report::report;
use crate::value::{Message, Names};

/// Runs the function that is the first value of `message` in a new state on `worker`, with the other values as its
/// arguments.
pub(crate) fn launch(
    frame: Frame<'_>,
    message: Message,
    name: Option<String>,
    worker: Option<usize>,
) -> Result<TaskHandle, Raise> {
    let local = Local::of(frame);
    let worker =
        worker.unwrap_or_else(|| local.fleet().next_worker(local.worker(), moonfleet::worker_count()));
    let name = name.unwrap_or_else(|| format!("state on worker {}", worker + 1));
    let flight = Arc::new(Flight::new(name.clone().into()));
    let (own_flight, berth) = (Arc::clone(&flight), local.fleet().board());
    let spawned = moonfleet::TaskBuilder::new()
        .name(name)
        .stack_size(local.settings().stack_size)
        .wide_guard(true)
        .spawn_on(worker, move || fly(&own_flight, message, berth));
    match spawned {
        Ok(_detached) => Ok(TaskHandle::Launched(flight)),
        Err(error) => Err(Raise::error(error.to_string())),
    }
}

/// The native task of a launched state.
fn fly(flight: &Flight, message: Message, berth: Berth) {
    flight.begin();
    let state = match LuaState::open(berth) {
        Ok(state) => state,
        Err(text) => return land(flight, Err(Message::text(&text)), &text),
    };
    match call(&state, message) {
        Ok(results) => flight.end(Ok(results)),
        Err((error, text)) => land(flight, Err(error), &text),
    }
    state.close();
}

/// Ends the flight with an error, which goes to stderr unless somebody waits for it.
fn land(flight: &Flight, result: Result<Message, Message>, text: &str) {
    if !flight.has_joiner() {
        report(&format!("task '{}' failed: {text}", flight.name()));
    }
    flight.end(result);
}

/// Calls the function in `message`; an error comes back as a value that can cross, and as text.
fn call(state: &LuaState, message: Message) -> Result<Message, (Message, String)> {
    let frame = state.frame();
    let outcome = message.push(frame).and_then(|count| frame.call(count - 1, Entry::Annotate));
    let result = match outcome {
        Ok(count) => Message::read_range(frame, 1, count, Names::Results).map_err(|raise| {
            let text = state.error_text(raise);
            (Message::text(&text), text)
        }),
        Err(Raise::Top) => Err(error_value(frame, frame.top())),
        Err(raise) => {
            let text = state.error_text(raise);
            Err((Message::text(&text), text))
        }
    };
    frame.pop(frame.top());
    result
}

/// The error at `index` as a message: itself if it can cross, else as text.
fn error_value(frame: Frame<'_>, index: c_int) -> (Message, String) {
    let text = crate::task::report::describe(frame, index);
    let message =
        Message::read_range(frame, index, 1, Names::Results).unwrap_or_else(|_| Message::text(&text));
    (message, text)
}
