//! A home: the part of a worker that other threads may touch. Every started task has one for life.
//!
//! - [`inbox`]: the queue of wakes from elsewhere, whose word also says whether the worker sleeps.
//!
//! Models: summons, cancel.

pub(crate) mod inbox;

use core::ptr::NonNull;
use std::io;
use std::sync::{Mutex, PoisonError};

use crossbeam_utils::CachePadded;

use self::inbox::{Bell, Inbox, Link};
use crate::primitive::atomic::{AtomicBool, Ordering};
use crate::sys::poller::{Doorbell, Poller};

/// The shared face of one worker.
///
/// Homes are never freed, only used again by later workers: a wake or an order may be in progress when the
/// runtime of the task that it is for has ended. It then reaches a later owner, to whom it means nothing.
#[derive(Debug)]
pub(crate) struct Home {
    /// Alone on its cache line: remote wakers write it while the owner works on everything else.
    inbox: CachePadded<Inbox>,
    /// Tasks of this home whose limits are to be looked at.
    orders: Inbox,
    doorbell: Doorbell,
    /// Where the worker sleeps; the doorbell wakes it there.
    poller: Poller,
    stopping: AtomicBool,
    vacant: AtomicBool,
}

/// Homes without a worker.
static VACANT: Mutex<Vec<&'static Home>> = Mutex::new(Vec::new());

impl Home {
    /// A home that no worker has.
    pub(crate) fn occupy() -> io::Result<&'static Self> {
        let vacant = VACANT.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(home) = vacant {
            // ORDER: Relaxed; see `is_vacant`.
            home.vacant.store(false, Ordering::Relaxed);
            return Ok(home);
        }
        let (doorbell, poller) = (Doorbell::new()?, Poller::new()?);
        poller.hear(&doorbell)?;
        let (inbox, orders) = (CachePadded::new(Inbox::new()), Inbox::new());
        let (stopping, vacant) = (AtomicBool::new(false), AtomicBool::new(false));
        Ok(Box::leak(Box::new(Self { inbox, orders, doorbell, poller, stopping, vacant })))
    }

    /// The worker has ended: another may have the home.
    pub(crate) fn vacate(&'static self) {
        // ORDER: Relaxed both; the lock below publishes them to the next owner, and see `is_vacant`.
        self.stopping.store(false, Ordering::Relaxed);
        self.vacant.store(true, Ordering::Relaxed);
        VACANT.lock().unwrap_or_else(PoisonError::into_inner).push(self);
    }

    /// Whether no worker lives here: then every task of this home has ended. A hint that may come late; but
    /// never `true` for the home of a task that has not ended.
    pub(crate) fn is_vacant(&self) -> bool {
        // ORDER: Relaxed; who asks has found the home in a task's claim, which was published after the home was
        // occupied. So it sees `true` only from a later time, when that task had ended.
        self.vacant.load(Ordering::Relaxed)
    }

    /// The inbox, for its owner.
    pub(crate) fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// Where the owner sleeps, and hears of descriptors. Only the owner waits in it.
    pub(crate) fn poller(&self) -> &Poller {
        &self.poller
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

    /// Puts `link` among the orders and makes the worker look around.
    ///
    /// # Safety
    /// As for [`Inbox::push`].
    #[allow(unsafe_code, reason = "passes on the contract of Inbox::push")]
    pub(crate) unsafe fn order(&self, link: NonNull<Link>) {
        // Nobody sleeps on the orders: the notice wakes the worker.
        // SAFETY: promised by the caller.
        let _ = unsafe { self.orders.push(link) };
        self.notify();
    }

    /// The orders, for the owner.
    pub(crate) fn orders(&self) -> &Inbox {
        &self.orders
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
