//! The README's tables: what each model holds, from its source; and what was explored, from a run.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::mutations::MUTATIONS;

/// The README's tables stand between these.
const BEGIN: &str = "<!-- models: written by `cargo run -p moonfleet-loom-tests --example table` -->\n";
const END: &str = "<!-- end of models -->\n";

/// What a run has explored of one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Explored {
    pub(crate) bound: String,
    pub(crate) executions: String,
    pub(crate) seconds: String,
}

/// One model: a test that explores something.
#[derive(Debug)]
pub(crate) struct Model {
    /// As `file::function`.
    pub(crate) name: String,
    /// What it holds.
    invariant: String,
}

/// One file of models.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) name: String,
    /// Its first sentence.
    pub(crate) head: String,
    pub(crate) models: Vec<Model>,
}

/// The files of models in `folder`, by name.
pub(crate) fn read_models(folder: &Path) -> Vec<File> {
    let entries =
        fs::read_dir(folder).expect("the models are here").map(|entry| entry.expect("readable").path());
    let mut paths: Vec<_> = entries.filter(|path| !path.ends_with("mod.rs")).collect();
    paths.sort();
    let read = |path: &Path| {
        let name = path.file_stem().expect("a file has a name").display().to_string();
        let text = fs::read_to_string(path).expect("it was listed just now");
        File { head: head(&text), models: models(&name, &text), name }
    };
    paths.iter().map(|path| read(path)).collect()
}

/// The first paragraph of a file's `//!`.
fn head(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix("//! "));
    lines.collect::<Vec<_>>().join(" ")
}

/// The tests in `text`, a file of models, that run one.
fn models(file: &str, text: &str) -> Vec<Model> {
    let mut pieces = text.split("#[test]\nfn ");
    let mut before = pieces.next().unwrap_or_default();
    let mut models = Vec::new();
    for piece in pieces {
        let (function, after) = piece.split_once("\n}\n").unwrap_or((piece, ""));
        let runs = ["model(", "models(", "in_every_order("].iter().any(|call| function.contains(call));
        if let Some((name, _)) = function.split_once('(').filter(|_| runs) {
            models.push(Model { name: format!("{file}::{name}"), invariant: doc_at_end(before) });
        }
        before = after;
    }
    models
}

/// The doc comment that `text` ends with, as one line.
fn doc_at_end(text: &str) -> String {
    let mut lines: Vec<_> = text.lines().rev().map_while(|line| line.strip_prefix("/// ")).collect();
    lines.reverse();
    lines.join(" ")
}

/// The tables, without what is around them.
pub(crate) fn render(files: &[File], explored: &BTreeMap<String, Explored>) -> String {
    let mut text = String::new();
    for File { name, head, models } in files {
        text += &format!("\n### `{name}`\n\n{head}\n\n");
        text += "| Model | What holds | Bound | Executions | Seconds | Twins that fail |\n|---|---|---|---|---|---|\n";
        for Model { name, invariant } in models {
            let nothing = || Explored { bound: "?".into(), executions: "?".into(), seconds: "?".into() };
            let Explored { bound, executions, seconds } = explored.get(name).cloned().unwrap_or_else(nothing);
            let twins = MUTATIONS.iter().filter(|mutation| mutation.model == name);
            let twins = twins.map(|mutation| format!("`{}`", mutation.name)).collect::<Vec<_>>().join(", ");
            text += &format!("| `{name}` | {invariant} | {bound} | {executions} | {seconds} | {twins} |\n");
        }
    }
    text + "\n"
}

/// The tables in `readme`.
pub(crate) fn tables_in(readme: &str) -> &str {
    let begin = readme.find(BEGIN).expect("the README has tables") + BEGIN.len();
    &readme[begin..readme.find(END).expect("they end")]
}

/// `readme` with other tables.
pub(crate) fn with_tables(readme: &str, tables: &str) -> String {
    let begin = readme.find(BEGIN).expect("the README has tables") + BEGIN.len();
    let end = begin + tables_in(readme).len();
    format!("{}{tables}{}", &readme[..begin], &readme[end..])
}

/// What `tables` say was explored, by model.
pub(crate) fn explored_in(tables: &str) -> BTreeMap<String, Explored> {
    let rows = tables.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| {
        let mut cells = row.split(" | ");
        let name = cells.next()?.trim_end_matches('`').to_owned();
        let (bound, executions, seconds) = (cells.nth(1)?, cells.next()?, cells.next()?);
        let [bound, executions, seconds] = [bound, executions, seconds].map(str::to_owned);
        Some((name, Explored { bound, executions, seconds }))
    })
    .collect()
}

/// `1234567` as `1,234,567`.
pub(crate) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
