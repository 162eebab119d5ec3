//! Every tunable of the scheduler as plain data: its unit, its value, and why that value.

/// How a worker shares its time. The values were chosen by `moonfleet-benches`; see `docs/tuning.md`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Consecutive runs from the `next` slot before its task goes to the end of the ring. Two tasks that
    /// hand each other messages would otherwise keep the worker to themselves.
    pub(crate) next_in_a_row: u32,
    /// Started tasks run for each unstarted one, while both are ready: old work first, new work still moves.
    pub(crate) started_per_fresh: u32,
    /// Runs between two looks into the inbox while there is other work. A look costs a cache miss when
    /// others write there; not looking delays remote wakes.
    pub(crate) inbox_interval: u32,
    /// Runs between two looks at the clock and the injector, at most.
    pub(crate) upkeep_interval: u32,
    /// The time, in nanoseconds, that should lie between those looks: the interval shrinks when runs are long.
    pub(crate) upkeep_period_ns: u64,
    /// How long, in nanoseconds, a worker without work looks around before it sleeps: at least, and at most.
    /// A sleep and a wake cost tens of microseconds, and a partner on another worker often answers sooner. In
    /// between, each worker learns: it doubles its patience when that was, or would have been, rewarded, and
    /// halves it when not.
    pub(crate) patience_ns: (u64, u64),
    /// A look that lasted this long, in nanoseconds, was interrupted: the kernel gave the processor to another
    /// thread meanwhile.
    pub(crate) lost_processor_ns: u64,
    /// How many times a worker then sleeps without looking around: there is more to do than there are processors,
    /// and looking around takes from those who do it.
    pub(crate) shy_sleeps: u32,
    /// A sleep that ended sooner than this, in nanoseconds, by news from elsewhere, was not worth it.
    pub(crate) short_sleep_ns: u64,
}

impl Pace {
    /// The pace of every worker.
    pub(crate) const DEFAULT: Self = Self {
        next_in_a_row: 16,
        started_per_fresh: 3,
        inbox_interval: 16,
        upkeep_interval: 61,
        upkeep_period_ns: 200_000,
        patience_ns: (7_000, 60_000),
        lost_processor_ns: 50_000,
        shy_sleeps: 1_000,
        short_sleep_ns: 150_000,
    };
}

/// Channel operations a task may do without waiting before its neighbours get a turn. A task whose partners on
/// other workers are always ready would otherwise never give its worker back.
pub(crate) const OPERATIONS_PER_TURN: u32 = 256;

/// How many of those operations a system call counts for: a task whose peer always answers in time gives its worker
/// back after some ten microseconds, as the others do.
pub(crate) const SYSTEM_CALL_OPERATIONS: u32 = 16;

/// Stack size of a task, in bytes, unless told otherwise: address space only, one page is touched at first.
pub(crate) const STACK_BYTES: usize = 256 << 10;

/// How long the end of a `Runtime` waits for its tasks to unwind, unless told otherwise, in seconds.
pub(crate) const SHUTDOWN_SECONDS: u64 = 5;

/// How many threads a runtime may have for closures that block, unless told otherwise. They wait rather than
/// compute, so it is far more than any machine has cores.
pub(crate) const BLOCKING_THREADS: usize = 512;

/// How many threads the process may have that look names up. Beyond that, look-ups wait for one that hangs.
pub(crate) const NAME_THREADS: usize = 64;

/// How long such a thread stays idle before it ends, in seconds: the next burst of calls finds it, and a program
/// that has done with them is rid of it.
pub(crate) const BLOCKING_KEEP_ALIVE_SECONDS: u64 = 10;
