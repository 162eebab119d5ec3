//! The stateful program for each Rust runtime: the same shape, in that runtime's own idiom.
//!
//! What they share is what must not differ: the numbers of clients, the keys, the counters, the report.

#[cfg(feature = "peers")]
pub(crate) mod may;
pub(crate) mod moonfleet;
#[cfg(feature = "peers")]
pub(crate) mod tokio;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::cli::{Mode, Options};

const READERS: u64 = 100;
const WRITERS: u64 = 10;
const KEYS: u64 = 5;
const VALUES: u64 = 100;

/// The pause after each operation of a paced run.
const PAUSE: Duration = Duration::from_millis(1);

/// What one run is to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    workers: usize,
    is_paced: bool,
    duration: Duration,
}

impl Settings {
    pub(crate) fn of(options: &Options) -> Settings {
        Settings {
            workers: super::workers(options),
            is_paced: options.modes.first() == Some(&Mode::Paced),
            duration: Duration::from_secs_f64(options.seconds.unwrap_or(1.0)),
        }
    }
}

/// Finished operations, counted as the Go program counts them: two atomic words that all clients share.
static READ_OPS: AtomicU64 = AtomicU64::new(0);
static WRITE_OPS: AtomicU64 = AtomicU64::new(0);

fn count(ops: &AtomicU64) {
    // ORDER: Relaxed; a count publishes nothing but itself.
    ops.fetch_add(1, Ordering::Relaxed);
}

/// Reads counters and clock together, then prints them.
fn report(start: Instant) {
    // ORDER: Relaxed; the clients go on counting, so no exact moment could be had anyway.
    let (reads, writes) = (READ_OPS.load(Ordering::Relaxed), WRITE_OPS.load(Ordering::Relaxed));
    let elapsed = start.elapsed().as_secs_f64();
    println!("readOps: {reads}\nwriteOps: {writes}\nelapsed: {elapsed}");
}
