//! The one way to run a model: bounded, to the end, and never vacuous.

use std::any::type_name;
use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::bell;
use crate::primitive::{UnsafeCell, forget_all};

/// Steps of one execution. More means that a thread spins for something that never comes.
const MAX_STEPS: usize = 10_000;
/// Executions of one model. More means that the model must be made smaller, not that it is done.
const MAX_EXECUTIONS: usize = 2_000_000;
/// How often loom looks at the bound above.
const CHECKPOINT: usize = 1_000;
/// How many preemptions more than usual are explored, for as long as it takes. See the README.
const DEEPER: &str = "MOONFLEET_LOOM_DEEPER";
/// Set while the README's tables are being written.
const TABLE: &str = "MOONFLEET_LOOM_TABLE";
const README: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"));

/// Runs `program` in every way its threads can interleave with at most `preemptions` switches away from a
/// thread that could go on. Switches at blocked threads are free.
///
/// # Panics
/// If an execution fails, if not all were explored, if there is only one, or if there are more or fewer than the
/// README says.
pub(crate) fn model<P: Fn() + Sync + Send + 'static>(preemptions: usize, program: P) {
    explore(type_name::<P>(), preemptions, [program]);
}

/// The same for programs that differ in a value: together they are one model.
pub(crate) fn models<P: Fn() + Sync + Send + 'static>(
    preemptions: usize,
    programs: impl IntoIterator<Item = P>,
) {
    explore(type_name::<P>(), preemptions, programs);
}

/// Explores the programs of the model whose test contains the type called `within`.
pub(crate) fn explore<P: Fn() + Sync + Send + 'static>(
    within: &str,
    preemptions: usize,
    programs: impl IntoIterator<Item = P>,
) {
    let begun = Instant::now();
    let deeper = std::env::var(DEEPER).map(|more| more.parse().expect("a number of preemptions")).ok();
    let executions = programs.into_iter().map(|program| explore_one(preemptions, deeper, program)).sum();
    let name = name_of(within);
    println!("explored {name} {preemptions} {executions} {:.1}", begun.elapsed().as_secs_f32());
    let is_checked = deeper.is_none() && !within.contains("::twins::") && std::env::var_os(TABLE).is_none();
    if is_checked {
        assert!(
            is_in_readme(&name, preemptions, executions),
            "{name} has {executions} executions within bound {preemptions}, and the README says otherwise: if that \
             is as it should be, `cargo run -p moonfleet-loom-tests --example table` writes its tables anew"
        );
    }
}

/// How many executions there are.
fn explore_one(
    preemptions: usize,
    deeper: Option<usize>,
    program: impl Fn() + Sync + Send + 'static,
) -> usize {
    let executions = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&executions);
    explorer(preemptions, deeper).check(move || {
        // ORDER: Relaxed; a count, read when all is over.
        counter.fetch_add(1, Ordering::Relaxed);
        forget_all();
        bell::forget_all();
        program();
    });
    // ORDER: Relaxed; see above.
    let executions = executions.load(Ordering::Relaxed);
    let is_whole = deeper.is_some() || executions + 1 < MAX_EXECUTIONS;
    assert!(is_whole, "cut off after {executions} executions: make the model smaller");
    assert!(executions > 1, "one execution: nothing in this model runs concurrently");
    executions
}

/// Every bound is set here, so that loom's environment variables change none.
fn explorer(preemptions: usize, deeper: Option<usize>) -> loom::model::Builder {
    let mut explorer = loom::model::Builder::new();
    explorer.max_branches = MAX_STEPS;
    explorer.max_permutations = deeper.is_none().then_some(MAX_EXECUTIONS);
    explorer.max_duration = None;
    explorer.preemption_bound = Some(preemptions + deeper.unwrap_or(0));
    explorer.checkpoint_file = None;
    explorer.checkpoint_interval = CHECKPOINT;
    explorer
}

/// `file::function` of the model in whose test the type called `within` is.
fn name_of(within: &str) -> String {
    let path = within.rsplit("::models::").next().unwrap_or(within);
    path.split("::").take(2).collect::<Vec<_>>().join("::")
}

/// Whether the README's row of the model has this bound and these executions.
fn is_in_readme(name: &str, bound: usize, executions: usize) -> bool {
    let start = format!("| `{name}` | ");
    let row = README.lines().find(|line| line.starts_with(&start)).unwrap_or_default();
    let mut cells = row.split(" | ").skip(2);
    let mut next = || cells.next().map(|cell| cell.replace(',', ""));
    (next(), next()) == (Some(bound.to_string()), Some(executions.to_string()))
}

/// Writes `cell` and gives what was in it. Loom fails the model if another access may overlap.
pub(crate) fn write<T>(cell: &UnsafeCell<T>, value: T) -> T {
    let access = cell.get_mut();
    // SAFETY: loom has checked that this access excludes others, and the reference ends with the statement.
    std::mem::replace(unsafe { access.deref() }, value)
}

/// A value that stays where it is while a model runs, for protocols that know it by a pointer.
///
/// It ends with `end`, which loom checks, or with the place; its memory goes with the place alone. So what
/// touches a value after its end fails the model, and nothing worse.
pub(crate) struct Place<T> {
    value: NonNull<T>,
    is_over: Cell<bool>,
}

impl<T: 'static> Place<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { value: NonNull::from(Box::leak(Box::new(value))), is_over: Cell::new(false) }
    }

    /// The value, said to live for ever: it lives as long as the model's threads use it.
    pub(crate) fn get(&self) -> &'static T {
        // SAFETY: the memory lives as long as the place; a model keeps that until its threads have ended.
        unsafe { self.value.as_ref() }
    }

    /// Ends the value where it is.
    pub(crate) fn end(&self) {
        assert!(!self.is_over.replace(true), "a value ends once");
        // SAFETY: not dropped before, and `drop` will not.
        unsafe { self.value.drop_in_place() };
    }
}

impl<T> Drop for Place<T> {
    fn drop(&mut self) {
        // A model that has failed is being torn down: its threads stand anywhere, and may look here.
        if std::thread::panicking() {
            return;
        }
        // SAFETY: the memory came from a box of this type, and `ManuallyDrop` has the same layout.
        let mut memory = unsafe { Box::from_raw(self.value.cast::<ManuallyDrop<T>>().as_ptr()) };
        if !self.is_over.get() {
            // SAFETY: not dropped before, nor used again.
            unsafe { ManuallyDrop::drop(&mut memory) };
        }
    }
}
