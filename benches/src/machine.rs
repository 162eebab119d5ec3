//! What the figures were taken on: a figure without its machine and versions cannot be repeated.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::{handover, peers, works};

/// The exact versions this binary was linked with.
const LOCK: &str = include_str!("../../Cargo.lock");

/// Name and value of each fact, in the order the report shows them.
#[derive(Debug)]
pub(crate) struct Machine {
    facts: Vec<(&'static str, String)>,
}

impl Machine {
    /// Asks the kernel and the installed tools.
    pub(crate) fn read() -> Machine {
        let build = if cfg!(debug_assertions) { "debug: these figures mean nothing" } else { "release" };
        let go = peers::go::find().ok().and_then(|go| first_line_of(Command::new(go).arg("version")));
        let lua = peers::lua::find().ok().and_then(|lua| first_line_of(Command::new(lua).arg("-v")));
        let wrk = peers::wrk().ok().and_then(|wrk| first_line_of(Command::new(wrk).arg("--version")));
        let facts = vec![
            ("date", first_line_of(Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]))),
            ("cpu", cpu_model()),
            ("cores", Some(works::cores().to_string())),
            ("core to core", Some(handover::round_trip())),
            ("kernel", read_line("/proc/sys/kernel/osrelease")),
            ("load", load()),
            ("build", Some(build.to_owned())),
            ("rustc", Some(env!("MOONFLEET_BENCHES_RUSTC").to_owned())),
            ("moonfleet", Some(env!("CARGO_PKG_VERSION").to_owned())),
            ("tokio", locked_version("tokio")),
            ("may", locked_version("may")),
            ("rayon", locked_version("rayon")),
            ("parking_lot", locked_version("parking_lot")),
            ("crossbeam-channel", locked_version("crossbeam-channel")),
            ("flume", locked_version("flume")),
            ("go", go),
            ("lua", lua),
            ("wrk", wrk),
        ];
        let known = |value: Option<String>| value.unwrap_or_else(|| "not found".to_owned());
        Machine { facts: facts.into_iter().map(|(name, value)| (name, known(value))).collect() }
    }

    /// One `name: value` line for each fact.
    pub(crate) fn to_text(&self) -> String {
        self.facts.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
    }

    pub(crate) fn to_json(&self) -> Value {
        self.facts.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect()
    }
}

fn cpu_model() -> Option<String> {
    let info = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Load over 1, 5 and 15 minutes: other programs are in these figures too.
fn load() -> Option<String> {
    Some(read_line("/proc/loadavg")?.split(' ').take(3).collect::<Vec<_>>().join(" "))
}

fn read_line(path: &str) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}

/// Some tools print their version on standard output, some on standard error.
fn first_line_of(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    Some(String::from_utf8_lossy(&text).lines().next()?.trim().to_owned())
}

/// The version of `package` in the lock file.
fn locked_version(package: &str) -> Option<String> {
    let (_, entry) = LOCK.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    Some(entry.split_once('"')?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_from_the_lock_file() {
        assert!(locked_version("lexopt").is_some_and(|version| version.starts_with("0.3")));
        assert_eq!(locked_version("no-such-package"), None);
    }

    #[test]
    fn every_fact_has_a_line() {
        let machine = Machine::read();
        assert_eq!(machine.to_text().lines().count(), machine.facts.len());
        assert_eq!(machine.to_json()["cores"], works::cores().to_string());
    }
}
