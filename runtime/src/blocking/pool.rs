//! The pool: OS threads for closures that block. Started when there is work for one more, up to a limit;
//! ended after ten idle seconds.
//!
//! Jobs are taken in the order they came. A job that comes while a thread is idle calls the one that was idle
//! last: its cache is the warmest, and the others grow old and end. With all threads busy and the limit
//! reached, jobs wait in the queue.
//!
//! INVARIANT(served): while the queue holds a job, there is a thread that has yet to look into it: a thread
//! looks, under the lock, before it becomes idle and before it ends, and whoever queues a job calls or starts a
//! thread, or finds one that is busy.
//!
//! Models: blocking.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::job::Job;
use crate::config;
use crate::primitive::sync::{Mutex, MutexGuard};
use crate::primitive::thread::{self, Thread};

/// The threads of one runtime that run closures which block.
#[derive(Debug)]
pub(crate) struct Pool {
    state: Mutex<State>,
    /// The most threads there may be.
    limit: usize,
    /// What the threads' names begin with.
    name: String,
    /// How long a thread stays idle before it ends.
    keep_alive: Duration,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Job>,
    /// Threads that wait to be called, the last one to become idle last. One that is called is taken out.
    idle: Vec<Thread>,
    /// Threads that live.
    threads: usize,
    /// Threads that were ever started: gives each its number.
    started: usize,
    /// Jobs that were ever queued.
    jobs: u64,
    /// The runtime has ended: no thread stays for work that may come.
    closed: bool,
}

/// What a pool is at, at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Census {
    pub(crate) threads: usize,
    pub(crate) idle: usize,
    pub(crate) queued: usize,
    pub(crate) jobs: u64,
}

/// The operating system gave no thread, and there is none that the job could wait for.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) limit: usize,
    pub(crate) source: io::Error,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a thread was asked for to run a blocking closure, but the runtime has none yet (of {} it may have) \
             and the kernel refused one ({}): raise `ulimit -u` and `ulimit -v` or the cgroup's `pids.max`, or \
             let other threads of the process end first",
            self.limit, self.source
        )
    }
}

impl Pool {
    /// A pool of at most `limit` threads, named after `name`; none is started yet.
    pub(crate) fn new(limit: usize, name: &str) -> Arc<Self> {
        Self::with_keep_alive(limit, name, Duration::from_secs(config::BLOCKING_KEEP_ALIVE_SECONDS))
    }

    /// The same, with threads that stay idle for `keep_alive` before they end.
    pub(crate) fn with_keep_alive(limit: usize, name: &str, keep_alive: Duration) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), limit, name: format!("{name}-blocking"), keep_alive })
    }

    /// Queues a job.
    ///
    /// # Errors
    /// There is no thread, and there can be none. The job was dropped.
    pub(crate) fn submit(self: &Arc<Self>, job: Job) -> Result<(), Refused> {
        let mut state = self.lock();
        if let Some(thread) = state.idle.pop() {
            state.queue(job);
            drop(state);
            thread.unpark();
            return Ok(());
        }
        if state.threads < self.limit
            && let Err(source) = self.start_thread(&mut state)
            && state.threads == 0
        {
            return Err(Refused { limit: self.limit, source });
        }
        // The new thread waits for the lock that we hold; without one, a busy thread will look.
        state.queue(job);
        Ok(())
    }

    /// Lets the threads end as soon as they find nothing to do.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let idle = std::mem::take(&mut state.idle);
        drop(state);
        idle.iter().for_each(Thread::unpark);
    }

    /// How many threads and jobs there are.
    pub(crate) fn census(&self) -> Census {
        let state = self.lock();
        Census { threads: state.threads, idle: state.idle.len(), queued: state.queue.len(), jobs: state.jobs }
    }

    /// Starts a thread, under the lock: so that it is counted, and the job queued, before it looks.
    fn start_thread(self: &Arc<Self>, state: &mut State) -> io::Result<()> {
        let name = format!("{}-{}", self.name, state.started);
        let pool = Arc::clone(self);
        thread::Builder::new().name(name).spawn(move || pool.work())?;
        state.threads += 1;
        state.started += 1;
        Ok(())
    }

    /// The whole life of a thread.
    fn work(&self) {
        let mut state = self.lock();
        loop {
            // RE-CHECK: served — jobs may have been queued while this thread was busy.
            while let Some(job) = state.queue.pop_front() {
                drop(state);
                job.run();
                state = self.lock();
            }
            match self.idle(state) {
                Some(called) => state = called,
                None => return,
            }
        }
    }

    /// Waits to be called; `None` if the thread is to end, and is no longer counted.
    fn idle<'a>(&'a self, mut state: MutexGuard<'a, State>) -> Option<MutexGuard<'a, State>> {
        let me = thread::current();
        let until = Instant::now() + self.keep_alive;
        if !state.closed {
            state.idle.push(me.clone());
            loop {
                drop(state);
                thread::park_timeout(until.saturating_duration_since(Instant::now()));
                state = self.lock();
                // RE-CHECK: who called us has taken us out; that beats the timeout.
                if state.idle.iter().all(|idle| idle.id() != me.id()) {
                    return Some(state);
                }
                if Instant::now() >= until {
                    state.idle.retain(|idle| idle.id() != me.id());
                    break;
                }
            }
        }
        state.threads -= 1;
        None
    }

    /// Nothing under the lock leaves the state half changed, so a panic elsewhere does no harm.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn queue(&mut self, job: Job) {
        self.queue.push_back(job);
        self.jobs += 1;
    }
}
