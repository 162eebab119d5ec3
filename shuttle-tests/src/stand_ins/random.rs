//! `fastrand`, with dice that shuttle throws: so a schedule that is run again runs the same way.

use std::ops::RangeTo;

use shuttle::rand::Rng as _;

pub(crate) fn bool() -> bool {
    shuttle::rand::thread_rng().gen_bool(0.5)
}

pub(crate) fn shuffle<T>(slice: &mut [T]) {
    for last in (1..slice.len()).rev() {
        slice.swap(last, Rng.usize(..last + 1));
    }
}

/// A generator.
#[derive(Debug)]
pub(crate) struct Rng;

impl Rng {
    pub(crate) fn new() -> Self {
        Self
    }

    pub(crate) fn usize(&mut self, range: RangeTo<usize>) -> usize {
        shuttle::rand::thread_rng().gen_range(0..range.end)
    }
}
