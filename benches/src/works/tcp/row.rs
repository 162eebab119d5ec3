//! One line of the report: a peer's figures in one form of the work, what they took, and how they compare.

use serde_json::{Map, Value, json};

use super::list::Variant;
use crate::stats::Summary;
use crate::works::figures::{self, Figure};
use crate::works::lanes::Lane;

/// Targets are Moonfleet's alone.
const OURS: &str = "moonfleet";

/// Whose figure the others are a multiple of, and the title of that column.
const COMPARED: [(&str, &str); 2] = [("tokio", "x tokio"), ("go", "x Go")];

const CLIENT_CPU: Figure = Figure { name: "client_cpu", title: "client CPU s", digits: 2 };

pub(super) struct Row<'a> {
    variant: &'static Variant,
    lane: &'a Lane,
    cpu_seconds: Option<Summary>,
    peak_rss_mb: Option<Summary>,
    /// The figure as a multiple of the others', in the order of `COMPARED`.
    times: [Option<f64>; 2],
    /// What became of each target of this row.
    verdicts: Vec<String>,
    note: String,
}

impl<'a> Row<'a> {
    pub(super) fn of(lane: &'a Lane, all: &[Lane]) -> Row<'a> {
        let variant = Variant::of(&lane.job);
        let measured = median(lane, variant.measure.name);
        let times = |(peer, _)| {
            let other = beside(lane, all, peer, variant.measure.name).filter(|&other| other > 0.0);
            Some(measured? / other?)
        };
        Row {
            variant,
            lane,
            cpu_seconds: Summary::of(lane.outcomes.iter().map(|outcome| outcome.cpu.as_secs_f64())),
            peak_rss_mb: Summary::of(lane.outcomes.iter().map(|outcome| outcome.peak_rss_mb)),
            times: COMPARED.map(times),
            verdicts: verdicts(variant, lane, all),
            note: lane.note(),
        }
    }

    pub(super) fn is_of(&self, variant: &Variant) -> bool {
        self.variant.name == variant.name
    }

    pub(super) fn titles(variant: &Variant) -> Vec<&'static str> {
        let mut titles = vec!["workers", "peer", variant.measure.title, "min", "max"];
        titles.extend(variant.beside.iter().map(|figure| figure.title));
        titles.extend(["CPU s", CLIENT_CPU.title, "peak MB"]);
        titles.extend(COMPARED.map(|(_, title)| title));
        titles.extend(["target", "note"]);
        titles
    }

    /// A cell for each title.
    pub(super) fn cells(&self) -> Vec<String> {
        let measure = &self.variant.measure;
        let measured = figures::summary(self.lane, measure.name);
        let bound = |pick: fn(&Summary) -> f64| {
            let bound = measured.as_ref().and_then(|all| Summary::of([pick(all)]));
            figures::cell(bound.as_ref(), measure.digits)
        };
        let figure =
            |figure: &Figure| figures::cell(figures::summary(self.lane, figure.name).as_ref(), figure.digits);
        let mut cells = vec![self.lane.workers().to_string(), self.lane.peer.name.to_owned()];
        cells.extend([figure(measure), bound(|all| all.min), bound(|all| all.max)]);
        cells.extend(self.variant.beside.iter().map(figure));
        cells.extend([
            figures::cell(self.cpu_seconds.as_ref(), 2),
            figure(&CLIENT_CPU),
            figures::cell(self.peak_rss_mb.as_ref(), 1),
        ]);
        let times = |times: Option<f64>| times.map_or("-".to_owned(), |times| format!("{times:.2}"));
        cells.extend(self.times.map(times));
        cells.extend([self.verdicts.join("; "), self.note.clone()]);
        cells
    }

    pub(super) fn to_json(&self) -> Value {
        let summary = |all: Option<&Summary>| json!(all.map(Summary::to_json));
        let mut row = Map::new();
        row.insert("variant".to_owned(), json!(self.variant.name));
        row.insert("workers".to_owned(), json!(self.lane.workers()));
        row.insert("peer".to_owned(), json!(self.lane.peer.name));
        row.insert("connections".to_owned(), json!(self.lane.job.tasks));
        for figure in [&self.variant.measure, &CLIENT_CPU].into_iter().chain(self.variant.beside) {
            row.insert(figure.name.to_owned(), summary(figures::summary(self.lane, figure.name).as_ref()));
        }
        row.insert("cpu_seconds".to_owned(), summary(self.cpu_seconds.as_ref()));
        row.insert("peak_rss_mb".to_owned(), summary(self.peak_rss_mb.as_ref()));
        for ((peer, _), times) in COMPARED.iter().zip(self.times) {
            row.insert(format!("times_{peer}"), json!(times));
        }
        row.insert("targets".to_owned(), json!(self.verdicts));
        row.insert("note".to_owned(), json!(self.note));
        Value::Object(row)
    }
}

fn median(lane: &Lane, figure: &str) -> Option<f64> {
    Some(figures::summary(lane, figure)?.median)
}

/// The figure of `peer` in the same form with as many workers.
fn beside(lane: &Lane, all: &[Lane], peer: &str, figure: &str) -> Option<f64> {
    let same = |other: &&Lane| {
        other.peer.name == peer
            && other.job.variant == lane.job.variant
            && other.job.workers == lane.job.workers
    };
    median(all.iter().find(same)?, figure)
}

fn verdicts(variant: &Variant, lane: &Lane, all: &[Lane]) -> Vec<String> {
    if lane.peer.name != OURS {
        return Vec::new();
    }
    let targets = variant.targets.iter();
    let targets = targets.filter(|target| target.workers.is_none_or(|count| count == lane.job.workers));
    let judge = |target: &super::target::Target| {
        target.judge(median(lane, target.figure)?, |peer| beside(lane, all, peer, target.figure))
    };
    targets.filter_map(judge).collect()
}
