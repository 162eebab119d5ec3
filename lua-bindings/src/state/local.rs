//! [`Local`]: what belongs to one Lua state, and the one door through which its tasks wait.

#![allow(unsafe_code, reason = "callbacks reach their state's data by a pointer")]

use std::any::Any;
use std::cell::{Cell, OnceCell, RefCell};
use std::ptr::NonNull;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use moonfleet::channel::{self, Receiver, Sender};
use moonfleet::foreign::{self, Cancelled, RecvFailure};

use crate::raw::active::Chain;
use crate::raw::budget::Budget;
use crate::raw::ffi::lua_State;
use crate::raw::{Frame, Raise, compat};
use crate::state::tally::Tally;
use crate::state::{Fleet, Phase, Settings, Task, Wait};

/// Per-state data. Every callback of the state finds it; only the state's worker touches it.
pub(crate) struct Local {
    fleet: Arc<Fleet>,
    /// The worker that owns this state.
    worker: usize,
    settings: Settings,
    budget: Budget,
    /// What the program that embeds this state knows of it.
    host: OnceCell<Box<dyn Any>>,
    /// How many tasks have been spawned, and how many of them have not ended.
    spawned: Cell<u64>,
    live: Cell<usize>,
    /// How many tasks there are and how many wait for each other, for other threads to see.
    tally: Arc<Tally>,
    /// Hears of the last task's end, once `drain` listens.
    ended: (Sender<()>, Receiver<()>),
    draining: Cell<bool>,
    /// From here on finalizers run as the state closes, and nothing may wait or be spawned.
    closing: Cell<bool>,
    main: Rc<Task>,
    /// INVARIANT(running): the task that runs now, which its native stack keeps alive.
    running: Cell<NonNull<Task>>,
}

thread_local! {
    /// The open states of this worker.
    static STATES: RefCell<Vec<Weak<Local>>> = const { RefCell::new(Vec::new()) };
}

/// The open states of this worker.
pub(crate) fn states_of_this_worker() -> Vec<Rc<Local>> {
    let open = |local: &Rc<Local>| !local.closing.get();
    STATES.with_borrow(|states| states.iter().filter_map(Weak::upgrade).filter(open).collect())
}

/// How many Rust functions of the embedder may be one inside the other, with Lua between them.
const MOST_NESTED: u8 = 100;

/// A task that has left Lua; see [`Local::leave`].
#[derive(Clone, Copy)]
pub(crate) struct Ashore {
    task: NonNull<Task>,
    chain: Chain,
}

impl Local {
    /// The data of the state whose main thread is `lua`, and whose main task has this name.
    pub(crate) fn new(
        fleet: Arc<Fleet>,
        worker: usize,
        settings: Settings,
        name: &str,
        lua: *mut lua_State,
    ) -> Rc<Self> {
        let main = Rc::new(Task::new(Some(name.into()), 0, lua));
        main.start();
        if let Some(task) = moonfleet::current_task() {
            main.set_native(task.cancel_handle());
        }
        let running = Cell::new(NonNull::from(&*main));
        let tally = fleet.enter(worker);
        let local = Rc::new(Self {
            fleet,
            worker,
            budget: Budget::new(settings.instruction_budget),
            settings,
            host: OnceCell::new(),
            spawned: Cell::new(0),
            live: Cell::new(0),
            tally,
            ended: channel::unbounded(),
            draining: Cell::new(false),
            closing: Cell::new(false),
            main,
            running,
        });
        STATES.with_borrow_mut(|states| {
            states.retain(|other| other.strong_count() > 0);
            states.push(Rc::downgrade(&local));
        });
        local
    }

    /// The data of the state whose callback sees `frame`.
    #[inline]
    pub(crate) fn of(frame: Frame<'_>) -> &Self {
        // SAFETY: `open` made the pointer the state data; `LuaState` keeps it alive until the state is closed.
        unsafe { &*frame.state_data().cast::<Self>() }
    }

    /// The same, from inside a hook.
    fn in_hook<'a>(frame: Frame<'a>) -> &'a Self {
        // SAFETY: as above.
        unsafe { &*compat::state_data_in_hook(frame.state()).cast::<Self>() }
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

    /// What [`set_host`](Self::set_host) has set.
    pub(crate) fn host(&self) -> Option<&dyn Any> {
        self.host.get().map(|host| &**host)
    }

    /// Gives the state what the program that embeds it knows of it; once.
    pub(crate) fn set_host(&self, host: Box<dyn Any>) {
        // A second one would be dropped; there is none.
        let _ = self.host.set(host);
    }

    /// The instructions that this state may still execute.
    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// The main task: the script, or the function that was launched.
    pub(crate) fn main(&self) -> &Rc<Task> {
        &self.main
    }

    /// The task that runs.
    #[inline]
    pub(crate) fn running(&self) -> &Task {
        // SAFETY: INVARIANT(running).
        unsafe { self.running.get().as_ref() }
    }

    // ── waiting ─────────────────────────────────────────────────────────────────────────────────────────────

    /// Runs `operation`, which may suspend the calling task; other tasks of the state run meanwhile.
    ///
    /// Fails inside a finalizer: the collector of the whole state stands still until a `__gc` returns.
    #[inline]
    pub(crate) fn wait<R>(
        &self,
        frame: Frame<'_>,
        wait: Wait,
        operation: impl FnOnce() -> R,
    ) -> Result<R, Raise> {
        self.suspend(frame, Phase::Waiting, wait, operation)
    }

    /// Lets the other ready tasks run first.
    #[inline]
    pub(crate) fn step_aside(&self, frame: Frame<'_>) -> Result<(), Raise> {
        self.be_ready(frame, foreign::yield_now)
    }

    /// Ends the turn of the native task `task` in the middle of its Lua code, unless that turn is over already.
    pub(crate) fn end_slice(frame: Frame<'_>, task: u64) -> Result<(), Raise> {
        let is_current = moonfleet::current_task().is_some_and(|current| current.id() == task);
        let local = Self::in_hook(frame);
        if !is_current || local.closing.get() {
            Ok(())
        } else {
            local.be_ready(frame, foreign::end_long_turn)
        }
    }

    #[inline]
    fn be_ready(&self, frame: Frame<'_>, go: impl FnOnce() -> Result<(), Cancelled>) -> Result<(), Raise> {
        self.suspend(frame, Phase::Ready, Wait::NOTHING, go)?.map_err(cancelled)?;
        // Whoever cancelled it meanwhile has found it suspended: here it ends.
        if self.running().is_cancelled() { Err(cancelled(Cancelled)) } else { Ok(()) }
    }

    /// Fails where nothing may wait.
    #[inline]
    pub(crate) fn may_wait(&self, frame: Frame<'_>) -> Result<(), Raise> {
        if frame.is_finalizing() || self.closing.get() {
            return Err(Raise::error("attempt to wait inside a finalizer (__gc)"));
        }
        Ok(())
    }

    #[inline]
    fn suspend<R>(
        &self,
        frame: Frame<'_>,
        phase: Phase,
        wait: Wait,
        operation: impl FnOnce() -> R,
    ) -> Result<R, Raise> {
        self.may_wait(frame)?;
        let running = self.running.get();
        // SAFETY: INVARIANT(running); this very native stack keeps it alive.
        let task = unsafe { running.as_ref() };
        let chain = Chain::take();
        task.set_suspended(phase, wait, chain);
        self.tally.begin_wait(wait);
        let result = operation();
        self.tally.end_wait(wait);
        task.set_running();
        chain.put_back();
        self.running.set(running);
        Ok(result)
    }

    // ── tasks ───────────────────────────────────────────────────────────────────────────────────────────────

    /// From here to its end, the calling native task runs this task.
    pub(crate) fn begin_task(&self, task: &Task) {
        task.start();
        self.running.set(NonNull::from(task));
    }

    // ── Rust code of the embedder ───────────────────────────────────────────────────────────────────────────

    /// Runs `body`, which may go ashore, as one more level of Rust code in the running task. Fails where nothing may wait,
    /// and where there are too many levels: LuaJIT has no bound of its own on them.
    pub(crate) fn nest<R>(&self, frame: Frame<'_>, body: impl FnOnce() -> R) -> Result<R, Raise> {
        if frame.is_finalizing() || self.closing.get() {
            return Err(Raise::error("attempt to call a Rust function inside a finalizer (__gc)"));
        }
        let nesting = self.running().nesting.get();
        if nesting >= MOST_NESTED {
            return Err(Raise::error("C stack overflow (Rust functions)"));
        }
        self.running().nesting.set(nesting + 1);
        let result = body();
        self.running().nesting.set(nesting);
        Ok(result)
    }

    /// The running task leaves Lua for code that may wait in any way; other tasks of the state may run until it lands.
    pub(crate) fn leave(&self) -> Ashore {
        let (task, chain) = (self.running.get(), Chain::take());
        self.running().set_suspended(Phase::Waiting, Wait::outside(&"Rust"), chain);
        Ashore { task, chain }
    }

    /// The task is back.
    pub(crate) fn land(&self, Ashore { task, chain }: Ashore) {
        self.running.set(task);
        self.running().set_running();
        chain.put_back();
    }

    /// Counts a task, and returns its number; fails when the state is closing.
    pub(crate) fn register_task(&self) -> Result<u64, Raise> {
        if self.closing.get() {
            return Err(Raise::error("attempt to spawn a task while the state closes"));
        }
        self.live.set(self.live.get() + 1);
        self.spawned.set(self.spawned.get() + 1);
        self.tally.add_task();
        Ok(self.spawned.get())
    }

    /// A registered task has ended, or was never started.
    pub(crate) fn unregister_task(&self) {
        self.live.set(self.live.get() - 1);
        self.tally.remove_task();
        if self.live.get() == 0 && self.draining.get() {
            // The channel is unbounded and `drain` holds its receiver: this neither waits nor fails.
            let _ = self.ended.0.try_send(());
        }
    }

    /// Whether no task but the main one is left.
    pub(crate) fn is_quiet(&self) -> bool {
        self.live.get() == 0
    }

    /// The main task has ended in this phase. Waits until every task of the state has; false if they cannot.
    ///
    /// A cancel of the main task is its own affair: it does not cut this short. The others end by their own ones.
    pub(crate) fn drain(&self, phase: Phase) -> bool {
        self.main.end(phase);
        self.tally.remove_task();
        self.draining.set(true);
        moonfleet::cancel::mask(|| {
            while self.live.get() > 0 {
                if matches!(foreign::recv(&self.ended.1, None), Err(RecvFailure::Cancelled)) {
                    break;
                }
            }
        });
        self.running.set(NonNull::from(&*self.main));
        self.live.get() == 0
    }

    /// Forbids waits and spawns: the state is about to be closed.
    pub(crate) fn close(&self) {
        self.closing.set(true);
        self.fleet.leave(&self.tally);
    }
}

/// The error of a task that is cancelled while it waits, or whose runtime shuts down.
#[cold]
pub(crate) fn cancelled(_: Cancelled) -> Raise {
    Raise::error(CANCELLED)
}

/// What the text of that error ends with.
pub(crate) const CANCELLED: &str = "cancelled";
