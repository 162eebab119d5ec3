//! The peers linked into this binary: it starts itself again as `child PEER WORK`.
//!
//! A process of its own keeps the peers out of each other's threads and memory.

use std::env;
use std::process::Command;
use std::rc::Rc;

use crate::peers::{Job, Launch, Peer};

pub(crate) const MOONFLEET: Peer =
    Peer { name: "moonfleet", is_single_threaded: false, find: |_| itself("moonfleet") };

pub(crate) const TOKIO: Peer = Peer { name: "tokio", is_single_threaded: false, find: |_| linked("tokio") };

pub(crate) const MAY: Peer = Peer { name: "may", is_single_threaded: false, find: |_| linked("may") };

fn linked(peer: &'static str) -> Result<Launch, String> {
    if !cfg!(feature = "peers") {
        return Err("not installed: build with --features peers".into());
    }
    itself(peer)
}

fn itself(peer: &'static str) -> Result<Launch, String> {
    let exe = env::current_exe().map_err(|error| format!("cannot find this binary: {error}"))?;
    Ok(Rc::new(move |job| {
        let mut command = Command::new(&exe);
        command.args(["child", peer, job.work]).args(arguments(job));
        Some(command)
    }))
}

/// The job as options of the command line, which the child reads back into `Options`.
fn arguments(job: &Job) -> Vec<String> {
    [
        ("--workers", job.workers.to_string()),
        ("--mode", job.mode.name().to_owned()),
        ("--seconds", job.seconds.to_string()),
        ("--tasks", job.tasks.to_string()),
        ("--ops", job.ops.to_string()),
    ]
    .into_iter()
    .flat_map(|(option, value)| [option.to_owned(), value])
    .collect()
}
