//! No protocol without a model, no model without a mutation, no fence, ordering or re-check without a twin that fails
//! for want of it; and a README that knows of all.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[path = "../mutations.rs"]
mod mutations;
#[path = "../removals.rs"]
mod removals;
#[path = "../sites.rs"]
mod sites;
#[path = "../table.rs"]
mod table;

use mutations::{MUTATIONS, UNSEEN};
use removals::Removed;
use sites::{Kind, sites};
use table::File;

const README: &str = include_str!("../README.md");
/// The folders of the sources that are checked.
const ROOTS: [&str; 2] = ["runtime/src", "lua-bindings/src"];
/// How a file says in its head which models check it, or why none does.
const MODELS: &str = "//! Models: ";
const NO_MODEL: &str = "//! No model: ";

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(file: &str) -> String {
    fs::read_to_string(workspace().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The files below `folder`, as paths from the workspace root.
fn files(folder: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(workspace().join(folder)).expect("the sources are here") {
        let entry = entry.expect("a folder can be read");
        let path = format!("{folder}/{}", entry.file_name().display());
        if entry.path().is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path);
        }
    }
    found
}

/// The files of models.
fn models() -> Vec<File> {
    table::read_models(&workspace().join("loom-tests/src/models"))
}

/// The path by which the models speak of a file.
fn short(file: &str) -> &str {
    file.trim_start_matches("runtime/src/")
}

/// The models that a source file names in its head; `None` if it names none.
fn named_models(text: &str) -> Option<Vec<&str>> {
    let line =
        text.lines().take_while(|line| line.starts_with("//!")).find_map(|line| line.strip_prefix(MODELS))?;
    Some(line.trim_end_matches('.').split(", ").collect())
}

/// What is wrong with the head of `file`, whose orderings and mutations are to be checked by models that know of it.
fn faults_of_head(file: &str, text: &str, models: &[File]) -> Vec<String> {
    let is_protocol = text.contains("// ORDER:") || MUTATIONS.iter().any(|mutation| mutation.file == file);
    let has_none = text.lines().any(|line| line.starts_with(NO_MODEL));
    let Some(named) = named_models(text) else {
        let complaint = format!("{file}: its head says neither `{MODELS}` nor `{NO_MODEL}`");
        return if is_protocol && !has_none { vec![complaint] } else { vec![] };
    };
    let mut faults = Vec::new();
    if has_none {
        faults.push(format!("{file}: models, or none?"));
    }
    for name in named {
        match models.iter().find(|model| model.name == name) {
            None => faults.push(format!("{file}: there are no models `{name}`")),
            Some(model) if !model.head.contains(&format!("`{}`", short(file))) => {
                faults.push(format!(
                    "loom-tests/src/models/{name}.rs does not say that it models `{}`",
                    short(file)
                ));
            }
            Some(_) => {}
        }
    }
    faults
}

#[test]
fn every_file_with_an_order_names_its_models() {
    let (models, mut faults, mut naming) = (models(), Vec::new(), 0);
    for file in ROOTS.into_iter().flat_map(files) {
        let text = read(&file);
        naming += usize::from(named_models(&text).is_some());
        faults.extend(faults_of_head(&file, &text, &models));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    assert!(naming > 30, "are these all? {naming}");
}

#[test]
fn every_file_that_models_speak_of_names_them() {
    let mut faults = Vec::new();
    for File { name, head, .. } in models() {
        for path in head.split('`').skip(1).step_by(2).filter(|path| path.ends_with(".rs")) {
            let file =
                if path.starts_with("lua-bindings/") { path.into() } else { format!("runtime/src/{path}") };
            if !named_models(&read(&file)).is_some_and(|named| named.contains(&name.as_str())) {
                faults.push(format!("{file} does not name the models `{name}`"));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// A file with atomics of loom's kind is compiled here, and so has a twin.
#[test]
fn every_protocol_file_has_a_mutation() {
    let protocols: Vec<_> = ROOTS.into_iter().flat_map(files).collect();
    let protocols: Vec<_> =
        protocols.iter().filter(|file| read(file).contains("use crate::primitive::atomic")).collect();
    assert!(protocols.len() > 15, "are these all? {protocols:?}");
    for file in protocols {
        assert!(MUTATIONS.iter().any(|mutation| mutation.file == *file), "no mutation of {file}");
    }
}

#[test]
fn every_fence_ordering_and_recheck_has_a_twin_that_lacks_it() {
    let removals = removals::all(&workspace());
    let missed: Vec<_> = removals
        .iter()
        .filter(|removal| matches!(removal.by, Removed::ByNothing))
        .map(|removal| format!("{}:{}: {:?}", removal.file, removal.site.line, removal.site.kind))
        .collect();
    assert!(missed.is_empty(), "nothing removes\n{}", missed.join("\n"));
    for kind in [Kind::Fence, Kind::Acquire, Kind::Release, Kind::ReCheck] {
        assert!(removals.iter().any(|removal| removal.site.kind == kind), "{kind:?}: are these all?");
    }
}

#[test]
fn what_no_model_sees_is_still_there() {
    let removals = removals::all(&workspace());
    for unseen in UNSEEN {
        if let Err(complaint) = unseen.place(&read(unseen.file)) {
            panic!("{complaint}");
        }
        let is_used = removals.iter().any(|removal| match &removal.by {
            Removed::Unseen(used) => (used.file, used.after) == (unseen.file, unseen.after),
            _ => false,
        });
        assert!(is_used, "{}: a twin sees `{}` after all", unseen.file, unseen.text);
    }
}

#[test]
fn the_readme_has_the_tables_of_these_sources() {
    let tables = table::tables_in(README);
    let models = models();
    let expected = table::render(&models, &table::explored_in(tables));
    assert!(
        tables == expected && !expected.contains("| ? |"),
        "`cargo run -p moonfleet-loom-tests --example table` writes them anew"
    );
    let names: BTreeSet<_> = models.iter().flat_map(|file| &file.models).map(|model| &*model.name).collect();
    assert!(names.len() > 80, "are these all? {names:?}");
    for mutation in MUTATIONS {
        assert!(
            names.contains(mutation.model),
            "{} has no row for its model {}",
            mutation.name,
            mutation.model
        );
    }
}

#[test]
fn a_mutation_that_does_not_apply_says_so() {
    let mutation = &MUTATIONS[0];
    let complaint = mutation.apply("fn nothing() {}").expect_err("the text is not there");
    assert!(complaint.contains(mutation.name) && complaint.contains("0 times"), "{complaint}");
}

#[test]
fn planted_sites_are_found() {
    let text = "fn f() {\n    fence(Ordering::SeqCst);\n    // RE-CHECK: so.\n    // It goes on.\n    if a.load(Ordering::Acquire) {}\n    \
                a.swap(1, Ordering::AcqRel); // Ordering::Release\n    a.load(Ordering::Relaxed);\n}\n#[cfg(test)]\nOrdering::Release";
    let found: Vec<_> = sites(text).iter().map(|site| (site.kind, site.line)).collect();
    let expected =
        [(Kind::Fence, 2), (Kind::ReCheck, 5), (Kind::Acquire, 5), (Kind::Acquire, 6), (Kind::Release, 6)];
    assert_eq!(found, expected);
    let swap = sites(text).pop().expect("the last one");
    let place = text.find("Ordering::AcqRel").expect("it is there");
    let place = place..place + "Ordering::AcqRel".len();
    assert!(swap.is_removed_by(&place, "Ordering::AcqRel", "Ordering::Acquire"));
    assert!(!swap.is_removed_by(&place, "Ordering::AcqRel", "Ordering::Release"), "the other half");
    assert!(!swap.is_removed_by(&(0..3), "Ordering::AcqRel", "Ordering::Acquire"), "another place");
}

#[test]
fn a_file_that_names_no_models_is_found() {
    let models = models();
    let faults = |text| faults_of_head("runtime/src/planted.rs", text, &models).len();
    assert_eq!(faults("//! x\nfn f() {}"), 0);
    assert_eq!(faults("//! x\n// ORDER: so."), 1);
    assert_eq!(faults("//! x\n//!\n//! No model: so.\n// ORDER: so."), 0);
    assert_eq!(
        faults("//! x\n//!\n//! Models: nothing, idle.\n// ORDER: so."),
        2,
        "no such models; it is not theirs"
    );
}
