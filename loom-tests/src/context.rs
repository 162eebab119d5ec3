//! The protocol file of the runtime's context, and the rest of it for models: which task runs on a loom thread, and
//! telling it to look at its limits.

#[path = "../../runtime/src/context/running.rs"]
pub(crate) mod running;

use std::cell::RefCell;

use crate::task::header::TaskRef;

loom::thread_local! {
    static CURRENT: RefCell<Option<TaskRef>> = RefCell::new(None);
}

/// From now on `task` runs on this loom thread.
pub(crate) fn begin(task: &TaskRef) {
    CURRENT.with(|current| *current.borrow_mut() = Some(task.to_ref()));
}

/// The task that runs on this loom thread, if any. Of its worker there is nothing to show.
pub(crate) fn current() -> Option<((), TaskRef)> {
    CURRENT.with(|current| current.borrow().as_ref().map(|task| ((), task.to_ref())))
}

/// Tells a task that one of its limits may be over. How that gets to its home is modelled in `summons`.
pub(crate) fn look_at_limits(task: &TaskRef) {
    task.tell();
}
