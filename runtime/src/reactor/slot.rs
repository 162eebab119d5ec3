//! The slots of descriptors that somebody waits for, for the whole process.
//!
//! The kernel returns a number with each event. It may do so when the descriptor has been closed meanwhile, so the
//! number stands for a slot, which is never freed, and for the generation of the descriptor in it.

use std::os::fd::BorrowedFd;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::readiness::Readiness;
use crate::sys::poller::{Event, Poller};

/// The first chunk of slots; each later one is twice as large.
const FIRST_CHUNK: usize = 64;
/// Chunks, at most: enough for all descriptors that a process can have.
const CHUNKS: usize = 26;

static TABLE: [OnceLock<Box<[Slot]>>; CHUNKS] = [const { OnceLock::new() }; CHUNKS];
static FREE: Mutex<Free> = Mutex::new(Free { returned: Vec::new(), used: 0 });

/// The slots that no descriptor has.
struct Free {
    returned: Vec<usize>,
    /// Slots from here on were never used.
    used: usize,
}

/// What the reactor keeps of one descriptor.
#[derive(Debug)]
pub(crate) struct Slot {
    index: usize,
    read: Readiness,
    write: Readiness,
    /// The poller that watches the descriptor, or did until its worker ended.
    poller: Mutex<Option<&'static Poller>>,
}

/// One of the two things that a party may wait to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Read, accept, receive.
    Read,
    /// Write, connect, send.
    Write,
}

impl Slot {
    fn new(index: usize) -> Self {
        Self { index, read: Readiness::new(), write: Readiness::new(), poller: Mutex::new(None) }
    }

    /// A slot for another descriptor.
    pub(crate) fn lease() -> &'static Self {
        let mut free = lock(&FREE);
        let index = free.returned.pop().unwrap_or_else(|| {
            free.used += 1;
            free.used - 1
        });
        let (chunk, offset) = place(index);
        let make = || (0..FIRST_CHUNK << chunk).map(|offset| Self::new(first(chunk) + offset)).collect();
        &TABLE[chunk].get_or_init(make)[offset]
    }

    /// Gives the slot back. Nobody waits for the descriptor `fd` any more, and nobody will.
    pub(crate) fn end_lease(&'static self, fd: BorrowedFd<'_>) {
        self.forget(fd);
        self.read.renew();
        self.write.renew();
        lock(&FREE).returned.push(self.index);
    }

    /// The readiness in one direction.
    #[inline]
    pub(crate) fn readiness(&self, direction: Direction) -> &Readiness {
        match direction {
            Direction::Read => &self.read,
            Direction::Write => &self.write,
        }
    }

    /// Has `poller` watch the descriptor, if no poller does.
    ///
    /// What is so already counts as an event: whoever observed the readiness before goes on.
    pub(crate) fn serve(&self, fd: BorrowedFd<'_>, poller: &'static Poller) -> std::io::Result<()> {
        let mut server = lock(&self.poller);
        let observed = self.read.observe();
        if observed.is_served() || observed.is_closed() {
            return Ok(());
        }
        if let Some(before) = server.take() {
            before.forget(fd);
        }
        // First of all, so that the events of the new poller come after it.
        self.both(Readiness::serve);
        let token = u64::from(observed.generation()) << 32 | self.index as u64;
        let watched = poller.watch(fd, token);
        if watched.is_err() {
            self.both(Readiness::abandon);
        }
        *server = watched.is_ok().then_some(poller);
        watched
    }

    /// Tells whoever waits for the descriptor that it is closed, and has no poller watch it.
    pub(crate) fn close(&self, fd: BorrowedFd<'_>) {
        self.both(Readiness::close);
        self.forget(fd);
    }

    fn forget(&self, fd: BorrowedFd<'_>) {
        if let Some(poller) = lock(&self.poller).take() {
            poller.forget(fd);
        }
    }

    fn both(&self, act: impl Fn(&Readiness)) {
        act(&self.read);
        act(&self.write);
    }
}

/// Wakes whom `event` concerns.
pub(crate) fn tell(event: Event) {
    let (generation, index) = ((event.token >> 32) as u32, event.token as u32 as usize);
    let (chunk, offset) = place(index);
    let Some(slots) = TABLE[chunk].get() else { return };
    if event.is_readable {
        slots[offset].read.tell(generation, event.is_unusual);
    }
    if event.is_writable {
        slots[offset].write.tell(generation, event.is_unusual);
    }
}

/// Nobody waits in `poller` any more: whoever waits for a descriptor that it watches is woken to find another.
pub(crate) fn abandon(poller: &'static Poller) {
    let slots = TABLE.iter().map_while(OnceLock::get).flatten();
    for slot in slots {
        let server = lock(&slot.poller);
        if server.is_some_and(|server| std::ptr::eq(server, poller)) {
            slot.both(Readiness::abandon);
        }
    }
}

/// The chunk of slot `index`, and its place there.
fn place(index: usize) -> (usize, usize) {
    let chunk = (index / FIRST_CHUNK + 1).ilog2() as usize;
    (chunk, index - first(chunk))
}

/// The first slot of a chunk.
fn first(chunk: usize) -> usize {
    FIRST_CHUNK * ((1 << chunk) - 1)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
