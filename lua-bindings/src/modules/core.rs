//! `require "moonfleet"`: the table of functions, and the classes `channel` and `task`.

use std::rc::Rc;

use crate::modules::{channel, group, inspect, locks, parallel, select, task, time};
use crate::raw::callback::{constructor, function};
use crate::raw::library::Function;
use crate::raw::{Entry, Frame, Outcome, Reply};
use crate::state::Local;
use crate::task::{TaskHandle, failure, spawn};
use crate::value::Channel;

const FUNCTIONS: &[Function] = &[
    Function::new(c"spawn", spawn::spawn),
    Function::new(c"spawn_named", spawn::spawn_named),
    Function::new(c"join", function(task::join)),
    Function::new(c"await", function(task::wait_for)),
    Function::new(c"async", group::make_async),
    Function::new(c"all", function(group::all)),
    Function::new(c"race", function(group::race)),
    Function::new(c"timeout", group::timeout),
    Function::new(c"current", function(inspect::current)),
    Function::new(c"tasks", function(inspect::tasks)),
    Function::new(c"on_error", function(task::on_error)),
    Function::new(c"yield", function(time::step_aside)),
    Function::new(c"sleep", function(time::sleep)),
    Function::new(c"now", function(time::now)),
    Function::new(c"channel", constructor(channel::new)),
    Function::with_upvalues(c"select", function(select::select), select::FIELDS),
    Function::with_upvalues(c"launch", constructor(parallel::launch), parallel::FIELDS),
    Function::new(c"mutex", function(locks::mutex)),
    Function::new(c"semaphore", function(locks::semaphore)),
    Function::new(c"condition", function(locks::condition)),
    Function::new(c"wait_group", function(locks::wait_group)),
    Function::new(c"workers", function(parallel::workers)),
    Function::new(c"worker", function(parallel::worker)),
];

const CHANNEL_METHODS: &[Function] = &[
    Function::new(c"send", function(channel::send)),
    Function::new(c"receive", function(channel::receive)),
    Function::new(c"try_send", function(channel::try_send)),
    Function::new(c"try_receive", function(channel::try_receive)),
    Function::new(c"close", function(channel::close)),
    Function::new(c"len", function(channel::len)),
    Function::new(c"iter", function(channel::iter)),
];

const CHANNEL_METAMETHODS: &[Function] = &[Function::new(c"__len", function(channel::len))];

const TASK_METHODS: &[Function] = &[
    Function::new(c"join", function(task::join)),
    Function::new(c"await", function(task::wait_for)),
    Function::new(c"cancel", function(task::cancel)),
    Function::new(c"traceback", function(inspect::traceback)),
    Function::new(c"status", function(task::status)),
    Function::new(c"name", function(task::name)),
];

const TASK_METAMETHODS: &[Function] = &[Function::new(c"__tostring", function(task::describe))];

/// Pushes the module's table; runs once per state, when it is opened.
pub(super) fn open(frame: Frame<'_>) -> Outcome {
    let main = Rc::clone(Local::of(frame).main());
    let count = frame.protect(0, &mut Some(TaskHandle::Local(main)), |scope, main| {
        scope.define_class::<Channel>(CHANNEL_METHODS, CHANNEL_METAMETHODS);
        scope.define_without_finalizer::<Channel>(Entry::Meeting);
        scope.define_class::<TaskHandle>(TASK_METHODS, TASK_METAMETHODS);
        locks::define(scope);
        scope.register(failure::annotate, Entry::Annotate);
        scope.push_userdata(main);
        scope.set_registry(Entry::MainTask);
        scope.push_library(FUNCTIONS);
        1
    })?;
    Ok(Reply::Values(count))
}
