//! The watch: the monitor sleeps while every worker does, without a tick, and the first that wakes wakes it.
//!
//! ```text
//!   workers awake: n > 0 ──the last falls asleep──▶ 0 ──doze──▶ DOZING ──a worker wakes──▶ DOZING + 1, and ring
//!                  ▲                                            │                              │
//!                  └────────────────────────────────────────────┴───────────rise───────────────┘
//! ```
//! One word holds both facts, so there is no window between "does anybody run?" and "fall asleep": the monitor
//! falls asleep only by replacing "nobody is awake", and a worker that finds it asleep rings.

use crate::primitive::atomic::{AtomicUsize, Ordering};

const DOZING: usize = 1;
const ONE_AWAKE: usize = 2;

/// How many workers are awake, and whether the monitor sleeps for lack of any.
#[derive(Debug)]
pub(crate) struct Watch(AtomicUsize);

impl Watch {
    /// The watch over `workers` workers, all awake.
    pub(crate) fn new(workers: usize) -> Self {
        Self(AtomicUsize::new(workers * ONE_AWAKE))
    }

    /// A worker falls asleep.
    pub(crate) fn fall_asleep(&self) {
        // ORDER: Release; pairs with the Acquire in `doze` and `nobody_is_awake`: what the worker did before is visible
        // to who finds all of them asleep.
        self.0.fetch_sub(ONE_AWAKE, Ordering::Release);
    }

    /// A worker wakes; true if it must ring for the monitor. Several may be told so: one too many does no harm.
    #[must_use = "a dozing monitor wakes by its bell only"]
    pub(crate) fn wake_up(&self) -> bool {
        // ORDER: Acquire; pairs with the Release in `doze`: what the monitor left for us to ring is visible.
        self.0.fetch_add(ONE_AWAKE, Ordering::Acquire) & DOZING != 0
    }

    /// The monitor falls asleep; false if a worker is awake.
    #[must_use = "false means that there is something to watch"]
    pub(crate) fn doze(&self) -> bool {
        // ORDER: AcqRel on success; Release pairs with the Acquire in `wake_up`: publishes what to ring. Acquire pairs
        // with the Release in `fall_asleep`. A failure reads nothing.
        self.0.compare_exchange(0, DOZING, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Whether every worker sleeps, for the monitor.
    pub(crate) fn nobody_is_awake(&self) -> bool {
        // ORDER: Acquire; pairs with the Release in `fall_asleep`.
        self.0.load(Ordering::Acquire) < ONE_AWAKE
    }

    /// The monitor is awake again.
    pub(crate) fn rise(&self) {
        // ORDER: Relaxed; the bell has done the synchronizing.
        self.0.fetch_and(!DOZING, Ordering::Relaxed);
    }
}
