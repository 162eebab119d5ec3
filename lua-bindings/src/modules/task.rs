//! Joining, awaiting and cancelling a task, and asking about it.

use moonfleet::foreign::{self, Cancelled, RecvFailure};

use crate::modules::time::deadline;
use crate::raw::{Entry, Frame, Kind, Outcome, Raise, Reply};
use crate::state::local::cancelled;
use crate::state::{Local, Phase, Wait};
use crate::task::TaskHandle;

/// `task:join([timeout])` and `moonfleet.join(task[, timeout])`: `true, results…`, or `false, error`, or
/// `nil, "timeout"` or `"cancelled"`. Any number of tasks may join one.
pub(super) fn join(frame: Frame<'_>) -> Outcome {
    let task = frame.argument::<TaskHandle>(1)?;
    let deadline = deadline(frame, 2)?;
    refuse_self(frame, task)?;
    if !task.phase().is_ended() {
        let waited = {
            let _guard = task.join_guard();
            let end = || foreign::recv(task.latch().receiver(), deadline);
            Local::of(frame).wait(frame, Wait::inside(&"join", deadline), end)?
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
pub(super) fn refuse_self(frame: Frame<'_>, task: &TaskHandle) -> Result<(), Raise> {
    if task.is_running_here(frame) { Err(Raise::argument(1, "a task cannot join itself")) } else { Ok(()) }
}

/// `task:await()` and `moonfleet.await(task)`: the results, or raises the error.
pub(super) fn wait_for(frame: Frame<'_>) -> Outcome {
    let task = frame.argument::<TaskHandle>(1)?;
    if frame.top() > 1 {
        // A timeout is for `join`, which can tell that it has passed.
        frame.pop(frame.top() - 1);
    }
    join(frame)?;
    unwrap(frame, task, 1)
}

/// Leaves the results of `task`, which has ended, above `base`: what `push_results` has pushed there, without the
/// `true` in front; or raises the error. `[-1, +0, -]`
pub(super) fn unwrap(frame: Frame<'_>, task: &TaskHandle, base: i32) -> Outcome {
    match task.phase() {
        Phase::Done => {
            frame.remove(base + 1);
            Ok(Reply::Values(frame.top() - base))
        }
        Phase::Cancelled => Err(Raise::error(format!("task '{}' was cancelled", task.name()))),
        _ => {
            frame.pop(frame.top() - base - 2);
            Err(Raise::Top)
        }
    }
}

/// `task:cancel()`: true if the task was not to end before.
pub(super) fn cancel(frame: Frame<'_>) -> Outcome {
    let task = frame.argument::<TaskHandle>(1)?;
    if task.is_running_here(frame) {
        return Err(Raise::argument(1, "a task cannot cancel itself"));
    }
    frame.push_boolean(task.cancel(frame));
    Ok(Reply::Values(1))
}

/// `task:status()`.
pub(super) fn status(frame: Frame<'_>) -> Outcome {
    let phase = frame.argument::<TaskHandle>(1)?.phase();
    push_text(frame, phase.word())
}

/// `task:name()`.
pub(super) fn name(frame: Frame<'_>) -> Outcome {
    push_text(frame, &frame.argument::<TaskHandle>(1)?.name())
}

/// `tostring(task)`.
pub(super) fn describe(frame: Frame<'_>) -> Outcome {
    push_text(frame, &format!("task: {}", frame.argument::<TaskHandle>(1)?.name()))
}

/// `moonfleet.on_error([fn])`: who is told of errors that nobody joins; without a function it is stderr again. Returns the
/// function before.
pub(super) fn on_error(frame: Frame<'_>) -> Outcome {
    if frame.kind(1).is_some() && frame.kind(1) != Kind::Function {
        return Err(Raise::expected(1, c"function"));
    }
    let count = frame.protect(frame.top(), &mut (), |scope, ()| {
        scope.set_top(1);
        scope.push_registry(Entry::OnError);
        scope.push_copy(1);
        scope.set_registry(Entry::OnError);
        1
    })?;
    Ok(Reply::Values(count))
}

fn push_text(frame: Frame<'_>, text: &str) -> Outcome {
    let count = frame.protect(0, &mut text.as_bytes(), |scope, text| {
        scope.push_bytes(text);
        1
    })?;
    Ok(Reply::Values(count))
}
