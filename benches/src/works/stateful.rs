//! `stateful`: one task owns a map, 110 clients ask it over two unbuffered channels.
//!
//! The work is the program "Stateful Goroutines" of Go by Example: 100 readers, 10 writers, keys 0 to 4,
//! random values, a new reply channel for each operation, a `select` over reads and writes in the owner.

use std::time::Duration;

use serde_json::{Value, json};

use crate::child::Outcome;
use crate::cli::{Mode, Options};
use crate::peers::Job;
use crate::report::{self, Table, grouped};
use crate::stats::{Summary, rate};
use crate::works::Work;
use crate::works::lanes::{self, Lane};

pub(crate) const WORK: Work = Work {
    name: "stateful",
    about: "one owner task, 100 readers, 10 writers, a reply channel for each operation",
    options: &["runs", "seconds", "workers", "mode", "only", "json", "save"],
    peers: &["moonfleet", "moonfleet-lua", "moonfleet-lua-states", "go", "tokio", "may", "cosock", "lua"],
    run,
};

/// How much longer than its work a child may live before it counts as hung.
const GRACE: Duration = Duration::from_secs(30);

fn run(options: &Options) -> Result<(), String> {
    let seconds = options.seconds.unwrap_or(1.0);
    let mut lanes = lanes::prepare(&WORK, options, &jobs(options, seconds));
    lanes::run(&mut lanes, options.runs, Duration::from_secs_f64(seconds) + GRACE);

    let rows: Vec<Row> = lanes.iter().map(|lane| Row::of(lane, &lanes)).collect();
    let mut table = Table::new(&[
        "mode",
        "workers",
        "peer",
        "ops/s",
        "min",
        "max",
        "reads:writes",
        "CPU s",
        "peak MB",
        "vs Go",
        "note",
    ]);
    for row in &rows {
        table.row(row.cells());
    }
    let settings = format!("stateful: {} runs of {seconds} s each, in turns; medians", options.runs);
    report::publish(WORK.name, &settings, &table.to_text(), rows.iter().map(Row::to_json).collect(), options)
}

fn jobs(options: &Options, seconds: f64) -> Vec<Job> {
    let job = |mode: Mode, workers: usize| Job {
        work: WORK.name,
        workers,
        mode,
        variant: "",
        seconds,
        tasks: 110,
        ops: 1,
    };
    let modes = options.modes.iter();
    modes.flat_map(|&mode| options.workers.iter().map(move |&workers| job(mode, workers))).collect()
}

/// Operations per second of one run.
fn ops_per_second(outcome: &Outcome) -> Result<f64, String> {
    Ok(rate(outcome.figure("readOps")? + outcome.figure("writeOps")?, outcome.elapsed()))
}

fn median_rate(lane: &Lane) -> Option<f64> {
    Some(Summary::of(lane.outcomes.iter().flat_map(ops_per_second))?.median)
}

/// One line of the report.
struct Row<'a> {
    lane: &'a Lane,
    ops_per_second: Option<Summary>,
    /// `None` also when nothing was written.
    reads_per_write: Option<f64>,
    cpu_seconds: Option<Summary>,
    peak_rss_mb: Option<Summary>,
    versus_go: Option<f64>,
    note: String,
}

impl<'a> Row<'a> {
    fn of(lane: &'a Lane, all: &[Lane]) -> Row<'a> {
        let total = |name| lane.outcomes.iter().flat_map(|outcome| outcome.figure(name)).sum::<f64>();
        let (reads, writes) = (total("readOps"), total("writeOps"));
        let go = all.iter().find(|other| {
            let same = (other.job.mode, other.job.workers) == (lane.job.mode, lane.job.workers);
            same && other.peer.name == "go"
        });
        let go = go.and_then(median_rate).filter(|&rate| rate > 0.0);
        let unread = lane.outcomes.iter().find_map(|outcome| ops_per_second(outcome).err());
        Row {
            lane,
            ops_per_second: Summary::of(lane.outcomes.iter().flat_map(ops_per_second)),
            reads_per_write: (writes > 0.0).then(|| reads / writes),
            cpu_seconds: Summary::of(lane.outcomes.iter().map(|outcome| outcome.cpu.as_secs_f64())),
            peak_rss_mb: Summary::of(lane.outcomes.iter().map(|outcome| outcome.peak_rss_mb)),
            versus_go: median_rate(lane).zip(go).map(|(rate, go)| rate / go),
            note: unread.unwrap_or_else(|| lane.note()),
        }
    }

    fn cells(&self) -> Vec<String> {
        let or_dash = |cell: Option<String>| cell.unwrap_or_else(|| "-".to_owned());
        let ops =
            |pick: fn(&Summary) -> f64| or_dash(self.ops_per_second.as_ref().map(|all| grouped(pick(all))));
        let median = |all: &Option<Summary>, digits| {
            or_dash(all.as_ref().map(|all| format!("{:.digits$}", all.median)))
        };
        vec![
            self.lane.job.mode.name().to_owned(),
            self.lane.workers().to_string(),
            self.lane.peer.name.to_owned(),
            ops(|all| all.median),
            ops(|all| all.min),
            ops(|all| all.max),
            or_dash(self.reads_per_write.map(|ratio| format!("{ratio:.1}"))),
            median(&self.cpu_seconds, 2),
            median(&self.peak_rss_mb, 1),
            or_dash(self.versus_go.map(|ratio| format!("{ratio:.2}"))),
            self.note.clone(),
        ]
    }

    fn to_json(&self) -> Value {
        let summary = |all: &Option<Summary>| all.as_ref().map(Summary::to_json);
        json!({
            "mode": self.lane.job.mode.name(),
            "workers": self.lane.workers(),
            "peer": self.lane.peer.name,
            "ops_per_second": summary(&self.ops_per_second),
            "reads_per_write": self.reads_per_write,
            "cpu_seconds": summary(&self.cpu_seconds),
            "peak_rss_mb": summary(&self.peak_rss_mb),
            "versus_go": self.versus_go,
            "note": self.note,
        })
    }
}
