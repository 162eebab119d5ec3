//! The protocol files of the runtime's context, and the rest of it for models: which task runs on a loom thread, which
//! is its worker, and telling it something.

#[path = "../../runtime/src/context/counters.rs"]
pub(crate) mod counters;
#[path = "../../runtime/src/context/local.rs"]
pub(crate) mod local;
#[path = "../../runtime/src/context/running.rs"]
pub(crate) mod running;
#[path = "../../runtime/src/context/storm.rs"]
pub(crate) mod storm;

use std::cell::Cell;
use std::ptr::{self, NonNull};
use std::sync::Arc;

use self::counters::Counters;
use self::local::Local;
use crate::bell;
use crate::home::Home;
use crate::stack::StackClass;
use crate::task::cell::{self, Joinable};
use crate::task::claim::Told;
use crate::task::header::{Birth, Header, Info, Migration, TaskRef};
use crate::task::limits::Limits;
use crate::wait::waiter::{Urgency, Waiter};

loom::thread_local! {
    static LOCAL: Cell<*const Local> = Cell::new(ptr::null());
}

/// A task with the number `id`, whose closure is for whoever starts it.
pub(crate) fn task<F: FnOnce() -> T + 'static, T: 'static>(id: u64, body: F) -> (TaskRef, Joinable<T>) {
    let info = Info { id, name: None, parent: None, stack_class: StackClass };
    let birth = Birth { info, limits: Limits::new(true), migration: Migration::Never };
    // SAFETY: `wake_task` is for waiters in task headers; the threads of a model share one OS thread.
    unsafe { cell::allocate(birth, wake_task, body) }
}

/// From now on this loom thread is the worker of `home`, and runs `task`, which it has claimed.
pub(crate) fn begin(home: &'static Home, task: &TaskRef) -> Box<Local> {
    let local = Box::new(Local::new(home, Arc::new(Counters::default())));
    local.begin_turn(NonNull::from(&**task), task.info().id);
    LOCAL.with(|current| current.set(&raw const *local));
    local
}

/// It is over.
pub(crate) fn end() {
    LOCAL.with(|current| current.set(ptr::null()));
}

pub(crate) fn local<'a>() -> Option<&'a Local> {
    // SAFETY: the caller of `begin` keeps it until `end`.
    LOCAL.with(|current| unsafe { current.get().as_ref() })
}

pub(crate) fn current<'a>() -> Option<(&'a Local, &'a Header)> {
    let local = local()?;
    // SAFETY: who called `begin` keeps the task until `end`.
    let task = unsafe { local.current()?.as_ref() };
    Some((local, task))
}

/// # Safety
/// The waiter is a task's, and was fired; this is the one wake for that.
unsafe fn wake_task(waiter: NonNull<Waiter>, _urgency: Urgency) {
    // SAFETY: only task headers are given this function.
    let header = unsafe { Header::of_waiter(waiter).as_ref() };
    let home = header.home().expect("a waiting task has started, and has a home");
    // SAFETY: link-owner — a suspended task is in no queue, and it is fired once.
    unsafe { home.deliver(header.link()) };
}

/// As the runtime's, from any thread but the task's own.
pub(crate) fn cancel(task: &TaskRef) {
    if let Told::Home(home) = task.tell_to_end() {
        task.summon(home);
    }
}

/// As the runtime's, from any thread but the task's own. A task without a home has a bell instead, so that models of
/// who tells whom are small.
pub(crate) fn look_at_limits(task: &TaskRef) {
    match bell::of(task.info().id) {
        Some(bell) => bell.ring(),
        None => {
            if let Some(home) = task.home_or_tell_claimer() {
                task.summon(home);
            }
        }
    }
}

/// A home of a model. The runtime never frees one; this ends with the model.
pub(crate) struct Lease(pub(crate) &'static Home);

impl Lease {
    pub(crate) fn new() -> Self {
        Self(Home::occupy().expect("a model's home needs nothing"))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // SAFETY: it was leaked by `occupy`, was not vacated, and the model's threads have ended.
            drop(unsafe { Box::from_raw(ptr::from_ref(self.0).cast_mut()) });
        }
    }
}
