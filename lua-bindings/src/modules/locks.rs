//! `moonfleet.mutex`, `semaphore`, `condition` and `wait_group`: for the tasks of one state, who take turns anyway. They
//! are for sections that wait in the middle, or that a slice may end in.
//!
//! What takes something gives the lock itself, so that `local _ <close> = mutex:lock()` gives it back.

use std::cell::Cell;
use std::ffi::CStr;
use std::time::Instant;

use moonfleet::foreign::Cancelled;

use crate::modules::time::deadline;
use crate::raw::callback::function;
use crate::raw::library::Function;
use crate::raw::{Class, Entry, Frame, Outcome, Raise, Reply, Scope};
use crate::state::Local;
use crate::state::line::{Line, Turn};
use crate::state::local::cancelled;

/// A lock that one task holds at a time.
#[derive(Default)]
struct Mutex {
    /// The number of the task that holds it.
    holder: Cell<Option<u64>>,
    line: Line,
}

/// So many permits, each held by whoever has taken it.
struct Semaphore {
    free: Cell<i64>,
    line: Line,
}

/// Tasks that wait for something to be true that a mutex guards.
#[derive(Default)]
struct Condition {
    line: Line,
}

/// A count, and tasks that wait for it to be zero.
#[derive(Default)]
struct WaitGroup {
    pending: Cell<i64>,
    line: Line,
}

impl Class for Mutex {
    const NAME: &'static CStr = c"mutex";
    const METATABLE: Entry = Entry::Mutex;
}

impl Class for Semaphore {
    const NAME: &'static CStr = c"semaphore";
    const METATABLE: Entry = Entry::Semaphore;
}

impl Class for Condition {
    const NAME: &'static CStr = c"condition";
    const METATABLE: Entry = Entry::Condition;
}

impl Class for WaitGroup {
    const NAME: &'static CStr = c"wait_group";
    const METATABLE: Entry = Entry::WaitGroup;
}

/// Defines the four classes. `[-0, +0, m]`
pub(super) fn define(scope: Scope<'_>) {
    scope.define_class::<Mutex>(
        &[
            Function::new(c"lock", function(lock)),
            Function::new(c"try_lock", function(try_lock)),
            Function::new(c"unlock", function(unlock)),
            Function::new(c"is_locked", function(is_locked)),
        ],
        &[Function::new(c"__close", function(close_mutex))],
    );
    scope.define_class::<Semaphore>(
        &[
            Function::new(c"acquire", function(acquire)),
            Function::new(c"try_acquire", function(try_acquire)),
            Function::new(c"release", function(release)),
            Function::new(c"permits", function(permits)),
        ],
        &[Function::new(c"__close", function(close_semaphore))],
    );
    scope.define_class::<Condition>(
        &[
            Function::new(c"wait", function(wait)),
            Function::new(c"notify_one", function(notify_one)),
            Function::new(c"notify_all", function(notify_all)),
        ],
        &[],
    );
    scope.define_class::<WaitGroup>(
        &[
            Function::new(c"add", function(add)),
            Function::new(c"done", function(done)),
            Function::new(c"wait", function(wait_for_all)),
            Function::new(c"pending", function(pending)),
        ],
        &[],
    );
}

/// Nothing, `nil, "timeout"`, or the error of a cancel.
fn in_turn(turn: Turn, frame: Frame<'_>) -> Outcome {
    match turn {
        Turn::Granted => itself(frame),
        Turn::TimedOut => Ok(Reply::Failure(c"timeout")),
        Turn::Cancelled => Err(cancelled(Cancelled)),
    }
}

/// The lock that the method was called on.
fn itself(frame: Frame<'_>) -> Outcome {
    frame.push_copy(1);
    Ok(Reply::Values(1))
}

// ── mutex ───────────────────────────────────────────────────────────────────────────────────────────────────

/// `moonfleet.mutex()`.
pub(super) fn mutex(frame: Frame<'_>) -> Outcome {
    make(frame, Mutex::default())
}

/// Pushes a new userdata with this value.
fn make<T: Class>(frame: Frame<'_>, value: T) -> Outcome {
    let count = frame.protect(0, &mut Some(value), |scope, value| {
        scope.push_userdata(value);
        1
    })?;
    Ok(Reply::Values(count))
}

impl Mutex {
    fn is_held_here(&self, frame: Frame<'_>) -> bool {
        self.holder.get() == Some(Local::of(frame).running().number())
    }

    /// Takes the mutex if it is free.
    fn take(&self, frame: Frame<'_>) -> bool {
        let is_free = self.holder.get().is_none();
        if is_free {
            self.holder.set(Some(Local::of(frame).running().number()));
        }
        is_free
    }

    fn take_in_turn(&self, frame: Frame<'_>, deadline: Option<Instant>) -> Result<Turn, Raise> {
        if self.take(frame) { Ok(Turn::Granted) } else { self.line.wait(frame, &"mutex", deadline) }
    }

    /// Hands the mutex to the first who waits.
    fn give(&self) {
        self.holder.set(self.line.grant());
    }
}

/// `mutex:lock([timeout])`: the mutex, or `nil, "timeout"`.
fn lock(frame: Frame<'_>) -> Outcome {
    let mutex = frame.argument::<Mutex>(1)?;
    let deadline = deadline(frame, 2)?;
    if mutex.is_held_here(frame) {
        return Err(Raise::argument(1, "this task holds the mutex already"));
    }
    in_turn(mutex.take_in_turn(frame, deadline)?, frame)
}

/// `mutex:try_lock()`: the mutex, or `nil, "locked"`.
fn try_lock(frame: Frame<'_>) -> Outcome {
    let mutex = frame.argument::<Mutex>(1)?;
    if mutex.take(frame) { itself(frame) } else { Ok(Reply::Failure(c"locked")) }
}

/// `mutex:unlock()`.
fn unlock(frame: Frame<'_>) -> Outcome {
    let mutex = frame.argument::<Mutex>(1)?;
    if !mutex.is_held_here(frame) {
        return Err(Raise::argument(1, "this task does not hold the mutex"));
    }
    mutex.give();
    Ok(Reply::Values(0))
}

/// `mutex:is_locked()`.
fn is_locked(frame: Frame<'_>) -> Outcome {
    frame.push_boolean(frame.argument::<Mutex>(1)?.holder.get().is_some());
    Ok(Reply::Values(1))
}

/// The end of a scope that has taken the mutex, unless it has given it back.
fn close_mutex(frame: Frame<'_>) -> Outcome {
    let mutex = frame.argument::<Mutex>(1)?;
    if mutex.is_held_here(frame) {
        mutex.give();
    }
    Ok(Reply::Values(0))
}

// ── semaphore ───────────────────────────────────────────────────────────────────────────────────────────────

/// `moonfleet.semaphore(permits)`.
pub(super) fn semaphore(frame: Frame<'_>) -> Outcome {
    let free = frame.integer(1).ok_or_else(|| Raise::expected(1, c"number"))?;
    if free < 0 {
        return Err(Raise::argument(1, "the number of permits must not be negative"));
    }
    make(frame, Semaphore { free: Cell::new(free), line: Line::default() })
}

impl Semaphore {
    /// Takes a permit if there is one. Who comes later does not overtake: those who wait are handed theirs.
    fn take(&self) -> bool {
        let free = self.free.get();
        if free > 0 {
            self.free.set(free - 1);
        }
        free > 0
    }

    fn give(&self) {
        if self.line.grant().is_none() {
            self.free.set(self.free.get() + 1);
        }
    }
}

/// `semaphore:acquire([timeout])`: the semaphore, or `nil, "timeout"`.
fn acquire(frame: Frame<'_>) -> Outcome {
    let semaphore = frame.argument::<Semaphore>(1)?;
    let deadline = deadline(frame, 2)?;
    if semaphore.take() {
        return itself(frame);
    }
    in_turn(semaphore.line.wait(frame, &"semaphore", deadline)?, frame)
}

/// `semaphore:try_acquire()`: the semaphore, or `nil, "empty"`.
fn try_acquire(frame: Frame<'_>) -> Outcome {
    if frame.argument::<Semaphore>(1)?.take() { itself(frame) } else { Ok(Reply::Failure(c"empty")) }
}

/// `semaphore:release([permits])`.
fn release(frame: Frame<'_>) -> Outcome {
    let semaphore = frame.argument::<Semaphore>(1)?;
    let permits = count_at(frame, 2)?;
    if semaphore.free.get().checked_add(permits).is_none() {
        return Err(Raise::argument(2, "too many permits"));
    }
    let waiting = (0..permits).take_while(|_| semaphore.line.grant().is_some()).count() as i64;
    semaphore.free.set(semaphore.free.get() + permits - waiting);
    Ok(Reply::Values(0))
}

/// The optional count at `index`: 1 without, and never less.
fn count_at(frame: Frame<'_>, index: i32) -> Result<i64, Raise> {
    if !frame.kind(index).is_some() {
        return Ok(1);
    }
    match frame.integer(index) {
        Some(count) if count >= 1 => Ok(count),
        Some(_) => Err(Raise::argument(index, "the count must be positive")),
        None => Err(Raise::expected(index, c"number")),
    }
}

/// `semaphore:permits()`: how many are free.
fn permits(frame: Frame<'_>) -> Outcome {
    frame.push_integer(frame.argument::<Semaphore>(1)?.free.get());
    Ok(Reply::Values(1))
}

/// The end of a scope that has taken a permit.
fn close_semaphore(frame: Frame<'_>) -> Outcome {
    frame.argument::<Semaphore>(1)?.give();
    Ok(Reply::Values(0))
}

// ── condition ───────────────────────────────────────────────────────────────────────────────────────────────

/// `moonfleet.condition()`.
pub(super) fn condition(frame: Frame<'_>) -> Outcome {
    make(frame, Condition::default())
}

/// `condition:wait(mutex[, timeout])`: gives the mutex back, waits to be notified, and takes it again, whatever happens:
/// `true`, or `nil, "timeout"`.
fn wait(frame: Frame<'_>) -> Outcome {
    let condition = frame.argument::<Condition>(1)?;
    let mutex = frame.argument::<Mutex>(2)?;
    let deadline = deadline(frame, 3)?;
    if !mutex.is_held_here(frame) {
        return Err(Raise::argument(2, "this task does not hold the mutex"));
    }
    // Where nothing may wait nothing is given back either.
    Local::of(frame).may_wait(frame)?;
    mutex.give();
    let turn = condition.line.wait(frame, &"condition", deadline)?;
    // Not even a cancel leaves the scope without the mutex that it believes to hold.
    moonfleet::cancel::mask(|| mutex.take_in_turn(frame, None))?;
    match turn {
        Turn::Granted => Ok(frame.reply_true()),
        turn => in_turn(turn, frame),
    }
}

/// `condition:notify_one()`: whether somebody waited.
fn notify_one(frame: Frame<'_>) -> Outcome {
    let is_told = frame.argument::<Condition>(1)?.line.grant().is_some();
    frame.push_boolean(is_told);
    Ok(Reply::Values(1))
}

/// `condition:notify_all()`: how many waited.
fn notify_all(frame: Frame<'_>) -> Outcome {
    let line = &frame.argument::<Condition>(1)?.line;
    frame.push_integer(std::iter::from_fn(|| line.grant()).count() as i64);
    Ok(Reply::Values(1))
}

// ── wait group ──────────────────────────────────────────────────────────────────────────────────────────────

/// `moonfleet.wait_group([count])`.
pub(super) fn wait_group(frame: Frame<'_>) -> Outcome {
    let pending = match frame.integer(1) {
        Some(count) if count >= 0 => count,
        None if !frame.kind(1).is_some() => 0,
        Some(_) => return Err(Raise::argument(1, "the count must not be negative")),
        None => return Err(Raise::expected(1, c"number")),
    };
    make(frame, WaitGroup { pending: Cell::new(pending), line: Line::default() })
}

/// `wait_group:add([count])`.
fn add(frame: Frame<'_>) -> Outcome {
    let group = frame.argument::<WaitGroup>(1)?;
    let sum = group.pending.get().checked_add(count_at(frame, 2)?);
    group.pending.set(sum.ok_or_else(|| Raise::argument(2, "the count is too large"))?);
    Ok(Reply::Values(0))
}

/// `wait_group:done()`.
fn done(frame: Frame<'_>) -> Outcome {
    let group = frame.argument::<WaitGroup>(1)?;
    match group.pending.get() {
        0 => return Err(Raise::argument(1, "done more often than added")),
        pending => group.pending.set(pending - 1),
    }
    if group.pending.get() == 0 {
        while group.line.grant().is_some() {}
    }
    Ok(Reply::Values(0))
}

/// `wait_group:wait([timeout])`: `true` when the count is zero, or `nil, "timeout"`.
fn wait_for_all(frame: Frame<'_>) -> Outcome {
    let group = frame.argument::<WaitGroup>(1)?;
    let deadline = deadline(frame, 2)?;
    if group.pending.get() == 0 {
        return Ok(frame.reply_true());
    }
    match group.line.wait(frame, &"wait_group", deadline)? {
        Turn::Granted => Ok(frame.reply_true()),
        turn => in_turn(turn, frame),
    }
}

/// `wait_group:pending()`.
fn pending(frame: Frame<'_>) -> Outcome {
    frame.push_integer(frame.argument::<WaitGroup>(1)?.pending.get());
    Ok(Reply::Values(1))
}
