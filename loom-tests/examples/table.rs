//! Explores every model, and writes the README's tables anew: bounds, executions, seconds.
//!
//! `cargo run -p moonfleet-loom-tests --example table`

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

#[path = "../mutations.rs"]
#[allow(dead_code, reason = "the tables name the mutations only")]
mod mutations;
#[path = "../sites.rs"]
#[allow(dead_code, reason = "the mutations name them")]
mod sites;
#[path = "../table.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod table;

use table::Explored;

fn main() -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut run = Command::new(env!("CARGO"));
    run.args(["test", "-p", "moonfleet-loom-tests", "--lib", "--"]);
    run.args(["models::", "--skip", "twins::", "--nocapture"]).env("MOONFLEET_LOOM_TABLE", "1");
    let output = run.stderr(std::process::Stdio::inherit()).output().expect("cargo runs");
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        println!("{text}\na model fails: the README stays as it is");
        return ExitCode::FAILURE;
    }
    let explored: BTreeMap<String, Explored> = text.lines().filter_map(explored).collect();
    let path = folder.join("README.md");
    let readme = fs::read_to_string(&path).expect("the README is here");
    let tables = table::render(&table::read_models(&folder.join("src/models")), &explored);
    fs::write(&path, table::with_tables(&readme, &tables)).expect("the README can be written");
    println!("{} models", explored.len());
    ExitCode::SUCCESS
}

/// What a line of the run says was explored. It may stand behind something else.
fn explored(line: &str) -> Option<(String, Explored)> {
    let mut words = line.split_once("explored ")?.1.split(' ');
    let (name, bound) = (words.next()?.to_owned(), words.next()?.to_owned());
    let executions = table::grouped(words.next()?.parse().ok()?);
    Some((name, Explored { bound, executions, seconds: words.next()?.to_owned() }))
}
