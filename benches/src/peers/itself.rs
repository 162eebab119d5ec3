//! The peers linked into this binary: it starts itself again as `child PEER WORK`.
//!
//! A process of its own keeps the peers out of each other's threads and memory.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;

use crate::peers::{Job, Launch, Peer};

pub(crate) const MOONFLEET: Peer = Peer { name: "moonfleet", is_single_threaded: false, find: itself };

pub(crate) const TOKIO: Peer = linked("tokio");
pub(crate) const MAY: Peer = linked("may");
pub(crate) const RAYON: Peer = linked("rayon");

/// Moonfleet's tasks under a lock that blocks their whole worker.
pub(crate) const MOONFLEET_PARKING_LOT: Peer = linked("moonfleet+parking_lot");

/// OS threads with what `std` has for them. They have no workers: they get that many cores instead.
pub(crate) const THREADS: Peer = linked("threads");
pub(crate) const THREADS_CROSSBEAM: Peer = linked("threads+crossbeam");
pub(crate) const THREADS_FLUME: Peer = linked("threads+flume");
pub(crate) const THREADS_PARKING_LOT: Peer = linked("threads+parking_lot");

/// A peer that the feature `peers` links in.
const fn linked(name: &'static str) -> Peer {
    Peer { name, is_single_threaded: false, find: find_linked }
}

fn find_linked(peer: &'static str, work: &'static str) -> Result<Launch, String> {
    if !cfg!(feature = "peers") {
        return Err("not installed: build with --features peers".into());
    }
    itself(peer, work)
}

fn itself(peer: &'static str, _work: &'static str) -> Result<Launch, String> {
    let exe = find()?;
    Ok(Rc::new(move |job| Some(command(&exe, peer, job))))
}

/// This binary as the client of a server that listens on `port`.
pub(crate) fn client(job: &Job, port: u16) -> Result<Command, String> {
    let mut command = command(&find()?, "load", job);
    command.args(["--port", &port.to_string()]);
    Ok(command)
}

fn find() -> Result<PathBuf, String> {
    env::current_exe().map_err(|error| format!("cannot find this binary: {error}"))
}

fn command(exe: &Path, peer: &str, job: &Job) -> Command {
    let mut command = Command::new(exe);
    command.args(["child", peer, job.work]).args(arguments(job));
    command
}

/// The job as options of the command line, which the child reads back into `Options`.
fn arguments(job: &Job) -> Vec<String> {
    [
        ("--workers", job.workers.to_string()),
        ("--mode", job.mode.name().to_owned()),
        ("--variant", job.variant.to_owned()),
        ("--seconds", job.seconds.to_string()),
        ("--tasks", job.tasks.to_string()),
        ("--ops", job.ops.to_string()),
    ]
    .into_iter()
    .flat_map(|(option, value)| [option.to_owned(), value])
    .collect()
}
