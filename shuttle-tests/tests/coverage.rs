//! No model that cannot fail, no fault that nobody looks for, and README.md names them all.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn models() -> String {
    ["tasks", "messages", "endings", "weather"].map(|file| read(&format!("tests/{file}.rs"))).concat()
}

/// What stands between `begin` and `end`, wherever that is in `text`.
fn between<'a>(text: &'a str, begin: &'a str, end: &'a str) -> BTreeSet<&'a str> {
    text.split(begin).skip(1).filter_map(|rest| Some(rest.split_once(end)?.0)).collect()
}

#[test]
fn every_model_fails_by_some_fault() {
    let models = models();
    let explored = between(&models, "explore(", ")");
    assert!(!explored.is_empty());
    for model in explored {
        let noticed =
            models.contains(&format!(", {model});")) || models.contains(&format!(",\n        {model},"));
        assert!(noticed, "`{model}` is explored, but no fault is planted for it");
    }
}

#[test]
fn every_fault_is_planted_somewhere() {
    let (models, readme) = (models(), read("README.md"));
    let faults = read("src/faults.rs");
    let faults = between(&faults, "name: \"", "\"");
    assert!(!faults.is_empty());
    for fault in faults {
        assert!(models.contains(&format!("\"{fault}\"")), "no model is to notice the fault `{fault}`");
        assert!(readme.contains(&format!("`{fault}`")), "README.md does not name the fault `{fault}`");
    }
}

#[test]
fn the_table_names_every_model() {
    let (models, readme) = (models(), read("README.md"));
    for model in between(&models, "explore(", ")") {
        assert!(readme.contains(&format!("`{model}`")), "README.md does not name the model `{model}`");
    }
}
