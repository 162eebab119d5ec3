//! Makes the mutated twins: for each entry of `mutations.rs`, this crate's sources and the runtime's
//! protocol files again, as a module, with one text replaced.
//!
//! A twin mirrors the two source folders under `OUT_DIR/<name>`, so relative `#[path]`s hold, and re-roots
//! `crate::` at itself. Of all models it keeps the one that must fail, of all modules those which that one
//! needs, and of these as its own those to which the mutation makes a difference: twins are most of what is compiled
//! here. A mutation whose text is not found becomes a failing test, so
//! that it cannot rot unseen and does not stop anybody's build.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

#[path = "modules.rs"]
mod modules;
#[path = "mutations.rs"]
#[allow(dead_code, reason = "the tests ask for more")]
mod mutations;
#[path = "sites.rs"]
#[allow(dead_code, reason = "the mutations name them")]
mod sites;

use modules::Modules;
use mutations::{MUTATIONS, Mutation};

/// What a twin is made of, below the workspace root. Folders are taken without their subfolders.
const SOURCES: &[&str] = &[
    "runtime/src",
    "runtime/src/wait",
    "runtime/src/task",
    "runtime/src/cancel",
    "runtime/src/home",
    "runtime/src/context",
    "runtime/src/scheduler",
    "runtime/src/suspend",
    "runtime/src/timer",
    "runtime/src/blocking",
    "runtime/src/stack",
    "runtime/src/scope",
    "runtime/src/reactor",
    "runtime/src/signal",
    "runtime/src/channel",
    "runtime/src/channel/broadcast",
    "runtime/src/select",
    "runtime/src/sync",
    "runtime/src/sync/semaphore",
    "loom-tests/src",
    "loom-tests/src/primitive",
];

/// Makes the twins alone whose name contains its value: for who works on a model, and compiles often.
const ONLY: &str = "MOONFLEET_LOOM_TWINS";

fn main() -> io::Result<()> {
    let workspace = PathBuf::from("..");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    for source in SOURCES.iter().chain(&[
        "loom-tests/build.rs",
        "loom-tests/modules.rs",
        "loom-tests/mutations.rs",
        "loom-tests/sites.rs",
    ]) {
        println!("cargo::rerun-if-changed=../{source}");
    }
    println!("cargo::rerun-if-env-changed={ONLY}");
    let only = std::env::var(ONLY).unwrap_or_default();
    let modules = Modules::read(&workspace.join("loom-tests/src"))?;
    let mut twins = String::new();
    for mutation in MUTATIONS.iter().filter(|mutation| mutation.name.contains(&only)) {
        let root = out.join(mutation.name);
        let twin = Twin { mutation, workspace: &workspace, modules: &modules, root };
        twins += &twin.write()?.unwrap_or_else(|complaint| failing_test(mutation.name, &complaint));
    }
    fs::write(out.join("twins.rs"), twins)
}

fn failing_test(name: &str, complaint: &str) -> String {
    format!("#[test]\nfn {name}() {{\n    panic!(\"{{}}\", {complaint:?});\n}}\n")
}

struct Twin<'a> {
    mutation: &'a Mutation,
    workspace: &'a Path,
    modules: &'a Modules,
    root: PathBuf,
}

impl Twin<'_> {
    /// Writes the twin's files; its module declaration, or why there can be no twin.
    fn write(&self) -> io::Result<Result<String, String>> {
        let original = fs::read_to_string(self.workspace.join(self.mutation.file))?;
        let mutated = match self.mutation.apply(&original) {
            Ok(mutated) => mutated,
            Err(complaint) => return Ok(Err(complaint)),
        };
        for source in SOURCES {
            self.copy_folder(source)?;
        }
        self.put(self.mutation.file, &mutated)?;
        // The macro is exported from the crate root, where there is one already.
        self.put("runtime/src/select/macros.rs", "")?;
        if let Err(complaint) = self.keep_one_model()? {
            return Ok(Err(complaint));
        }
        let root = self.root.join("loom-tests/src/lib.rs");
        Ok(Ok(format!(
            "#[path = {root:?}]\n#[allow(warnings, clippy::all, clippy::restriction)]\nmod {};\n",
            self.mutation.name
        )))
    }

    fn copy_folder(&self, folder: &str) -> io::Result<()> {
        for entry in fs::read_dir(self.workspace.join(folder))? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                let text = fs::read_to_string(entry.path())?;
                self.put(&format!("{folder}/{}", entry.file_name().display()), &text)?;
            }
        }
        Ok(())
    }

    /// Keeps the model that must fail, as a test that expects just that.
    fn keep_one_model(&self) -> io::Result<Result<(), String>> {
        let (file, model) = self.mutation.model.split_once("::").expect("a model is named file::function");
        let path = format!("loom-tests/src/models/{file}.rs");
        let text = fs::read_to_string(self.workspace.join(&path))?;
        let test = format!("#[test]\nfn {model}(");
        if text.matches(&test).count() != 1 {
            return Ok(Err(format!("{path} has no model `{model}`: look at mutations.rs")));
        }
        self.put("loom-tests/src/lib.rs", &self.modules.lib_for(&text, self.mutation.file))?;
        let kept = format!("#[kept]\n#[should_panic(expected = {:?})]\nfn {model}(", self.mutation.says);
        self.put(&path, &text.replace(&test, &kept))?;
        self.put("loom-tests/src/models/mod.rs", &format!("mod {file};\n"))?;
        Ok(Ok(()))
    }

    /// Writes one file of the twin: re-rooted, and without tests but the kept one.
    fn put(&self, path: &str, text: &str) -> io::Result<()> {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().expect("a file lies in a folder"))?;
        let text = text
            .replace("#[test]", "")
            .replace("#[kept]", "#[test]")
            .replace("crate::", &format!("crate::twins::{}::", self.mutation.name))
            .replace(modules::ROOT, "crate");
        fs::write(path, text)
    }
}
