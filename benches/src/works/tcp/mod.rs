//! `tcp`: servers on loopback, driven by a client in another process.
//!
//! A run is two children: the server, which is the peer, and the client, which is the same for all. `list` says
//! which forms there are, `drive` does a run, `row` makes a line of the report of what came out, and `target`
//! compares it with the aim.

mod drive;
mod list;
mod row;
mod target;

use std::time::Duration;

use rustix::process::{Resource, getrlimit};

use crate::cli::{Mode, Options};
use crate::peers::{self, Job};
use crate::report::{self, Table, grouped};
use crate::works::Work;
use crate::works::lanes::{self, Lane};
use list::{Client, Variant};
use row::Row;

pub(crate) const WORK: Work = Work {
    name: "tcp",
    about: "servers on loopback: HTTP replies, ping-pong, idle connections, a storm of short ones",
    options: &["runs", "seconds", "workers", "variant", "tasks", "ops", "only", "quick", "json", "save"],
    peers: &["moonfleet", "go", "go-raw", "tokio", "may"],
    run,
};

/// How much longer than its measuring a run may take: twenty thousand connections want to be made.
const GRACE: Duration = Duration::from_secs(60);

/// Open files a process needs beside its connections.
const OTHER_FILES: usize = 100;

fn run(options: &Options) -> Result<(), String> {
    check_variants(options)?;
    let runs = if options.quick { 1 } else { options.runs };
    let mut jobs = jobs(options);
    let shortage = fit_open_files(&mut jobs);
    let limit = Duration::from_secs_f64(jobs.first().map_or(0.0, |job| job.seconds)) + GRACE;

    let mut lanes = lanes::prepare(&WORK, options, &jobs);
    if let Err(reason) = peers::wrk() {
        let driven_by_wrk = |lane: &&mut Lane| Variant::of(&lane.job).client == Client::Wrk;
        lanes.iter_mut().filter(driven_by_wrk).for_each(|lane| lane.refuse(reason.clone()));
    }
    lanes::run_with(&mut lanes, runs, limit, |job, server| drive::run(job, server, limit));

    let rows: Vec<Row> = lanes.iter().map(|lane| Row::of(lane, &lanes)).collect();
    let settings = format!("tcp: medians of {runs} runs in turns{shortage}");
    let tables = tables(&jobs, &rows);
    report::publish(WORK.name, &settings, &tables, rows.iter().map(Row::to_json).collect(), options)?;
    if lanes.iter().all(|lane| lane.outcomes.is_empty()) {
        return Err("tcp: no run gave a figure".to_owned());
    }
    Ok(())
}

/// A misspelt variant must not look like one without figures.
fn check_variants(options: &Options) -> Result<(), String> {
    let names: Vec<&str> = list::ALL.iter().map(|variant| variant.name).collect();
    match options.variants.iter().flatten().find(|asked| !names.contains(&asked.as_str())) {
        Some(asked) => Err(format!("tcp has no variant '{asked}': it has {}", names.join(", "))),
        None => Ok(()),
    }
}

/// One for each variant and worker count.
fn jobs(options: &Options) -> Vec<Job> {
    let job = |variant: &Variant, workers: usize| {
        let usual = if options.quick { variant.quick } else { variant.full };
        // The number of connections of the others is what makes them what they are.
        let may_choose = variant.name == "idle";
        Job {
            work: WORK.name,
            workers,
            mode: Mode::Saturated,
            variant: variant.name,
            seconds: options.seconds.unwrap_or(usual.seconds),
            tasks: options.tasks.filter(|_| may_choose).unwrap_or(usual.connections),
            ops: options.ops.unwrap_or(usual.ops),
        }
    };
    let wanted = list::ALL.iter().filter(|variant| options.wants_variant(variant.name));
    wanted.flat_map(|variant| options.workers.iter().map(move |&workers| job(variant, workers))).collect()
}

/// Takes as many connections as the kernel allows, and says so where that is less than asked for.
fn fit_open_files(jobs: &mut [Job]) -> String {
    let Some(most) = getrlimit(Resource::Nofile).maximum else { return String::new() };
    let most = usize::try_from(most).unwrap_or(usize::MAX).saturating_sub(OTHER_FILES).max(1);
    let mut note = String::new();
    for job in jobs.iter_mut().filter(|job| job.tasks > most) {
        note = format!("; {most} idle connections, for the limit on open files is {}", most + OTHER_FILES);
        job.tasks = most;
    }
    note
}

/// A table for each variant under a line that says what it is.
fn tables(jobs: &[Job], rows: &[Row]) -> String {
    let table = |variant: &Variant| {
        let job = jobs.iter().find(|job| job.variant == variant.name)?;
        let mut table = Table::new(&Row::titles(variant));
        let rows = rows.iter().filter(|row| row.is_of(variant));
        rows.for_each(|row| table.row(row.cells()));
        let connections = grouped(job.tasks as f64);
        let about = variant.about.replace("{connections}", &connections);
        let about = about.replace("{ops}", &grouped(job.ops as f64));
        let about = about.replace("{seconds}", &job.seconds.to_string());
        Some(format!("**{}**: {about}\n\n{}", variant.name, table.to_text()))
    };
    list::ALL.iter().filter_map(table).collect::<Vec<_>>().join("\n")
}
