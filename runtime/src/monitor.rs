//! The monitor: tells the user which task keeps its worker for too long, and when no worker has anything to do.

use std::any::Any;
use std::fmt;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, Thread};
use std::time::Duration;

use crate::scheduler::lookout::Lookout;
use crate::scheduler::sampler::Overrun;
use crate::scheduler::shared::Shared;

/// A task that has kept its worker for longer than a monitor's threshold, without waiting or yielding.
///
/// # Examples
/// ```
/// use moonfleet::{Runtime, TaskBuilder, channel};
/// use std::time::Duration;
///
/// let (tell, told) = channel::unbounded();
/// let runtime = Runtime::builder()
///     .workers(1)
///     .monitor(Duration::from_millis(5), move |hog| tell.send(hog.clone()).unwrap())
///     .build()
///     .unwrap();
/// runtime.block_on(|| {
///     let computes_until_somebody_complains = move || {
///         while told.is_empty() {
///             std::hint::spin_loop();
///         }
///     };
///     TaskBuilder::new().name("mincer").spawn(computes_until_somebody_complains).unwrap().join().unwrap();
/// });
/// assert!(runtime.metrics().total().hogs >= 1);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hog {
    /// The worker it keeps.
    pub worker: usize,
    /// That worker's OS thread, as `gettid` and `tgkill` number it: whoever can interrupt the task by a signal, as an
    /// interpreter can, sends it there.
    pub thread: i32,
    /// The task's id.
    pub id: u64,
    /// The task, as `task 7` or `task 'name' (7)`.
    pub task: String,
    /// How long it has run, at least.
    pub running_for: Duration,
}

impl fmt::Display for Hog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has kept worker {} for {:?}", self.task, self.worker, self.running_for)
    }
}

/// Every worker of a runtime has fallen asleep: until a timer goes off, or something comes from outside. For the callback
/// of [`Builder::when_still`](crate::Builder::when_still).
///
/// # Examples
/// See [`Builder::when_still`](crate::Builder::when_still).
pub struct Stillness<'a> {
    shared: &'a Shared,
    lookout: &'a Lookout,
}

impl Stillness<'_> {
    /// Runs `look`: its answer, if every worker slept all the while, with no wake on its way to any of them. What the
    /// tasks of this runtime did before is visible to `look`, and is all that they do until something wakes them.
    ///
    /// # Examples
    /// See [`Builder::when_still`](crate::Builder::when_still).
    pub fn throughout<R>(&self, look: impl FnOnce() -> R) -> Option<R> {
        self.lookout.all_sleep_throughout(&self.shared.counters, &self.shared.homes, look)
    }
}

impl fmt::Debug for Stillness<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stillness").finish_non_exhaustive()
    }
}

/// Whom to tell when every worker sleeps.
#[derive(Clone)]
pub(crate) struct StillnessCallback(pub(crate) Arc<dyn Fn(&Stillness<'_>) + Send + Sync>);

impl fmt::Debug for StillnessCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StillnessCallback")
    }
}

/// All that a runtime's monitor is asked to tell.
#[derive(Debug, Clone, Default)]
pub(crate) struct Requests {
    pub(crate) monitors: Vec<Monitor>,
    pub(crate) when_still: Vec<StillnessCallback>,
}

impl Requests {
    /// Whether nobody wants to be told anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.monitors.is_empty() && self.when_still.is_empty()
    }
}

/// How soon a stillness is noticed, at the latest.
const STILLNESS_NOTICED_IN: Duration = Duration::from_millis(10);

/// Whom to tell of turns that last longer than `threshold`.
#[derive(Clone)]
pub(crate) struct Monitor {
    pub(crate) threshold: Duration,
    pub(crate) callback: Arc<dyn Fn(&Hog) + Send + Sync>,
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").field("threshold", &self.threshold).finish_non_exhaustive()
    }
}

/// Starts the thread that watches the workers of a runtime; none without requests.
pub(crate) fn start(shared: &Arc<Shared>, mut requests: Requests) -> io::Result<Option<Thread>> {
    if shared.lookout.is_none() || requests.is_empty() {
        return Ok(None);
    }
    requests.monitors.sort_by_key(|monitor| monitor.threshold);
    let thread = thread::Builder::new().name(format!("{}-monitor", shared.settings.thread_name));
    let shared = Arc::clone(shared);
    let started = thread.spawn(move || {
        if let Some(lookout) = &shared.lookout {
            watch(&shared, lookout, &requests);
        }
    })?;
    Ok(Some(started.thread().clone()))
}

/// Ends the thread that watches; a callback that runs just now still ends.
pub(crate) fn stop(shared: &Shared, thread: &Thread) {
    if let Some(lookout) = &shared.lookout {
        lookout.stop();
        thread.unpark();
    }
}

fn watch(shared: &Shared, lookout: &Lookout, Requests { monitors, when_still }: &Requests) {
    let thresholds_ns = monitors.iter().map(|monitor| in_ns(monitor.threshold)).collect();
    let longest_pause_ns = if when_still.is_empty() { u64::MAX } else { in_ns(STILLNESS_NOTICED_IN) };
    let report = |overrun: Overrun| {
        if overrun.threshold == 0 {
            shared.counters[overrun.worker].hogs.add(1);
        }
        tell(&monitors[overrun.threshold], shared, overrun);
    };
    let all_asleep = || {
        for StillnessCallback(callback) in when_still {
            let told = catch_unwind(AssertUnwindSafe(|| callback(&Stillness { shared, lookout })));
            if let Err(payload) = told {
                report_panic("every worker sleeps", payload);
            }
        }
    };
    lookout.keep(&shared.counters, thresholds_ns, longest_pause_ns, report, all_asleep);
}

fn tell(monitor: &Monitor, shared: &Shared, overrun: Overrun) {
    let hog = Hog {
        worker: overrun.worker,
        thread: shared.counters[overrun.worker].thread.get(),
        id: overrun.task,
        task: shared.names.describe(overrun.task),
        running_for: Duration::from_nanos(overrun.running_ns),
    };
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| (monitor.callback)(&hog))) {
        report_panic(&hog, payload);
    }
}

/// The callback's owner cannot be told in another way, and the other hogs are none of its business.
fn report_panic(news: impl fmt::Display, payload: Box<dyn Any + Send>) {
    // A closed stderr is no reason to fail.
    let _ = writeln!(
        io::stderr().lock(),
        "moonfleet: the monitor's callback panicked when told that {news}; the monitor goes on"
    );
    // Where its destructor panics, too, there is nobody left to tell.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(payload)));
}

fn in_ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
