//! The tasks of a state that have not ended, and where each of them is.

#![allow(unsafe_code, reason = "walks the Lua threads of suspended tasks")]

use std::rc::Rc;

use crate::raw::active::Chain;
use crate::raw::{Entry, Frame, Scope};
use crate::state::{Phase, Task};
use crate::task::TaskHandle;

/// The tasks that have not ended, and their names, the oldest first. `[-0, +0, -]`
pub(crate) fn live_tasks(frame: Frame<'_>) -> Vec<(Rc<Task>, String)> {
    let mut tasks = Vec::new();
    frame.push_registry(Entry::MainTask);
    add_live(frame, &mut tasks);
    frame.pop(1);
    frame.push_registry(Entry::Tasks);
    let table = frame.top();
    frame.push_nil();
    while frame.next(table) {
        add_live(frame, &mut tasks);
        frame.pop(1);
    }
    frame.pop(1);
    tasks.sort_by_key(|(task, _)| task.number());
    tasks
}

/// Adds the task whose handle is on top. `[-0, +0, -]`
fn add_live(frame: Frame<'_>, tasks: &mut Vec<(Rc<Task>, String)>) {
    if let Some(TaskHandle::Local(task)) = frame.userdata(-1)
        && !task.phase().is_ended()
    {
        tasks.push((Rc::clone(task), task.name()));
    }
}

/// Pushes where a task is that has not ended. `[-0, +1, m]`
pub(crate) fn push_traceback(scope: Scope<'_>, task: &Task) {
    // SAFETY: the chain of a task that runs is the current one, as it runs here; that of a suspended one was taken.
    unsafe {
        if task.phase() == Phase::Running {
            scope.push_traceback(Chain::current().states(), 1);
        } else {
            scope.push_traceback(task.chain().states(), 0);
        }
    }
}
