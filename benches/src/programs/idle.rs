//! Parks tasks, then watches from the main thread how much the workers do while there is nothing to do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use moonfleet::channel;

use super::accounts::ThreadAccounts;
use crate::cli::Options;

/// A worker may search for work a moment before it parks; that moment is not idleness.
const SETTLE: Duration = Duration::from_millis(200);

/// How long the tasks may take to park before the program calls them lost.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn run(options: &Options) -> Result<(), String> {
    let tasks = options.tasks.unwrap_or(10_000);
    let runtime = super::runtime(super::workers(options), tasks)?;
    let arrived = Arc::new(AtomicUsize::new(0));
    let (gate, waiting) = channel::rendezvous::<()>();
    for _ in 0..tasks {
        let (waiting, arrived) = (waiting.clone(), Arc::clone(&arrived));
        runtime.spawn(move || {
            // ORDER: Relaxed; a count publishes nothing but itself.
            arrived.fetch_add(1, Ordering::Relaxed);
            let _ = waiting.recv();
        });
    }
    let start = Instant::now();
    // ORDER: Relaxed; a count publishes nothing but itself.
    while arrived.load(Ordering::Relaxed) < tasks {
        if start.elapsed() > PATIENCE {
            return Err(format!("{} of {tasks} tasks have parked", arrived.load(Ordering::Relaxed)));
        }
        thread::sleep(Duration::from_millis(1));
    }
    thread::sleep(SETTLE);

    let before = ThreadAccounts::read()?;
    thread::sleep(Duration::from_secs_f64(options.seconds.unwrap_or(3.0)));
    let after = ThreadAccounts::read()?;
    println!("idle_cpu_ms: {}", after.cpu_ms - before.cpu_ms);
    println!("voluntary_switches: {}", after.voluntary_switches - before.voluntary_switches);
    println!("forced_switches: {}", after.forced_switches - before.forced_switches);
    drop(gate);
    Ok(())
}
