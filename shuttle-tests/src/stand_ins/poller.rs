//! `runtime/src/sys/poller.rs`: where a worker sleeps, without a file descriptor.

use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, OnceLock};

use shuttle::sync::{Mutex, MutexGuard, PoisonError};
use shuttle::thread::{self, Thread};

use crate::stand_ins::{clock, wait_until};

/// Whether the bell has rung, and who sleeps.
#[derive(Debug, Default)]
struct Bell {
    rung: bool,
    sleeper: Option<Thread>,
}

/// A bell as its two sides share it.
#[derive(Debug, Clone, Default)]
struct Shared(Arc<Mutex<Bell>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Bell> {
        // The lock counts as poisoned if any thread of the model began to unwind while it was held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes the poller that knows it.
#[derive(Debug)]
pub(crate) struct Doorbell(Shared);

impl Doorbell {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(Shared::default()))
    }

    pub(crate) fn ring(&self) {
        let mut bell = self.0.lock();
        bell.rung = true;
        let sleeper = bell.sleeper.take();
        drop(bell);
        if let Some(sleeper) = sleeper {
            sleeper.unpark();
        }
    }
}

/// One worker's place to sleep.
#[derive(Debug, Default)]
pub(crate) struct Poller(OnceLock<Shared>);

/// What the kernel says about one descriptor: nothing, since models have none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event {
    pub(crate) token: u64,
    pub(crate) is_readable: bool,
    pub(crate) is_writable: bool,
    pub(crate) is_unusual: bool,
}

/// Room for events.
#[derive(Debug)]
pub(crate) struct Events;

impl Events {
    pub(crate) fn new() -> Self {
        Self
    }
}

impl Poller {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self::default())
    }

    pub(crate) fn hear(&self, doorbell: &Doorbell) -> io::Result<()> {
        self.0.set(doorbell.0.clone()).map_err(|_| io::ErrorKind::AlreadyExists.into())
    }

    pub(crate) fn watch(&self, _fd: impl AsFd, _token: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn forget(&self, _fd: impl AsFd) {}

    pub(crate) fn is_watching(&self) -> bool {
        false
    }

    /// Sleeps until the bell has rung, or the time has come.
    pub(crate) fn wait(
        &self,
        _events: &mut Events,
        timeout_ns: Option<u64>,
    ) -> impl Iterator<Item = Event> + use<> {
        let until_ns = timeout_ns.map_or(u64::MAX, |timeout_ns| clock::now_ns().saturating_add(timeout_ns));
        let bell = self.0.get().expect("who sleeps hears a bell");
        wait_until(until_ns, || {
            let mut bell = bell.lock();
            let rung = std::mem::take(&mut bell.rung);
            bell.sleeper = (!rung).then(thread::current);
            rung
        });
        std::iter::empty()
    }
}

/// Models have no timers of the kernel's.
pub(crate) fn be_punctual() {}
