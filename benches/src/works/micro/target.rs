//! What Moonfleet has to reach in a small work, and how far a figure is from it.

use std::fmt;

/// A figure that Moonfleet must not exceed, in some variant, with some number of workers.
#[derive(Debug)]
pub(super) struct Target {
    /// The variant, or `None` for each of them.
    pub(super) variant: Option<&'static str>,
    /// The number of workers, or `None` for any.
    pub(super) workers: Option<usize>,
    /// It is enough to reach one of these.
    pub(super) any_of: &'static [Bound],
}

/// One limit.
#[derive(Debug, Clone, Copy)]
pub(super) enum Bound {
    /// In the unit of the work.
    AtMost(f64),
    /// So many times the figure of this peer in the same report.
    TimesPeer(f64, &'static str),
}

impl Target {
    /// Whether it speaks of this row.
    pub(super) fn applies(&self, variant: &str, workers: usize) -> bool {
        self.variant.is_none_or(|name| name == variant) && self.workers.is_none_or(|count| count == workers)
    }

    /// Compares `figure`; `of_peer` knows the figures of the others. `None` when none of them was measured.
    pub(super) fn judge(
        &self,
        figure: f64,
        unit: &'static str,
        of_peer: impl Fn(&str) -> Option<f64>,
    ) -> Option<Verdict> {
        let share = |&bound: &Bound| {
            let limit = match bound {
                Bound::AtMost(limit) => limit,
                Bound::TimesPeer(times, peer) => times * of_peer(peer)?,
            };
            (limit > 0.0).then(|| Verdict { share: figure / limit, bound, unit })
        };
        self.any_of.iter().filter_map(share).min_by(|one, other| one.share.total_cmp(&other.share))
    }
}

/// How a figure compares with the limit nearest to it.
#[derive(Debug)]
pub(super) struct Verdict {
    /// The figure as a share of the limit: up to 1 is well.
    pub(super) share: f64,
    bound: Bound,
    unit: &'static str,
}

impl Verdict {
    pub(super) fn is_reached(&self) -> bool {
        self.share <= 1.0
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.is_reached() { "reached" } else { "MISSED" };
        match self.bound {
            Bound::AtMost(limit) => write!(f, "{word}: {:.2} of {limit} {}", self.share, self.unit),
            Bound::TimesPeer(times, peer) => write!(f, "{word}: {:.2} of {times} x {peer}", self.share),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EITHER: Target = Target {
        variant: Some("all"),
        workers: Some(2),
        any_of: &[Bound::AtMost(400.0), Bound::TimesPeer(0.5, "go")],
    };

    fn go(figure: f64) -> impl Fn(&str) -> Option<f64> {
        move |peer| (peer == "go").then_some(figure)
    }

    #[test]
    fn a_target_speaks_of_its_rows_only() {
        assert!(EITHER.applies("all", 2));
        assert!(!EITHER.applies("one", 2) && !EITHER.applies("all", 1));
    }

    #[test]
    fn the_easier_limit_decides() {
        assert_eq!(EITHER.judge(500.0, "ms", go(2000.0)).unwrap().to_string(), "reached: 0.50 of 0.5 x go");
        assert_eq!(EITHER.judge(500.0, "ms", go(100.0)).unwrap().to_string(), "MISSED: 1.25 of 400 ms");
        assert!(EITHER.judge(400.0, "ms", |_| None).unwrap().is_reached(), "a limit may be touched");
    }

    #[test]
    fn a_peer_that_is_not_there_judges_nothing() {
        let beside_go = Target { variant: None, workers: None, any_of: &[Bound::TimesPeer(1.0, "go")] };
        assert!(beside_go.judge(1.0, "ns", |_| None).is_none());
        assert!(beside_go.judge(1.0, "ns", go(0.0)).is_none(), "no share of nothing");
    }
}
