//! Joining a task, and asking about it.

use moonfleet::foreign::{self, Cancelled, RecvFailure};

use crate::modules::time::deadline;
use crate::raw::{Frame, Outcome, Raise, Reply, Scope};
use crate::state::local::cancelled;
use crate::state::{Local, Phase};
use crate::task::TaskHandle;

/// `task:join([timeout])` and `moonfleet.join(task[, timeout])`: `true, results…`, or `false, error`, or
/// `nil, "timeout"`. Any number of tasks may join one.
pub(super) fn join(frame: Frame<'_>) -> Outcome {
    let task = frame.argument::<TaskHandle>(1)?;
    let deadline = deadline(frame, 2)?;
    if !task.phase().is_ended() {
        refuse_self(task)?;
        let waited = {
            let _guard = task.join_guard();
            Local::of(frame).wait(frame, || foreign::recv(task.latch().receiver(), deadline))?
        };
        match waited {
            // Nothing is ever sent; the end of the task closes the channel.
            Ok(_) | Err(RecvFailure::Closed) => {}
            Err(RecvFailure::TimedOut) => return Ok(Reply::Failure(c"timeout")),
            Err(RecvFailure::Cancelled) => return Err(cancelled(Cancelled)),
        }
    }
    Ok(Reply::Values(task.push_results(frame)?))
}

/// A task that joined itself would wait for ever.
pub(super) fn refuse_self(task: &TaskHandle) -> Result<(), Raise> {
    match task {
        TaskHandle::Local(task) if task.phase() == Phase::Running => {
            Err(Raise::argument(1, "a task cannot join itself"))
        }
        _ => Ok(()),
    }
}

/// `task:status()`.
pub(super) fn status(frame: Frame<'_>) -> Outcome {
    let status = match frame.argument::<TaskHandle>(1)?.phase() {
        Phase::Ready => "ready",
        Phase::Running => "running",
        Phase::Waiting => "waiting",
        Phase::Done => "done",
        Phase::Failed => "failed",
    };
    push_text(frame, status)
}

/// `task:name()`.
pub(super) fn name(frame: Frame<'_>) -> Outcome {
    push_text(frame, &frame.argument::<TaskHandle>(1)?.name())
}

/// `tostring(task)`.
pub(super) fn describe(frame: Frame<'_>) -> Outcome {
    push_text(frame, &format!("task: {}", frame.argument::<TaskHandle>(1)?.name()))
}

fn push_text(frame: Frame<'_>, text: &str) -> Outcome {
    let count = frame.protect(0, &mut text.as_bytes(), |scope: Scope<'_>, text| {
        scope.push_bytes(text);
        1
    })?;
    Ok(Reply::Values(count))
}
