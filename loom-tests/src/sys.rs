//! What the included files ask of the system: the clock, which stands still here. A deadline passes when
//! the model says so; see `suspend`.

pub(crate) mod clock {
    //! A clock without time.

    use std::time::{Duration, Instant};

    pub(crate) fn now_ns() -> u64 {
        0
    }

    pub(crate) fn after(_timeout: Duration) -> u64 {
        0
    }

    pub(crate) fn at(_deadline: Instant) -> u64 {
        0
    }
}
