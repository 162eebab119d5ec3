//! The three numbers reported of every measured quantity: median, least and greatest.

use std::time::Duration;

use serde_json::{Value, json};

/// Median, minimum and maximum of one quantity over the runs, in the order they were taken.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Summary {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    runs: Vec<f64>,
}

impl Summary {
    /// Sums up `runs`, or answers `None` when nothing was measured.
    pub(crate) fn of(runs: impl IntoIterator<Item = f64>) -> Option<Summary> {
        let runs: Vec<f64> = runs.into_iter().collect();
        let mut sorted = runs.clone();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let middle = sorted.len() / 2;
        let median =
            if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 };
        Some(Summary { median, min, max, runs })
    }

    /// The summary and the single runs behind it, for those who want another statistic.
    pub(crate) fn to_json(&self) -> Value {
        json!({ "median": self.median, "min": self.min, "max": self.max, "runs": self.runs })
    }
}

/// `count` per second; zero when no time passed, so that a report never shows an infinity.
pub(crate) fn rate(count: f64, elapsed: Duration) -> f64 {
    let seconds = elapsed.as_secs_f64();
    if seconds > 0.0 { count / seconds } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_of_an_odd_count_is_the_middle_run() {
        let summary = Summary::of([3.0, 1.0, 2.0]).unwrap();
        assert_eq!((summary.min, summary.median, summary.max), (1.0, 2.0, 3.0));
        assert_eq!(summary.runs, [3.0, 1.0, 2.0], "runs keep the order they were taken in");
    }

    #[test]
    fn median_of_an_even_count_lies_between_the_middle_runs() {
        assert_eq!(Summary::of([4.0, 1.0, 2.0, 3.0]).unwrap().median, 2.5);
    }

    #[test]
    fn nothing_measured_is_no_summary() {
        assert_eq!(Summary::of([]), None);
    }

    #[test]
    fn no_elapsed_time_is_no_rate() {
        assert_eq!(rate(5.0, Duration::ZERO), 0.0);
        assert_eq!(rate(5.0, Duration::from_secs(2)), 2.5);
    }
}
