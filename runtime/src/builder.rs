//! How a runtime is set up: every knob with its unit, default and range.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::config;
use crate::monitor::{Hog, Monitor, Requests, Stillness, StillnessCallback};
use crate::runtime::Runtime;
use crate::scheduler::shared::Settings;
use crate::stack::{StackClass, StackSizeError};

/// Most workers of one runtime: more than any machine has cores, fewer than breaks a process.
const MAX_WORKERS: usize = 4096;

/// Most threads for blocking closures: what Linux lets a machine have by default, about.
const MAX_BLOCKING_THREADS: usize = 65_536;

/// Lowest threshold of a monitor: below it, the looks would be a load of their own.
const MIN_THRESHOLD: Duration = Duration::from_millis(1);

/// Sets up a [`Runtime`].
///
/// # Examples
/// ```
/// let runtime = moonfleet::Runtime::builder().workers(2).stack_size(64 << 10).build().unwrap();
/// assert_eq!(runtime.block_on(|| 1 + 1), 2);
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct Builder {
    workers: Option<usize>,
    stack_bytes: usize,
    thread_name: String,
    max_tasks: Option<usize>,
    max_stacks: Option<usize>,
    blocking_threads: usize,
    requests: Requests,
    measures_stacks: bool,
}

impl Runtime {
    /// Sets up a runtime.
    ///
    /// # Examples
    /// ```
    /// let runtime = moonfleet::Runtime::builder().build().unwrap();
    /// # drop(runtime);
    /// ```
    pub fn builder() -> Builder {
        Builder::new()
    }
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            workers: None,
            stack_bytes: config::STACK_BYTES,
            thread_name: "moonfleet".into(),
            max_tasks: None,
            max_stacks: None,
            blocking_threads: config::BLOCKING_THREADS,
            requests: Requests::default(),
            measures_stacks: false,
        }
    }

    /// How many workers, each an OS thread. Default: the cores this process may use, cgroup quota included.
    ///
    /// # Examples
    /// ```
    /// let error = moonfleet::Runtime::builder().workers(0).build().unwrap_err();
    /// assert_eq!(error.to_string(), "0 workers were asked for: ask for 1 to 4096");
    /// ```
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// Stack size of each task, in bytes. Default: 256 KiB. It is address space; touched pages take memory.
    ///
    /// # Examples
    /// ```
    /// let error = moonfleet::Runtime::builder().stack_size(100).build().unwrap_err();
    /// assert!(error.to_string().contains("the smallest is 16384 bytes"));
    /// ```
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_bytes = bytes;
        self
    }

    /// Name of the worker threads; each gets its number appended. Default: `moonfleet`.
    ///
    /// # Examples
    /// ```
    /// let runtime = moonfleet::Runtime::builder().thread_name("crew").workers(1).build().unwrap();
    /// let name = runtime.block_on(|| std::thread::current().name().map(str::to_owned));
    /// assert_eq!(name.as_deref(), Some("crew-0"));
    /// ```
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        self.thread_name = name.into();
        self
    }

    /// How many tasks may exist at a time, started or not. Default: no limit but memory.
    ///
    /// # Examples
    /// ```
    /// let runtime = moonfleet::Runtime::builder().max_tasks(10).build().unwrap();
    /// # runtime.block_on(|| ());
    /// ```
    pub fn max_tasks(mut self, tasks: usize) -> Self {
        self.max_tasks = Some(tasks);
        self
    }

    /// How many stacks may be in use at a time; a task that starts beyond that ends with
    /// [`JoinError::NoStack`](crate::JoinError::NoStack). Default: no limit but the kernel's.
    ///
    /// # Examples
    /// ```
    /// let runtime = moonfleet::Runtime::builder().max_stacks(100).build().unwrap();
    /// # runtime.block_on(|| ());
    /// ```
    pub fn max_stacks(mut self, stacks: usize) -> Self {
        self.max_stacks = Some(stacks);
        self
    }

    /// Measures how deep tasks go, for [`Runtime::stack_usage`]. Default: no, because every task that ends then costs
    /// some system calls, and the next one on its stack finds no memory there.
    ///
    /// # Examples
    /// ```
    /// let runtime = moonfleet::Runtime::builder().measure_stacks(true).build().unwrap();
    /// # runtime.block_on(|| ());
    /// ```
    pub fn measure_stacks(mut self, measure: bool) -> Self {
        self.measures_stacks = measure;
        self
    }

    /// How many threads may run [`blocking`](crate::blocking()) closures at a time; further closures queue. They
    /// are started when needed, and end when they were idle for ten seconds. Default: 512.
    ///
    /// # Examples
    /// ```
    /// let error = moonfleet::Runtime::builder().blocking_threads(0).build().unwrap_err();
    /// assert_eq!(error.to_string(), "0 blocking threads were asked for: ask for 1 to 65536");
    /// ```
    pub fn blocking_threads(mut self, threads: usize) -> Self {
        self.blocking_threads = threads;
        self
    }

    /// Calls `callback` for every task that keeps its worker for longer than `threshold` without waiting or yielding:
    /// once for each such turn, from a thread of the monitor's own, before the turn has lasted for one and a half
    /// thresholds. Called again, it adds another monitor. Default: none, and no such thread.
    ///
    /// Watching costs the workers nothing while they run, and nothing at all while they sleep. A callback that
    /// panics is reported on stderr, and called again for the next task; one that takes long delays the next look.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// let runtime = moonfleet::Runtime::builder()
    ///     .monitor(Duration::from_millis(100), |hog| eprintln!("warning: {hog}"))
    ///     .build()
    ///     .unwrap();
    /// # runtime.block_on(|| ());
    /// let error = moonfleet::Runtime::builder().monitor(Duration::ZERO, |_| ()).build().unwrap_err();
    /// assert_eq!(error.to_string(), "a monitor's threshold of 0ns was asked for: ask for 1ms or more");
    /// ```
    pub fn monitor(mut self, threshold: Duration, callback: impl Fn(&Hog) + Send + Sync + 'static) -> Self {
        self.requests.monitors.push(Monitor { threshold, callback: Arc::new(callback) });
        self
    }

    /// Calls `callback` when every worker has fallen asleep, soon after: from a thread of the monitor's own, and once for
    /// each time. Called again, it adds another callback. Default: none.
    ///
    /// A program whose tasks only wait for each other never goes on from there: this is where to find out.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::{Runtime, channel, spawn};
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicBool, Ordering};
    ///
    /// let waits = Arc::new(AtomicBool::new(false));
    /// let (tell, told) = channel::bounded(1);
    /// let seen = Arc::clone(&waits);
    /// let runtime = Runtime::builder()
    ///     .workers(2)
    ///     .when_still(move |stillness| {
    ///         if stillness.throughout(|| seen.load(Ordering::Relaxed)) == Some(true) {
    ///             // Nobody else will ever send it.
    ///             let _ = tell.try_send(());
    ///         }
    ///     })
    ///     .build()
    ///     .unwrap();
    /// runtime.block_on(move || {
    ///     waits.store(true, Ordering::Relaxed);
    ///     assert!(told.recv().is_ok());
    ///     waits.store(false, Ordering::Relaxed);
    /// });
    /// ```
    pub fn when_still(mut self, callback: impl Fn(&Stillness<'_>) + Send + Sync + 'static) -> Self {
        self.requests.when_still.push(StillnessCallback(Arc::new(callback)));
        self
    }

    /// Starts the runtime: its workers begin to wait for tasks.
    ///
    /// # Errors
    /// [`BuildError`]: a knob out of its range, or the kernel refused threads or descriptors.
    ///
    /// # Examples
    /// ```
    /// assert!(moonfleet::Runtime::builder().workers(1).build().is_ok());
    /// ```
    pub fn build(self) -> Result<Runtime, BuildError> {
        let workers = self.workers.unwrap_or_else(num_cpus::get);
        if !(1..=MAX_WORKERS).contains(&workers) {
            return Err(BuildError::Workers { asked: workers });
        }
        let stack_class = StackClass::new(self.stack_bytes, false).map_err(BuildError::StackSize)?;
        if !(1..=MAX_BLOCKING_THREADS).contains(&self.blocking_threads) {
            return Err(BuildError::BlockingThreads { asked: self.blocking_threads });
        }
        if let Some(monitor) = self.requests.monitors.iter().find(|monitor| monitor.threshold < MIN_THRESHOLD)
        {
            return Err(BuildError::MonitorThreshold { asked: monitor.threshold });
        }
        let settings = Settings {
            workers,
            stack_class,
            max_tasks: self.max_tasks,
            max_stacks: self.max_stacks,
            blocking_threads: self.blocking_threads,
            measures_stacks: self.measures_stacks,
            is_watched: !self.requests.is_empty(),
            thread_name: self.thread_name,
        };
        Runtime::start(settings, self.requests).map_err(|source| BuildError::Kernel { workers, source })
    }
}

/// Why a runtime was not built.
///
/// # Examples
/// ```
/// use moonfleet::{BuildError, Runtime};
///
/// let error = Runtime::builder().workers(0).build().unwrap_err();
/// assert!(matches!(error, BuildError::Workers { asked: 0 }));
/// ```
#[derive(Debug)]
pub enum BuildError {
    /// The number of workers is out of range.
    Workers {
        /// The number asked for.
        asked: usize,
    },
    /// The limit of threads for blocking closures is out of range.
    BlockingThreads {
        /// The number asked for.
        asked: usize,
    },
    /// A monitor's threshold is too low.
    MonitorThreshold {
        /// The threshold asked for.
        asked: Duration,
    },
    /// The stack size is out of range.
    StackSize(StackSizeError),
    /// The kernel refused a thread, a stack for its signals, or a descriptor.
    Kernel {
        /// The number of workers asked for.
        workers: usize,
        /// What the kernel said.
        source: io::Error,
    },
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::Workers { asked } => {
                write!(f, "{asked} workers were asked for: ask for 1 to {MAX_WORKERS}")
            }
            BuildError::BlockingThreads { asked } => {
                write!(f, "{asked} blocking threads were asked for: ask for 1 to {MAX_BLOCKING_THREADS}")
            }
            BuildError::MonitorThreshold { asked } => {
                write!(
                    f,
                    "a monitor's threshold of {asked:?} was asked for: ask for {MIN_THRESHOLD:?} or more"
                )
            }
            BuildError::StackSize(error) => error.fmt(f),
            BuildError::Kernel { workers, source } => write!(
                f,
                "{workers} workers were asked for, but the kernel refused a thread or a descriptor ({source}): \
                 ask for fewer, or raise `ulimit -u` and `ulimit -n` (each worker takes one thread and two \
                 descriptors)"
            ),
        }
    }
}

impl Error for BuildError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            BuildError::Workers { .. }
            | BuildError::BlockingThreads { .. }
            | BuildError::MonitorThreshold { .. } => None,
            BuildError::StackSize(error) => Some(error),
            BuildError::Kernel { source, .. } => Some(source),
        }
    }
}
