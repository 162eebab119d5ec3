//! Runs one peer as a child process and brings back what it printed and what the kernel charged it.
//!
//! A peer prints one `name: number` line for each figure it measured itself. CPU time and peak memory
//! come from `wait4`, which accounts for exactly that child. A child that outlives its limit is killed
//! and reported as an error, so a hung peer costs one run and not the whole benchmark.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
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

    /// How long the child says its work took. A child that does not say is charged its whole life,
    /// start-up included, which never flatters it.
    pub(crate) fn elapsed(&self) -> Duration {
        let said = self.figures.get("elapsed").and_then(|&seconds| Duration::try_from_secs_f64(seconds).ok());
        said.unwrap_or(self.wall)
    }
}

/// Runs `command` to its end and takes its accounts.
pub(crate) fn run(command: &mut Command, limit: Duration) -> Result<Outcome, String> {
    let start = Instant::now();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("cannot start {command:?}: {error}"))?;
    let output = collect(child.stdout.take());
    let complaints = collect(child.stderr.take());

    // Both pipes close when the process ends. Killing is safe here: until `wait4` the id is still ours.
    let printed = output.recv_timeout(limit);
    let is_hung = printed.is_err();
    if is_hung {
        child.kill().map_err(|error| format!("cannot kill a hung child: {error}"))?;
    }
    let (status, usage) = reap(child.id()).map_err(|error| format!("wait4 failed: {error}"))?;
    let wall = start.elapsed();

    if is_hung {
        return Err(format!("still running after {:.0} s, killed", limit.as_secs_f64()));
    }
    if !status.success() {
        let complaint = complaints.recv().unwrap_or_default();
        return Err(format!("{status}: {}", reason(&complaint)));
    }
    Ok(Outcome {
        figures: parse(&printed.unwrap_or_default()),
        wall,
        cpu: duration(usage.ru_utime) + duration(usage.ru_stime),
        // `ru_maxrss` counts KiB.
        peak_rss_mb: usage.ru_maxrss as f64 * 1024.0 / 1e6,
    })
}

/// Figures and reasons come first. A runtime out of memory may complain a million times, and what we kept of that
/// would be in the accounts of every later child, which begin with our own peak.
const KEPT: u64 = 64 * 1024;

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

/// Waits for the process and takes the kernel's account of it, which `std` does not offer.
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

/// Finds the `name: number` lines; a peer may print whatever else it likes.
fn parse(printed: &str) -> BTreeMap<String, f64> {
    let figure = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.trim().to_owned(), value.trim().parse().ok()?))
    };
    printed.lines().filter_map(figure).collect()
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
        let figures = parse("Lua says hello\nreadOps:\t12\nwriteOps: 3\nelapsed: 1.5\nnote: none\n");
        assert_eq!(figures.len(), 3);
        assert_eq!((figures["readOps"], figures["writeOps"], figures["elapsed"]), (12.0, 3.0, 1.5));
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
}
