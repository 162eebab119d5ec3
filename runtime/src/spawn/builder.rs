//! A task before it is one: what it is to have, and who is to start it.

#![allow(unsafe_code, reason = "states which closures may be started where")]

use std::borrow::Cow;
use std::num::NonZeroU64;
use std::ptr;
use std::sync::Arc;

use super::SpawnError;
use crate::context;
use crate::join::JoinHandle;
use crate::scheduler::shared::Shared;
use crate::scheduler::worker::{self, Worker};
use crate::stack::StackClass;
use crate::task::cell;
use crate::task::header::{Birth, Info, Migration};
use crate::task::limits::Limits;

/// A task to be: its name, its stack.
///
/// # Examples
/// ```
/// use moonfleet::TaskBuilder;
///
/// moonfleet::run(|| {
///     let task = TaskBuilder::new().name("digger").stack_size(1 << 20).spawn(|| 1).unwrap();
///     assert_eq!(task.join().unwrap(), 1);
/// });
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until it spawns"]
pub struct TaskBuilder {
    name: Option<Arc<str>>,
    stack_bytes: Option<usize>,
    wide_guard: bool,
    uncancellable: bool,
    migration: Migration,
}

impl TaskBuilder {
    /// A task without a name, on the runtime's default stack.
    ///
    /// # Examples
    /// ```
    /// moonfleet::run(|| moonfleet::TaskBuilder::new().spawn(|| ()).unwrap().join().unwrap());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the task, for errors and reports.
    ///
    /// # Examples
    /// ```
    /// # moonfleet::run(|| {
    /// let task = moonfleet::TaskBuilder::new().name("cook").spawn(|| panic!("burnt")).unwrap();
    /// assert!(task.join().unwrap_err().to_string().contains("'cook'"));
    /// # });
    /// ```
    pub fn name<'n>(mut self, name: impl Into<Cow<'n, str>>) -> Self {
        self.name = Some(name.into().into());
        self
    }

    /// Gives the task a stack of at least `bytes`: address space, of which only the touched pages take memory.
    ///
    /// # Examples
    /// ```
    /// # moonfleet::run(|| {
    /// let error = moonfleet::TaskBuilder::new().stack_size(1).spawn(|| ()).unwrap_err();
    /// assert!(error.to_string().contains("the smallest is 16384 bytes"));
    /// # });
    /// ```
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_bytes = Some(bytes);
        self
    }

    /// Guards the stack with 64 KiB instead of one page: for tasks that call C code, which may skip a page.
    ///
    /// # Examples
    /// ```
    /// # moonfleet::run(|| {
    /// let task = moonfleet::TaskBuilder::new().wide_guard(true).spawn(|| "calls C").unwrap();
    /// # assert_eq!(task.join().unwrap(), "calls C");
    /// # });
    /// ```
    pub fn wide_guard(mut self, wide: bool) -> Self {
        self.wide_guard = wide;
        self
    }

    /// Whether the task can be cancelled, by hand or by the shutdown of its runtime; it can unless told otherwise.
    /// A task that cannot also runs if it was cancelled before it started. Deadlines inside of it do count.
    ///
    /// # Examples
    /// ```
    /// moonfleet::run(|| {
    ///     let task = moonfleet::TaskBuilder::new().cancellable(false).spawn(moonfleet::yield_now).unwrap();
    ///     task.cancel();
    ///     assert!(task.join().is_ok());
    /// });
    /// ```
    pub fn cancellable(mut self, cancellable: bool) -> Self {
        self.uncancellable = !cancellable;
        self
    }

    /// Spawns as [`spawn`](crate::spawn) does.
    ///
    /// # Errors
    /// [`SpawnError`] says why not.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::{SpawnError, TaskBuilder};
    ///
    /// assert_eq!(TaskBuilder::new().spawn(|| ()).unwrap_err(), SpawnError::NoRuntime);
    /// ```
    pub fn spawn<F, T>(self, body: F) -> Result<JoinHandle<T>, SpawnError>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        // SAFETY: closure and result borrow nothing.
        unsafe { self.spawn_borrowing_here(None, body) }
    }

    /// Spawns as [`spawn_local`](crate::spawn_local) does.
    ///
    /// # Errors
    /// [`SpawnError`] says why not.
    ///
    /// # Examples
    /// ```
    /// # moonfleet::run(|| {
    /// let here = moonfleet::worker_index();
    /// let task = moonfleet::TaskBuilder::new().spawn_local(moonfleet::worker_index).unwrap();
    /// assert_eq!(task.join().unwrap(), here);
    /// # });
    /// ```
    pub fn spawn_local<F, T>(self, body: F) -> Result<JoinHandle<T>, SpawnError>
    where
        F: FnOnce() -> T + 'static,
        T: 'static,
    {
        let worker = this_worker()?;
        let birth = self.admit(&worker.shared, || worker.next_id())?;
        // SAFETY: the queue's reference stays on this worker; the handle crosses threads only if `T` may.
        let (queued, joinable) = unsafe { cell::allocate(birth, context::wake_task, body) };
        worker.queue_pinned(queued);
        Ok(JoinHandle::new(joinable, &worker.shared))
    }

    /// Spawns as [`spawn_migratable`](crate::spawn_migratable) does.
    ///
    /// # Safety
    /// As for [`spawn_migratable`](crate::spawn_migratable).
    /// # Errors
    /// [`SpawnError`] says why not.
    ///
    /// # Examples
    /// See [`spawn_migratable`](crate::spawn_migratable).
    pub unsafe fn spawn_migratable<F, T>(mut self, body: F) -> Result<JoinHandle<T>, SpawnError>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.migration = Migration::Possible;
        self.spawn(body)
    }

    /// Spawns as [`spawn_on`](crate::spawn_on) does.
    ///
    /// # Errors
    /// [`SpawnError`] says why not.
    ///
    /// # Examples
    /// ```
    /// # moonfleet::run(|| {
    /// let workers = moonfleet::worker_count();
    /// let error = moonfleet::TaskBuilder::new().spawn_on(workers, || ()).unwrap_err();
    /// assert!(error.to_string().contains("the workers are 0 to"));
    /// # });
    /// ```
    pub fn spawn_on<F, T>(self, worker: usize, body: F) -> Result<JoinHandle<T>, SpawnError>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.spawn_from_outside(&this_worker()?.shared, Some(worker), body)
    }

    /// Spawns from a task, for `worker` or for whichever is free, a closure that may borrow.
    ///
    /// # Safety
    /// What `F` and `T` borrow outlives the task's use of it: the caller waits for that, whatever happens.
    pub(crate) unsafe fn spawn_borrowing_here<F, T>(
        self,
        worker: Option<usize>,
        body: F,
    ) -> Result<JoinHandle<T>, SpawnError>
    where
        F: FnOnce() -> T + Send,
        T: Send,
    {
        let here = this_worker()?;
        if worker.is_some() {
            // SAFETY: promised by the caller.
            return unsafe { self.spawn_borrowing(&here.shared, worker, body) };
        }
        let birth = self.admit(&here.shared, || here.next_id())?;
        // SAFETY: closure and result are `Send`; `wake_task` is for waiters in task headers.
        let (queued, joinable) = unsafe { cell::allocate(birth, context::wake_task, body) };
        here.queue_fresh(queued);
        Ok(JoinHandle::new(joinable, &here.shared))
    }

    /// Spawns into the runtime of `shared`, from any thread.
    pub(crate) fn spawn_from_outside<F, T>(
        self,
        shared: &Shared,
        worker: Option<usize>,
        body: F,
    ) -> Result<JoinHandle<T>, SpawnError>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        // SAFETY: closure and result are `Send` and borrow nothing.
        unsafe { self.spawn_borrowing(shared, worker, body) }
    }

    /// The same for a closure that may borrow.
    ///
    /// # Safety
    /// What `F` and `T` borrow outlives the task: the caller joins it before it goes on, whatever happens.
    pub(crate) unsafe fn spawn_borrowing<F, T>(
        self,
        shared: &Shared,
        worker: Option<usize>,
        body: F,
    ) -> Result<JoinHandle<T>, SpawnError>
    where
        F: FnOnce() -> T + Send,
        T: Send,
    {
        let workers = shared.settings.workers;
        if let Some(asked) = worker.filter(|&asked| asked >= workers) {
            return Err(SpawnError::NoSuchWorker { asked, workers });
        }
        let inside = shared.gate.enter().ok_or(SpawnError::ShutDown)?;
        let birth = self.admit(shared, || shared.reserve_ids(1))?;
        // SAFETY: closure and result are `Send`; `wake_task` is for waiters in task headers.
        let (queued, joinable) = unsafe { cell::allocate(birth, context::wake_task, body) };
        match worker {
            None => {
                shared.injector.push(queued);
                shared.task_published();
            }
            Some(index) => {
                let home = shared.homes[index];
                let first = queued.claim(home);
                debug_assert!(first, "nobody else has seen the task");
                let link = queued.link();
                let _in_the_inbox = queued.into_raw();
                // SAFETY: the task is new, and the inbox holds its queue's reference now.
                unsafe { home.deliver(link) };
            }
        }
        drop(inside);
        Ok(JoinHandle::new(joinable, shared))
    }

    /// Checks everything that may refuse the task, and counts it in.
    fn admit(self, shared: &Shared, id: impl FnOnce() -> u64) -> Result<Birth, SpawnError> {
        let default = shared.settings.stack_class;
        let stack_class = match (self.stack_bytes, self.wide_guard) {
            (None, false) => default,
            (bytes, wide) => {
                let bytes = bytes.unwrap_or_else(|| default.usable());
                StackClass::new(bytes, wide).map_err(SpawnError::StackSize)?
            }
        };
        shared.admit().map_err(|limit| SpawnError::TooManyTasks { limit })?;
        let info = Info { id: id(), name: self.name.map(Box::new), parent: spawner(shared), stack_class };
        if let Some(name) = &info.name {
            shared.names.note(info.id, name);
        }
        Ok(Birth { info, limits: Limits::new(!self.uncancellable), migration: self.migration })
    }
}

/// The id of the running task, if it is one of the runtime of `shared`: ids mean nothing elsewhere.
fn spawner(shared: &Shared) -> Option<NonZeroU64> {
    let worker = worker::current()?;
    let task = context::current().filter(|_| ptr::eq(&raw const *worker.shared, shared))?.1;
    NonZeroU64::new(task.info().id)
}

/// A task of the current worker that may spawn.
fn this_worker<'a>() -> Result<&'a Worker, SpawnError> {
    let worker = worker::current().ok_or(SpawnError::NoRuntime)?;
    if worker.local.is_stopping() {
        return Err(SpawnError::ShutDown);
    }
    Ok(worker)
}
