//! A stress test of sockets: `stress_io [seconds] [seed]`.
//!
//! Round after round, voyages: connections, by TCP and Unix sockets, over which each end sends the other bytes that tell
//! where in the stream they belong. Nobody who works on one stays for long: tasks of two runtimes and plain threads
//! take turns, in any operation that reads or writes, with short timeouts, and are cancelled in the middle of it. One of
//! the runtimes is shut down under them now and then, and another takes its place. Some connections are half closed, some
//! reset, some closed while others wait for them, some dropped. Through all that no byte may be lost, doubled, in another
//! place or in another stream, up to a reset; whoever waits must be told; and no descriptor may be left over.
//!
//! If a voyage fails, or a round hangs, the exit status is 1, and what hangs is named. The seed decides what is done,
//! and the machine in which order.
//!
//! - `contents`: bytes that tell where they belong. `socket`: an end of a connection, and the ways to use it.
//! - `leg`: the bytes of one direction, who moves them, and what they must add up to. `places`: where they work.
//! - `harbour`: how connections are made. `voyage`: a connection, and the mischief that is done to it.

mod contents;
mod harbour;
mod leg;
mod places;
mod socket;
mod voyage;

use std::process::exit;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use moonfleet::Runtime;

use crate::harbour::Harbour;
use crate::places::{Places, ends};
use crate::voyage::{Tally, Voyage};

/// A round that takes this long hangs.
const PATIENCE: Duration = Duration::from_secs(30);
/// Descriptors between two rounds, at most: those of the runtimes and of the terminal.
const MOST_DESCRIPTORS: usize = 100;

/// What is under way, for the watch.
#[derive(Default)]
struct Log {
    round: AtomicU64,
    state: Mutex<&'static str>,
    voyages: Mutex<Vec<Arc<Voyage>>>,
}

impl Log {
    fn is_at(&self, state: &'static str) {
        *self.state.lock().expect("no panic with it") = state;
    }
}

fn main() {
    let mut words = std::env::args().skip(1);
    let mut number = |default: u64| {
        words.next().map_or(default, |word| word.parse().expect("usage: stress_io [seconds] [seed]"))
    };
    let (seconds, seed) = (number(10), number(fastrand::u64(..)));
    println!("stress_io: {seconds} s, seed {seed}");
    let (log, mut random, mut total) = (Arc::<Log>::default(), Rng::with_seed(seed), Tally::default());
    watch(Arc::clone(&log), seed);
    let steady = Runtime::builder().workers(3).build().expect("three workers");
    let places = Arc::new(Places::new(steady.handle()));
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        // ORDER: Relaxed; a number to name the round by.
        let number = log.round.fetch_add(1, Ordering::Relaxed);
        match round(&steady, &places, &log, &mut random) {
            Ok(tally) => total.add(&tally),
            Err(why) => {
                eprintln!("round {number} of seed {seed}: {why}");
                exit(1);
            }
        }
    }
    log.is_at("has ended, and so do the runtimes");
    places.close().and_then(|()| ends(steady)).unwrap_or_else(|why| {
        eprintln!("the end of seed {seed}: {why}");
        exit(1);
    });
    println!("{} rounds, nothing lost: {total:?}", log.round.load(Ordering::Relaxed));
}

/// A fleet of voyages, all at once.
fn round(steady: &Runtime, places: &Arc<Places>, log: &Log, random: &mut Rng) -> Result<Tally, String> {
    log.is_at("opens the harbour");
    let harbour = Harbour::open(steady, places, random).map_err(|error| format!("no harbour: {error}"))?;
    let voyages: Vec<_> =
        (0..random.usize(1..60)).map(|number| Arc::new(Voyage::plan(number, random))).collect();
    log.voyages.lock().expect("no panic with it").clone_from(&voyages);
    let mut send = |voyage: Arc<Voyage>| {
        let (harbour, places, random) = (Arc::clone(&harbour), Arc::clone(places), random.fork());
        steady.spawn(move || voyage.sail(&harbour, &places, random))
    };
    let tasks: Vec<_> = voyages.into_iter().map(&mut send).collect();
    if random.u32(..4) == 0 {
        thread::sleep(Duration::from_micros(random.u64(..20_000)));
        log.is_at("shuts a runtime down");
        places.replace(random)?;
    }
    log.is_at("waits for the voyages");
    let ended: Vec<_> =
        tasks.into_iter().map(|task| task.join().map_err(|error| error.to_string())?).collect();
    log.is_at("closes the harbour");
    harbour.close()?;
    log.voyages.lock().expect("no panic with it").clear();
    let mut total = Tally::default();
    for tally in ended {
        total.add(&tally?);
    }
    let left = descriptors().filter(|&open| open > MOST_DESCRIPTORS);
    left.map_or(Ok(total), |open| Err(format!("{open} descriptors are open after the round")))
}

/// How many descriptors this process has, if it is allowed to know.
fn descriptors() -> Option<usize> {
    std::fs::read_dir("/proc/self/fd").ok().map(Iterator::count)
}

/// Ends the process if a round does not, and says what everybody in it is doing.
fn watch(log: Arc<Log>, seed: u64) {
    thread::spawn(move || {
        let mut seen = u64::MAX;
        loop {
            // ORDER: Relaxed; a hint, looked at again in a while.
            let now = log.round.load(Ordering::Relaxed);
            if now == seen {
                let state = *log.state.lock().expect("no panic with it");
                eprintln!("round {} of seed {seed} hangs; it {state}:", now.saturating_sub(1));
                let voyages = log.voyages.lock().expect("no panic with it");
                voyages.iter().filter_map(|voyage| voyage.complaint()).for_each(|line| eprintln!("{line}"));
                exit(1);
            }
            seen = now;
            thread::sleep(PATIENCE);
        }
    });
}
