//! A test that dies, or writes to its standard error, does so in a process of its own: this starts it.

#![allow(dead_code, reason = "each test file uses a part")]

use std::env;
use std::process::{Command, Output};

const CHILD: &str = "MOONFLEET_TEST_CHILD";

/// Whether this process was started by [`run`] to be the test called `name`.
pub(crate) fn is_running(name: &str) -> bool {
    env::var_os(CHILD).is_some_and(|child| child == name)
}

/// This very program, to run its test called `name` in a child process.
pub(crate) fn command(name: &str) -> Command {
    let program = env::current_exe().expect("a test knows its own path");
    let mut command = Command::new(program);
    command.args(["--exact", name, "--nocapture", "--test-threads=1"]).env(CHILD, name);
    command
}

/// Runs the test called `name` of this very program in a child process, and gives what came of it.
pub(crate) fn run(name: &str) -> Output {
    command(name).output().expect("the test can start itself")
}
