//! [`TaskHandle`]: a task as Lua sees it, of this state or launched into another.

use std::borrow::Cow;
use std::ffi::{CStr, c_int};
use std::rc::Rc;
use std::sync::Arc;

use crate::raw::{Class, Entry, Frame, Raise};
use crate::state::local::CANCELLED;
use crate::state::task::Watcher;
use crate::state::{Local, Phase, Task};
use crate::task::flight::Flight;
use crate::task::spawn;
use crate::value::Handle;

/// A task that can be joined.
pub(crate) enum TaskHandle {
    /// A task of this state.
    Local(Rc<Task>),
    /// The main function of a launched state.
    Launched(Arc<Flight>),
}

impl Class for TaskHandle {
    const NAME: &'static CStr = c"task";
    /// The Lua thread of the task.
    const TIES: bool = true;
    const METATABLE: Entry = Entry::Task;
}

impl TaskHandle {
    pub(crate) fn name(&self) -> Cow<'_, str> {
        match self {
            Self::Local(task) => task.name().into(),
            Self::Launched(flight) => flight.name().into(),
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        match self {
            Self::Local(task) => task.phase(),
            Self::Launched(flight) => flight.phase(),
        }
    }

    /// A channel that closes when the task ends.
    pub(crate) fn latch(&self) -> &Handle {
        match self {
            Self::Local(task) => task.latch(),
            Self::Launched(flight) => flight.latch(),
        }
    }

    /// Has `watcher` told when the task ends, or now if it has.
    pub(crate) fn watch(&self, watcher: Watcher) {
        match self {
            Self::Local(task) => task.watch(watcher),
            Self::Launched(flight) => flight.watch(watcher),
        }
    }

    /// Cancels the task; false if it has ended, or was cancelled before.
    pub(crate) fn cancel(&self, frame: Frame<'_>) -> bool {
        match self {
            Self::Local(task) => spawn::cancel(frame, task),
            Self::Launched(flight) => flight.cancel(),
        }
    }

    /// Whether it is the running task.
    pub(crate) fn is_running_here(&self, frame: Frame<'_>) -> bool {
        match self {
            Self::Local(task) => std::ptr::eq(&raw const **task, Local::of(frame).running()),
            Self::Launched(_) => false,
        }
    }

    /// Counts a joiner until the guard is dropped: an error that somebody waits for is not reported on stderr.
    pub(crate) fn join_guard(&self) -> JoinGuard<'_> {
        match self {
            Self::Local(task) => task.joiners.set(task.joiners.get() + 1),
            Self::Launched(flight) => flight.add_joiner(),
        }
        JoinGuard(self)
    }

    /// Pushes `true, results…`, `false, error` or `nil, "cancelled"` of an ended task. `[-0, +n, -]`
    pub(crate) fn push_results(&self, frame: Frame<'_>) -> Result<c_int, Raise> {
        if self.phase() == Phase::Cancelled {
            return frame.protect(0, &mut (), |scope, ()| {
                scope.push_nil();
                scope.push_bytes(CANCELLED.as_bytes());
                2
            });
        }
        match self {
            Self::Local(task) => task.push_results(frame),
            Self::Launched(flight) => {
                let result = flight
                    .result()
                    .ok_or_else(|| Raise::error("the launched state ended without a result"))?;
                frame.push_boolean(result.is_ok());
                let (Ok(message) | Err(message)) = result;
                Ok(1 + message.push(frame)?)
            }
        }
    }
}

/// See [`TaskHandle::join_guard`].
pub(crate) struct JoinGuard<'t>(&'t TaskHandle);

impl Drop for JoinGuard<'_> {
    fn drop(&mut self) {
        match self.0 {
            TaskHandle::Local(task) => task.joiners.set(task.joiners.get() - 1),
            TaskHandle::Launched(flight) => flight.remove_joiner(),
        }
    }
}
