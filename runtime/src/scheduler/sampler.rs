//! The sampler: finds turns that last too long by looking at each worker's running word now and then.
//!
//! A look marks a turn that it sees for the first time, and notes when. A later look that finds the mark knows
//! that the turn has lasted since. Looks come twice per threshold, and when a marked turn passes one: so a turn
//! is found before it has lasted one and a half thresholds, if the kernel lets the watching thread run.

use crate::context::running::{Running, Sight};

/// Looks per lowest threshold, at least.
const LOOKS: u64 = 2;

/// A turn that has passed a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overrun {
    /// The worker it keeps.
    pub(crate) worker: usize,
    /// The id of the task whose turn it is.
    pub(crate) task: u64,
    /// How long the turn has lasted, at least.
    pub(crate) running_ns: u64,
    /// Which of the thresholds it has passed.
    pub(crate) threshold: usize,
}

/// What the last looks have seen.
#[derive(Debug)]
pub(crate) struct Sampler {
    /// Ascending.
    thresholds_ns: Vec<u64>,
    /// By worker.
    turns: Vec<Turn>,
}

/// The marked turn of a worker.
#[derive(Debug, Clone, Copy)]
struct Turn {
    since_ns: u64,
    /// How many thresholds it has passed.
    passed: usize,
}

impl Sampler {
    /// A sampler of `workers` workers, for turns that last longer than `thresholds_ns`, which ascend.
    pub(crate) fn new(workers: usize, thresholds_ns: Vec<u64>) -> Self {
        debug_assert!(thresholds_ns.is_sorted());
        Self { thresholds_ns, turns: vec![Turn { since_ns: 0, passed: 0 }; workers] }
    }

    /// Looks at every worker's word, reports what has passed a threshold since the last look, and says in how
    /// many nanoseconds to look again.
    pub(crate) fn look<'a>(
        &mut self,
        words: impl Iterator<Item = &'a Running>,
        now_ns: impl Fn() -> u64,
        report: &mut impl FnMut(Overrun),
    ) -> u64 {
        let lowest_ns = self.thresholds_ns.first().copied().unwrap_or(u64::MAX);
        let mut pause_ns = lowest_ns / LOOKS;
        for (worker, (turn, word)) in self.turns.iter_mut().zip(words).enumerate() {
            // Read before a look that finds the turn going on, and after one that marks it: never too much.
            let looked_at_ns = now_ns();
            match word.look() {
                Sight::Nothing => {}
                Sight::Marked(_) => *turn = Turn { since_ns: now_ns(), passed: 0 },
                Sight::GoesOn(task) => {
                    let running_ns = looked_at_ns - turn.since_ns;
                    while let Some(&threshold_ns) = self.thresholds_ns.get(turn.passed) {
                        if running_ns < threshold_ns {
                            pause_ns = pause_ns.min(threshold_ns - running_ns);
                            break;
                        }
                        report(Overrun { worker, task, running_ns, threshold: turn.passed });
                        turn.passed += 1;
                    }
                }
            }
        }
        pause_ns
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// A few workers under a clock of the test's own.
    struct Scene {
        words: Vec<Running>,
        clock_ns: Cell<u64>,
        sampler: Sampler,
    }

    impl Scene {
        fn new<const N: usize>(workers: usize, thresholds_ns: [u64; N]) -> Self {
            let words = (0..workers).map(|_| Running::new()).collect();
            Self { words, clock_ns: Cell::new(1_000), sampler: Sampler::new(workers, thresholds_ns.into()) }
        }

        /// Looks `after_ns` later: the pause, and what was reported.
        fn look(&mut self, after_ns: u64) -> (u64, Vec<Overrun>) {
            self.clock_ns.set(self.clock_ns.get() + after_ns);
            let mut reported = Vec::new();
            let pause_ns =
                self.sampler.look(self.words.iter(), || self.clock_ns.get(), &mut |o| reported.push(o));
            (pause_ns, reported)
        }
    }

    #[test]
    fn a_turn_is_reported_once_when_it_has_passed_the_threshold() {
        let mut scene = Scene::new(1, [100]);
        assert_eq!(scene.look(0), (50, vec![]));
        scene.words[0].set(7);
        assert_eq!(scene.look(50), (50, vec![]), "it is marked now");
        assert_eq!(scene.look(60), (40, vec![]), "the next look comes when it passes the threshold");
        let overrun = Overrun { worker: 0, task: 7, running_ns: 100, threshold: 0 };
        assert_eq!(scene.look(40), (50, vec![overrun]));
        assert_eq!(scene.look(1_000), (50, vec![]));
        assert_eq!(scene.words[0].get(), Some(7), "the mark is no part of the id");
    }

    #[test]
    fn each_turn_counts_for_itself() {
        let mut scene = Scene::new(1, [100]);
        for _ in 0..3 {
            scene.words[0].set(7);
            assert_eq!(scene.look(0).1, []);
            assert_eq!(scene.look(100).1.len(), 1);
            scene.words[0].set(0);
            assert_eq!(scene.look(100).1, []);
        }
        // Short turns of one task, with and without a look in between.
        for _ in 0..10 {
            scene.words[0].set(7);
            assert_eq!(scene.look(90).1, []);
            scene.words[0].set(0);
            scene.words[0].set(7);
            assert_eq!(scene.look(90).1, []);
        }
    }

    #[test]
    fn workers_are_told_apart() {
        let mut scene = Scene::new(3, [100]);
        scene.words[2].set(5);
        scene.look(0);
        scene.words[0].set(4);
        scene.look(50);
        let workers =
            |reported: Vec<Overrun>| reported.iter().map(|o| (o.worker, o.task)).collect::<Vec<_>>();
        assert_eq!(workers(scene.look(50).1), [(2, 5)]);
        assert_eq!(workers(scene.look(50).1), [(0, 4)]);
    }

    #[test]
    fn every_threshold_is_reported_in_its_time() {
        let mut scene = Scene::new(1, [100, 100, 300]);
        scene.words[0].set(7);
        scene.look(0);
        let ranks = |reported: Vec<Overrun>| reported.iter().map(|o| o.threshold).collect::<Vec<_>>();
        assert_eq!(ranks(scene.look(120).1), [0, 1]);
        assert_eq!(scene.look(170), (10, vec![]));
        assert_eq!(ranks(scene.look(10).1), [2]);
    }

    #[test]
    fn the_longest_threshold_of_all_is_never_reached() {
        let mut scene = Scene::new(1, [u64::MAX]);
        scene.words[0].set(7);
        assert_eq!(scene.look(0), (u64::MAX / 2, vec![]));
        assert_eq!(scene.look(u64::MAX / 2).1, []);
    }
}
