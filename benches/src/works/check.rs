//! `check`: the stateful work with an account of every reply. Fails unless all of them add up.

use std::time::Duration;

use crate::cli::{Mode, Options};
use crate::peers::Job;
use crate::works::figures::{self, Figure};
use crate::works::{Work, lanes};

pub(crate) const WORK: Work = Work {
    name: "check",
    about: "no reply of the stateful work is lost, doubled or misrouted",
    options: &["ops", "runs", "workers", "json", "save"],
    peers: &["moonfleet"],
    run,
};

const FIGURES: &[Figure] = &[
    Figure { name: "operations", title: "operations", digits: 0 },
    Figure { name: "elapsed", title: "seconds", digits: 3 },
];

/// Longer than any honest run: a lost reply shows as a client that waits for ever.
const LIMIT: Duration = Duration::from_secs(300);

fn run(options: &Options) -> Result<(), String> {
    let ops = options.ops.unwrap_or(10_000_000);
    let job = |&workers| Job {
        work: WORK.name,
        workers,
        mode: Mode::Saturated,
        variant: "",
        seconds: 1.0,
        tasks: 110,
        ops,
    };
    let jobs: Vec<Job> = options.workers.iter().map(job).collect();
    let mut lanes = lanes::prepare(&WORK, options, &jobs);
    lanes::run(&mut lanes, options.runs, LIMIT);
    let settings = format!("check: {ops} operations, each with its own id, {} runs", options.runs);
    figures::publish(&WORK, &settings, FIGURES, &lanes, options)?;
    match lanes.iter().map(lanes::Lane::note).find(|note| !note.is_empty()) {
        Some(note) => Err(format!("check: {note}")),
        None => Ok(()),
    }
}
