//! The Rust programs, each run in a child process as `moonfleet-benches child PEER WORK`.
//!
//! A program prints one `name: number` line for each of its figures and nothing else.

pub(crate) mod accounts;
mod check;
mod idle;
mod micro;
mod parked;
mod stateful;
mod tcp;

use moonfleet::Runtime;

use crate::cli::Options;

/// Runs the program of `peer` for `work` in this process.
pub(crate) fn run(peer: &str, work: &str, options: &Options) -> Result<(), String> {
    if let Some(done) = micro::run(peer, work, options) {
        return done;
    }
    if work == "tcp"
        && let Some(done) = tcp::run(peer, options)
    {
        return done;
    }
    match (peer, work) {
        ("moonfleet", "stateful") => stateful::moonfleet::run(&stateful::Settings::of(options)),
        #[cfg(feature = "peers")]
        ("tokio", "stateful") => stateful::tokio::run(&stateful::Settings::of(options)),
        #[cfg(feature = "peers")]
        ("may", "stateful") => stateful::may::run(&stateful::Settings::of(options)),
        ("moonfleet", "parked") => parked::run(options),
        ("moonfleet", "idle") => idle::run(options),
        ("moonfleet", "check") => check::run(options),
        _ => Err(format!("no program for {peer} {work} in this build")),
    }
}

/// A child is given one worker count.
fn workers(options: &Options) -> usize {
    options.workers.first().copied().unwrap_or(1)
}

/// A runtime with room for `tasks` tasks beside its first one.
fn runtime(workers: usize, tasks: usize) -> Result<Runtime, String> {
    let builder = Runtime::builder().workers(workers).max_tasks(tasks + 16);
    builder.build().map_err(|error| format!("cannot start a runtime with {workers} workers: {error}"))
}
