//! Parks many tasks on one channel, weighs the process, and lets them end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use moonfleet::channel::{self, Receiver};
use moonfleet::{JoinHandle, spawn, time};

use super::accounts;
use crate::cli::Options;

/// How long the tasks may take to park before the program calls them lost.
const PATIENCE: Duration = Duration::from_secs(240);

pub(crate) fn run(options: &Options) -> Result<(), String> {
    let tasks = options.tasks.unwrap_or(1_000_000);
    super::runtime(super::workers(options), tasks)?.block_on(move || park(tasks))
}

fn park(tasks: usize) -> Result<(), String> {
    let start = Instant::now();
    let arrived = Arc::new(AtomicUsize::new(0));
    let (gate, waiting) = channel::rendezvous::<()>();
    let handles: Vec<_> = (0..tasks).map(|_| spawn_waiter(&waiting, &arrived)).collect();
    // ORDER: Relaxed; a count publishes nothing but itself.
    while arrived.load(Ordering::Relaxed) < tasks {
        if start.elapsed() > PATIENCE {
            return Err(format!("{} of {tasks} tasks have parked", arrived.load(Ordering::Relaxed)));
        }
        time::sleep(Duration::from_millis(1));
    }
    println!("parked_seconds: {}", start.elapsed().as_secs_f64());
    println!("rss_mb: {}", accounts::resident_mb()?);
    println!("mappings: {}", accounts::mappings()?);

    let start = Instant::now();
    drop(gate);
    for handle in handles {
        handle.join().map_err(|error| format!("a parked task did not end well: {error}"))?;
    }
    println!("ended_seconds: {}", start.elapsed().as_secs_f64());
    Ok(())
}

/// A task that says it has come and then waits for the gate to close.
fn spawn_waiter(waiting: &Receiver<()>, arrived: &Arc<AtomicUsize>) -> JoinHandle<()> {
    let (waiting, arrived) = (waiting.clone(), Arc::clone(arrived));
    spawn(move || {
        // ORDER: Relaxed; a count publishes nothing but itself.
        arrived.fetch_add(1, Ordering::Relaxed);
        // Nothing is ever sent: the error of the closed channel is the end.
        let _ = waiting.recv();
    })
}
