//! The report of a deadlock: every task of every state waits for another one, and nothing outside can wake any.
//!
//! ```text
//! monitor: all workers sleep ─▶ all tallies say "stuck", all the while ─▶ wakes who stands by ─▶ every worker
//!                                                                         describes its states ─▶ stderr, exit
//! ```

#![allow(unsafe_code, reason = "uses the stack of a main thread that is suspended")]

use std::fmt::Write;
use std::sync::Arc;

use moonfleet::{Builder, TaskBuilder};

use crate::raw::Frame;
use crate::state::local::states_of_this_worker;
use crate::state::{Fleet, Local, STACK_SIZE, Task};
use crate::task::census::{live_tasks, push_traceback};
use crate::task::failure::report;

/// Of so many tasks of a state it is told where they are.
const MOST_TOLD: usize = 100;

/// Has the runtime that `builder` builds look for deadlocks of the fleet.
pub(crate) fn watch(builder: Builder, fleet: &Arc<Fleet>) -> Builder {
    let fleet = Arc::clone(fleet);
    builder.when_still(move |stillness| {
        if stillness.throughout(|| fleet.is_stuck()) == Some(true) {
            fleet.tell_stuck();
        }
    })
}

/// From a task: spawns another one that waits for the word of a deadlock. It ends the process then, by `exit`.
pub(crate) fn stand_by(fleet: &Arc<Fleet>, exit: fn() -> !) {
    let fleet = Arc::clone(fleet);
    let waiting = moonfleet::spawn(move || {
        if fleet.wait_until_stuck() {
            tell(&fleet);
            exit();
        }
    });
    drop(waiting);
}

fn tell(fleet: &Fleet) {
    let mut text = "deadlock: every task waits for another one, and nothing else can wake them".to_owned();
    for worker in fleet.workers() {
        let task =
            TaskBuilder::new().stack_size(STACK_SIZE).wide_guard(true).spawn_on(worker, describe_worker);
        text += &task.map_or_else(|error| format!("\n{error}"), |task| task.join().unwrap_or_default());
    }
    report(&text);
}

/// Tells of all tasks on this worker.
fn describe_worker() -> String {
    let mut text = String::new();
    for local in states_of_this_worker() {
        // SAFETY: own-worker; the state is open, and its main thread is at rest or suspended in a call, as the tasks of
        // this worker take turns. The stack ends as it began.
        let frame = unsafe { Frame::new(local.main().thread) };
        describe_state(&local, frame, &mut text);
    }
    text
}

fn describe_state(local: &Local, frame: Frame<'_>, text: &mut String) {
    if !frame.reserve(8) {
        return;
    }
    let tasks = live_tasks(frame);
    for (task, name) in tasks.iter().take(MOST_TOLD) {
        let what = task.waits_for().unwrap_or("nothing");
        // Writing to a string does not fail.
        let _ = write!(text, "\ntask '{name}' of the state on worker {} waits ({what})", local.worker() + 1);
        let _ = write!(text, "\n{}", traceback(frame, task));
    }
    if tasks.len() > MOST_TOLD {
        let _ = write!(text, "\nand {} more tasks", tasks.len() - MOST_TOLD);
    }
}

fn traceback(frame: Frame<'_>, task: &Task) -> String {
    let pushed = frame.protect(0, &mut &*task, |scope, task| {
        push_traceback(scope, task);
        1
    });
    let text = if pushed.is_ok() { frame.text(-1) } else { None };
    frame.pop(1);
    text.unwrap_or_default()
}
