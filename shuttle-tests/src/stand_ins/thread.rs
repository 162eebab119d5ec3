//! `std::thread`: shuttle's threads, which a model joins before it ends, and their locals.

use std::cell::{Cell, RefCell};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use shuttle::thread::ThreadId;
pub(crate) use shuttle::thread::yield_now;
pub(crate) use std::thread::*;

use crate::stand_ins::{EXECUTION, clock, coin, panic, switch};

/// Whether this thread unwinds. The real one would speak of all threads of the model.
pub(crate) fn panicking() -> bool {
    panic::is_unwinding()
}

/// A thread. Shuttle's own wake from a park whenever it likes, which would hide a wake that nobody gives: this one
/// goes on with a token only.
#[derive(Debug, Clone)]
pub(crate) struct Thread {
    thread: shuttle::thread::Thread,
    token: Arc<AtomicBool>,
}

thread_local! {
    static TOKEN: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

/// The thread that calls.
pub(crate) fn current() -> Thread {
    let token = TOKEN.with(|token| Arc::clone(token.borrow_mut().get_or_insert_default()));
    Thread { thread: shuttle::thread::current(), token }
}

impl Thread {
    pub(crate) fn id(&self) -> ThreadId {
        self.thread.id()
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.thread.name()
    }

    pub(crate) fn unpark(&self) {
        switch();
        // ORDER: Relaxed; the threads of a model are one thread.
        self.token.store(true, Ordering::Relaxed);
        self.thread.unpark();
    }
}

pub(crate) fn park() {
    let token = current().token;
    // ORDER: Relaxed; as above.
    while !token.swap(false, Ordering::Relaxed) {
        shuttle::thread::park();
    }
}

/// Time passes, or the thread wakes early, which it may: whoever parks looks at what it waits for.
pub(crate) fn park_timeout(timeout: Duration) {
    let until_ns = clock::after(timeout);
    if clock::is_never(until_ns) {
        park();
    } else if coin(8) {
        clock::advance_to(until_ns);
    } else {
        yield_now();
    }
}

/// Starts threads.
#[derive(Debug, Default)]
pub(crate) struct Builder(Option<String>);

impl Builder {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn name(self, name: String) -> Self {
        Self(Some(name))
    }

    pub(crate) fn spawn(self, body: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle> {
        let name = self.0.expect("the runtime's threads have names");
        let token = Arc::<AtomicBool>::default();
        let own = Arc::clone(&token);
        let started = shuttle::thread::Builder::new().name(name).spawn(move || {
            TOKEN.with(|token| token.replace(Some(own)));
            body();
        })?;
        let thread = Thread { thread: started.thread().clone(), token };
        EXECUTION.with_borrow_mut(|execution| execution.threads.push(started));
        Ok(JoinHandle(thread))
    }
}

/// A started thread, which the model will join.
#[derive(Debug)]
pub(crate) struct JoinHandle(Thread);

impl JoinHandle {
    pub(crate) fn thread(&self) -> &Thread {
        &self.0
    }
}

/// A thread-local of shuttle's threads; outside of them, a value for the moment.
#[derive(Debug)]
pub(crate) struct LocalKey<T: 'static> {
    key: &'static shuttle::thread::LocalKey<T>,
    init: fn() -> T,
}

impl<T> LocalKey<T> {
    pub(crate) const fn new(key: &'static shuttle::thread::LocalKey<T>, init: fn() -> T) -> Self {
        Self { key, init }
    }

    pub(crate) fn try_with<R>(
        &'static self,
        look: impl FnOnce(&T) -> R,
    ) -> std::result::Result<R, shuttle::thread::AccessError> {
        match shuttle::current::try_get_current_task() {
            Some(_) => self.key.try_with(look),
            None => Ok(look(&(self.init)())),
        }
    }

    pub(crate) fn with<R>(&'static self, look: impl FnOnce(&T) -> R) -> R {
        self.try_with(look).expect("the thread has not ended")
    }
}

impl<T: Copy> LocalKey<Cell<T>> {
    pub(crate) fn get(&'static self) -> T {
        self.with(Cell::get)
    }

    pub(crate) fn set(&'static self, value: T) {
        self.with(|cell| cell.set(value));
    }
}
