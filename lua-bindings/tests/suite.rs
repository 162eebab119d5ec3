//! Runs every script in `tests/lua` by the built interpreter: one test for each folder, which is a topic.
//!
//! A script asserts what it claims. What it cannot see from inside stands in comments at its end:
//!
//! ```lua
//! -- out: text            the next line of stdout; with any such line, stdout must be exactly these
//! -- err: text            stderr contains this; without any such line, stderr must be empty
//! -- err:                 stderr may contain anything
//! -- exit: 1              the exit code, if not 0
//! -- args: a b            the script's arguments
//! -- workers: 1 4         how many workers to run it on: once each, if not on 1, 2 and 4
//! ```

#![cfg(feature = "lua54")]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

/// A script that takes longer hangs, and is killed. Generous: the machine may be small, and busy.
const LIMIT_SECONDS: &str = "120";

/// What the comments at the end of a script ask for.
struct Claim {
    args: Vec<String>,
    workers: Vec<String>,
    stdout: Vec<String>,
    stderr: Vec<String>,
    exit: i32,
}

impl Claim {
    fn read(script: &Path) -> Self {
        let text = std::fs::read_to_string(script).expect("a readable script");
        let values = |key: &str| {
            let prefix = format!("-- {key}:");
            let lines = text.lines().filter_map(move |line| line.strip_prefix(&prefix));
            lines
                .map(|value| value.strip_prefix(' ').unwrap_or(value).replace("\\t", "\t"))
                .collect::<Vec<_>>()
        };
        let words = |key: &str| {
            values(key)
                .iter()
                .flat_map(|value| value.split_whitespace().map(str::to_owned))
                .collect::<Vec<_>>()
        };
        let mut workers = words("workers");
        if workers.is_empty() {
            workers = ["1", "2", "4"].map(str::to_owned).to_vec();
        }
        let exit = values("exit").first().map_or(0, |code| code.parse().expect("an exit code"));
        Self { args: words("args"), workers, stdout: values("out"), stderr: values("err"), exit }
    }

    fn check(&self, status: ExitStatus, stdout: &str, stderr: &str) -> Result<(), String> {
        if status.code() != Some(self.exit) {
            return Err(format!("it should exit with {}, not: {status}", self.exit));
        }
        if !self.stdout.is_empty() && stdout.lines().ne(self.stdout.iter().map(String::as_str)) {
            return Err(format!("stdout should be {:#?}", self.stdout));
        }
        if let Some(text) = self.stderr.iter().find(|text| !stderr.contains(*text)) {
            return Err(format!("stderr should contain '{text}'"));
        }
        if self.stderr.is_empty() && !stderr.is_empty() {
            return Err("stderr should be empty".to_owned());
        }
        Ok(())
    }
}

/// Runs a script on `workers` workers; the error says what was wrong.
fn run(script: &Path, claim: &Claim, workers: &str) -> Result<(), String> {
    let output = Command::new("timeout")
        .args(["--signal=KILL", LIMIT_SECONDS, env!("CARGO_BIN_EXE_moonfleet"), "-w", workers])
        .arg(script.file_name().expect("a name"))
        .args(&claim.args)
        .current_dir(script.parent().expect("a folder"))
        .env("LUA_PATH", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/?.lua;./?.lua"))
        .env_remove("LUA_INIT")
        .stdin(Stdio::null())
        .output()
        .expect("the interpreter starts");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    claim
        .check(output.status, &stdout, &stderr)
        .map_err(|what| format!("{} -w {workers}: {what}\n{stdout}\n{stderr}", script.display()))
}

fn run_topic(topic: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lua").join(topic);
    let entries = std::fs::read_dir(folder).expect("the folder of the topic");
    let mut scripts: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    scripts.sort();
    let mut failures = Vec::new();
    for script in &scripts {
        assert!(script.extension().is_some_and(|extension| extension == "lua"), "{script:?} is no script");
        let claim = Claim::read(script);
        failures.extend(claim.workers.iter().filter_map(|count| run(script, &claim, count).err()));
    }
    assert!(!scripts.is_empty(), "no scripts about {topic}");
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

macro_rules! topics {
    ($($topic:ident),* $(,)?) => {
        $(
            #[test]
            fn $topic() {
                run_topic(stringify!($topic));
            }
        )*

        #[test]
        fn every_folder_is_a_topic() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lua");
            let entries = std::fs::read_dir(folder).expect("the folder of topics");
            let mut found: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name()).collect();
            found.sort();
            assert_eq!(found, [$(stringify!($topic)),*]);
        }
    };
}

topics!(
    cancel, channels, gc, groups, locks, misuse, parallel, preemption, reports, select, stock, suspension,
    tasks
);
