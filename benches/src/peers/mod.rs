//! Who can do the work: each peer knows how to find itself and how to start one run.
//!
//! Finding happens once and may be slow (Go programs are built then); starting happens for every run.
//! A peer that is not there answers with a sentence on how to get it, and that sentence is its row.

pub(crate) mod cosock;
pub(crate) mod go;
pub(crate) mod itself;
pub(crate) mod lua;
pub(crate) mod moonfleet_lua;

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;

use crate::cli::Mode;

/// One run to be started.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) work: &'static str,
    pub(crate) workers: usize,
    pub(crate) mode: Mode,
    /// Which form of the work, for works that have several; empty for the others.
    pub(crate) variant: &'static str,
    pub(crate) seconds: f64,
    pub(crate) tasks: usize,
    pub(crate) ops: u64,
}

/// Makes the command of a run, or `None` where the peer has no such variant.
pub(crate) type Launch = Rc<dyn Fn(&Job) -> Option<Command>>;

/// A runtime or language that does the same work as Moonfleet.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    /// Has no worker count to choose, so it is measured once and shown with one worker.
    pub(crate) is_single_threaded: bool,
    /// Looks the peer up by its name, for a work; the error is a sentence for the report.
    pub(crate) find: fn(peer: &'static str, work: &'static str) -> Result<Launch, String>,
}

/// Every peer, ours first.
pub(crate) const ALL: &[Peer] = &[
    itself::MOONFLEET,
    moonfleet_lua::ONE_STATE,
    moonfleet_lua::MANY_STATES,
    go::PEER,
    go::RAW,
    itself::TOKIO,
    itself::MAY,
    itself::RAYON,
    itself::MOONFLEET_PARKING_LOT,
    itself::THREADS,
    itself::THREADS_CROSSBEAM,
    itself::THREADS_FLUME,
    itself::THREADS_PARKING_LOT,
    cosock::PEER,
    lua::PEER,
];

/// The client of the HTTP forms of `tcp`: no peer, but found like one.
pub(crate) fn wrk() -> Result<PathBuf, String> {
    locate("WRK", &["wrk"]).ok_or_else(|| "not installed: apt install wrk, or set WRK".into())
}

/// A program named by the environment variable `variable`, or else the first of `names` on PATH.
fn locate(variable: &str, names: &[&str]) -> Option<PathBuf> {
    if let Some(path) = env::var_os(variable).filter(|path| !path.is_empty()) {
        return Some(path.into());
    }
    let path = env::var_os("PATH")?;
    names
        .iter()
        .find_map(|name| env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file()))
}

/// The folder this binary lies in: `target/release`, where its siblings are too.
fn own_folder() -> Result<PathBuf, String> {
    let exe = env::current_exe().map_err(|error| format!("cannot find this binary: {error}"))?;
    exe.parent().map(Path::to_owned).ok_or_else(|| format!("{} lies in no folder", exe.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::works;

    #[test]
    fn every_work_names_known_peers() {
        for name in works::all().flat_map(|work| work.peers) {
            assert!(ALL.iter().any(|peer| peer.name == *name), "no such peer: {name}");
        }
    }

    #[test]
    fn programs_are_found_on_the_path() {
        assert!(locate("MOONFLEET_BENCHES_NO_SUCH_VARIABLE", &["no-such-program", "sh"]).is_some());
        assert_eq!(locate("MOONFLEET_BENCHES_NO_SUCH_VARIABLE", &["no-such-program"]), None);
    }
}
