//! `idle`: parked tasks and nothing to do. A runtime at rest must leave the processor alone.

use std::time::Duration;

use crate::cli::{Mode, Options};
use crate::peers::Job;
use crate::works::figures::{self, Figure};
use crate::works::{Work, lanes};

pub(crate) const WORK: Work = Work {
    name: "idle",
    about: "parked tasks and nothing to do: CPU time and context switches of the workers",
    options: &["tasks", "seconds", "runs", "workers", "json", "save"],
    peers: &["moonfleet"],
    run,
};

const FIGURES: &[Figure] = &[
    Figure { name: "idle_cpu_ms", title: "idle CPU ms", digits: 3 },
    Figure { name: "voluntary_switches", title: "voluntary switches", digits: 0 },
    Figure { name: "forced_switches", title: "forced switches", digits: 0 },
];

/// Beyond the idle time itself: start, parking, end.
const GRACE: Duration = Duration::from_secs(30);

fn run(options: &Options) -> Result<(), String> {
    let (tasks, seconds) = (options.tasks.unwrap_or(10_000), options.seconds.unwrap_or(3.0));
    let job = |&workers| Job {
        work: WORK.name,
        workers,
        mode: Mode::Saturated,
        variant: "",
        seconds,
        tasks,
        ops: 1,
    };
    let jobs: Vec<Job> = options.workers.iter().map(job).collect();
    let mut lanes = lanes::prepare(&WORK, options, &jobs);
    lanes::run(&mut lanes, options.runs, Duration::from_secs_f64(seconds) + GRACE);
    let settings = format!("idle: {tasks} parked tasks for {seconds} s, medians of {} runs", options.runs);
    figures::publish(&WORK, &settings, FIGURES, &lanes, options)
}
