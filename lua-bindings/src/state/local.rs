//! [`Local`]: what belongs to one Lua state, and the one door through which its tasks wait.

#![allow(unsafe_code, reason = "callbacks reach their state's data by a pointer")]

use std::cell::Cell;
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::Arc;

use moonfleet::channel::{self, Receiver, Sender};
use moonfleet::foreign::{self, Cancelled, RecvFailure};

use crate::raw::{Frame, Raise};
use crate::state::{Fleet, Settings};

/// Where a task is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Phase {
    /// It could run, and has not started or has stepped aside.
    Ready,
    Running,
    /// It is suspended until something happens.
    Waiting,
    /// It returned.
    Done,
    /// It ended with an error.
    Failed,
}

impl Phase {
    pub(crate) fn is_ended(self) -> bool {
        matches!(self, Self::Done | Self::Failed)
    }
}

/// Per-state data. Every callback of the state finds it; only the state's worker touches it.
pub(crate) struct Local {
    fleet: Arc<Fleet>,
    /// The worker that owns this state.
    worker: usize,
    settings: Settings,
    /// How many tasks have been spawned, and how many of them have not ended.
    spawned: Cell<u64>,
    live: Cell<usize>,
    /// Hears of the last task's end, once `drain` listens.
    ended: (Sender<()>, Receiver<()>),
    draining: Cell<bool>,
    /// From here on finalizers run as the state closes, and nothing may wait or be spawned.
    closing: Cell<bool>,
    main: Cell<Phase>,
    /// INVARIANT(running): points to the phase of the task that runs now, which its native stack keeps alive; null
    /// while that is the main task.
    running: Cell<Option<NonNull<Cell<Phase>>>>,
}

impl Local {
    pub(crate) fn new(fleet: Arc<Fleet>, worker: usize, settings: Settings) -> Rc<Self> {
        Rc::new(Self {
            fleet,
            worker,
            settings,
            spawned: Cell::new(0),
            live: Cell::new(0),
            ended: channel::unbounded(),
            draining: Cell::new(false),
            closing: Cell::new(false),
            main: Cell::new(Phase::Running),
            running: Cell::new(None),
        })
    }

    /// The data of the state whose callback sees `frame`.
    #[inline]
    pub(crate) fn of(frame: Frame<'_>) -> &Self {
        // SAFETY: `open` made the pointer the state data; `LuaState` keeps it alive until the state is closed.
        unsafe { &*frame.state_data().cast::<Self>() }
    }

    /// The same, to keep.
    pub(crate) fn share(frame: Frame<'_>) -> Rc<Self> {
        let data = frame.state_data().cast::<Self>();
        // SAFETY: as above; the pointer came from `Rc::as_ptr`.
        unsafe {
            Rc::increment_strong_count(data);
            Rc::from_raw(data)
        }
    }

    pub(crate) fn fleet(&self) -> &Arc<Fleet> {
        &self.fleet
    }

    pub(crate) fn worker(&self) -> usize {
        self.worker
    }

    /// How this state was opened.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Runs `operation`, which may suspend the calling task; other tasks of the state run meanwhile.
    ///
    /// Fails inside a finalizer: the collector of the whole state stands still until a `__gc` returns.
    #[inline]
    pub(crate) fn wait<R>(&self, frame: Frame<'_>, operation: impl FnOnce() -> R) -> Result<R, Raise> {
        self.suspend(frame, Phase::Waiting, operation)
    }

    /// Lets the other ready tasks run first.
    pub(crate) fn step_aside(&self, frame: Frame<'_>) -> Result<(), Raise> {
        self.suspend(frame, Phase::Ready, foreign::yield_now)?.map_err(cancelled)
    }

    #[inline]
    fn suspend<R>(&self, frame: Frame<'_>, phase: Phase, operation: impl FnOnce() -> R) -> Result<R, Raise> {
        if frame.is_finalizing() || self.closing.get() {
            return Err(Raise::error("attempt to wait inside a finalizer (__gc)"));
        }
        let running = self.running.get();
        self.phase(running).set(phase);
        let result = operation();
        self.phase(running).set(Phase::Running);
        self.running.set(running);
        Ok(result)
    }

    #[inline]
    fn phase(&self, running: Option<NonNull<Cell<Phase>>>) -> &Cell<Phase> {
        // SAFETY: INVARIANT(running).
        running.map_or(&self.main, |phase| unsafe { phase.as_ref() })
    }

    /// From here to its end, the calling native task runs the task with this phase.
    pub(crate) fn begin_task(&self, phase: &Cell<Phase>) {
        phase.set(Phase::Running);
        self.running.set(Some(NonNull::from(phase)));
    }

    /// Counts a task, and returns its number; fails when the state is closing.
    pub(crate) fn register_task(&self) -> Result<u64, Raise> {
        if self.closing.get() {
            return Err(Raise::error("attempt to spawn a task while the state closes"));
        }
        self.live.set(self.live.get() + 1);
        self.spawned.set(self.spawned.get() + 1);
        Ok(self.spawned.get())
    }

    /// A registered task has ended, or was never started.
    pub(crate) fn unregister_task(&self) {
        self.live.set(self.live.get() - 1);
        if self.live.get() == 0 && self.draining.get() {
            // The channel is unbounded and `drain` holds its receiver: this neither waits nor fails.
            let _ = self.ended.0.try_send(());
        }
    }

    /// Whether no task but the main one is left.
    pub(crate) fn is_quiet(&self) -> bool {
        self.live.get() == 0
    }

    /// Waits until every task of the state has ended; false if the runtime shuts down before.
    pub(crate) fn drain(&self) -> bool {
        self.draining.set(true);
        while self.live.get() > 0 {
            if matches!(foreign::recv(&self.ended.1, None), Err(RecvFailure::Cancelled)) {
                break;
            }
        }
        self.live.get() == 0
    }

    /// Forbids waits and spawns: the state is about to be closed.
    pub(crate) fn close(&self) {
        self.closing.set(true);
    }
}

/// The error of a task whose runtime shuts down while it waits.
#[cold]
pub(crate) fn cancelled(_: Cancelled) -> Raise {
    Raise::error("cancelled")
}
