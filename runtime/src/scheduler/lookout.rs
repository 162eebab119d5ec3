//! The lookout: a thread that watches over the workers' turns, as long as any worker is awake.
//!
//! It looks at every worker a few times per threshold (`sampler`), and sleeps without a tick while all of them
//! do (`watch`). Workers tell it when they fall asleep and wake, and nothing else.
//!
//! Models: lookout, watch.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::sampler::{Overrun, Sampler};
use super::watch::Watch;
use crate::context::counters::Counters;
use crate::primitive::atomic::{AtomicBool, Ordering};
use crate::primitive::thread::{self, Thread};
use crate::sys::clock;

/// Where the workers of a runtime and the thread that watches them meet.
#[derive(Debug)]
pub(crate) struct Lookout {
    watch: Watch,
    /// The thread that watches; set before it sleeps for the first time.
    thread: OnceLock<Thread>,
    stopped: AtomicBool,
}

/// A worker sleeps, for the time this lives.
#[derive(Debug)]
pub(crate) struct Asleep<'a>(&'a Lookout);

impl Lookout {
    /// The lookout over `workers` workers, all awake.
    pub(crate) fn new(workers: usize) -> Self {
        Self { watch: Watch::new(workers), thread: OnceLock::new(), stopped: AtomicBool::new(false) }
    }

    /// A worker falls asleep.
    pub(crate) fn worker_sleeps(&self) -> Asleep<'_> {
        self.watch.fall_asleep();
        Asleep(self)
    }

    /// Watches until told to stop: the whole work of this thread. `report` is told of each turn that lasts longer
    /// than one of `thresholds_ns`, which ascend, once for each.
    pub(crate) fn keep(
        &self,
        workers: &[Arc<Counters>],
        thresholds_ns: Vec<u64>,
        mut report: impl FnMut(Overrun),
    ) {
        self.thread.get_or_init(thread::current);
        let mut sampler = Sampler::new(workers.len(), thresholds_ns);
        // RE-CHECK: `stop` may have come while we slept.
        // ORDER: Acquire; pairs with the Release in `stop`.
        while !self.stopped.load(Ordering::Acquire) {
            if self.watch.doze() {
                // A wake for another reason only costs a look.
                thread::park();
                self.watch.rise();
                continue;
            }
            let words = workers.iter().map(|counters| &counters.running);
            let pause_ns = sampler.look(words, clock::now_ns, &mut report);
            thread::park_timeout(Duration::from_nanos(pause_ns));
        }
    }

    /// Tells the watching thread to end. It still has to be unparked.
    pub(crate) fn stop(&self) {
        // ORDER: Release; pairs with the Acquire in `keep`.
        self.stopped.store(true, Ordering::Release);
    }
}

impl Drop for Asleep<'_> {
    fn drop(&mut self) {
        if self.0.watch.wake_up()
            && let Some(thread) = self.0.thread.get()
        {
            thread.unpark();
        }
    }
}
