//! Children that nobody waits for any more: looked after, so that none stays a zombie for long.
//!
//! They are asked, without waiting, whether they have ended, each time a child is made or dropped. So there are never
//! more zombies than children that ended since. A thread or signal handler of our own would be more punctual, and in
//! the way of others.

use std::process::Child;
use std::sync::{Mutex, MutexGuard, PoisonError};

static ORPHANS: Mutex<Vec<Child>> = Mutex::new(Vec::new());

/// Takes in a child that may run on.
pub(super) fn adopt(child: Child) {
    let mut orphans = lock();
    orphans.push(child);
    bury_the_dead(&mut orphans);
}

/// Lets those go that have ended.
pub(super) fn look_after() {
    bury_the_dead(&mut lock());
}

fn bury_the_dead(orphans: &mut Vec<Child>) {
    // An error means that the kernel knows of no such child.
    orphans.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
}

fn lock() -> MutexGuard<'static, Vec<Child>> {
    ORPHANS.lock().unwrap_or_else(PoisonError::into_inner)
}
