//! What a shutdown reports: the workers whose tasks did not end in time.

use std::fmt;

/// What a shutdown could not end in time.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// let runtime = moonfleet::Runtime::builder().workers(1).build().unwrap();
/// let report = runtime.shutdown(Duration::from_secs(5));
/// assert_eq!(report.to_string(), "every task has ended");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a shutdown may leave tasks running"]
pub struct ShutdownReport {
    stuck: Vec<StuckWorker>,
    closures: usize,
}

/// A worker whose tasks did not end in time. Its thread goes on; its stacks stay mapped.
///
/// # Examples
/// ```
/// # use std::time::Duration;
/// let runtime = moonfleet::Runtime::builder().workers(1).build().unwrap();
/// let report = runtime.shutdown(Duration::from_secs(5));
/// assert!(report.stuck().is_empty());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StuckWorker {
    /// The worker's number.
    pub worker: usize,
    /// The task that runs on it without suspending; `None` if its tasks wait for something that cannot be
    /// cancelled, such as another runtime or a blocking closure.
    pub task: Option<String>,
}

impl ShutdownReport {
    pub(crate) fn new(stuck: Vec<StuckWorker>, closures: usize) -> Self {
        // Where no worker is stuck, no task waits for a closure: a pool thread was seen on its way to rest.
        let closures = if stuck.is_empty() { 0 } else { closures };
        Self { stuck, closures }
    }

    /// Whether every task has ended.
    ///
    /// # Examples
    /// ```
    /// # use std::time::Duration;
    /// let runtime = moonfleet::Runtime::builder().workers(1).build().unwrap();
    /// assert!(runtime.shutdown(Duration::from_secs(5)).is_complete());
    /// ```
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.stuck.is_empty()
    }

    /// The workers that still run tasks.
    ///
    /// # Examples
    /// ```
    /// # use std::time::Duration;
    /// let runtime = moonfleet::Runtime::builder().workers(1).build().unwrap();
    /// assert_eq!(runtime.shutdown(Duration::from_secs(5)).stuck().len(), 0);
    /// ```
    #[must_use]
    pub fn stuck(&self) -> &[StuckWorker] {
        &self.stuck
    }

    /// How many [`blocking`](crate::blocking()) closures have not ended, which keep the tasks that called them.
    ///
    /// # Examples
    /// ```
    /// # use std::time::Duration;
    /// let runtime = moonfleet::Runtime::builder().workers(1).build().unwrap();
    /// assert_eq!(runtime.shutdown(Duration::from_secs(5)).blocking_closures(), 0);
    /// ```
    #[must_use]
    pub fn blocking_closures(&self) -> usize {
        self.closures
    }
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.stuck.is_empty() {
            return f.write_str("every task has ended");
        }
        f.write_str("still running:")?;
        for stuck in &self.stuck {
            let task = stuck.task.as_deref().unwrap_or("tasks that wait");
            write!(f, " {task} on worker {};", stuck.worker)?;
        }
        match self.closures {
            0 => Ok(()),
            1 => f.write_str(" 1 blocking closure;"),
            closures => write!(f, " {closures} blocking closures;"),
        }
    }
}
