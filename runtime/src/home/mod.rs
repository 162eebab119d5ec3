//! A home: the part of a worker that other threads may touch. Every started task has one for life.
//!
//! - [`inbox`]: the queue of wakes from elsewhere, whose word also says whether the worker sleeps.

pub(crate) mod inbox;

use core::ptr::NonNull;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_utils::CachePadded;

use self::inbox::{Bell, Inbox, Link};
use crate::sys::poller::Doorbell;

/// The shared face of one worker.
#[derive(Debug)]
pub(crate) struct Home {
    /// Alone on its cache line: remote wakers write it while the owner works on everything else.
    inbox: CachePadded<Inbox>,
    doorbell: Doorbell,
    index: usize,
    stopping: AtomicBool,
}

impl Home {
    /// The home of worker `index`.
    pub(crate) fn new(index: usize) -> io::Result<Self> {
        let doorbell = Doorbell::new()?;
        Ok(Self { inbox: CachePadded::new(Inbox::new()), doorbell, index, stopping: AtomicBool::new(false) })
    }

    /// The worker's number.
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    /// The inbox, for its owner.
    pub(crate) fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// The doorbell, for the owner's poller.
    pub(crate) fn doorbell(&self) -> &Doorbell {
        &self.doorbell
    }

    /// Puts `link` into the inbox and wakes the worker if it sleeps.
    ///
    /// # Safety
    /// As for [`Inbox::push`].
    #[allow(unsafe_code, reason = "passes on the contract of Inbox::push")]
    pub(crate) unsafe fn deliver(&self, link: NonNull<Link>) {
        // SAFETY: promised by the caller.
        self.answer(unsafe { self.inbox.push(link) });
    }

    /// Makes the worker look around: wakes it if it sleeps, or stops it from falling asleep.
    pub(crate) fn notify(&self) {
        self.answer(self.inbox.notify());
    }

    /// Tells the worker to end its tasks and then itself.
    pub(crate) fn stop(&self) {
        // ORDER: Release; pairs with the Acquire in `is_stopping`. The notify below makes the owner look.
        self.stopping.store(true, Ordering::Release);
        self.notify();
    }

    /// Whether the worker was told to stop.
    pub(crate) fn is_stopping(&self) -> bool {
        // ORDER: Acquire; pairs with the Release in `stop`.
        self.stopping.load(Ordering::Acquire)
    }

    #[inline]
    fn answer(&self, bell: Bell) {
        if bell == Bell::Ring {
            self.doorbell.ring();
        }
    }
}
