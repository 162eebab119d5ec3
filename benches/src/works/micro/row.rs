//! One line of a small work's report: a peer's figure, what it took, and how it compares.

use serde_json::{Map, Value, json};

use super::{Measure, Micro};
use crate::report::grouped;
use crate::stats::Summary;
use crate::works::figures;
use crate::works::lanes::Lane;

/// Targets are Moonfleet's alone.
const OURS: &str = "moonfleet";

pub(super) struct Row<'a> {
    small: &'static Micro,
    lane: &'a Lane,
    figure: Option<Summary>,
    cpu_seconds: Option<Summary>,
    peak_rss_mb: Option<Summary>,
    /// The figure as a multiple of Go's.
    times_go: Option<f64>,
    /// What became of each target of this row.
    verdicts: Vec<String>,
    note: String,
}

impl<'a> Row<'a> {
    pub(super) fn of(small: &'static Micro, lane: &'a Lane, all: &[Lane]) -> Row<'a> {
        let figure = summary(&small.measure, lane);
        let median = figure.as_ref().map(|figure| figure.median);
        let of_peer = |peer: &str| figure_beside(small, lane, all, peer);
        let unread = lane.outcomes.iter().find_map(|outcome| small.measure.of(outcome).err());
        Row {
            small,
            lane,
            cpu_seconds: Summary::of(lane.outcomes.iter().map(|outcome| outcome.cpu.as_secs_f64())),
            peak_rss_mb: Summary::of(lane.outcomes.iter().map(|outcome| outcome.peak_rss_mb)),
            times_go: median.zip(of_peer("go").filter(|&go| go > 0.0)).map(|(figure, go)| figure / go),
            verdicts: median.map(|figure| verdicts(small, lane, figure, of_peer)).unwrap_or_default(),
            note: unread.unwrap_or_else(|| lane.note()),
            figure,
        }
    }

    pub(super) fn titles(small: &Micro) -> Vec<&'static str> {
        let mut titles = vec!["variant", "workers", "peer", small.measure.title, "min", "max"];
        titles.extend(small.beside.iter().map(|figure| figure.title));
        titles.extend(["CPU s", "peak MB", "x Go", "target", "note"]);
        if small.has_one_variant() {
            titles.remove(0);
        }
        titles
    }

    /// A cell for each title.
    pub(super) fn cells(&self) -> Vec<String> {
        let pick = |pick: fn(&Summary) -> f64| or_dash(self.figure.as_ref().map(|all| to_three(pick(all))));
        let mut cells = vec![
            self.lane.job.variant.to_owned(),
            self.lane.workers().to_string(),
            self.lane.peer.name.to_owned(),
            pick(|all| all.median),
            pick(|all| all.min),
            pick(|all| all.max),
        ];
        let beside = self.small.beside.iter();
        cells.extend(
            beside.map(|figure| {
                figures::cell(figures::summary(self.lane, figure.name).as_ref(), figure.digits)
            }),
        );
        cells.extend([
            figures::cell(self.cpu_seconds.as_ref(), 2),
            figures::cell(self.peak_rss_mb.as_ref(), 1),
            or_dash(self.times_go.map(|times| format!("{times:.2}"))),
            self.verdicts.join("; "),
            self.note.clone(),
        ]);
        if self.small.has_one_variant() {
            cells.remove(0);
        }
        cells
    }

    pub(super) fn to_json(&self) -> Value {
        let summary = |all: &Option<Summary>| json!(all.as_ref().map(Summary::to_json));
        let mut row = Map::new();
        row.insert("variant".to_owned(), json!(self.lane.job.variant));
        row.insert("workers".to_owned(), json!(self.lane.workers()));
        row.insert("peer".to_owned(), json!(self.lane.peer.name));
        row.insert("operations".to_owned(), json!(self.lane.job.ops));
        row.insert("measure".to_owned(), json!(self.small.measure.title));
        row.insert("figure".to_owned(), summary(&self.figure));
        for figure in self.small.beside {
            row.insert(figure.name.to_owned(), summary(&figures::summary(self.lane, figure.name)));
        }
        row.insert("cpu_seconds".to_owned(), summary(&self.cpu_seconds));
        row.insert("peak_rss_mb".to_owned(), summary(&self.peak_rss_mb));
        row.insert("times_go".to_owned(), json!(self.times_go));
        row.insert("targets".to_owned(), json!(self.verdicts));
        row.insert("note".to_owned(), json!(self.note));
        Value::Object(row)
    }
}

impl Micro {
    /// Then the report needs no column for it.
    fn has_one_variant(&self) -> bool {
        self.variants.len() == 1
    }
}

fn summary(measure: &Measure, lane: &Lane) -> Option<Summary> {
    Summary::of(lane.outcomes.iter().flat_map(|outcome| measure.of(outcome)))
}

/// What `peer` came to with as many workers: in the same variant, or, where it does not have this one, in the
/// first it has.
fn figure_beside(small: &Micro, lane: &Lane, all: &[Lane], peer: &str) -> Option<f64> {
    let others = || all.iter().filter(|other| other.peer.name == peer && other.workers() == lane.workers());
    let same = others().find(|other| other.job.variant == lane.job.variant);
    Some(summary(&small.measure, same.or_else(|| others().next())?)?.median)
}

fn verdicts(small: &Micro, lane: &Lane, figure: f64, of_peer: impl Fn(&str) -> Option<f64>) -> Vec<String> {
    if lane.peer.name != OURS {
        return Vec::new();
    }
    let targets = small.targets.iter().filter(|target| target.applies(lane.job.variant, lane.workers()));
    let verdicts = targets.filter_map(|target| target.judge(figure, small.measure.unit, &of_peer));
    verdicts.map(|verdict| verdict.to_string()).collect()
}

fn or_dash(cell: Option<String>) -> String {
    cell.unwrap_or_else(|| "-".to_owned())
}

/// Three digits that mean something.
fn to_three(figure: f64) -> String {
    match figure.abs() {
        size if size < 9.995 => format!("{figure:.2}"),
        size if size < 99.95 => format!("{figure:.1}"),
        _ => grouped(figure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits() {
        let texts = [9.994, 9.996, 99.94, 99.96, 1234.5].map(to_three);
        assert_eq!(texts, ["9.99", "10.0", "99.9", "100", "1,234"]);
    }
}
