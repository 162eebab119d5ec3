//! The small works: each measures one operation of a runtime, over and over.
//!
//! A file holds one work, done by each peer in its own idiom, one function each. The functions hold nothing
//! but the work: `stage` builds the runtime, runs the work as a task of it, and takes the time. A run that goes
//! wrong panics; the report quotes it.

mod forkjoin;
mod mpmc;
mod mutex;
mod overshoot;
mod pingpong;
mod skynet;
mod sleepers;
mod spawning;
mod spsc;
mod stage;
mod yielding;

use moonfleet::JoinHandle;

use crate::cli::Options;

/// What one run is to do.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    workers: usize,
    /// How many operations; a work says what that is.
    ops: u64,
    /// Which form of the work; a work says which it has.
    variant: String,
}

impl Plan {
    fn is(&self, variant: &str) -> bool {
        self.variant == variant
    }
}

/// One peer's way to do a work.
pub(crate) type Program = fn(&Plan) -> Result<(), String>;

/// All the ways to do one work, by the peer's name.
pub(crate) type Programs = &'static [(&'static str, Program)];

/// Every small work, by its name.
const ALL: &[(&str, Programs)] = &[
    ("yield", yielding::PROGRAMS),
    ("pingpong", pingpong::PROGRAMS),
    ("spawn", spawning::PROGRAMS),
    ("skynet", skynet::PROGRAMS),
    ("sleepers", sleepers::PROGRAMS),
    ("spsc", spsc::PROGRAMS),
    ("mpmc", mpmc::PROGRAMS),
    ("mutex", mutex::PROGRAMS),
    ("overshoot", overshoot::PROGRAMS),
    ("forkjoin", forkjoin::PROGRAMS),
];

/// Runs the program of `peer` for `work`, or answers `None` when this is no small work of it.
pub(crate) fn run(peer: &str, work: &str, options: &Options) -> Option<Result<(), String>> {
    let (_, programs) = ALL.iter().find(|(name, _)| *name == work)?;
    let (_, program) = programs.iter().find(|(name, _)| *name == peer)?;
    let plan = Plan {
        workers: super::workers(options),
        ops: options.ops.unwrap_or(1),
        variant: options.variants.iter().flatten().next().cloned().unwrap_or_default(),
    };
    Some(program(&plan))
}

/// What the numbers below `n` add up to.
fn sum_below(n: u64) -> u64 {
    n * n.saturating_sub(1) / 2
}

/// Spawns one of several partners: where the runtime likes, or, `across`, each on the next worker.
fn spawn_partner<T: Send + 'static>(
    plan: &Plan,
    partner: usize,
    body: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    match plan.is("across") {
        true => moonfleet::spawn_on(partner % plan.workers, body),
        false => moonfleet::spawn(body),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::works::micro;

    /// Works and programs are two tables: no row of one may lack its row in the other.
    #[test]
    #[cfg(feature = "peers")]
    fn every_peer_of_a_work_has_a_program() {
        for small in micro::ALL {
            let (_, programs) = ALL.iter().find(|(name, _)| *name == small.work.name).unwrap();
            let mut named: Vec<&str> =
                small.work.peers.iter().copied().filter(|peer| *peer != "go").collect();
            let mut written: Vec<&str> = programs.iter().map(|(peer, _)| *peer).collect();
            named.sort_unstable();
            written.sort_unstable();
            assert_eq!(named, written, "{}", small.work.name);
        }
        assert_eq!(ALL.len(), micro::ALL.len());
    }

    /// All but may's, whose scheduler is one for the whole process and never ends.
    #[test]
    fn every_program_ends_and_adds_up() {
        for small in micro::ALL {
            let (_, programs) = ALL.iter().find(|(name, _)| *name == small.work.name).unwrap();
            for variant in small.variants {
                let doing = programs.iter().filter(|(peer, _)| *peer != "may" && variant.is_run_by(peer));
                for (peer, program) in doing {
                    // A power of ten for most, as `skynet` wants it, and less where an operation is long.
                    let ops = (variant.ops / 20).clamp(1, 100);
                    let plan = Plan { workers: 2, ops, variant: variant.name.to_owned() };
                    assert_eq!(program(&plan), Ok(()), "{peer} {} {}", small.work.name, variant.name);
                }
            }
        }
    }
}
