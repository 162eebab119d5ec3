//! A connection from its beginning to its end, and the mischief that is done to it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use fastrand::Rng;
use moonfleet::{JoinHandle, spawn, time};

use crate::harbour::Harbour;
use crate::leg::{Leg, Over, Role};
use crate::places::{Ended, Places};
use crate::socket::{End, moment};

/// What happens to a connection before it has ended by itself, or after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    Calm,
    /// One end is reset, whoever waits for it.
    Reset,
    /// One end is closed, whoever waits for it.
    Close,
    /// Nobody works at one end any more, and it is dropped.
    Drop,
}

pub(crate) struct Voyage {
    number: usize,
    plan: Plan,
    /// Of the two ends, the one where mischief is done.
    victim: usize,
    is_dropped: AtomicBool,
    /// The first goes from end 0 to end 1, the second back.
    legs: [Leg; 2],
    state: Mutex<&'static str>,
}

/// What has happened, all in all.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    voyages: u64,
    /// Voyages in which somebody was told of a broken connection.
    broken: u64,
    bytes: u64,
    parties: u64,
    cancelled: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.voyages += other.voyages;
        self.broken += other.broken;
        self.bytes += other.bytes;
        self.parties += other.parties;
        self.cancelled += other.cancelled;
    }
}

impl Voyage {
    pub(crate) fn plan(number: usize, random: &mut Rng) -> Self {
        let plan =
            [Plan::Calm, Plan::Calm, Plan::Calm, Plan::Reset, Plan::Close, Plan::Drop][random.usize(..6)];
        Self {
            number,
            plan,
            victim: random.usize(..2),
            is_dropped: AtomicBool::new(false),
            legs: [Leg::new(random), Leg::new(random)],
            state: Mutex::new("is planned"),
        }
    }

    fn is_at(&self, state: &'static str) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// What it is at, if it is not over. For the watch.
    pub(crate) fn complaint(&self) -> Option<String> {
        let state = *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state != "is over").then(|| self.describe(state))
    }

    fn describe(&self, state: &str) -> String {
        let [there, back] = &self.legs;
        format!(
            "voyage {} ({:?} of end {}) {state}\n  0 to 1 {there}\n  1 to 0 {back}",
            self.number, self.plan, self.victim
        )
    }

    /// Goes from the connection to the books. To be called in a task of the steady runtime.
    pub(crate) fn sail(
        self: Arc<Self>,
        harbour: &Harbour,
        places: &Arc<Places>,
        mut random: Rng,
    ) -> Result<Tally, String> {
        self.is_at("connects");
        let ends = harbour.connect(&mut random).and_then(|[near, far]| {
            Ok([Arc::new(End::new(near, &mut random)?), Arc::new(End::new(far, &mut random)?)])
        });
        let ends = ends.map_err(|error| self.describe(&format!("did not connect: {error}")))?;
        let managers = self.man(&ends, places, &mut random);
        self.is_at("is under way");
        self.disturb(ends, &mut random)?;
        let mut tally = Tally { voyages: 1, ..Tally::default() };
        for manager in managers {
            tally.add(&manager.join().map_err(|error| error.to_string())??);
        }
        self.is_at("is over");
        self.check(&mut tally).map_err(|why| self.describe(&why))?;
        Ok(tally)
    }

    /// Has all four jobs done, from now on.
    fn man(
        self: &Arc<Self>,
        ends: &[Arc<End>; 2],
        places: &Arc<Places>,
        random: &mut Rng,
    ) -> Vec<JoinHandle<Result<Tally, String>>> {
        let jobs = [(0, Role::Write, 0), (0, Role::Read, 1), (1, Role::Write, 1), (1, Role::Read, 0)];
        let managers = jobs.map(|(leg, role, end)| {
            let (voyage, socket, places) = (Arc::clone(self), Arc::clone(&ends[end]), Arc::clone(places));
            let mut random = random.fork();
            spawn(move || voyage.manage(leg, role, end, &socket, &places, &mut random))
        });
        managers.into()
    }

    /// Has one job done, by one party after the other.
    fn manage(
        self: Arc<Self>,
        leg: usize,
        role: Role,
        end: usize,
        socket: &Arc<End>,
        places: &Places,
        random: &mut Rng,
    ) -> Result<Tally, String> {
        let mut tally = Tally::default();
        let job = self.legs[leg].job(role);
        while job.over().is_none() {
            // ORDER: Relaxed; seen now or by the next party.
            if end == self.victim && self.is_dropped.load(Ordering::Relaxed) {
                job.end(Over::Dropped);
                break;
            }
            let (voyage, socket, mut choices) = (Arc::clone(&self), Arc::clone(socket), random.fork());
            let party = places.start(random, move |place| {
                voyage.legs[leg].job(role).is_taken_by(place);
                voyage.legs[leg].work(role, &socket, &mut choices);
            });
            tally.parties += 1;
            tally.cancelled += u64::from(party.end(random)? == Ended::Cancelled);
        }
        Ok(tally)
    }

    /// Does the mischief that is planned, after a while; and keeps no end from being dropped.
    fn disturb(&self, ends: [Arc<End>; 2], random: &mut Rng) -> Result<(), String> {
        let [mut victim, other] = ends;
        if self.victim == 1 {
            victim = other;
        } else {
            drop(other);
        }
        if self.plan == Plan::Calm {
            return Ok(());
        }
        time::sleep(moment(random));
        let with_reset = self.plan == Plan::Reset;
        match self.plan {
            // ORDER: Relaxed; as in `manage`.
            Plan::Drop => self.is_dropped.store(true, Ordering::Relaxed),
            _ if random.bool() => {
                moonfleet::blocking(|| victim.close(with_reset)).map_err(|error| error.to_string())?
            }
            _ => victim.close(with_reset).map_err(|error| error.to_string())?,
        }
        Ok(())
    }

    fn check(&self, tally: &mut Tally) -> Result<(), String> {
        let [there, back] = &self.legs;
        tally.bytes = there.reader.moved() + back.reader.moved();
        tally.broken = u64::from([there, back].iter().any(|leg| leg.is_broken()));
        let is_calm = self.plan == Plan::Calm;
        there.check(is_calm, back.writer_failed())?;
        back.check(is_calm, there.writer_failed())
    }
}
