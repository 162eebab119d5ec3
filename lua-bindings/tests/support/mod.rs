//! What the tests of the interpreter share: running it, and scripts in files.

#![allow(dead_code, unreachable_pub, reason = "each test file uses some of it")]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// The interpreter, with nothing in the environment that it would look at, and killed if it hangs.
pub fn command(words: &[&str]) -> Command {
    let mut command = Command::new("timeout");
    command
        .args(["--signal=KILL", "120", env!("CARGO_BIN_EXE_moonfleet")])
        .args(words)
        .env_remove("LUA_INIT")
        .env_remove("LUA_INIT_5_4")
        .env_remove("LUA_PATH")
        .env_remove("LUA_PATH_5_4")
        .env_remove("LUA_CPATH")
        .env_remove("LUA_CPATH_5_4")
        .env_remove("MOONFLEET_WORKERS")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The exit code, stdout and stderr.
pub fn seen_of(command: &mut Command, input: &str) -> (Option<i32>, String, String) {
    let mut child = command.spawn().expect("the interpreter starts");
    // An interpreter that reads no input may be gone before it is written.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().expect("the interpreter ends");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (status.code(), text(stdout), text(stderr))
}

pub fn seen(words: &[&str], input: &str) -> (Option<i32>, String, String) {
    seen_of(&mut command(words), input)
}

/// A script in a file that is there until the value is dropped.
pub struct Script(PathBuf);

impl Script {
    pub fn new(name: &str, text: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let path = folder.join(format!("{}-{name}", std::process::id()));
        std::fs::write(&path, text).expect("a folder that can be written");
        Self(path)
    }

    pub fn path(&self) -> &str {
        self.0.to_str().expect("a path in UTF-8")
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        // A file that stays is no harm.
        let _ = std::fs::remove_file(&self.0);
    }
}
