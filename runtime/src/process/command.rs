//! What is to be run, and how.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{self, ExitStatus, Output, Stdio};

use super::child::Child;
use super::orphans;
use crate::offload::blocking_io;

/// A program that is to be run: the functions of [`std::process::Command`], which tells more of each.
///
/// What is not here is set by [`as_std_mut`](Command::as_std_mut): user and group, for instance. A signal that the
/// child asks for when its parent *thread* ends (`PR_SET_PDEATHSIG`) comes too early: the thread that makes the
/// process is one of many, and ends when it was idle for ten seconds.
///
/// # Examples
/// ```
/// use moonfleet::process::Command;
///
/// moonfleet::run(|| {
///     let output = Command::new("echo").args(["-n", "land", "ho"]).output().unwrap();
///     assert!(output.status.success());
///     assert_eq!(output.stdout, b"land ho");
/// });
/// ```
#[derive(Debug)]
pub struct Command {
    std: process::Command,
    kills_on_drop: bool,
    /// The standard streams about which the user has said something.
    is_chosen: [bool; 3],
}

impl Command {
    /// The program of this name, found in `PATH` unless the name has a slash.
    ///
    /// # Examples
    /// See [`Command`].
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        process::Command::new(program).into()
    }

    /// Adds an argument.
    ///
    /// # Examples
    /// See [`Command`].
    pub fn arg(&mut self, arg: impl AsRef<OsStr>) -> &mut Self {
        self.std.arg(arg);
        self
    }

    /// Adds arguments.
    ///
    /// # Examples
    /// See [`Command`].
    pub fn args<S: AsRef<OsStr>>(&mut self, args: impl IntoIterator<Item = S>) -> &mut Self {
        self.std.args(args);
        self
    }

    /// Sets a variable of the child's environment, which is otherwise ours.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::process::Command;
    ///
    /// let mut printenv = Command::new("printenv");
    /// printenv.env_clear().envs([("SHIP", "Elzevir"), ("PORT", "none")]).env("CREW", "9").env_remove("PORT");
    /// let printed = String::from_utf8(printenv.output().unwrap().stdout).unwrap();
    /// assert!(printed.contains("SHIP=Elzevir\n") && printed.contains("CREW=9\n") && !printed.contains("PORT"));
    /// ```
    pub fn env(&mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Self {
        self.std.env(key, value);
        self
    }

    /// Sets variables of the child's environment.
    ///
    /// # Examples
    /// See [`Command::env`].
    pub fn envs<K, V>(&mut self, variables: impl IntoIterator<Item = (K, V)>) -> &mut Self
    where
        K: AsRef<OsStr>,
        V: AsRef<OsStr>,
    {
        self.std.envs(variables);
        self
    }

    /// Takes a variable out of the child's environment.
    ///
    /// # Examples
    /// See [`Command::env`].
    pub fn env_remove(&mut self, key: impl AsRef<OsStr>) -> &mut Self {
        self.std.env_remove(key);
        self
    }

    /// Takes all variables out of the child's environment.
    ///
    /// # Examples
    /// See [`Command::env`].
    pub fn env_clear(&mut self) -> &mut Self {
        self.std.env_clear();
        self
    }

    /// Sets the directory in which the child begins.
    ///
    /// # Examples
    /// ```
    /// let output = moonfleet::process::Command::new("pwd").current_dir("/proc").output().unwrap();
    /// assert_eq!(output.stdout, b"/proc\n");
    /// ```
    pub fn current_dir(&mut self, directory: impl AsRef<Path>) -> &mut Self {
        self.std.current_dir(directory);
        self
    }

    /// Chooses where the child's standard input comes from: ours unless chosen, or nothing for
    /// [`output`](Command::output).
    ///
    /// # Examples
    /// See [`Child`].
    pub fn stdin(&mut self, stdin: impl Into<Stdio>) -> &mut Self {
        self.std.stdin(stdin);
        self.is_chosen[0] = true;
        self
    }

    /// Chooses where the child's standard output goes: to ours unless chosen, or to us for
    /// [`output`](Command::output).
    ///
    /// # Examples
    /// See [`Child`].
    pub fn stdout(&mut self, stdout: impl Into<Stdio>) -> &mut Self {
        self.std.stdout(stdout);
        self.is_chosen[1] = true;
        self
    }

    /// Chooses where the child's error output goes: as [`stdout`](Command::stdout).
    ///
    /// # Examples
    /// See [`Child`].
    pub fn stderr(&mut self, stderr: impl Into<Stdio>) -> &mut Self {
        self.std.stderr(stderr);
        self.is_chosen[2] = true;
        self
    }

    /// Whether a child is killed when its [`Child`] is dropped: by a task that is cancelled, for instance.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::process::Command;
    /// use std::time::Duration;
    ///
    /// moonfleet::run(|| {
    ///     let mut sleep = Command::new("sleep");
    ///     sleep.arg("1000").kill_on_drop(true);
    ///     // The status is waited for by this task, and the process does not outlive the wait.
    ///     assert!(moonfleet::time::timeout(Duration::from_millis(5), || sleep.status()).is_err());
    /// });
    /// ```
    pub fn kill_on_drop(&mut self, kills: bool) -> &mut Self {
        self.kills_on_drop = kills;
        self
    }

    /// The command of std's, to ask what is set.
    ///
    /// # Examples
    /// ```
    /// let command = moonfleet::process::Command::new("ls");
    /// assert_eq!(command.as_std().get_program(), "ls");
    /// ```
    #[must_use]
    pub fn as_std(&self) -> &process::Command {
        &self.std
    }

    /// The command of std's, to set what cannot be set here.
    ///
    /// # Examples
    /// ```
    /// use std::os::unix::process::CommandExt;
    ///
    /// let mut command = moonfleet::process::Command::new("sh");
    /// command.as_std_mut().arg0("shanty");
    /// let output = command.args(["-c", "echo $0"]).output().unwrap();
    /// assert_eq!(output.stdout, b"shanty\n");
    /// ```
    pub fn as_std_mut(&mut self) -> &mut process::Command {
        &mut self.std
    }

    /// Starts the program.
    ///
    /// **Shape** `&mut Command → io::Result<Child>`
    /// # Suspends
    /// Until the process runs the program.
    /// # Errors
    /// Those of [`std::process::Command::spawn`]: there is no such program, or no process or descriptor left.
    /// # Cancellation
    /// Unwinds silently in a task that is being cancelled already. A cancel that comes later waits for the child, and
    /// it is returned.
    ///
    /// # Examples
    /// See [`Child`].
    pub fn spawn(&mut self) -> io::Result<Child> {
        orphans::look_after();
        let child = blocking_io(|| self.std.spawn())?;
        Child::new(child, self.kills_on_drop)
    }

    /// Runs the program to its end.
    ///
    /// **Shape** `&mut Command → io::Result<ExitStatus>`
    /// # Suspends
    /// Until the process has ended.
    /// # Errors
    /// Those of [`spawn`](Command::spawn) and [`Child::wait`].
    /// # Cancellation
    /// Unwinds silently. The process runs on, or is killed: see [`kill_on_drop`](Command::kill_on_drop).
    ///
    /// # Examples
    /// ```
    /// let status = moonfleet::run(|| moonfleet::process::Command::new("false").status());
    /// assert_eq!(status.unwrap().code(), Some(1));
    /// ```
    pub fn status(&mut self) -> io::Result<ExitStatus> {
        self.spawn()?.wait()
    }

    /// Runs the program to its end, and collects what it prints.
    ///
    /// **Shape** `&mut Command → io::Result<Output>`
    /// # Suspends
    /// Until the process has ended, and whoever else has its output open.
    /// # Errors
    /// Those of [`spawn`](Command::spawn) and [`Child::wait_with_output`].
    /// # Cancellation
    /// Unwinds silently, and what was read is dropped. The process runs on, or is killed: see
    /// [`kill_on_drop`](Command::kill_on_drop).
    ///
    /// # Examples
    /// See [`Command`].
    pub fn output(&mut self) -> io::Result<Output> {
        self.choose_where_nothing_is(Stdio::null, Stdio::piped);
        let child = self.spawn();
        // For the next `spawn`.
        self.choose_where_nothing_is(Stdio::inherit, Stdio::inherit);
        child?.wait_with_output()
    }

    fn choose_where_nothing_is(&mut self, input: fn() -> Stdio, output: fn() -> Stdio) {
        let [stdin, stdout, stderr] = self.is_chosen;
        if !stdin {
            self.std.stdin(input());
        }
        if !stdout {
            self.std.stdout(output());
        }
        if !stderr {
            self.std.stderr(output());
        }
    }
}

/// What was said about its standard streams is not known: [`Command::output`] collects what the child prints.
impl From<process::Command> for Command {
    fn from(std: process::Command) -> Self {
        Self { std, kills_on_drop: false, is_chosen: [false; 3] }
    }
}
