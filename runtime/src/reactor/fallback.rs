//! The poller for parties without a worker: a thread of its own, started when the first such party has to wait.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::slot;
use crate::sys::poller::{Events, Poller};

static POLLER: Mutex<Option<&'static Poller>> = Mutex::new(None);

/// The poller of the process. Its thread uses no CPU while nothing happens, and never ends.
///
/// # Errors
/// The kernel refuses an epoll instance or a thread.
pub(crate) fn poller() -> io::Result<&'static Poller> {
    let mut started = POLLER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(poller) = *started {
        return Ok(poller);
    }
    let poller: &'static Poller = Box::leak(Box::new(Poller::new()?));
    thread::Builder::new().name("moonfleet-io".to_owned()).spawn(move || watch(poller))?;
    *started = Some(poller);
    Ok(poller)
}

fn watch(poller: &'static Poller) {
    let mut events = Events::new();
    loop {
        poller.wait(&mut events, None).for_each(slot::tell);
    }
}
