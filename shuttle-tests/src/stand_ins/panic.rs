//! `std::panic`, which knows which of the model's threads unwinds: they share one thread of the process.

use std::any::Any;
pub(crate) use std::panic::*;
use std::sync::Once;

use crate::stand_ins::EXECUTION;

fn with_unwinds<R>(change: impl FnOnce(&mut u32) -> R) -> Option<R> {
    let thread = usize::from(shuttle::current::try_get_current_task()?);
    Some(EXECUTION.with_borrow_mut(|execution| change(execution.unwinds.entry(thread).or_default())))
}

pub(super) fn is_unwinding() -> bool {
    with_unwinds(|unwinds| *unwinds != 0).unwrap_or_else(std::thread::panicking)
}

/// Has every panic count as an unwind of the thread that it happens on.
pub(crate) fn watch() {
    static WATCH: Once = Once::new();
    WATCH.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic: &PanicHookInfo<'_>| {
            with_unwinds(|unwinds| *unwinds += 1);
            before(panic);
        }));
    });
}

pub(crate) fn catch_unwind<R>(body: impl FnOnce() -> R + UnwindSafe) -> std::thread::Result<R> {
    let result = std::panic::catch_unwind(body);
    if result.is_err() {
        with_unwinds(|unwinds| *unwinds -= 1);
    }
    result
}

pub(crate) fn resume_unwind(payload: Box<dyn Any + Send>) -> ! {
    with_unwinds(|unwinds| *unwinds += 1);
    std::panic::resume_unwind(payload)
}
