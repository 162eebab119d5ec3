//! Lanes: one peer doing one job over and over, in turns with all the others.
//!
//! The turns matter. A machine drifts (heat, neighbours, other programs), and a peer measured five
//! times in a row would be compared with peers measured in other weather.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::child::{self, Outcome};
use crate::cli::Options;
use crate::peers::{self, Job, Launch, Peer};
use crate::works::Work;

/// One row of a report in the making.
pub(crate) struct Lane {
    pub(crate) peer: &'static Peer,
    pub(crate) job: Job,
    launch: Result<Launch, String>,
    pub(crate) outcomes: Vec<Outcome>,
    failures: Vec<String>,
    /// A run was killed at the limit. It would cost as much in each round, so there is no other.
    is_hung: bool,
}

impl Lane {
    /// What the report says beside the figures: why they are missing, or how many runs went wrong.
    pub(crate) fn note(&self) -> String {
        match (&self.launch, self.failures.first()) {
            (Err(reason), _) => reason.clone(),
            (Ok(_), Some(failure)) => {
                let runs = self.failures.len() + self.outcomes.len();
                format!("{} of {runs} runs failed: {failure}", self.failures.len())
            }
            (Ok(_), None) => String::new(),
        }
    }

    /// The worker count to show.
    pub(crate) fn workers(&self) -> usize {
        if self.peer.is_single_threaded { 1 } else { self.job.workers }
    }

    /// Says why no run can be done, in place of what the peer said.
    pub(crate) fn refuse(&mut self, reason: String) {
        self.launch = Err(reason);
    }

    fn run_once(&mut self, limit: Duration, run: &impl Fn(&Job, &mut Command) -> Result<Outcome, String>) {
        let Some(mut command) = self.launch.as_ref().ok().and_then(|launch| launch(&self.job)) else {
            return;
        };
        if self.is_hung {
            return;
        }
        let begin = Instant::now();
        match run(&self.job, &mut command) {
            Ok(outcome) => self.outcomes.push(outcome),
            Err(failure) => self.failures.push(failure),
        }
        self.is_hung = begin.elapsed() >= limit;
    }
}

/// A lane for each job of each peer that `options` want, grouped by job.
pub(crate) fn prepare(work: &'static Work, options: &Options, jobs: &[Job]) -> Vec<Lane> {
    let peers = peers::ALL.iter().filter(|peer| work.peers.contains(&peer.name) && options.wants(peer.name));
    let found: Vec<(&Peer, Result<Launch, String>)> =
        peers.map(|peer| (peer, (peer.find)(peer.name, work.name))).collect();
    let fewest_workers = jobs.iter().map(|job| job.workers).min();

    let mut lanes = Vec::new();
    for job in jobs {
        for (peer, launch) in &found {
            let is_repeat = peer.is_single_threaded && Some(job.workers) != fewest_workers;
            let has_variant = launch.as_ref().map_or(true, |launch| launch(job).is_some());
            if has_variant && !is_repeat {
                let launch = launch.clone();
                lanes.push(Lane {
                    peer,
                    job: job.clone(),
                    launch,
                    outcomes: Vec::new(),
                    failures: Vec::new(),
                    is_hung: false,
                });
            }
        }
    }
    lanes
}

/// Runs every lane `runs` times, round robin.
pub(crate) fn run(lanes: &mut [Lane], runs: usize, limit: Duration) {
    run_with(lanes, runs, limit, |_, command| child::run(command, limit));
}

/// The same for works whose run is more than a child: `run` is to end, with an error, when `limit` is over.
pub(crate) fn run_with(
    lanes: &mut [Lane],
    runs: usize,
    limit: Duration,
    run: impl Fn(&Job, &mut Command) -> Result<Outcome, String>,
) {
    for round in 1..=runs {
        eprintln!("round {round} of {runs}");
        for lane in &mut *lanes {
            lane.run_once(limit, &run);
        }
    }
}
