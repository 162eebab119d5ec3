//! One run: starts the server, has the client at it, and puts what both came to into one account.
//!
//! CPU time and peak memory are the server's; the client's CPU time is a figure beside them, since a client that
//! is busy all the time measures itself.

use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use super::list::{Client, Variant};
use crate::child::{self, Outcome, Running};
use crate::peers::{self, Job, itself};
use crate::programs::accounts::{self, ThreadAccounts};
use crate::report;
use crate::stats::rate;

/// How long a server may take to listen.
const START: Duration = Duration::from_secs(20);

/// How long a server may take to end.
const END: Duration = Duration::from_secs(20);

/// A worker may search for work a moment before it parks; that moment is not idleness.
const SETTLE: Duration = Duration::from_millis(500);

/// Figures by their names.
type Figures = Vec<(&'static str, f64)>;

/// Runs `server` and its client.
pub(super) fn run(job: &Job, server: &mut Command, limit: Duration) -> Result<Outcome, String> {
    let mut server = child::start(server.stdin(Stdio::piped()))?;
    let port = server.wait_for("port", START)? as u16;
    let driven = match Variant::of(job).client {
        Client::Wrk => load(&mut wrk(job, port)?, limit),
        Client::Ours => load(&mut itself::client(job, port)?, limit),
        Client::OursAtRest => rest(&mut itself::client(job, port)?, job, &server, limit),
    };
    // A server that failed is the reason why its client did.
    let mut outcome = server.finish(END).map_err(|error| format!("server: {error}"))?;
    for (name, value) in driven? {
        outcome.add(name, value);
    }
    if let Ok(operations) = outcome.figure("operations") {
        outcome.add("cpu_us_per_op", outcome.cpu.as_secs_f64() * 1e6 / operations.max(1.0));
    }
    Ok(outcome)
}

fn wrk(job: &Job, port: u16) -> Result<Command, String> {
    let mut command = Command::new(peers::wrk()?);
    // It knows whole seconds only.
    let seconds = job.seconds.ceil().max(1.0);
    command.args(["-t1", &format!("-c{}", job.tasks), &format!("-d{seconds}")]);
    command.arg("-s").arg(report::root().join("benches/peers/wrk/report.lua"));
    command.arg(format!("http://127.0.0.1:{port}/"));
    Ok(command)
}

/// Has the client do its work, and takes over what it measured.
fn load(client: &mut Command, limit: Duration) -> Result<Figures, String> {
    let outcome = child::run(client, limit)?;
    let operations = outcome.figure("operations")?;
    let mut figures = vec![
        ("operations", operations),
        ("ops_per_second", rate(operations, outcome.elapsed())),
        ("p50_us", outcome.figure("p50_us")?),
        ("p99_us", outcome.figure("p99_us")?),
        ("client_cpu", outcome.cpu.as_secs_f64()),
    ];
    // What only some of the clients count.
    let others = ["errors", "lost", "least_percent"];
    figures.extend(others.into_iter().filter_map(|name| Some((name, outcome.figure(name).ok()?))));
    Ok(figures)
}

/// Watches the server while its connections have nothing to say.
fn rest(client: &mut Command, job: &Job, server: &Running, limit: Duration) -> Result<Figures, String> {
    let server = server.id().to_string();
    let empty_mb = accounts::resident_mb_of(&server)?;
    let mut client = child::start(client.stdin(Stdio::piped()))?;
    let connections = client.wait_for("ready", limit)?;
    thread::sleep(SETTLE);
    let full_mb = accounts::resident_mb_of(&server)?;
    let before = ThreadAccounts::of(&server)?;
    thread::sleep(Duration::from_secs_f64(job.seconds));
    let after = ThreadAccounts::of(&server)?;
    let client = client.finish(END)?;
    let switches = |accounts: &ThreadAccounts| accounts.voluntary_switches + accounts.forced_switches;
    Ok(vec![
        ("kb_per_connection", (full_mb - empty_mb) * 1e3 / connections),
        ("idle_cpu_ms", after.cpu_ms - before.cpu_ms),
        ("switches", switches(&after) - switches(&before)),
        ("client_cpu", client.cpu.as_secs_f64()),
    ])
}
