//! Which modules of this crate a model needs: a twin is compiled without the others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The text of `lib.rs`, and which of its modules each of them names.
pub(crate) struct Modules {
    lib: String,
    names: BTreeMap<String, BTreeSet<String>>,
}

impl Modules {
    /// Those of the `lib.rs` in `folder`.
    pub(crate) fn read(folder: &Path) -> io::Result<Self> {
        let lib = fs::read_to_string(folder.join("lib.rs"))?;
        // A twin has no twins.
        let lib = lib.split("mod coverage;").next().unwrap_or_default().to_owned();
        let mut names = BTreeMap::new();
        for (path, module) in declarations(&lib) {
            let mut named = BTreeSet::new();
            for file in files_of(folder, path, module)? {
                named.extend(names_in(&fs::read_to_string(file)?));
            }
            names.insert(module.to_owned(), named);
        }
        Ok(Self { lib, names })
    }

    /// `lib.rs` with the modules that `model`, the text of a file, needs, and no others.
    pub(crate) fn lib_for(&self, model: &str) -> String {
        let mut wanted: Vec<_> = names_in(model).collect();
        let mut needed: BTreeSet<_> = ["models".to_owned()].into();
        while let Some(module) = wanted.pop() {
            if let Some(named) = self.names.get(&module)
                && needed.insert(module)
            {
                wanted.extend(named.iter().cloned());
            }
        }
        let mut lib = self.lib.clone();
        for (path, module) in declarations(&self.lib).filter(|(_, module)| !needed.contains(*module)) {
            let path = path.map_or(String::new(), |path| format!("#[path = {path:?}]\n"));
            lib = lib.replace(&format!("{path}mod {module};\n"), "");
        }
        lib
    }
}

/// The files that `text` declares as modules: the path, if it says one, and the name.
fn declarations(text: &str) -> impl Iterator<Item = (Option<&str>, &str)> {
    let mut path = None;
    text.lines().filter_map(move |line| {
        let said = line.strip_prefix("#[path = \"").and_then(|rest| rest.strip_suffix("\"]"));
        let path = std::mem::replace(&mut path, said);
        let (visibility, module) = line.strip_suffix(';')?.split_once("mod ")?;
        if !["", "pub ", "pub(crate) "].contains(&visibility) {
            return None;
        }
        Some((path, module))
    })
}

/// The files of a module that is declared in `folder`: itself, and those of its modules that are beside it.
fn files_of(folder: &Path, path: Option<&str>, module: &str) -> io::Result<Vec<PathBuf>> {
    let file = folder.join(path.map_or_else(|| format!("{module}.rs"), str::to_owned));
    if file.ends_with("mod.rs") {
        return files_in(file.parent().unwrap_or(folder));
    }
    if !file.exists() {
        return files_in(&folder.join(module));
    }
    let text = fs::read_to_string(&file)?;
    let included = declarations(&text).filter_map(|(path, _)| path).map(|path| folder.join(path));
    Ok(included.chain([file.clone()]).collect())
}

fn files_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries: io::Result<Vec<_>> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect();
    Ok(entries?.into_iter().filter(|path| path.is_file()).collect())
}

/// What follows `crate::` in `text`.
fn names_in(text: &str) -> impl Iterator<Item = String> {
    text.split("crate::").skip(1).map(|rest| {
        let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
        rest[..end].to_owned()
    })
}
