//! Where an idle worker sleeps: an epoll instance, with a doorbell that any thread may ring.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use rustix::event::{EventfdFlags, Timespec, epoll, eventfd};

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

/// One worker's epoll instance.
#[derive(Debug)]
pub(crate) struct Poller {
    epoll: OwnedFd,
}

impl Poller {
    /// A poller that `doorbell` can wake.
    pub(crate) fn new(doorbell: &Doorbell) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let flags = epoll::EventFlags::IN | epoll::EventFlags::ET;
        epoll::add(&epoll, &doorbell.0, epoll::EventData::new_u64(0), flags)?;
        Ok(Self { epoll })
    }

    /// Sleeps until the doorbell rings or `timeout_ns` nanoseconds have passed; `None` sleeps for good.
    /// Waking early is allowed: the caller looks again at what it waits for.
    pub(crate) fn sleep(&self, timeout_ns: Option<u64>) {
        let timeout = timeout_ns.map(|ns| Timespec {
            tv_sec: i64::try_from(ns / 1_000_000_000).unwrap_or(i64::MAX),
            tv_nsec: (ns % 1_000_000_000).try_into().expect("below a thousand million"),
        });
        let mut events = [const { MaybeUninit::uninit() }; 4];
        // EINTR is an early wake; no other error can come from a valid epoll instance.
        let _ = epoll::wait(&self.epoll, &mut events, timeout.as_ref());
    }
}

/// Asks the kernel to end this thread's timed sleeps as punctually as it can (the default is 50 µs late).
pub(crate) fn be_punctual() {
    // Refusal costs precision only.
    let _ = rustix::thread::set_current_timer_slack(core::num::NonZeroU64::new(1));
}
