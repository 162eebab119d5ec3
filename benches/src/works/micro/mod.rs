//! The small works: each is one operation of a runtime, timed over and over, in one table of one shape.
//!
//! A work is a constant in `list`: what is timed, in which variants, by whom, and what Moonfleet has to reach.
//! This file runs it; `row` makes a line of the report of what came out; `target` compares it with the aim.

mod list;
mod row;
mod target;

use std::time::Duration;

use crate::child::Outcome;
use crate::cli::{Mode, Options};
use crate::peers::Job;
use crate::report::{self, Table};
use crate::works::Work;
use crate::works::figures::Figure;
use crate::works::lanes::{self, Lane};

pub(crate) use list::ALL;
use row::Row;
use target::Target;

/// One small work.
#[derive(Debug)]
pub(crate) struct Micro {
    /// What the command line knows of it.
    pub(crate) work: Work,
    pub(crate) measure: Measure,
    pub(crate) variants: &'static [Variant],
    targets: &'static [Target],
    /// More figures for the report, which the programs print.
    beside: &'static [Figure],
}

/// The figure that is compared. Less is better.
#[derive(Debug)]
pub(crate) struct Measure {
    /// The column's title.
    title: &'static str,
    unit: &'static str,
    of: Source,
}

/// Where the figure comes from.
#[derive(Debug)]
enum Source {
    /// Time for each operation; the number is how many of the unit make a second.
    PerOperation(f64),
    /// Time of the whole run, in the same way.
    Run(f64),
    /// A line the program prints.
    Printed(&'static str),
}

impl Measure {
    /// The figure of one run.
    fn of(&self, outcome: &Outcome) -> Result<f64, String> {
        let seconds = outcome.elapsed().as_secs_f64();
        match self.of {
            Source::PerOperation(units) => Ok(seconds / outcome.figure("operations")? * units),
            Source::Run(units) => Ok(seconds * units),
            Source::Printed(name) => outcome.figure(name),
        }
    }
}

/// One form of a work.
#[derive(Debug)]
pub(crate) struct Variant {
    /// Empty for a work that has but one.
    pub(crate) name: &'static str,
    /// Who runs it, or `None` for all who do the work.
    pub(crate) peers: Option<&'static [&'static str]>,
    /// With fewer workers, this variant makes no sense.
    least_workers: usize,
    /// Operations of a run, enough for a steady figure and few enough for a run of a second or so.
    pub(crate) ops: u64,
}

impl Variant {
    pub(crate) fn is_run_by(&self, peer: &str) -> bool {
        self.peers.is_none_or(|peers| peers.contains(&peer))
    }
}

/// The options of every small work.
const OPTIONS: &[&str] = &["runs", "workers", "variant", "ops", "only", "json", "save"];

/// Many times what an honest run takes.
const LIMIT: Duration = Duration::from_secs(60);

/// `micro`: all of them, each with its own report.
pub(crate) const WORK: Work = Work {
    name: "micro",
    about: "all the small works from `yield` on, one after another",
    options: &["runs", "workers", "only", "save"],
    peers: list::PEERS,
    run: |options| {
        let wanted = |small: &&Micro| small.work.peers.iter().any(|peer| options.wants(peer));
        // One work without a figure is no reason to go without the others.
        let failures: Vec<String> =
            ALL.iter().copied().filter(wanted).filter_map(|small| run(small, options).err()).collect();
        if failures.is_empty() { Ok(()) } else { Err(failures.join("; ")) }
    },
};

fn run(small: &'static Micro, options: &Options) -> Result<(), String> {
    check_variants(small, options)?;
    let mut lanes = lanes::prepare(&small.work, options, &jobs(small, options));
    lanes.retain(|lane| small.variant(lane).is_run_by(lane.peer.name));
    lanes::run(&mut lanes, options.runs, LIMIT);

    let mut table = Table::new(&Row::titles(small));
    let rows: Vec<Row> = lanes.iter().map(|lane| Row::of(small, lane, &lanes)).collect();
    rows.iter().for_each(|row| table.row(row.cells()));
    let settings = format!(
        "{}: medians of {} runs in turns; operations in a run: {}",
        small.work.name,
        options.runs,
        small.operations(options)
    );
    report::publish(
        small.work.name,
        &settings,
        &table.to_text(),
        rows.iter().map(Row::to_json).collect(),
        options,
    )?;
    if lanes.iter().all(|lane| lane.outcomes.is_empty()) {
        return Err(format!("{}: no run gave a figure", small.work.name));
    }
    Ok(())
}

/// A misspelt variant must not look like one without figures.
fn check_variants(small: &Micro, options: &Options) -> Result<(), String> {
    let names: Vec<&str> = small.variants.iter().map(|variant| variant.name).collect();
    match options.variants.iter().flatten().find(|asked| !names.contains(&asked.as_str())) {
        Some(asked) => {
            Err(format!("{} has no variant '{asked}': it has {}", small.work.name, names.join(", ")))
        }
        None => Ok(()),
    }
}

/// One for each variant and worker count that make sense together.
fn jobs(small: &'static Micro, options: &Options) -> Vec<Job> {
    let job = |variant: &'static Variant, workers: usize| Job {
        work: small.work.name,
        workers,
        mode: Mode::Saturated,
        variant: variant.name,
        seconds: 1.0,
        tasks: 1,
        ops: options.ops.unwrap_or(variant.ops),
    };
    let wanted = small.variants.iter().filter(|variant| options.wants_variant(variant.name));
    wanted
        .flat_map(|variant| {
            let workers = options.workers.iter().copied();
            workers.filter(|&count| count >= variant.least_workers).map(move |count| job(variant, count))
        })
        .collect()
}

impl Micro {
    /// The variant a lane runs.
    fn variant(&self, lane: &Lane) -> &'static Variant {
        let same = |variant: &&Variant| variant.name == lane.job.variant;
        self.variants.iter().find(same).unwrap_or(&self.variants[0])
    }

    fn operations(&self, options: &Options) -> String {
        let of = |variant: &Variant| {
            let ops = report::grouped(options.ops.unwrap_or(variant.ops) as f64);
            if variant.name.is_empty() { ops } else { format!("{ops} ({})", variant.name) }
        };
        self.variants.iter().map(of).collect::<Vec<_>>().join(", ")
    }
}
