//! What removes each site: a mutation, whose twin fails; or nothing, for a reason.

use std::fs;
use std::path::Path;

use super::mutations::{MUTATIONS, Mutation, UNSEEN, Unseen};
use super::sites::{Site, sites};

/// A site, and what removes it.
pub(crate) struct Removal {
    /// Its file, below the workspace root.
    pub(crate) file: String,
    pub(crate) site: Site,
    pub(crate) by: Removed,
}

/// What removes a site.
pub(crate) enum Removed {
    ByTwin(&'static Mutation),
    /// Nothing can: no model would notice.
    Unseen(&'static Unseen),
    ByNothing,
}

/// All of them, by file.
pub(crate) fn all(workspace: &Path) -> Vec<Removal> {
    let mut files = Vec::new();
    for root in ["runtime/src", "lua-bindings/src"] {
        collect(workspace, root, &mut files);
    }
    files.sort();
    let removals = files.into_iter().flat_map(|file| {
        let text = fs::read_to_string(workspace.join(&file)).expect("it was listed just now");
        let found = sites(&text).into_iter().map(|site| {
            let by = remover(&file, &text, &site);
            Removal { file: file.clone(), site, by }
        });
        found.collect::<Vec<_>>()
    });
    removals.collect()
}

fn remover(file: &str, text: &str, site: &Site) -> Removed {
    let removes = |mutation: &&Mutation| {
        let place = mutation.place(text);
        place.is_ok_and(|place| site.is_removed_by(&place, mutation.text, mutation.with))
    };
    if let Some(mutation) = MUTATIONS.iter().filter(|mutation| mutation.file == file).find(removes) {
        return Removed::ByTwin(mutation);
    }
    let means = |unseen: &&Unseen| {
        unseen.half == site.kind && unseen.place(text).is_ok_and(|place| site.is_within(&place))
    };
    let unseen = UNSEEN.iter().filter(|unseen| unseen.file == file).find(means);
    unseen.map_or(Removed::ByNothing, Removed::Unseen)
}

/// The Rust files below `folder`, as paths from the workspace root.
fn collect(workspace: &Path, folder: &str, files: &mut Vec<String>) {
    for entry in fs::read_dir(workspace.join(folder)).expect("the sources are here") {
        let entry = entry.expect("a folder can be read");
        let path = format!("{folder}/{}", entry.file_name().display());
        if entry.path().is_dir() {
            collect(workspace, &path, files);
        } else if path.ends_with(".rs") {
            files.push(path);
        }
    }
}
