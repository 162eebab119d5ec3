//! Where parties work: tasks of a runtime that stays, tasks of one that does not, and plain threads.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use moonfleet::channel::oneshot;
use moonfleet::{Handle, JoinError, JoinHandle, Runtime, spawn, spawn_local, spawn_migratable};

use crate::socket::moment;

/// How long a runtime may take to end.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Places {
    steady: Handle,
    /// Shut down now and then, with all that goes on in it.
    shaky: Mutex<Option<Runtime>>,
}

/// Somebody who works.
pub(crate) enum Party {
    Task(JoinHandle<()>),
    Thread(oneshot::Receiver<()>),
}

/// How a party ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Itself,
    Cancelled,
}

impl Places {
    pub(crate) fn new(steady: Handle) -> Self {
        Self { steady, shaky: Mutex::new(Some(shaky(2))) }
    }

    fn shaky(&self) -> MutexGuard<'_, Option<Runtime>> {
        self.shaky.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts `work` somewhere, told the name of the place. To be called in a task of the steady runtime.
    pub(crate) fn start(&self, random: &mut Rng, work: impl FnOnce(&'static str) + Send + 'static) -> Party {
        match random.u32(..24) {
            0 => Party::Thread(ashore(work)),
            1..4 => Party::Task(spawn_local(|| work("a task of its worker"))),
            // SAFETY: `work` has a stream, counters and a random generator of its own; it uses no thread-local, and
            // holds no guard, over a wait.
            4..7 => Party::Task(unsafe { spawn_migratable(|| work("a migratable task")) }),
            7..16 => {
                let handle = self.shaky().as_ref().map_or_else(|| self.steady.clone(), Runtime::handle);
                // If it has just been shut down, nothing was done: the next party will.
                let task = handle.try_spawn(|| work("a task of the other runtime"));
                Party::Task(task.unwrap_or_else(|_| spawn(|| ())))
            }
            _ => Party::Task(spawn(|| work("a task"))),
        }
    }

    /// Shuts the shaky runtime down, whatever goes on in it, and puts another in its place.
    pub(crate) fn replace(&self, random: &mut Rng) -> Result<(), String> {
        let next = shaky(random.usize(1..4));
        self.shaky().replace(next).map_or(Ok(()), ends)
    }

    pub(crate) fn close(&self) -> Result<(), String> {
        self.shaky().take().map_or(Ok(()), ends)
    }
}

fn shaky(workers: usize) -> Runtime {
    Runtime::builder().workers(workers).build().expect("some workers")
}

/// Shuts a runtime down; it must not take long.
pub(crate) fn ends(runtime: Runtime) -> Result<(), String> {
    let report = runtime.shutdown(PATIENCE);
    if report.is_complete() { Ok(()) } else { Err(report.to_string()) }
}

fn ashore(work: impl FnOnce(&'static str) + Send + 'static) -> oneshot::Receiver<()> {
    let (ended, end) = moonfleet::channel::oneshot();
    thread::spawn(move || {
        work("a thread");
        // The voyage may have failed meanwhile.
        let _ = ended.send(());
    });
    end
}

impl Party {
    /// Waits until it has ended, or makes it.
    pub(crate) fn end(self, random: &mut Rng) -> Result<Ended, String> {
        let ended = match self {
            Self::Thread(end) => {
                return end.recv().map(|()| Ended::Itself).map_err(|_| "a thread panicked".to_owned());
            }
            Self::Task(task) if random.u32(..3) > 0 => task.join(),
            Self::Task(task) => task.join_timeout(moment(random)).unwrap_or_else(|task| {
                task.cancel();
                task.join()
            }),
        };
        match ended {
            Ok(()) => Ok(Ended::Itself),
            Err(JoinError::Cancelled { .. }) => Ok(Ended::Cancelled),
            Err(error) => Err(error.to_string()),
        }
    }
}
