//! Runs one peer as a child process and brings back what it printed and what the kernel charged it.
//!
//! A peer prints one `name: number` line for each figure it measured itself. CPU time and peak memory
//! come from `wait4`, which accounts for exactly that child. A child that outlives its limit is killed
//! and reported as an error, so a hung peer costs one run and not the whole benchmark.
//!
//! A server is a child too: it is started, asked for a figure while it runs, and ends when its input does.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// What one run of a child came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    figures: BTreeMap<String, f64>,
    /// From start to reaped.
    pub(crate) wall: Duration,
    /// User and system time together: idle spinning shows here.
    pub(crate) cpu: Duration,
    pub(crate) peak_rss_mb: f64,
}

impl Outcome {
    /// A figure the child printed, or an error that names the missing line.
    pub(crate) fn figure(&self, name: &str) -> Result<f64, String> {
        self.figures.get(name).copied().ok_or_else(|| format!("it printed no `{name}: number` line"))
    }

    /// Adds a figure that somebody else measured of the same run.
    pub(crate) fn add(&mut self, name: &str, value: f64) {
        self.figures.insert(name.to_owned(), value);
    }

    /// How long the child says its work took. A child that does not say is charged its whole life,
    /// start-up included, which never flatters it.
    pub(crate) fn elapsed(&self) -> Duration {
        let said = self.figures.get("elapsed").and_then(|&seconds| Duration::try_from_secs_f64(seconds).ok());
        said.unwrap_or(self.wall)
    }
}

/// Runs `command`, which gets no input, to its end and takes its accounts.
pub(crate) fn run(command: &mut Command, limit: Duration) -> Result<Outcome, String> {
    start(command.stdin(Stdio::null()))?.finish(limit)
}

/// Starts `command`, with the input it was given.
pub(crate) fn start(command: &mut Command) -> Result<Running, String> {
    let start = Instant::now();
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("cannot start {command:?}: {error}"))?;
    let printed = figures_of(child.stdout.take());
    let complaints = collect(child.stderr.take());
    Ok(Running { child, start, figures: BTreeMap::new(), printed, complaints, is_reaped: false })
}

/// A child at work. Dropped before it was finished, it is killed.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    start: Instant,
    figures: BTreeMap<String, f64>,
    /// Ends when the child closes its output, which for all our peers is when it ends.
    printed: mpsc::Receiver<(String, f64)>,
    complaints: mpsc::Receiver<String>,
    is_reaped: bool,
}

impl Running {
    /// The process id, which stays the child's until it is finished.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the child has printed this figure.
    pub(crate) fn wait_for(&mut self, name: &str, limit: Duration) -> Result<f64, String> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(&value) = self.figures.get(name) {
                return Ok(value);
            }
            match self.printed.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok((name, value)) => drop(self.figures.insert(name, value)),
                Err(RecvTimeoutError::Timeout) => {
                    return Err(format!(
                        "it printed no `{name}: number` line for {:.0} s",
                        limit.as_secs_f64()
                    ));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let complaint = self.complaints.recv_timeout(REASON).unwrap_or_default();
                    return Err(format!("ended before its `{name}: number` line: {}", reason(&complaint)));
                }
            }
        }
    }

    /// Ends the child's input, waits for its end, and takes its accounts.
    pub(crate) fn finish(mut self, limit: Duration) -> Result<Outcome, String> {
        drop(self.child.stdin.take());
        let is_hung = !self.read_to_the_end(limit);
        if is_hung {
            self.child.kill().map_err(|error| format!("cannot kill a hung child: {error}"))?;
        }
        let (status, usage) = self.reap().map_err(|error| format!("wait4 failed: {error}"))?;
        let wall = self.start.elapsed();

        if is_hung {
            return Err(format!("still running after {:.0} s, killed", limit.as_secs_f64()));
        }
        if !status.success() {
            let complaint = self.complaints.recv().unwrap_or_default();
            return Err(format!("{status}: {}", reason(&complaint)));
        }
        Ok(Outcome {
            figures: std::mem::take(&mut self.figures),
            wall,
            cpu: duration(usage.ru_utime) + duration(usage.ru_stime),
            // `ru_maxrss` counts KiB.
            peak_rss_mb: usage.ru_maxrss as f64 * 1024.0 / 1e6,
        })
    }

    /// Whether the output ended in time.
    fn read_to_the_end(&mut self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        loop {
            match self.printed.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok((name, value)) => drop(self.figures.insert(name, value)),
                Err(end) => return end == RecvTimeoutError::Disconnected,
            }
        }
    }

    /// Waits for the process and takes the kernel's account of it, which `std` does not offer.
    fn reap(&mut self) -> io::Result<(ExitStatus, libc::rusage)> {
        let accounts = reap(self.child.id());
        self.is_reaped = accounts.is_ok();
        accounts
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Until it is reaped the id is still the child's. One that has ended already cannot be killed, and need not.
        if !self.is_reaped && self.child.kill().is_ok() {
            let _ = self.reap();
        }
    }
}

/// How long a child that closed its output may take to say why.
const REASON: Duration = Duration::from_secs(1);

/// Figures and reasons come first. A runtime out of memory may complain a million times, and what we kept of that
/// would be in the accounts of every later child, which begin with our own peak.
const KEPT: u64 = 64 * 1024;

/// Reads the figures of a pipe on a thread of its own, to the pipe's end.
fn figures_of(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<(String, f64)> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let Some(mut pipe) = pipe else { return };
        let mut lines = BufReader::new(pipe.by_ref().take(KEPT));
        let mut line = Vec::new();
        // A broken pipe ends the figures early; the exit status tells the rest.
        while lines.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            // Nobody listens any more when the child was killed.
            let _ = figure(&String::from_utf8_lossy(&line)).map(|figure| sender.send(figure));
            line.clear();
        }
        let _ = io::copy(&mut pipe, &mut io::sink());
    });
    receiver
}

/// Reads a pipe to its end on a thread of its own: a child that fills one pipe must not wait for the other.
fn collect(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(mut pipe) = pipe {
            // A broken pipe ends the text early; the exit status tells the rest.
            let _ = pipe.by_ref().take(KEPT).read_to_end(&mut text);
            let _ = io::copy(&mut pipe, &mut io::sink());
        }
        // Nobody listens any more when the child was killed.
        let _ = sender.send(String::from_utf8_lossy(&text).into_owned());
    });
    receiver
}

/// `wait4` for this process.
fn reap(id: u32) -> io::Result<(ExitStatus, libc::rusage)> {
    let id = libc::pid_t::try_from(id).map_err(io::Error::other)?;
    let mut status = 0;
    // SAFETY: plain-data: `rusage` is integers all through, so all zeroes is a valid value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers come from live, exclusive references to the types the call fills in.
        let reaped = unsafe { libc::wait4(id, &mut status, 0, &mut usage) };
        if reaped == id {
            return Ok((ExitStatus::from_raw(status), usage));
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

fn duration(time: libc::timeval) -> Duration {
    Duration::from_secs(time.tv_sec.unsigned_abs()) + Duration::from_micros(time.tv_usec.unsigned_abs())
}

/// The figure of a `name: number` line; a peer may print whatever else it likes.
fn figure(line: &str) -> Option<(String, f64)> {
    let (name, value) = line.split_once(':')?;
    Some((name.trim().to_owned(), value.trim().parse().ok()?))
}

/// The line that says why. A panic says where in its first line, and why in the second.
fn reason(complaint: &str) -> &str {
    let mut lines = complaint.lines().map(str::trim).filter(|line| !line.is_empty());
    let says_where = |line: &&str| line.starts_with("thread '") && line.ends_with(':');
    lines.find(|line| !says_where(line)).unwrap_or("it printed no reason")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(60);

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn figures_are_read_in_every_spelling_the_peers_use() {
        let lines = "Lua says hello\nreadOps:\t12\nwriteOps: 3\nelapsed: 1.5\nnote: none\n";
        let figures: Vec<(String, f64)> = figures_of(Some(lines.as_bytes())).iter().collect();
        let expected = [("readOps", 12.0), ("writeOps", 3.0), ("elapsed", 1.5)];
        assert_eq!(figures, expected.map(|(name, value)| (name.to_owned(), value)));
    }

    #[test]
    fn a_child_is_accounted_for() {
        let outcome = run(&mut shell("echo readOps: 7"), LIMIT).unwrap();
        assert_eq!(outcome.figure("readOps"), Ok(7.0));
        assert_eq!(outcome.elapsed(), outcome.wall, "without an `elapsed` line the whole life counts");
        assert!(outcome.peak_rss_mb > 0.0);
        assert!(outcome.figure("writeOps").unwrap_err().contains("writeOps"));
    }

    #[test]
    fn a_failing_child_is_quoted() {
        let error = run(&mut shell("echo out of luck >&2; exit 3"), LIMIT).unwrap_err();
        assert!(error.contains('3') && error.contains("out of luck"), "{error}");
    }

    #[test]
    fn only_the_beginning_of_a_flood_is_kept() {
        let flood = io::repeat(b'x').take(100 * KEPT);
        assert_eq!(collect(Some(flood)).recv().unwrap().len() as u64, KEPT);
        let outcome = run(&mut shell("echo readOps: 7; yes | head -c 1000000"), LIMIT).unwrap();
        assert_eq!(outcome.figure("readOps"), Ok(7.0));
    }

    #[test]
    fn a_panic_is_quoted_without_its_place() {
        assert_eq!(
            reason("\nthread 'main' (7) panicked at src/main.rs:3:5:\nno such luck\nnote: run\n"),
            "no such luck"
        );
        assert_eq!(reason("panic: all asleep\n"), "panic: all asleep");
        assert_eq!(reason("\n"), "it printed no reason");
    }

    #[test]
    fn a_hung_child_is_killed() {
        let error = run(&mut shell("while :; do :; done"), Duration::ZERO).unwrap_err();
        assert!(error.contains("killed"), "{error}");
    }

    #[test]
    fn a_server_is_asked_while_it_runs_and_ends_with_its_input() {
        let mut server = start(shell("echo port: 80; cat; echo served: 3").stdin(Stdio::piped())).unwrap();
        assert_eq!(server.wait_for("port", LIMIT), Ok(80.0));
        let outcome = server.finish(LIMIT).unwrap();
        assert_eq!((outcome.figure("port"), outcome.figure("served")), (Ok(80.0), Ok(3.0)));
    }

    #[test]
    fn a_server_that_ends_early_says_why() {
        let mut server = start(&mut shell("echo in use >&2")).unwrap();
        let error = server.wait_for("port", LIMIT).unwrap_err();
        assert!(error.contains("port") && error.contains("in use"), "{error}");
    }

    #[test]
    fn a_server_nobody_finishes_is_killed() {
        let mut server = start(shell("echo port: 80; exec cat").stdin(Stdio::piped())).unwrap();
        server.wait_for("port", LIMIT).unwrap();
        let process = format!("/proc/{}", server.id());
        assert!(std::path::Path::new(&process).exists());
        drop(server);
        assert!(!std::path::Path::new(&process).exists());
    }
}
