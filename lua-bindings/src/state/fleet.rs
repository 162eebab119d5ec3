//! [`Fleet`]: what the Lua states of one process share. The process ends when the last of them has closed.

use std::collections::BTreeSet;
use std::ffi::{CStr, CString};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use moonfleet::channel::{self, Receiver, Sender};

use crate::raw::ffi::lua_CFunction;
use crate::state::settings::Settings;
use crate::state::tally::Tally;

/// A module that every state finds in `package.preload`.
#[derive(Clone, Copy)]
pub(crate) struct Module {
    pub(crate) name: &'static CStr,
    /// Pushes the module's table.
    pub(crate) open: lua_CFunction,
}

/// The command line, from which every state builds its `arg`.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    /// All words, the interpreter's name first.
    pub(crate) words: Vec<CString>,
    /// Which word is the script: `arg[0]`.
    pub(crate) script: usize,
}

impl Arguments {
    /// What comes after the script.
    pub(crate) fn of_script(&self) -> &[CString] {
        self.words.get(self.script + 1..).unwrap_or_default()
    }
}

/// Shared by all states of a process.
pub(crate) struct Fleet {
    pub(crate) arguments: Arguments,
    pub(crate) modules: &'static [Module],
    /// How states are opened, unless the one who opens them asks for something else.
    pub(crate) settings: Settings,
    /// Where `moonfleet.now()` counts from.
    pub(crate) born: Instant,
    /// Whose turn it is to carry the next launched state.
    turn: AtomicUsize,
    /// States that are open or about to be.
    afloat: AtomicUsize,
    /// Closed when `afloat` falls to zero.
    ended: (Sender<()>, Receiver<()>),
    /// Those of the states that are open.
    tallies: Mutex<Vec<Arc<Tally>>>,
    /// Hears when all states are stuck.
    stuck: (Sender<()>, Receiver<()>),
}

impl Fleet {
    pub(crate) fn new(arguments: Arguments, modules: &'static [Module], settings: Settings) -> Arc<Self> {
        Arc::new(Self {
            arguments,
            modules,
            settings,
            born: Instant::now(),
            turn: AtomicUsize::new(0),
            afloat: AtomicUsize::new(0),
            ended: channel::rendezvous(),
            tallies: Mutex::default(),
            stuck: channel::bounded(1),
        })
    }

    /// Counts one more state, for as long as the berth lives.
    pub(crate) fn board(self: &Arc<Self>) -> Berth {
        self.board_with(self.settings.clone())
    }

    /// The same for a state with settings of its own.
    pub(crate) fn board_with(self: &Arc<Self>, settings: Settings) -> Berth {
        // ORDER: Relaxed; whoever boards is itself counted, or is the caller of `wait`, so zero is not in reach.
        self.afloat.fetch_add(1, Ordering::Relaxed);
        Berth { fleet: Arc::clone(self), settings }
    }

    /// Waits until the last state has closed. Call it once a first state has boarded.
    pub(crate) fn wait(&self) {
        while self.ended.1.recv().is_ok() {}
    }

    /// How many states are open or about to be.
    pub(crate) fn size(&self) -> usize {
        // ORDER: Relaxed; a glimpse.
        self.afloat.load(Ordering::Relaxed)
    }

    /// The tally of a state that opens.
    pub(super) fn enter(&self, worker: usize) -> Arc<Tally> {
        let tally = Arc::new(Tally::new(worker));
        self.tallies().push(Arc::clone(&tally));
        tally
    }

    /// A state closes.
    pub(super) fn leave(&self, tally: &Arc<Tally>) {
        self.tallies().retain(|other| !Arc::ptr_eq(other, tally));
    }

    /// All states are stuck.
    pub(crate) fn tell_stuck(&self) {
        // If it is full, it has been told.
        let _ = self.stuck.0.try_send(());
    }

    /// Waits until somebody says that all states are stuck; false if nobody can any more.
    pub(crate) fn wait_until_stuck(&self) -> bool {
        self.stuck.1.recv().is_ok()
    }

    /// Whether there are tasks, and each of them waits for another one.
    pub(crate) fn is_stuck(&self) -> bool {
        let tallies = self.tallies();
        tallies.iter().any(|tally| tally.has_tasks()) && tallies.iter().all(|tally| tally.is_stuck())
    }

    /// The workers that have states with tasks.
    pub(crate) fn workers(&self) -> BTreeSet<usize> {
        self.tallies().iter().filter(|tally| tally.has_tasks()).map(|tally| tally.worker()).collect()
    }

    fn tallies(&self) -> MutexGuard<'_, Vec<Arc<Tally>>> {
        // A panic while the lock is held can only come from the allocator; the list is whole all the same.
        self.tallies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The worker for the next launched state: each in turn, but not `own` if there is another.
    pub(crate) fn next_worker(&self, own: usize, workers: usize) -> usize {
        if workers < 2 {
            return 0;
        }
        // ORDER: Relaxed; a counter that publishes nothing.
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        (own + 1 + turn % (workers - 1)) % workers
    }
}

/// The place of one state in the fleet.
pub(crate) struct Berth {
    fleet: Arc<Fleet>,
    settings: Settings,
}

impl Berth {
    pub(crate) fn fleet(&self) -> &Arc<Fleet> {
        &self.fleet
    }

    /// How the state is to be opened.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }
}

impl Drop for Berth {
    fn drop(&mut self) {
        // ORDER: AcqRel; each release happens before the last one's close, and so before `wait` returns.
        if self.fleet.afloat.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.fleet.ended.0.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn launched_states_go_round_the_other_workers() {
        let fleet = Fleet::new(Arguments::default(), &[], Settings::default());
        let turns: Vec<_> = (0..6).map(|_| fleet.next_worker(1, 4)).collect();
        assert_eq!(turns, [2, 3, 0, 2, 3, 0]);
        assert_eq!(fleet.next_worker(0, 1), 0);
    }
}
