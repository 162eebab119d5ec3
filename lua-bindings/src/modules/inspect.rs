//! Asking about tasks: `moonfleet.current`, `moonfleet.tasks` and `task:traceback`.
use std::rc::Rc;

use crate::raw::{Frame, Outcome, Reply, Scope};
use crate::state::{Local, Phase, Task};
use crate::task::TaskHandle;
use crate::task::census::{live_tasks, push_traceback};
use crate::task::failure::push_handle;

/// `moonfleet.current()`: the running task.
pub(super) fn current(frame: Frame<'_>) -> Outcome {
    push_handle(frame, Local::of(frame).running());
    Ok(Reply::Values(1))
}

/// `moonfleet.tasks()`: a list of all tasks of this state that have not ended, the oldest first, each a table with the
/// fields `task`, `name`, `status`, `age` in seconds and `waits_for`.
pub(super) fn tasks(frame: Frame<'_>) -> Outcome {
    let mut tasks = live_tasks(frame);
    let count = frame.protect(0, &mut tasks, |scope, tasks| {
        scope.push_table(tasks.len(), 0);
        for ((task, name), n) in tasks.iter().zip(1..) {
            push_entry(scope, task, name);
            scope.raw_set_index(-2, n);
        }
        1
    })?;
    Ok(Reply::Values(count))
}

/// `[-0, +1, m]`
fn push_entry(scope: Scope<'_>, task: &Task, name: &str) {
    scope.push_table(0, 5);
    push_handle(*scope, task);
    scope.set_field(c"task");
    scope.push_bytes(name.as_bytes());
    scope.set_field(c"name");
    scope.push_bytes(task.phase().word().as_bytes());
    scope.set_field(c"status");
    scope.push_number(task.age().as_secs_f64());
    scope.set_field(c"age");
    if let Some(what) = task.waits_for() {
        scope.push_bytes(what.as_bytes());
        scope.set_field(c"waits_for");
    }
}

/// `task:traceback()`: where the task is, in its coroutines too; of a failed one, where it failed. Nil if it has ended
/// otherwise, or runs in another state.
pub(super) fn traceback(frame: Frame<'_>) -> Outcome {
    let task = match frame.argument::<TaskHandle>(1)? {
        TaskHandle::Local(task) => Rc::clone(task),
        TaskHandle::Launched(_) => return push_nothing(frame),
    };
    if task.phase().is_ended() {
        let Some(failure) = task.failure().filter(|_| task.phase() != Phase::Done) else {
            return push_nothing(frame);
        };
        let count = frame.protect(0, &mut &*failure.traceback, |scope, text| {
            scope.push_bytes(text);
            1
        })?;
        return Ok(Reply::Values(count));
    }
    let count = frame.protect(0, &mut &*task, |scope, task| {
        push_traceback(scope, task);
        1
    })?;
    Ok(Reply::Values(count))
}

fn push_nothing(frame: Frame<'_>) -> Outcome {
    frame.push_nil();
    Ok(Reply::Values(1))
}
