//! What Moonfleet has to reach in a form of the work, and how far a figure is from it.

/// One aim for one figure.
#[derive(Debug)]
pub(super) struct Target {
    /// The figure's name.
    pub(super) figure: &'static str,
    /// What the report calls it.
    pub(super) title: &'static str,
    /// The number of workers it is for, or `None` for any.
    pub(super) workers: Option<usize>,
    pub(super) aim: Aim,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Aim {
    /// At least so many times the figure of this peer in the same report.
    Reach(f64, &'static str),
    /// At most so many times the figure of this peer in the same report.
    StayWithin(f64, &'static str),
    /// At most this, in this unit.
    Limit(f64, &'static str),
}

impl Target {
    pub(super) const fn new(figure: &'static str, title: &'static str, aim: Aim) -> Target {
        Target { figure, title, workers: None, aim }
    }

    /// Compares `figure`; `of_peer` knows the same figure of the others. `None` when there is nothing to compare with.
    pub(super) fn judge(&self, figure: f64, of_peer: impl Fn(&str) -> Option<f64>) -> Option<String> {
        let share = |times: f64, peer| Some(figure / of_peer(peer).filter(|&of_peer| of_peer > 0.0)? / times);
        let (is_reached, said) = match self.aim {
            Aim::Reach(times, peer) => {
                let share = share(times, peer)?;
                (share >= 1.0, format!("{share:.2} of {times} x {peer}"))
            }
            Aim::StayWithin(times, peer) => {
                let share = share(times, peer)?;
                (share <= 1.0, format!("{share:.2} of {times} x {peer}"))
            }
            Aim::Limit(limit, unit) => (figure <= limit, format!("{figure:.1}, at most {limit} {unit}")),
        };
        let word = if is_reached { "reached" } else { "MISSED" };
        Some(format!("{} {word}: {}", self.title, said.trim_end()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(aim: Aim, figure: f64) -> Option<String> {
        Target::new("p99_us", "p99", aim).judge(figure, |peer| (peer == "tokio").then_some(100.0))
    }

    #[test]
    fn more_or_less_is_better_as_the_aim_says() {
        assert_eq!(judged(Aim::Reach(1.1, "tokio"), 121.0).unwrap(), "p99 reached: 1.10 of 1.1 x tokio");
        assert_eq!(judged(Aim::StayWithin(1.0, "tokio"), 121.0).unwrap(), "p99 MISSED: 1.21 of 1 x tokio");
        assert_eq!(judged(Aim::Limit(0.0, ""), 0.0).unwrap(), "p99 reached: 0.0, at most 0");
        assert_eq!(judged(Aim::Limit(60.0, "%"), 61.0).unwrap(), "p99 MISSED: 61.0, at most 60 %");
    }

    #[test]
    fn a_peer_that_is_not_there_judges_nothing() {
        assert_eq!(judged(Aim::Reach(1.1, "go"), 121.0), None);
    }
}
