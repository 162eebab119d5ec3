//! Timers: the deadlines of one worker, soonest first.
//!
//! [`TimerHeap`] (`heap.rs`) belongs to its worker alone: no lock, no atomic, no allocation per timer once it
//! has grown. It knows deadlines as nanoseconds of whatever clock its owner reads, never reads a clock itself,
//! and carries a small `Copy` payload that says whom to wake.

mod heap;

pub(crate) use self::heap::{TimerHeap, TimerKey};
