//! Locks, signals and blocking calls: how everybody in a round uses them, and what must hold of them, always and after.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use moonfleet::sync::{Barrier, Condvar, Event, Mutex, Notify, OnceCell, RwLock, Semaphore, WaitGroup};
use moonfleet::{blocking, time};

/// Permits of the semaphore.
const BOATS: usize = 3;
/// Parties of the barrier.
const WATCH: usize = 3;
/// What is made once.
const MADE: u64 = 42;

/// What a crew shares. ORDER: SeqCst throughout; the counters are compared with each other while all is going on, and
/// speed is not what is looked for.
pub(crate) struct Gear {
    chest: Mutex<u64>,
    changed: Condvar,
    chart: RwLock<u64>,
    boats: Semaphore,
    watch: Barrier,
    busy: WaitGroup,
    signal: Notify,
    compass: OnceCell<u64>,
    /// The round is over.
    over: Event,
    counts: Counts,
    fault: OnceLock<&'static str>,
}

#[derive(Default)]
struct Counts {
    holders: AtomicU64,
    readers: AtomicU64,
    writers: AtomicU64,
    afloat: AtomicU64,
    passed: AtomicU64,
    led: AtomicU64,
    told: AtomicU64,
    heard: AtomicU64,
    made: AtomicU64,
    begun: AtomicU64,
    ended: AtomicU64,
}

/// One more is there until it is dropped, however that comes.
struct Here<'a>(&'a AtomicU64, u64);

impl<'a> Here<'a> {
    /// Together with how many there were before.
    fn new(counter: &'a AtomicU64, by: u64) -> (Self, u64) {
        (Self(counter, by), counter.fetch_add(by, Ordering::SeqCst))
    }
}

impl Drop for Here<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::SeqCst);
    }
}

impl Gear {
    pub(crate) fn new() -> Self {
        Self {
            chest: Mutex::new(0),
            changed: Condvar::new(),
            chart: RwLock::new(0),
            boats: Semaphore::new(BOATS),
            watch: Barrier::new(WATCH),
            busy: WaitGroup::new(),
            signal: Notify::new(),
            compass: OnceCell::new(),
            over: Event::new(),
            counts: Counts::default(),
            fault: OnceLock::new(),
        }
    }

    /// Who waits for that goes on.
    pub(crate) fn end_round(&self) {
        self.over.set();
    }

    fn expect(&self, holds: bool, claim: &'static str) {
        if !holds {
            // The first tells most.
            let _ = self.fault.set(claim);
        }
    }

    /// Uses one of them, from a task or a plain thread.
    pub(crate) fn apply(&self, random: &mut Rng) {
        match random.u32(..11) {
            0 | 1 => self.open_chest(random),
            2 => self.wait_for_change(random),
            3 => self.read_chart(random),
            4 => self.draw_chart(random),
            5 => self.take_boats(random),
            6 => self.stand_watch(random),
            7 => self.be_busy(random),
            8 => self.signal(random),
            9 => self.look_at_compass(random),
            _ => self.block(random),
        }
    }

    fn open_chest(&self, random: &mut Rng) {
        let guard = match random.u32(..4) {
            0 => self.chest.try_lock(),
            1 => self.chest.lock_timeout(moment(random)),
            _ => Some(self.chest.lock()),
        };
        if let Some(mut coins) = guard {
            let (_here, before) = Here::new(&self.counts.holders, 1);
            self.expect(before == 0, "two hold the mutex");
            *coins += 1;
            dwell(random);
            if random.bool() { self.changed.notify_one() } else { self.changed.notify_all() }
        }
    }

    fn wait_for_change(&self, random: &mut Rng) {
        let (guard, limit) = (self.chest.lock(), moment(random));
        let before = *guard;
        let _guard = if random.bool() {
            self.changed.wait_timeout(guard, limit).0
        } else {
            self.changed.wait_timeout_while(guard, limit, |coins| *coins == before).0
        };
        let (_here, others) = Here::new(&self.counts.holders, 1);
        self.expect(others == 0, "a wait for the condition returned without the mutex");
    }

    fn read_chart(&self, random: &mut Rng) {
        let guard = match random.u32(..4) {
            0 => self.chart.try_read(),
            1 => self.chart.read_timeout(moment(random)),
            _ => Some(self.chart.read()),
        };
        if let Some(chart) = guard {
            let _here = Here::new(&self.counts.readers, 1);
            let read = *chart;
            dwell(random);
            self.expect(self.counts.writers.load(Ordering::SeqCst) == 0, "one writes while another reads");
            self.expect(read == *chart, "it was written while it was read");
        }
    }

    fn draw_chart(&self, random: &mut Rng) {
        let guard = match random.u32(..4) {
            0 => self.chart.try_write(),
            1 => self.chart.write_timeout(moment(random)),
            _ => Some(self.chart.write()),
        };
        let Some(mut chart) = guard else { return };
        let (here, before) = Here::new(&self.counts.writers, 1);
        self.expect(before == 0, "two write");
        *chart += 1;
        dwell(random);
        self.expect(self.counts.readers.load(Ordering::SeqCst) == 0, "one reads while another writes");
        drop(here);
        if random.bool() {
            let chart = moonfleet::sync::RwLockWriteGuard::downgrade(chart);
            let (_here, read) = (Here::new(&self.counts.readers, 1), *chart);
            dwell(random);
            self.expect(read == *chart, "it was written after the writer had become a reader");
        }
    }

    fn take_boats(&self, random: &mut Rng) {
        let wanted = random.usize(1..=BOATS);
        let permit = match random.u32(..3) {
            0 => self.boats.try_acquire_many(wanted).ok(),
            1 => self.boats.acquire_many_timeout(wanted, moment(random)).ok(),
            _ => self.boats.acquire_many(wanted).ok(),
        };
        if permit.is_some() {
            let (_here, before) = Here::new(&self.counts.afloat, wanted as u64);
            self.expect(before + wanted as u64 <= BOATS as u64, "more permits are out than there are");
            dwell(random);
        }
    }

    fn stand_watch(&self, random: &mut Rng) {
        if let Ok(passed) = self.watch.wait_timeout(moment(random)) {
            self.counts.passed.fetch_add(1, Ordering::SeqCst);
            self.counts.led.fetch_add(u64::from(passed.is_leader()), Ordering::SeqCst);
        }
    }

    fn be_busy(&self, random: &mut Rng) {
        match random.u32(..3) {
            0 => drop(self.busy.wait_timeout(moment(random))),
            1 => drop(self.over.wait_timeout(moment(random))),
            _ => {
                let _token = self.busy.token();
                dwell(random);
            }
        }
    }

    fn signal(&self, random: &mut Rng) {
        if random.bool() {
            // Counted first: it may be heard before this goes on.
            self.counts.told.fetch_add(1, Ordering::SeqCst);
            self.signal.notify_one();
        } else if self.signal.wait_timeout(moment(random)).is_ok() {
            let heard = 1 + self.counts.heard.fetch_add(1, Ordering::SeqCst);
            self.expect(heard <= self.counts.told.load(Ordering::SeqCst), "more was heard than told");
        }
    }

    fn look_at_compass(&self, random: &mut Rng) {
        let seen = self.compass.get_or_init(|| {
            dwell(random);
            // Nothing waits from here on: what was made is kept.
            self.counts.made.fetch_add(1, Ordering::SeqCst);
            MADE
        });
        self.expect(*seen == MADE, "another value than was made");
    }

    fn block(&self, random: &mut Rng) {
        let (mut seen, pause) = (0, Duration::from_micros(random.u64(..50)));
        let told = blocking(|| {
            self.counts.begun.fetch_add(1, Ordering::SeqCst);
            thread::sleep(pause);
            seen = MADE;
            self.counts.ended.fetch_add(1, Ordering::SeqCst);
            MADE
        });
        self.expect(seen == MADE && told == MADE, "a blocking call returned before its closure did");
    }

    /// What must hold when everybody has ended.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let count = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
        let Counts { passed, led, made, begun, ended, .. } = &self.counts;
        let claims = [
            (self.chest.try_lock().is_some(), "the mutex is still locked"),
            (self.chart.try_write().is_some(), "the lock is still held"),
            (self.boats.available_permits() == BOATS, "permits are lost, or there twice"),
            (self.busy.pending() == 0, "the wait group counts somebody who has left"),
            (count(passed) == count(led) * WATCH as u64, "not all of a round have passed the barrier"),
            (count(made) <= 1 && count(made) == u64::from(self.compass.get().is_some()), "made twice"),
            (count(begun) == count(ended), "a blocking call has not ended"),
        ];
        let broken = claims.iter().find(|(holds, _)| !holds).map(|&(_, claim)| claim);
        self.fault.get().copied().or(broken).map_or(Ok(()), Err)
    }
}

/// Holds what it holds for a while.
fn dwell(random: &mut Rng) {
    match random.u32(..4) {
        0 => time::sleep(moment(random)),
        1 => moonfleet::yield_now(),
        _ => {}
    }
}

pub(crate) fn moment(random: &mut Rng) -> Duration {
    Duration::from_micros(random.u64(..200))
}
