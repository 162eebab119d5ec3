//! Models of `sync/condvar.rs`, with `sync/mutex.rs` and `park.rs`.

use std::sync::Arc;
use std::time::Duration;

use loom::thread::{self, JoinHandle};

use crate::model::model;
use crate::sync::condvar::Condvar;
use crate::sync::mutex::Mutex;

/// A deadline that passes when loom likes.
const SOON: Duration = Duration::ZERO;

/// Kegs that some bring and others wait for.
struct Hold {
    kegs: Mutex<usize>,
    loaded: Condvar,
}

impl Hold {
    fn new() -> Arc<Self> {
        Arc::new(Self { kegs: Mutex::new(0), loaded: Condvar::new() })
    }

    /// Waits for a keg, and takes it.
    fn take(&self) {
        *self.loaded.wait_while(self.kegs.lock(), |kegs| *kegs == 0) -= 1;
    }

    /// Takes a keg if there is one in time, or when the time is over.
    fn take_soon(&self) -> bool {
        let mut kegs = self.kegs.lock();
        if *kegs == 0 {
            kegs = self.loaded.wait_timeout(kegs, SOON).0;
        }
        let left = kegs.checked_sub(1);
        *kegs = left.unwrap_or_default();
        left.is_some()
    }

    fn bring_one(&self) {
        *self.kegs.lock() += 1;
        self.loaded.notify_one();
    }
}

fn beside<R: 'static>(hold: &Arc<Hold>, party: impl FnOnce(&Hold) -> R + 'static) -> JoinHandle<R> {
    let hold = Arc::clone(hold);
    thread::spawn(move || party(&hold))
}

/// A party that finds the condition unmet waits before anybody can change that: no notification passes it by.
#[test]
fn no_notification_passes_a_party_by() {
    model(3, || {
        let hold = Hold::new();
        let porter = beside(&hold, Hold::take);
        hold.bring_one();
        porter.join().unwrap();
        assert_eq!(*hold.kegs.lock(), 0);
    });
}

/// Everybody who waits is notified, whoever comes and goes meanwhile.
#[test]
fn all_are_notified() {
    model(2, || {
        let hold = Hold::new();
        let porters = [(); 2].map(|()| beside(&hold, Hold::take));
        *hold.kegs.lock() += 2;
        hold.loaded.notify_all();
        for porter in porters {
            porter.join().unwrap();
        }
        assert_eq!(*hold.kegs.lock(), 0);
    });
}

/// A party whose time is over leaves the notification to one that still waits.
#[test]
fn who_gives_up_takes_no_notification_along() {
    model(2, || {
        let hold = Hold::new();
        let hasty = beside(&hold, Hold::take_soon);
        let patient = beside(&hold, Hold::take);
        hold.bring_one();
        if hasty.join().unwrap() {
            hold.bring_one();
        }
        patient.join().unwrap();
        assert_eq!(*hold.kegs.lock(), 0);
    });
}
