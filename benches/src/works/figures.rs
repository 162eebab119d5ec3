//! A report whose columns are figures the children print themselves: all that most works need.

use serde_json::{Map, Value, json};

use crate::cli::Options;
use crate::report::{self, Table, grouped};
use crate::stats::Summary;
use crate::works::Work;
use crate::works::lanes::Lane;

/// One column: a line `name: number` of the children's output.
#[derive(Debug)]
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    /// The column's title, with the unit.
    pub(crate) title: &'static str,
    /// Digits after the point.
    pub(crate) digits: usize,
}

/// Prints medians of `figures`, CPU time and a note for each lane; fails when no lane gave a figure.
pub(crate) fn publish(
    work: &Work,
    settings: &str,
    figures: &[Figure],
    lanes: &[Lane],
    options: &Options,
) -> Result<(), String> {
    let mut titles = vec!["workers", "peer"];
    titles.extend(figures.iter().map(|figure| figure.title));
    titles.extend(["CPU s", "peak MB", "note"]);
    let mut table = Table::new(&titles);
    let mut rows = Vec::new();
    for lane in lanes {
        let cpu = Summary::of(lane.outcomes.iter().map(|outcome| outcome.cpu.as_secs_f64()));
        let peak = Summary::of(lane.outcomes.iter().map(|outcome| outcome.peak_rss_mb));
        let mut cells = vec![lane.workers().to_string(), lane.peer.name.to_owned()];
        cells.extend(figures.iter().map(|figure| cell(summary(lane, figure.name).as_ref(), figure.digits)));
        cells.extend([cell(cpu.as_ref(), 2), cell(peak.as_ref(), 1), lane.note()]);
        table.row(cells);
        rows.push(row(lane, figures, cpu.as_ref(), peak.as_ref()));
    }
    report::publish(work.name, settings, &table.to_text(), rows, options)?;
    if lanes.iter().all(|lane| lane.outcomes.is_empty()) {
        return Err(format!("{}: no run gave a figure", work.name));
    }
    Ok(())
}

/// What the children printed under this name.
pub(crate) fn summary(lane: &Lane, name: &str) -> Option<Summary> {
    Summary::of(lane.outcomes.iter().flat_map(|outcome| outcome.figure(name)))
}

/// The median, or a dash for what was not measured.
pub(crate) fn cell(summary: Option<&Summary>, digits: usize) -> String {
    match summary {
        None => "-".to_owned(),
        Some(summary) if digits == 0 => grouped(summary.median),
        Some(summary) => format!("{:.digits$}", summary.median),
    }
}

fn row(lane: &Lane, figures: &[Figure], cpu: Option<&Summary>, peak: Option<&Summary>) -> Value {
    let mut row = Map::new();
    row.insert("workers".to_owned(), json!(lane.workers()));
    row.insert("peer".to_owned(), json!(lane.peer.name));
    row.insert("note".to_owned(), json!(lane.note()));
    row.insert("cpu_seconds".to_owned(), json!(cpu.map(Summary::to_json)));
    row.insert("peak_rss_mb".to_owned(), json!(peak.map(Summary::to_json)));
    for figure in figures {
        row.insert(figure.name.to_owned(), json!(summary(lane, figure.name).map(|all| all.to_json())));
    }
    Value::Object(row)
}
