//! The lookout: a thread that watches over the workers' turns, as long as any worker is awake.
//!
//! It looks at every worker a few times per threshold (`sampler`), and sleeps without a tick while all of them
//! do (`watch`). Workers tell it when they fall asleep and wake, and nothing else.

use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};
use std::time::Duration;

use super::sampler::{Overrun, Sampler};
use super::watch::Watch;
use crate::context::counters::Counters;
use crate::home::Home;
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
    /// than one of `thresholds_ns`, which ascend, once for each; `all_asleep` is called when every worker has fallen
    /// asleep, which is noticed within `longest_pause_ns`.
    pub(crate) fn keep(
        &self,
        workers: &[Arc<Counters>],
        thresholds_ns: Vec<u64>,
        longest_pause_ns: u64,
        mut report: impl FnMut(Overrun),
        all_asleep: impl Fn(),
    ) {
        self.thread.get_or_init(thread::current);
        let mut sampler = Sampler::new(workers.len(), thresholds_ns);
        // ORDER: Acquire; pairs with the Release in `stop`.
        while !self.stopped.load(Ordering::Acquire) {
            if self.watch.doze() {
                all_asleep();
                // A wake for another reason only costs a look.
                thread::park();
                self.watch.rise();
                continue;
            }
            let words = workers.iter().map(|counters| &counters.running);
            let pause_ns = sampler.look(words, clock::now_ns, &mut report);
            thread::park_timeout(Duration::from_nanos(pause_ns.min(longest_pause_ns)));
        }
    }

    /// Runs `look`, for the watching thread: its answer, if every worker slept all the while, with no wake on its way
    /// to any of them.
    ///
    /// The reads frame each other. A worker counts a sleep after its inbox says SLEEPING, and before it is off the
    /// watch. All are off the watch after the first count, or this is the end; and none has begun another sleep by the
    /// second one: so each has slept through all that is between the counts. A wake on its way would show in its inbox.
    pub(crate) fn all_sleep_throughout<R>(
        &self,
        workers: &[Arc<Counters>],
        homes: &[&Home],
        look: impl FnOnce() -> R,
    ) -> Option<R> {
        let sleeps = || workers.iter().map(|counters| counters.parks.get()).sum::<u64>();
        let before = sleeps();
        // ORDER: Acquire fence; the looks below come after the count above.
        fence(Ordering::Acquire);
        let answer = look();
        let all_sleep = homes.iter().all(|home| home.inbox().is_sleeping());
        (all_sleep && self.watch.nobody_is_awake() && sleeps() == before).then_some(answer)
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
