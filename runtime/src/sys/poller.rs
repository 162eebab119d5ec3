//! Where an idle worker sleeps: an epoll instance, with a doorbell that any thread may ring, and the descriptors
//! whose events the worker sees to.
//!
//! No model: the count is a hint; the rest is the kernel's.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::event::epoll::{self, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};

/// Events that one look takes from the kernel, at most. The rest is there at the next look.
const MOST_EVENTS: usize = 256;

/// What the doorbell's own events say in place of a token.
const DOORBELL: u64 = u64::MAX;

/// An eventfd whose writes wake the poller it is registered with.
#[derive(Debug)]
pub(crate) struct Doorbell(OwnedFd);

impl Doorbell {
    /// A silent doorbell.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?))
    }

    /// Wakes the worker that sleeps in the poller, or will.
    pub(crate) fn ring(&self) {
        // The counter is never read back: an edge-triggered registration reports every write. So it could
        // only overflow, after 2^64 rings, and then the edge has long been delivered.
        let _ = rustix::io::write(&self.0, &1_u64.to_ne_bytes());
    }
}

/// One epoll instance. One thread waits in it; any thread adds and removes descriptors.
#[derive(Debug)]
pub(crate) struct Poller {
    epoll: OwnedFd,
    watched: AtomicUsize,
}

/// What the kernel says about one descriptor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event {
    /// What the descriptor was registered with.
    pub(crate) token: u64,
    /// Reading may not block any more.
    pub(crate) is_readable: bool,
    /// Writing may not block any more.
    pub(crate) is_writable: bool,
    /// An end, an error or urgent data: there may be more to hear of than the next short read tells.
    pub(crate) is_unusual: bool,
}

/// Room for the events of one look.
pub(crate) struct Events(Vec<epoll::Event>);

impl Poller {
    /// A poller that watches nothing.
    pub(crate) fn new() -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        Ok(Self { epoll, watched: AtomicUsize::new(0) })
    }

    /// Has `doorbell` wake this poller.
    pub(crate) fn hear(&self, doorbell: &Doorbell) -> io::Result<()> {
        let flags = EventFlags::IN | EventFlags::ET;
        Ok(epoll::add(&self.epoll, &doorbell.0, epoll::EventData::new_u64(DOORBELL), flags)?)
    }

    /// Reports changes of `fd`, in both directions, with `token`. What is so already is reported once.
    pub(crate) fn watch(&self, fd: impl AsFd, token: u64) -> io::Result<()> {
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::PRI | EventFlags::ET;
        epoll::add(&self.epoll, fd, epoll::EventData::new_u64(token), flags)?;
        // ORDER: Relaxed; a hint for the owner, who finds the event in its next sleep at the latest.
        self.watched.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Reports no more changes of `fd`.
    pub(crate) fn forget(&self, fd: impl AsFd) {
        // It fails if the descriptor was never watched here, or was watched and then closed: both are as wanted.
        if epoll::delete(&self.epoll, fd).is_ok() {
            // ORDER: Relaxed; as in `watch`.
            self.watched.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Whether there is any descriptor to hear of. A hint.
    #[inline]
    pub(crate) fn is_watching(&self) -> bool {
        // ORDER: Relaxed; as in `watch`.
        self.watched.load(Ordering::Relaxed) != 0
    }

    /// Sleeps until there are events, the doorbell rings or `timeout_ns` nanoseconds have passed; `None` sleeps
    /// for good. Waking early is allowed: the caller looks again at what it waits for.
    pub(crate) fn wait<'a>(
        &self,
        events: &'a mut Events,
        timeout_ns: Option<u64>,
    ) -> impl Iterator<Item = Event> + use<'a> {
        let timeout = timeout_ns.map(|ns| Timespec {
            tv_sec: i64::try_from(ns / 1_000_000_000).unwrap_or(i64::MAX),
            tv_nsec: (ns % 1_000_000_000).try_into().expect("below a thousand million"),
        });
        events.0.clear();
        let room = rustix::buffer::spare_capacity(&mut events.0);
        // EINTR is an early wake; no other error can come from a valid epoll instance.
        let _ = epoll::wait(&self.epoll, room, timeout.as_ref());
        events.0.iter().filter(|event| event.data.u64() != DOORBELL).map(Event::new)
    }
}

impl Event {
    fn new(event: &epoll::Event) -> Self {
        let flags = event.flags;
        let is_over = flags.intersects(EventFlags::HUP | EventFlags::ERR);
        Self {
            token: event.data.u64(),
            is_readable: is_over || flags.intersects(EventFlags::IN | EventFlags::RDHUP | EventFlags::PRI),
            is_writable: is_over || flags.contains(EventFlags::OUT),
            is_unusual: is_over || flags.intersects(EventFlags::RDHUP | EventFlags::PRI),
        }
    }
}

impl Events {
    /// Room for one look.
    pub(crate) fn new() -> Self {
        Self(Vec::with_capacity(MOST_EVENTS))
    }
}

/// Asks the kernel to end this thread's timed sleeps as punctually as it can (the default is 50 µs late).
pub(crate) fn be_punctual() {
    // Refusal costs precision only.
    let _ = rustix::thread::set_current_timer_slack(core::num::NonZeroU64::new(1));
}
