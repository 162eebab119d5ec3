//! Copies the runtime's sources, to be compiled against shuttle: what they name of the standard library that
//! blocks, spins, tells the time or throws dice comes from `src/stand_ins` instead.
//!
//! A handful of files that speak to the kernel are replaced as a whole, and the faults of `faults.rs` are planted
//! beside the right lines, to be chosen at run time. Nothing else is changed. A text that is not found stops the
//! build of this crate with the place to look at: a copy that is not the runtime would prove nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

#[path = "src/faults.rs"]
mod faults;

use faults::{FAULTS, Fault};

const RUNTIME: &str = "../runtime/src";

/// Files that a module of `src/stand_ins` stands in for.
const REPLACED: &[(&str, &str)] = &[
    ("primitive.rs", "primitive"),
    ("sys/clock.rs", "clock"),
    ("sys/poller.rs", "poller"),
    ("stack/alt_stack.rs", "alt_stack"),
];

/// Folders whose locks and counters stay those of the standard library: no thread waits for another there.
const KEPT: &[&str] = &["stack/"];

/// Modules that are left out, with what else their files say of them: no model has descriptors.
const OMITTED: &[(&str, &[&str])] = &[
    (
        "lib.rs",
        &["mod device;", "pub mod fs;", "pub mod io;", "pub mod net;", "pub mod process;", "pub mod signal;"],
    ),
    ("foreign/mod.rs", &["mod io;", "pub use self::io::{"]),
];

/// What is named instead.
const SUBSTITUTED: &[(&str, &str)] = &[
    ("std::sync::", "crate::stand_ins::sync::"),
    ("std::thread", "crate::stand_ins::thread"),
    ("std::panic::", "crate::stand_ins::panic::"),
    ("std::time::", "crate::stand_ins::time::"),
    ("std::collections::HashMap", "crate::stand_ins::HashMap"),
    ("core::hint::spin_loop", "shuttle::hint::spin_loop"),
    ("crossbeam_deque::", "crate::stand_ins::deque::"),
    ("fastrand::", "crate::stand_ins::random::"),
    // Macros are exported from the root of a crate, wherever they lie in it.
    ("$crate::moonfleet::select!", "$crate::select!"),
    ("$crate::moonfleet::task_local!", "$crate::task_local!"),
];

/// Single lines that must differ: file, text, what stands there instead.
const ADAPTED: &[(&str, &str, &str)] = &[
    // A schedule that looks 64 times at the same inbox explores nothing but that.
    ("scheduler/rounds.rs", "const LOOKS_AT_INBOX: u32 = 64;", "const LOOKS_AT_INBOX: u32 = 2;"),
    // Schedules must not depend on what earlier ones left behind.
    (
        "home/mod.rs",
        "static VACANT: Mutex<Vec<&'static Home>> = Mutex::new(Vec::new());",
        "shuttle::lazy_static! { static ref VACANT: Mutex<Vec<&'static Home>> = Mutex::new(Vec::new()); }",
    ),
];

fn main() -> io::Result<()> {
    for source in [RUNTIME, "src/faults.rs", "build.rs"] {
        println!("cargo::rerun-if-changed={source}");
    }
    let copy = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("runtime");
    copy_folder(Path::new(""), &copy)?;
    let root = copy.join("lib.rs");
    let declaration = format!(
        "#[path = {root:?}]\n#[allow(warnings, clippy::all, clippy::restriction)]\npub mod moonfleet;\n"
    );
    fs::write(copy.join("declaration.rs"), declaration)
}

fn copy_folder(below: &Path, copy: &Path) -> io::Result<()> {
    fs::create_dir_all(copy.join(below))?;
    for entry in fs::read_dir(Path::new(RUNTIME).join(below))? {
        let entry = entry?;
        let below = below.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&below, copy)?;
        } else {
            let text = fs::read_to_string(entry.path())?;
            let name = below.to_str().expect("the runtime's files have plain names");
            fs::write(copy.join(&below), rewritten(name, text))?;
        }
    }
    Ok(())
}

fn rewritten(file: &str, text: String) -> String {
    if let Some((_, module)) = REPLACED.iter().find(|(replaced, _)| *replaced == file) {
        return format!("//! See `stand_ins`.\npub(crate) use crate::stand_ins::{module}::*;\n");
    }
    // Unit tests run where they come from.
    let mut text = text.replace("crate::", "crate::moonfleet::").replace("#[cfg(test)]", "#[cfg(any())]");
    for declaration in OMITTED.iter().filter(|(lists, _)| *lists == file).flat_map(|(_, omitted)| *omitted) {
        text = without(declaration, &text);
    }
    for fault in FAULTS.iter().filter(|fault| fault.file == format!("runtime/src/{file}")) {
        text = planted(fault, &text);
    }
    for (_, line, instead) in ADAPTED.iter().filter(|(adapted, ..)| *adapted == file) {
        assert!(
            text.contains(line),
            "runtime/src/{file} has no line `{line}`: look at shuttle-tests/build.rs"
        );
        text = text.replace(line, instead);
    }
    if !KEPT.iter().any(|folder| file.starts_with(folder)) {
        for (named, instead) in SUBSTITUTED {
            text = text.replace(named, instead);
        }
    }
    text
}

/// The text without the statement that begins with `declaration`.
fn without(declaration: &str, text: &str) -> String {
    let begin = text.find(&format!("\n{declaration}")).unwrap_or_else(|| {
        panic!("nothing in the runtime begins with `{declaration}`: look at shuttle-tests/build.rs");
    });
    let (before, rest) = text.split_at(begin + 1);
    let end = rest.find(';').expect("a statement ends with a semicolon");
    format!("{before}{}", &rest[end + 1..])
}

/// The text with `fault` beside what is right.
fn planted(fault: &Fault, text: &str) -> String {
    let Fault { name, file, after, right, wrong } = fault;
    let begin = text.find(after).unwrap_or_else(|| {
        panic!("fault `{name}`: {file} has no `{after}`: look at shuttle-tests/src/faults.rs");
    });
    let (before, rest) = text.split_at(begin);
    // A function ends with a brace that is as far to the left as it begins.
    let line = &before[before.rfind('\n').map_or(0, |newline| newline + 1)..];
    let indent = " ".repeat(line.len() - line.trim_start().len());
    let end = rest.find(&format!("\n{indent}}}\n")).unwrap_or(rest.len());
    let (function, rest) = rest.split_at(end);
    assert!(
        function.matches(right).count() == 1,
        "fault `{name}`: {file} has not exactly one `{right}` in `{after}`: look at shuttle-tests/src/faults.rs"
    );
    let choice = format!("if crate::is_planted({name:?}) {{ {wrong} }} else {{ {right} }}");
    let choice = if right.ends_with([';', '}']) { choice } else { format!("({choice})") };
    format!("{before}{}{rest}", function.replace(right, &choice))
}
