//! No protocol without a model, no model without a mutation, and a README that knows of all.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[path = "../mutations.rs"]
mod mutations;

use mutations::MUTATIONS;

const README: &str = include_str!("../README.md");

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files below `folder` whose text `wanted` likes, as paths from the workspace root.
fn files(folder: &str, wanted: fn(&str) -> bool) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(workspace().join(folder)).expect("the sources are here") {
        let entry = entry.expect("a folder can be read");
        let path = format!("{folder}/{}", entry.file_name().display());
        if entry.path().is_dir() {
            found.extend(files(&path, wanted));
        } else if fs::read_to_string(entry.path()).is_ok_and(|text| wanted(&text)) {
            found.insert(path);
        }
    }
    found
}

/// The functions behind `#[test]` in the models, as `file::function`.
fn models() -> BTreeSet<String> {
    let mut models = BTreeSet::new();
    for path in files("loom-tests/src/models", |text| text.contains("#[test]")) {
        let text = fs::read_to_string(workspace().join(&path)).expect("it was read just now");
        let file = Path::new(&path).file_stem().expect("a file has a name").display().to_string();
        let heads = text.split("#[test]\nfn ").skip(1);
        let runs_model =
            |function: &&str| function.contains("model(") || function.contains("in_every_order(");
        let functions = heads.map(|rest| rest.split("\n}\n").next().unwrap_or(rest)).filter(runs_model);
        models.extend(
            functions.filter_map(|function| Some(format!("{file}::{}", function.split_once('(')?.0))),
        );
    }
    models
}

#[test]
fn every_protocol_file_has_a_mutation_and_a_place_in_the_readme() {
    let protocols = files("runtime/src", |text| text.contains("use crate::primitive::atomic"));
    assert!(protocols.len() >= 6, "are these all? {protocols:?}");
    for file in protocols {
        assert!(MUTATIONS.iter().any(|mutation| mutation.file == file), "no mutation of {file}");
        let short = file.trim_start_matches("runtime/src/");
        assert!(README.contains(&format!("| `{short}` |")), "{short} is not in the README's table");
    }
}

#[test]
fn the_readme_names_every_model_and_every_mutation_once() {
    let mut names: Vec<String> = models().into_iter().collect();
    assert!(names.len() > 20, "are these all? {names:?}");
    names.extend(MUTATIONS.iter().map(|mutation| mutation.name.to_owned()));
    for name in names {
        let found = README.matches(&format!("`{name}`")).count();
        assert_eq!(found, 1, "`{name}` in loom-tests/README.md");
    }
}

#[test]
fn a_mutation_that_does_not_apply_says_so() {
    let mutation = &MUTATIONS[0];
    let complaint = mutation.apply("fn nothing() {}").expect_err("the text is not there");
    assert!(complaint.contains(mutation.name) && complaint.contains("0 times"), "{complaint}");
}
