//! Removes every fence, every re-check and every half of an ordering from the runtime, one at a time, and shows which
//! model fails without it.
//!
//! `cargo run -p moonfleet-loom-tests --example removals`
//!
//! The removing is done by the twins, which are tests of this crate; this lists the sites, runs the twins, and joins
//! the two. A site without a twin, or a twin that passes, ends it with an error.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

#[path = "../mutations.rs"]
#[allow(dead_code, reason = "the build makes the twins")]
mod mutations;
#[path = "../removals.rs"]
mod removals;
#[path = "../sites.rs"]
mod sites;

use removals::{Removal, Removed};

fn main() -> ExitCode {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let removals = removals::all(&workspace);
    let failed = failing_twins();
    let mut verdicts = BTreeMap::new();
    for removal in &removals {
        let verdict = verdict(removal, &failed);
        println!("{verdict:8} {}", describe(removal));
        *verdicts.entry(verdict).or_insert(0) += 1;
    }
    println!("{} sites: {verdicts:?}", removals.len());
    if verdicts.contains_key("MISSED") { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn verdict(removal: &Removal, failed: &BTreeSet<String>) -> &'static str {
    match &removal.by {
        Removed::ByTwin(twin) if failed.contains(twin.name) => "noticed",
        Removed::Unseen(_) => "unseen",
        Removed::ByTwin(_) | Removed::ByNothing => "MISSED",
    }
}

fn describe(removal: &Removal) -> String {
    let Removal { file, site, by } = removal;
    let place = format!("{file}:{}: {:?}", site.line, site.kind);
    match by {
        Removed::ByTwin(twin) => format!("{place}: without it ({}) {} fails", twin.name, twin.model),
        Removed::Unseen(unseen) => format!("{place}: {}", unseen.why),
        Removed::ByNothing => format!("{place}: nothing removes it"),
    }
}

/// The twins whose model fails, as it must: their tests pass.
fn failing_twins() -> BTreeSet<String> {
    let mut run = Command::new(env!("CARGO"));
    run.args(["test", "-p", "moonfleet-loom-tests", "--lib", "--", "twins::"]);
    let output = run.stderr(Stdio::inherit()).output().expect("cargo runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let passed = text.lines().filter(|line| line.ends_with("should panic ... ok"));
    passed
        .filter_map(|line| Some(line.strip_prefix("test twins::")?.split_once("::")?.0.to_owned()))
        .collect()
}
