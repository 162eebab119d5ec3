//! Spin loops that sleep: whoever spins on an atomic for long waits until somebody writes that atomic.
//!
//! A spinning thread does nothing that others could see. So an execution in which it spins is one in which
//! it comes later, and loom need not try every number of rounds: with three threads at one lock it would
//! find millions. Left to itself it would also let two spinners give way to each other for ever.
//!
//! A loop reads an atomic, and calls `relax` if it does not like the value. The first `relax` gives way to
//! the others, and makes the next read one of the newest value. If the loop does not like that either, the
//! second one sleeps. Being woken from that sleep orders the thread after the writer, in loom's eyes: it
//! would hide a loop that reads without Acquire. That is why the first one does not sleep.

use std::cell::RefCell;
use std::collections::HashMap;

use loom::thread::{self, Thread, ThreadId};

/// Where a loom thread stands in a spin loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It has called `relax`.
    Relaxed,
    /// It has looked at the newest value of the atomic at this address since.
    Looked(usize),
}

#[derive(Debug, Default)]
struct Spinners {
    stages: HashMap<ThreadId, Stage>,
    /// Who sleeps, and for a write to which address.
    asleep: Vec<(usize, Thread)>,
}

thread_local! {
    /// All loom threads of a model run on one OS thread, in turns.
    static SPINNERS: RefCell<Spinners> = RefCell::default();
}

fn with<R>(access: impl FnOnce(&mut Spinners) -> R) -> R {
    SPINNERS.with(|spinners| access(&mut spinners.borrow_mut()))
}

/// Forgets the execution before.
pub(crate) fn forget_all() {
    with(|spinners| *spinners = Spinners::default());
}

/// Waits a little inside a spin loop; see the head of this file.
pub(crate) fn relax(_round: &mut u32) {
    let this = thread::current();
    let must_sleep = with(|spinners| match spinners.stages.insert(this.id(), Stage::Relaxed) {
        Some(Stage::Looked(address)) => {
            spinners.asleep.push((address, this));
            true
        }
        _ => false,
    });
    if must_sleep {
        thread::park();
    } else {
        thread::yield_now();
    }
}

/// Whether a read of `atomic` that begins now is one of a spin loop that looks again.
pub(super) fn is_second_look<A>(atomic: &A) -> bool {
    with(|spinners| {
        if spinners.stages.is_empty() {
            return false;
        }
        let this = thread::current().id();
        let looks = spinners.stages.remove(&this) == Some(Stage::Relaxed);
        if looks {
            spinners.stages.insert(this, Stage::Looked(std::ptr::from_ref(atomic).addr()));
        }
        looks
    })
}

/// This thread has written `atomic`: sleepers look again, and its own spin loop, if any, is over.
pub(super) fn written<A>(atomic: &A) {
    let address = std::ptr::from_ref(atomic).addr();
    let woken: Vec<_> = with(|spinners| {
        if !spinners.stages.is_empty() {
            spinners.stages.remove(&thread::current().id());
        }
        spinners.asleep.extract_if(.., |(place, _)| *place == address).collect()
    });
    for (_, thread) in woken {
        thread.unpark();
    }
}
