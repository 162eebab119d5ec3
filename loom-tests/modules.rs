//! Which modules of this crate a twin needs: those that its model names, and what they name. Of these it has copies of
//! its own where the mutated file is within reach; the others it shares with the crate.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The text of `lib.rs`, and its modules.
pub(crate) struct Modules {
    lib: String,
    modules: BTreeMap<String, Module>,
}

/// One of them: its files, and which modules they name.
struct Module {
    files: Vec<PathBuf>,
    names: BTreeSet<String>,
}

/// Stands for the root of the crate itself in the text of a twin, where `crate` becomes the twin.
pub(crate) const ROOT: &str = "the_root";

impl Modules {
    /// Those of the `lib.rs` in `folder`.
    pub(crate) fn read(folder: &Path) -> io::Result<Self> {
        let lib = fs::read_to_string(folder.join("lib.rs"))?;
        // A twin has no twins.
        let lib = lib.split("mod coverage;").next().unwrap_or_default().to_owned();
        let mut modules = BTreeMap::new();
        for (path, module) in declarations(&lib) {
            let files = files_of(folder, path, module)?;
            let mut names = BTreeSet::new();
            for file in &files {
                names.extend(names_in(&fs::read_to_string(file)?));
            }
            modules.insert(module.to_owned(), Module { files, names });
        }
        Ok(Self { lib, modules })
    }

    /// `lib.rs` with the modules that `model`, the text of a file, needs, and no others. Those from which the mutated
    /// file, which ends with `mutated`, is in reach are the twin's own.
    pub(crate) fn lib_for(&self, model: &str, mutated: &str) -> String {
        let needed = self.reach(names_in(model));
        let mut lib = self.lib.clone();
        for (path, module) in declarations(&self.lib).filter(|&(_, module)| module != "models") {
            let attribute = path.map_or(String::new(), |path| format!("#[path = {path:?}]\n"));
            let instead = match needed.contains(module) {
                true if self.reaches(module, mutated) => continue,
                true => format!("use {ROOT}::{module};\n"),
                false => String::new(),
            };
            lib = lib.replace(&format!("{attribute}mod {module};\n"), &instead);
        }
        lib
    }

    /// The modules called `names`, and what they name.
    fn reach(&self, names: impl Iterator<Item = String>) -> BTreeSet<String> {
        let mut wanted: Vec<_> = names.collect();
        let mut reached = BTreeSet::new();
        while let Some(name) = wanted.pop() {
            if let Some(module) = self.modules.get(&name)
                && reached.insert(name)
            {
                wanted.extend(module.names.iter().cloned());
            }
        }
        reached
    }

    /// Whether the file that ends with `path` belongs to `module`, or to what that names.
    fn reaches(&self, module: &str, path: &str) -> bool {
        let reached = self.reach([module.to_owned()].into_iter());
        reached.iter().flat_map(|module| &self.modules[module].files).any(|file| file.ends_with(path))
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
    let mut files = vec![file];
    for (path, module) in declarations(&text).filter(|(path, _)| path.is_some()) {
        files.extend(files_of(folder, path, module)?);
    }
    Ok(files)
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
