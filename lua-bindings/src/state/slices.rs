//! Slices: a task that computes for long lets the others of its worker run.

use std::time::Duration;

use moonfleet::Builder;

use crate::raw::slice;
use crate::state::Local;

/// How long a task may compute before others get a turn.
const SLICE: Duration = Duration::from_millis(10);

/// How often a task is told in one turn that its slice is over, at most, after twice the time each time: it may be in C
/// code, or just then about to resume a coroutine.
const TELLINGS: u32 = 16;

/// Has the runtime that `builder` builds interrupt Lua tasks that compute for longer than a slice.
pub(crate) fn interrupt_long_turns(builder: Builder) -> Builder {
    slice::install(Local::end_slice);
    (0..TELLINGS).fold(builder, |builder, n| {
        builder.monitor(SLICE * 2_u32.pow(n), |hog| slice::tell(hog.thread, hog.id))
    })
}
