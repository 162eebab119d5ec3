//! `parked`: a million tasks wait on one channel. What do they weigh, how fast do they come and go?

use std::time::Duration;

use crate::cli::{Mode, Options};
use crate::peers::Job;
use crate::works::figures::{self, Figure};
use crate::works::{Work, lanes};

pub(crate) const WORK: Work = Work {
    name: "parked",
    about: "tasks parked on one channel: memory, mappings, time to park and to end",
    options: &["tasks", "runs", "workers", "only", "json", "save"],
    peers: &["moonfleet", "go"],
    run,
};

const FIGURES: &[Figure] = &[
    Figure { name: "rss_mb", title: "RSS MB", digits: 0 },
    Figure { name: "mappings", title: "mappings", digits: 0 },
    Figure { name: "parked_seconds", title: "park s", digits: 3 },
    Figure { name: "ended_seconds", title: "end s", digits: 3 },
];

/// A machine short of memory swaps; it should still come to an end.
const LIMIT: Duration = Duration::from_secs(300);

fn run(options: &Options) -> Result<(), String> {
    let tasks = options.tasks.unwrap_or(1_000_000);
    let job = |&workers| Job {
        work: WORK.name,
        workers,
        mode: Mode::Saturated,
        variant: "",
        seconds: 1.0,
        tasks,
        ops: 1,
    };
    let jobs: Vec<Job> = options.workers.iter().map(job).collect();
    let mut lanes = lanes::prepare(&WORK, options, &jobs);
    lanes::run(&mut lanes, options.runs, LIMIT);
    let settings = format!("parked: {tasks} tasks, medians of {} runs in turns", options.runs);
    figures::publish(&WORK, &settings, FIGURES, &lanes, options)
}
