//! What is measured: one file for each work, and `lanes`, which takes the peers in turns.
//!
//! A new work is a file with a `WORK` constant, a line in `all`, and a program in `programs/`; a new small one
//! is a constant in `micro` and a program.

pub(crate) mod check;
pub(crate) mod figures;
pub(crate) mod idle;
pub(crate) mod lanes;
pub(crate) mod micro;
pub(crate) mod parked;
pub(crate) mod stateful;
pub(crate) mod tcp;

use std::thread;

use crate::cli::Options;

/// One benchmark or check, as the command line knows it.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) name: &'static str,
    /// One line for the usage.
    pub(crate) about: &'static str,
    /// The options it accepts, without dashes.
    pub(crate) options: &'static [&'static str],
    /// The peers that do it.
    pub(crate) peers: &'static [&'static str],
    pub(crate) run: fn(&Options) -> Result<(), String>,
}

/// Every work, in the order of the usage.
pub(crate) fn all() -> impl Iterator<Item = &'static Work> {
    let large = [&stateful::WORK, &parked::WORK, &idle::WORK, &check::WORK, &tcp::WORK, &micro::WORK];
    large.into_iter().chain(micro::ALL.iter().map(|small| &small.work))
}

/// How many cores this process may use.
pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
