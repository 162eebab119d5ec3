//! The table a work prints, and the files it leaves behind when asked.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cli::Options;
use crate::machine::Machine;

/// A table in Markdown whose columns line up in a terminal too. The last column is the note.
#[derive(Debug)]
pub(crate) struct Table {
    titles: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(titles: &[&'static str]) -> Table {
        Table { titles: titles.to_vec(), rows: Vec::new() }
    }

    /// Adds a row, which has one cell for each title.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        assert_eq!(cells.len(), self.titles.len(), "a row has one cell for each of {:?}", self.titles);
        self.rows.push(cells);
    }

    /// The table as text: numbers to the right, words to the left.
    pub(crate) fn to_text(&self) -> String {
        let cells = |column: usize| self.rows.iter().map(move |row| row[column].as_str());
        let is_number = |cell: &str| cell.starts_with(|c: char| c.is_ascii_digit()) || cell == "-";
        let widths: Vec<usize> = (0..self.titles.len())
            .map(|column| cells(column).map(|cell| cell.chars().count()).max().unwrap_or(0))
            .zip(&self.titles)
            .map(|(widest, title)| widest.max(title.len()).max(3))
            .collect();
        let to_right: Vec<bool> = (0..self.titles.len())
            .map(|column| !self.rows.is_empty() && cells(column).all(is_number))
            .collect();

        let line = |row: &[&str]| {
            let pad = |(column, cell): (usize, &&str)| match to_right[column] {
                true => format!(" {cell:>width$} |", width = widths[column]),
                false => format!(" {cell:<width$} |", width = widths[column]),
            };
            format!("|{}\n", row.iter().enumerate().map(pad).collect::<String>())
        };
        let rule = |(column, width): (usize, &usize)| match to_right[column] {
            true => format!("-{}:|", "-".repeat(*width)),
            false => format!("-{}-|", "-".repeat(*width)),
        };
        let mut text = line(&self.titles);
        text.push_str(&format!("|{}\n", widths.iter().enumerate().map(rule).collect::<String>()));
        for row in &self.rows {
            text.push_str(&line(&row.iter().map(String::as_str).collect::<Vec<_>>()));
        }
        text
    }
}

/// Prints the tables under a header and writes the files that `options` ask for.
pub(crate) fn publish(
    work: &str,
    settings: &str,
    tables: &str,
    rows: Vec<Value>,
    options: &Options,
) -> Result<(), String> {
    let machine = Machine::read();
    let text = format!("{}{settings}\n\n{tables}", machine.to_text());
    print!("{text}");

    let json = json!({ "work": work, "settings": settings, "machine": machine.to_json(), "rows": rows });
    let json = format!("{json:#}\n");
    if let Some(path) = &options.json {
        write(path, &json)?;
    }
    if options.save {
        let folder = root().join("benches/results");
        write(&folder.join(format!("{work}.json")), &json)?;
        let header: String = machine.to_text().lines().map(|line| format!("- {line}\n")).collect();
        let page = format!("# {work}\n\n{header}- {settings}\n\n{tables}");
        write(&folder.join(format!("{work}.md")), &page)?;
    }
    Ok(())
}

/// The project's folder, where the sources of the peers lie.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    }
    fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// A whole number with its thousands apart, so that 1,230,000 and 123,000 are not taken for each other.
pub(crate) fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(grouped(0.0), "0");
        assert_eq!(grouped(999.4), "999");
        assert_eq!(grouped(1_234_567.0), "1,234,567");
    }

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(&["peer", "ops/s", "note"]);
        table.row(vec!["go".into(), "1,000".into(), String::new()]);
        table.row(vec!["lua".into(), "-".into(), "not installed: apt install lua5.4".into()]);
        let text = table.to_text();
        let widths: Vec<usize> = text.lines().map(str::len).collect();
        assert!(widths.iter().all(|&width| width == widths[0]), "{text}");
        assert!(text.contains("| go   | 1,000 |"), "{text}");
        assert!(text.contains("| lua  |     - |"), "{text}");
    }
}
