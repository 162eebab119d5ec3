//! Models of `task/summons.rs`, with the orders of `home/mod.rs`, as `task/header.rs` joins the two.

use std::sync::Arc;

use loom::thread;

use crate::context::Lease;
use crate::model::{model, write};
use crate::primitive::UnsafeCell;
use crate::primitive::atomic::{AtomicUsize, Ordering};
use crate::task::summons::Summons;

/// A task of a home, and the reasons for which its home is to look at it, one bit each.
struct House {
    home: Lease,
    summons: Summons,
    reasons: AtomicUsize,
}

impl House {
    fn new() -> Arc<Self> {
        Arc::new(Self { home: Lease::new(), summons: Summons::new(), reasons: AtomicUsize::new(0) })
    }

    /// As `TaskRef::summon`; true if the link had to be pushed.
    fn summon(&self, reason: usize) -> bool {
        // ORDER: Relaxed; the summons publishes it, which is what these models are about.
        self.reasons.fetch_or(reason, Ordering::Relaxed);
        let link = self.summons.call();
        if let Some(link) = link {
            // SAFETY: summons-link; the house is kept by an `Arc` of the home's thread.
            unsafe { self.home.0.order(link) };
        }
        link.is_some()
    }

    /// As a worker's rounds: drains the inbox, then obeys its orders, then sleeps; until it knows all
    /// `reasons`. How many orders it got.
    fn live(&self, reasons: usize) -> usize {
        let mut orders = 0;
        let mut seen = 0;
        loop {
            assert_eq!(self.home.0.inbox().drain().count(), 0, "there are only notices");
            if self.home.0.orders().has_news() {
                for link in self.home.0.orders().drain() {
                    // SAFETY: there is one summons, whose link is pushed.
                    let summons = unsafe { Summons::of_link(link) };
                    assert_eq!(summons.as_ptr().cast_const(), &raw const self.summons);
                    self.summons.answer();
                    // ORDER: Relaxed; see `summon`.
                    seen |= self.reasons.load(Ordering::Relaxed);
                    orders += 1;
                }
            }
            if seen == reasons {
                return orders;
            }
            if self.home.0.inbox().doze() {
                self.home.0.poller().wait();
            }
        }
    }
}

/// A home that sleeps looks at every reason for which it was summoned, by one order or by several.
#[test]
fn no_summons_is_lost() {
    model(3, || {
        let house = House::new();
        let summoners = [1, 2].map(|reason| {
            let house = Arc::clone(&house);
            thread::spawn(move || usize::from(house.summon(reason)))
        });
        let obeyed = house.live(3);
        let pushed: usize = summoners.map(|summoner| summoner.join().unwrap()).iter().sum();
        // The last order may have come too late to tell anything new.
        let rest = house.home.0.orders().drain().count();
        assert_eq!(pushed, obeyed + rest, "the link is in one place at a time");
    });
}

/// A home that is told to stop, asleep or not, looks, and sees what was done before.
#[test]
fn a_home_sees_why_it_is_to_stop() {
    model(4, || {
        let house = House::new();
        let why = Arc::new(UnsafeCell::new(0));
        let stopper = {
            let (house, why) = (Arc::clone(&house), Arc::clone(&why));
            thread::spawn(move || {
                write(&why, 1);
                house.home.0.stop();
            })
        };
        let home = house.home.0;
        while !home.is_stopping() {
            if home.inbox().doze() {
                home.poller().wait();
            }
            assert_eq!(home.inbox().drain().count(), 0, "there are only notices");
        }
        assert_eq!(write(&why, 0), 1);
        stopper.join().unwrap();
    });
}
