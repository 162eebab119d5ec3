//! A process that runs.

use std::io::{self, ErrorKind, Read};
use std::os::fd::OwnedFd;
use std::process::{self, ExitStatus, Output};
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::both;
use super::orphans;
use super::pipes::{ChildStderr, ChildStdin, ChildStdout};
use crate::reactor::slot::Direction;
use crate::reactor::source::{Source, settle};

/// A child process.
///
/// # Examples
/// ```
/// use moonfleet::process::{Command, Stdio};
/// use std::io::{BufRead, BufReader, Write};
///
/// moonfleet::run(|| {
///     let mut sort = Command::new("sort").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
///     let mut words = sort.stdin.take().unwrap();
///     let sorted = sort.stdout.take().unwrap();
///     moonfleet::spawn(move || words.write_all(b"mizzen\nfore\nmain\n").unwrap());
///     let sorted: Vec<_> = BufReader::new(sorted).lines().map(Result::unwrap).collect();
///     assert_eq!(sorted, ["fore", "main", "mizzen"]);
///     assert!(sort.wait().unwrap().success());
/// });
/// ```
#[derive(Debug)]
pub struct Child {
    /// Where to write what the child reads, if that was [`piped`](super::Stdio::piped).
    pub stdin: Option<ChildStdin>,
    /// Where to read what the child writes, if that was piped.
    pub stdout: Option<ChildStdout>,
    /// Where to read what the child complains of, if that was piped.
    pub stderr: Option<ChildStderr>,
    /// `None` once it was given to the orphans.
    std: Option<process::Child>,
    /// Told when the process ends. Opened by the first wait.
    pidfd: Option<Source>,
    kills_on_drop: bool,
}

impl Child {
    pub(super) fn new(mut std: process::Child, kills_on_drop: bool) -> io::Result<Self> {
        let (stdin, stdout, stderr) = (std.stdin.take(), std.stdout.take(), std.stderr.take());
        // First of all, so that an error below drops it.
        let mut child =
            Self { stdin: None, stdout: None, stderr: None, std: Some(std), pidfd: None, kills_on_drop };
        child.stdin = stdin.map(ChildStdin::new).transpose()?;
        child.stdout = stdout.map(ChildStdout::new).transpose()?;
        child.stderr = stderr.map(ChildStderr::new).transpose()?;
        Ok(child)
    }

    /// The number of the process.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::process::{Command, Stdio};
    ///
    /// let child = Command::new("sh").args(["-c", "echo $$"]).stdout(Stdio::piped()).spawn().unwrap();
    /// let id = child.id();
    /// assert_eq!(child.wait_with_output().unwrap().stdout, format!("{id}\n").as_bytes());
    /// ```
    #[must_use]
    pub fn id(&self) -> u32 {
        self.std.as_ref().expect("given away when it is dropped").id()
    }

    /// Kills the process, by `SIGKILL`. It has not ended when this returns: [`wait`](Child::wait) for it.
    ///
    /// **Shape** `&mut Child → io::Result<()>`; `Ok` if it has ended already.
    /// # Errors
    /// Those of [`std::process::Child::kill`]: it runs by other rights.
    ///
    /// # Examples
    /// ```
    /// use std::os::unix::process::ExitStatusExt;
    ///
    /// let mut child = moonfleet::process::Command::new("sleep").arg("1000").spawn().unwrap();
    /// child.kill().unwrap();
    /// assert_eq!(child.wait().unwrap().signal(), Some(9));
    /// ```
    pub fn kill(&mut self) -> io::Result<()> {
        self.std().kill()
    }

    /// How the process has ended, if it has.
    ///
    /// **Shape** `&mut Child → io::Result<Option<ExitStatus>>`
    /// # Errors
    /// The kernel does not know of the child: somebody else has waited for it, or `SIGCHLD` is ignored.
    ///
    /// # Examples
    /// ```
    /// let mut child = moonfleet::process::Command::new("sleep").arg("1000").spawn().unwrap();
    /// assert_eq!(child.try_wait().unwrap(), None);
    /// child.kill().unwrap();
    /// child.wait().unwrap();
    /// assert!(child.try_wait().unwrap().is_some(), "it is not forgotten");
    /// ```
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.std().try_wait()
    }

    /// Waits until the process has ended. Closes its standard input first, for which it may be waiting.
    ///
    /// **Shape** `&mut Child → io::Result<ExitStatus>`
    /// # Suspends
    /// Until the process has ended.
    /// # Errors
    /// Those of [`try_wait`](Child::try_wait); the process has no descriptor left to wait by.
    /// # Cancellation
    /// Unwinds silently; the child runs on, and may be waited for again.
    ///
    /// # Examples
    /// See [`Child`].
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        self.wait_within(None)
    }

    /// Waits until the process has ended, for no longer than `timeout`; `None`: it has not. Closes its standard input
    /// first.
    ///
    /// **Shape** `(&mut Child, Duration) → io::Result<Option<ExitStatus>>`
    /// # Suspends
    /// As [`wait`](Child::wait), up to `timeout`.
    /// # Errors
    /// As [`wait`](Child::wait).
    /// # Cancellation
    /// As [`wait`](Child::wait).
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// moonfleet::run(|| {
    ///     let mut child = moonfleet::process::Command::new("sleep").arg("1000").spawn().unwrap();
    ///     if child.wait_timeout(Duration::from_millis(5)).unwrap().is_none() {
    ///         child.kill().unwrap();
    ///     }
    ///     assert!(!child.wait().unwrap().success());
    /// });
    /// ```
    pub fn wait_timeout(&mut self, timeout: Duration) -> io::Result<Option<ExitStatus>> {
        match self.wait_within(Some(timeout)) {
            Ok(status) => Ok(Some(status)),
            Err(error) if error.kind() == ErrorKind::TimedOut => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Waits until the process has ended, and collects what comes from those of its outputs that are piped. Closes its
    /// standard input first.
    ///
    /// **Shape** `Child → io::Result<Output>`
    /// # Suspends
    /// Until the process has ended, and whoever else has its output open.
    /// # Errors
    /// As [`wait`](Child::wait).
    /// # Cancellation
    /// Unwinds silently, and what was read is dropped. The process runs on, or is killed: see
    /// [`kill_on_drop`](super::Command::kill_on_drop).
    ///
    /// # Examples
    /// See [`Child::id`].
    pub fn wait_with_output(mut self) -> io::Result<Output> {
        drop(self.stdin.take());
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        match (self.stdout.take(), self.stderr.take()) {
            (Some(out), Some(err)) => {
                both::read_to_ends([(out.source(), &mut stdout), (err.source(), &mut stderr)])?
            }
            (Some(mut out), None) => drop(out.read_to_end(&mut stdout)?),
            (None, Some(mut err)) => drop(err.read_to_end(&mut stderr)?),
            (None, None) => {}
        }
        Ok(Output { status: self.wait()?, stdout, stderr })
    }

    fn wait_within(&mut self, timeout: Option<Duration>) -> io::Result<ExitStatus> {
        crate::cancel::check();
        drop(self.stdin.take());
        if let Some(status) = self.try_wait()? {
            return Ok(status);
        }
        let std = self.std.as_mut().expect("given away when it is dropped");
        let pidfd = match &mut self.pidfd {
            Some(pidfd) => pidfd,
            closed => closed.insert(Source::new(pidfd_of(std)?)),
        };
        let ended = pidfd.perform_within(Direction::Read, timeout, |_| {
            std.try_wait()?.ok_or_else(|| ErrorKind::WouldBlock.into())
        });
        settle(ended)
    }

    fn std(&mut self) -> &mut process::Child {
        self.std.as_mut().expect("given away when it is dropped")
    }
}

/// A descriptor that is readable once the child has ended. Its number is not another's: we have not waited for it.
fn pidfd_of(child: &process::Child) -> io::Result<OwnedFd> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("the kernel gave the number");
    Ok(pidfd_open(pid, PidfdFlags::NONBLOCK)?)
}

impl Drop for Child {
    fn drop(&mut self) {
        let Some(mut child) = self.std.take() else { return };
        if self.kills_on_drop {
            // It has ended already, or runs by other rights: then it stays.
            let _ = child.kill();
        }
        orphans::adopt(child);
    }
}
