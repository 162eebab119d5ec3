//! The life of a launched state: a function and its arguments arrive as a message, and the results leave as one.

use std::ffi::c_int;
use std::sync::Arc;

use crate::raw::{Entry, Frame, Raise};
use crate::state::fleet::Berth;
use crate::state::{Local, LuaState, Phase};
use crate::task::TaskHandle;
use crate::task::failure::{self, describe, report};
use crate::task::flight::Flight;
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
    let (pilot, berth) = (Pilot(Arc::clone(&flight)), local.fleet().board());
    let spawned = moonfleet::TaskBuilder::new()
        .name(name)
        .stack_size(local.settings().stack_size)
        .wide_guard(true)
        .spawn_on(worker, move || fly(&pilot.0, message, berth));
    match spawned {
        Ok(native) => {
            flight.set_canceller(native.cancel_handle());
            Ok(TaskHandle::Launched(flight))
        }
        Err(error) => Err(Raise::error(error.to_string())),
    }
}

/// Who flies: without it the flight is over. That matters to one that is cancelled before it has begun.
struct Pilot(Arc<Flight>);

impl Drop for Pilot {
    fn drop(&mut self) {
        self.0.end(Phase::Cancelled, Err(Message::default()));
    }
}

/// The native task of a launched state.
fn fly(flight: &Flight, message: Message, berth: Berth) {
    flight.begin();
    let state = match LuaState::open(berth, flight.name()) {
        Ok(state) => state,
        Err(text) => {
            report_unjoined(flight, &text);
            return flight.end(Phase::Failed, Err(Message::text(&text)));
        }
    };
    let result = call(&state, flight, message);
    let phase = if result.is_ok() { Phase::Done } else { failure::phase(state.local().main()) };
    flight.end(phase, result);
    state.close(phase);
}

fn report_unjoined(flight: &Flight, text: &str) {
    if !flight.has_joiner() {
        report(&format!("task '{}' failed: {text}", flight.name()));
    }
}

/// Calls the function in `message`; an error comes back as a value that can cross, and is told of if nobody joins.
fn call(state: &LuaState, flight: &Flight, message: Message) -> Result<Message, Message> {
    let (frame, main) = (state.frame(), state.local().main());
    let outcome = message.push(frame).and_then(|count| frame.call(count - 1, Entry::Annotate));
    let result = match outcome {
        Ok(count) => Message::read_range(frame, 1, count, Names::Results).map_err(|raise| {
            let text = state.error_text(raise);
            report_unjoined(flight, &text);
            Message::text(&text)
        }),
        Err(Raise::Top) => {
            let index = frame.top();
            if failure::phase(main) == Phase::Failed && !flight.has_joiner() {
                failure::complain(frame, index, main);
            }
            Err(error_value(frame, index))
        }
        Err(raise) => {
            let text = state.error_text(raise);
            report_unjoined(flight, &text);
            Err(Message::text(&text))
        }
    };
    frame.pop(frame.top());
    result
}

/// The error at `index` as a message: itself if it can cross, else as text.
fn error_value(frame: Frame<'_>, index: c_int) -> Message {
    Message::read_range(frame, index, 1, Names::Results)
        .unwrap_or_else(|_| Message::text(&describe(frame, index)))
}
