//! `runtime/src/sys/clock.rs`: time passes a little with every look at it, and jumps when somebody waits for it.

use std::time::Duration;

use crate::stand_ins::EXECUTION;
use crate::stand_ins::time::Instant;

/// How much time passes from one look at the clock to the next.
const TICK_NS: u64 = 3_000;

/// Who waits as long as this waits for something else.
const NEVER_NS: u64 = 1_000_000_000 * 60 * 60;

pub(crate) fn now_ns() -> u64 {
    EXECUTION.with_borrow_mut(|execution| {
        execution.now_ns += TICK_NS;
        execution.now_ns
    })
}

pub(crate) fn after(timeout: Duration) -> u64 {
    now_ns().saturating_add(u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX))
}

pub(crate) fn at(deadline: Instant) -> u64 {
    deadline.ns()
}

/// It is `until_ns` now, or later.
pub(crate) fn advance_to(until_ns: u64) {
    EXECUTION.with_borrow_mut(|execution| execution.now_ns = execution.now_ns.max(until_ns));
}

/// Whether no model goes on until then.
pub(crate) fn is_never(until_ns: u64) -> bool {
    until_ns > NEVER_NS
}
