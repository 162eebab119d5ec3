//! `--stats`: what the runtime has counted, on stderr, whichever way the process exits.

use std::sync::OnceLock;

use moonfleet::{Runtime, WorkerMetrics};
use rustix::time::{ClockId, clock_gettime};
use std::fmt::Write;
use std::time::Instant;

use crate::cli::process;

static RUNTIME: OnceLock<(Runtime, Instant)> = OnceLock::new();

/// Prints the figures of `runtime` at the exit of the process, until which it therefore lives.
pub(super) fn print_at_exit(runtime: Runtime) -> &'static Runtime {
    process::at_exit(print);
    &RUNTIME.get_or_init(|| (runtime, Instant::now())).0
}

extern "C" fn print() {
    if let Some((runtime, start)) = RUNTIME.get() {
        eprint!("{}", describe(runtime, *start));
    }
}

fn describe(runtime: &Runtime, start: Instant) -> String {
    let metrics = runtime.metrics();
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    let cpu_seconds = cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9;
    let (wall_seconds, megabytes) = (start.elapsed().as_secs_f64(), peak_kilobytes() as f64 / 1024.0);
    let mut text = format!(
        "moonfleet: {wall_seconds:.3} s, {cpu_seconds:.3} s of CPU, {megabytes:.1} MB of memory at most\n\
         {:<9}{:>12}{:>12}{:>12}{:>12}{:>12}{:>12}{:>12}\n",
        "worker", "spawned", "started", "finished", "stolen", "local wakes", "far wakes", "sleeps"
    );
    for (index, worker) in metrics.workers().iter().enumerate() {
        add_row(&mut text, &(index + 1).to_string(), worker);
    }
    add_row(&mut text, "all", &metrics.total());
    let blocking = metrics.blocking();
    let _ = writeln!(text, "blocking: {} threads, {} calls", blocking.threads, blocking.closures);
    text
}

fn add_row(text: &mut String, name: &str, worker: &WorkerMetrics) {
    let WorkerMetrics { spawned, started, finished, stolen, wakes_local, wakes_remote, parks, .. } = worker;
    let _ = writeln!(
        text,
        "{name:<9}{spawned:>12}{started:>12}{finished:>12}{stolen:>12}{wakes_local:>12}{wakes_remote:>12}{parks:>12}"
    );
}

/// The most memory the process has had resident; zero if the kernel does not tell.
fn peak_kilobytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}
