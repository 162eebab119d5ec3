//! Explores models: under schedules thrown by dice, under schedules with few and well-placed switches, and with
//! a fault planted, which a model must notice.

use std::cell::Cell;
use std::env;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use shuttle::scheduler::{
    PctScheduler, RandomScheduler, ReplayScheduler, Scheduler, UncontrolledNondeterminismCheckScheduler,
};
use shuttle::thread::JoinHandle;
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};

use crate::faults::FAULTS;
use crate::moonfleet::Runtime;
use crate::stand_ins;

/// How many schedules of each kind a model is run under, unless the environment says otherwise.
const SCHEDULES: usize = 1_000;

/// How many switches the schedules of the second kind have that no thread has asked for.
const SWITCHES: usize = 4;

/// The dice's, unless `SHUTTLE_RANDOM_SEED` says otherwise: a model that passes today passes tomorrow.
const SEED: u64 = 0x6d6f_6f6e_666c_6565;

/// What shuttle says of a model that does not come to its end.
const HANGS: [&str; 2] = ["deadlock", "exceeded max_steps"];

std::thread_local! {
    static PLANTED: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// Whether the runtime is to do the wrong thing here.
pub(crate) fn is_planted(fault: &str) -> bool {
    PLANTED.get() == Some(fault)
}

/// Runs `model` under many schedules, none of which may fail.
///
/// `MOONFLEET_SCHEDULES` says how many of each kind; `MOONFLEET_SCHEDULE` is one to run again, as a failure has
/// printed it.
pub fn explore(model: fn()) {
    if let Ok(schedule) = env::var("MOONFLEET_SCHEDULE") {
        return try_out(ReplayScheduler::new_from_encoded(&schedule), FailurePersistence::None, model);
    }
    let schedules = env::var("MOONFLEET_SCHEDULES").map_or(SCHEDULES, |given| {
        given.parse().unwrap_or_else(|_| panic!("MOONFLEET_SCHEDULES is `{given}`: give a number"))
    });
    explore_with(schedules, FailurePersistence::Print, model);
    // What cannot be run again the same way could not be replayed either.
    let some = RandomScheduler::new_from_seed(SEED, schedules.div_ceil(100));
    try_out(UncontrolledNondeterminismCheckScheduler::new(some), FailurePersistence::Print, model);
}

/// Plants `fault`: `model` must hang by it, or go on for ever.
///
/// # Panics
/// If it does not.
pub fn hangs_by(fault: &str, model: fn()) {
    fails_by(fault, &HANGS, model);
}

/// Plants `fault`: `model` must fail by it, with one of the `reasons`, and again if its schedule is.
///
/// # Panics
/// If it does not.
pub fn fails_by(fault: &str, reasons: &[&str], model: fn()) {
    let fault = FAULTS.iter().find(|known| known.name == fault).expect("a fault of `faults.rs`").name;
    let schedules = Schedules::new();
    PLANTED.set(Some(fault));
    let failure = failure_of(|| explore_with(SCHEDULES * 40, schedules.persistence(), model));
    let again = schedules.first().map(|schedule| {
        let replay = ReplayScheduler::new_from_encoded(&schedule);
        failure_of(|| try_out(replay, FailurePersistence::None, model))
    });
    PLANTED.set(None);
    let failure =
        failure.unwrap_or_else(|| panic!("with the fault `{fault}` planted the model passes: it is blind"));
    assert!(
        reasons.iter().any(|reason| failure.contains(reason)),
        "with the fault `{fault}` planted the model fails, but for another reason: {failure}"
    );
    // Shuttle writes down the schedule of every deadlock, but no second one of the same length; and that of a failed
    // assertion where the first model of the process has said.
    assert!(again.is_some() || !failure.contains("deadlock"), "the schedule of `{fault}` is not known");
    assert!(
        again.is_none_or(|again| again.as_ref() == Some(&failure)),
        "with the fault `{fault}` planted the schedule fails otherwise when it is run again; before: {failure}"
    );
}

/// What `body` panics with, if it does.
fn failure_of(body: impl FnOnce()) -> Option<String> {
    let payload = catch_unwind(AssertUnwindSafe(body)).err()?;
    let message = payload.downcast_ref::<String>().cloned();
    message
        .or_else(|| payload.downcast_ref::<&str>().map(|message| (*message).to_owned()))
        .or_else(|| Some(String::new()))
}

/// A folder for the schedules that fail.
struct Schedules(PathBuf);

impl Schedules {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        // ORDER: Relaxed; the folders must differ, nothing more.
        let name = format!("moonfleet-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = env::temp_dir().join(name);
        fs::create_dir(&folder).expect("a folder for temporary files");
        Self(folder)
    }

    fn persistence(&self) -> FailurePersistence {
        FailurePersistence::File(Some(self.0.clone()))
    }

    fn first(&self) -> Option<String> {
        fs::read_to_string(self.0.join("schedule000.txt")).ok()
    }
}

impl Drop for Schedules {
    fn drop(&mut self) {
        // What is left is small.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn explore_with(schedules: usize, persistence: FailurePersistence, model: fn()) {
    try_out(RandomScheduler::new_from_seed(SEED, schedules), persistence.clone(), model);
    try_out(PctScheduler::new_from_seed(SEED, SWITCHES, schedules), persistence, model);
}

fn try_out(scheduler: impl Scheduler + 'static, persistence: FailurePersistence, model: fn()) {
    stand_ins::panic::watch();
    let mut config = Config::new();
    config.stack_size = 1 << 20;
    config.max_steps = MaxSteps::FailAfter(1_000_000);
    config.silence_warnings = true;
    config.failure_persistence = persistence;
    Runner::new(scheduler, config).run(move || {
        stand_ins::begin();
        model();
        stand_ins::join_all();
    });
}

/// Runs `body` as a task of a runtime with `workers` workers, and ends the runtime, which must succeed.
///
/// # Panics
/// If a task outlives the shutdown.
pub fn run<R: Send>(workers: usize, body: impl FnOnce() -> R + Send) -> R {
    let runtime = Runtime::builder().workers(workers).build().expect("a model's runtime is modest");
    let result = runtime.block_on(body);
    assert!(runtime.shutdown(Duration::MAX).is_complete(), "a task outlives the shutdown");
    result
}

/// Keeps this thread busy until `is_over`; others go on meanwhile.
pub fn spin_until(is_over: impl Fn() -> bool) {
    while !is_over() {
        shuttle::thread::yield_now();
    }
}

/// Starts a plain thread of the model.
pub fn thread(body: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    shuttle::thread::spawn(body)
}

/// Waits for the end of a plain thread.
///
/// # Panics
/// If it has.
pub fn join_thread(thread: JoinHandle<()>) {
    thread.join().expect("the thread has ended well");
}
