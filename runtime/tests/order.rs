//! The order of the house: modules name only modules below them, and every file keeps the house rules.
//!
//! The sources are read as text: comments and strings are blanked first, so only code counts.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Lines of one file, at most.
const MOST_LINES: usize = 600;
/// How many lines above an `unsafe` block its `SAFETY` note may begin.
const SAFETY_REACH: usize = 8;
/// How many lines above an atomic operation its `ORDER` note may begin.
const ORDER_REACH: usize = 4;

/// One source file: as written, without its unit tests, and as bare code.
struct Source {
    path: PathBuf,
    text: String,
    /// The same text, line for line, with comments blanked and strings filled with underscores.
    code: String,
}

impl Source {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let code = blank(&text);
        // Unit tests come last and follow laxer rules.
        let end = code.find("#[cfg(test)]").unwrap_or(code.len());
        Self { path: path.to_owned(), code: code[..end].to_owned(), text }
    }

    /// The module of `lib.rs` that this file belongs to.
    fn module(&self) -> String {
        let below = self.path.strip_prefix(src()).unwrap();
        below.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned()
    }

    fn line_of(&self, at: usize) -> usize {
        self.code[..at].matches('\n').count() + 1
    }

    fn place(&self, at: usize) -> String {
        format!("{}:{}", self.path.strip_prefix(src()).unwrap().display(), self.line_of(at))
    }

    /// Whether `note` stands in a comment at most `reach` lines above the code at `at`, or beside it.
    fn has_note(&self, at: usize, note: &str, reach: usize) -> bool {
        let line = self.line_of(at);
        let near = self.text.lines().take(line).skip(line.saturating_sub(reach + 1));
        near.filter_map(|line| line.split_once("//")).any(|(_, comment)| comment.contains(note))
    }
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources() -> Vec<Source> {
    let (mut files, mut folders) = (Vec::new(), vec![src()]);
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(Source::read(&path));
            }
        }
    }
    files
}

/// Replaces comments by spaces and the insides of strings by underscores; lines stay where they are.
fn blank(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (len, filler) = match token(rest) {
            Some(found) => found,
            None => {
                code.push(first);
                rest = &rest[first.len_utf8()..];
                continue;
            }
        };
        let hide = |byte| if byte == b'\n' { '\n' } else { filler };
        code.extend(rest[..len].bytes().map(hide));
        rest = &rest[len..];
    }
    code
}

/// The length of the comment, string or character that `text` begins with, and what hides it.
fn token(text: &str) -> Option<(usize, char)> {
    let quoted = |from: usize, close: char| {
        let mut escaped = false;
        let end = text[from..].find(|c| {
            let closes = c == close && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        });
        end.map_or(text.len(), |end| from + end + 1)
    };
    if text.starts_with("//") {
        return Some((text.find('\n').unwrap_or(text.len()), ' '));
    }
    if text.starts_with("/*") {
        return Some((text.find("*/").map_or(text.len(), |end| end + 2), ' '));
    }
    if text.starts_with('"') {
        return Some((quoted(1, '"'), '_'));
    }
    // A character, unless it is a lifetime: 'x' closes after one character or an escape.
    let mut after = text.strip_prefix('\'')?.chars();
    match (after.next()?, after.next()?) {
        ('\\', _) => Some((quoted(1, '\''), '_')),
        (_, '\'') => Some((text.char_indices().nth(3).map_or(text.len(), |(at, _)| at), '_')),
        _ => None,
    }
}

/// Where each `word` begins in `code`, as a whole word.
fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |&at| !code[..at].ends_with(is_part) && !code[at + word.len()..].starts_with(is_part))
}

/// The identifier that `text` begins with.
fn identifier(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// What follows `crate::` at each of its uses in `code`: one name, or the outermost ones in braces.
fn crate_names(code: &str) -> Vec<(usize, &str)> {
    let mut names = Vec::new();
    for (at, path) in code.match_indices("crate::").filter(|&(at, _)| !code[..at].ends_with('$')) {
        let rest = &code[at + path.len()..];
        match rest.strip_prefix('{') {
            None => names.push((at, identifier(rest))),
            Some(group) => names.extend(outermost(group).into_iter().map(|name| (at, name))),
        }
    }
    names
}

/// The first identifier of each member of the braced list whose brace was opened just before `group`.
fn outermost(group: &str) -> Vec<&str> {
    let (mut depth, mut expecting, mut names) = (1, true, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' => expecting |= depth == 1,
            _ if expecting && !c.is_whitespace() => {
                names.push(identifier(&group[at..]));
                expecting = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

/// The modules in the order of `lib.rs`, bottom first, each with its height.
fn heights() -> HashMap<String, usize> {
    let lib = Source::read(&src().join("lib.rs"));
    let names = lib.code.lines().filter_map(|line| {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        Some(line.strip_prefix("mod ")?.strip_suffix(';')?.to_owned())
    });
    names.zip(0..).collect()
}

/// The uses of `crate::` in `source` that name no module below its own.
fn upward_uses(source: &Source, heights: &HashMap<String, usize>) -> Vec<String> {
    let module = source.module();
    let own = heights[&module];
    let is_wrong = |name: &str| name != module && heights.get(name).is_none_or(|&height| height > own);
    let wrong = crate_names(&source.code).into_iter().filter(|&(_, name)| is_wrong(name));
    wrong.map(|(at, name)| format!("{}: `{module}` names `crate::{name}`", source.place(at))).collect()
}

/// The house rules that `source` breaks.
fn broken_rules(source: &Source) -> Vec<String> {
    let mut broken = Vec::new();
    let mut complain = |at: usize, what: &str| broken.push(format!("{}: {what}", source.place(at)));
    if !source.text.starts_with("//!") {
        complain(0, "the first line does not say what the file is");
    }
    if source.text.lines().count() > MOST_LINES {
        complain(0, "more than 600 lines");
    }
    for forbidden in ["println!", "eprintln!", "dbg!", "todo!", "static mut", "cfg(loom)"] {
        let found = source.code.match_indices(forbidden).map(|(at, _)| at);
        found.filter(|&at| !source.code[..at].ends_with('e')).for_each(|at| complain(at, forbidden));
    }
    let opens = |&at: &usize| {
        let rest = source.code[at + "unsafe".len()..].trim_start();
        rest.starts_with('{') || identifier(rest) == "impl"
    };
    for at in words(&source.code, "unsafe").filter(opens) {
        if !source.has_note(at, "SAFETY", SAFETY_REACH) {
            complain(at, "`unsafe` without a SAFETY note");
        }
    }
    for ordering in ["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"] {
        for at in words(&source.code, ordering).filter(|&at| source.code[..at].ends_with("Ordering::")) {
            if !source.has_note(at, "ORDER", ORDER_REACH) {
                complain(at, "an atomic ordering without an ORDER note");
            }
        }
    }
    broken
}

#[test]
fn modules_name_only_modules_below_them() {
    let heights = heights();
    let folders = sources().into_iter().filter(|source| source.module() != "lib");
    let wrong: Vec<_> = folders.flat_map(|source| upward_uses(&source, &heights)).collect();
    assert!(wrong.is_empty(), "lib.rs lists modules bottom to top:\n{}", wrong.join("\n"));
}

#[test]
fn every_module_is_in_the_list() {
    let heights = heights();
    assert!(heights.len() > 10 && heights.contains_key("primitive"));
    let missing: Vec<_> =
        sources().iter().map(Source::module).filter(|m| m != "lib" && !heights.contains_key(m)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_file_keeps_the_house_rules() {
    let broken: Vec<_> = sources().iter().flat_map(broken_rules).collect();
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

/// A source that breaks rules, to show that the rules above can fail.
fn planted(text: &str) -> Source {
    Source { path: src().join("wait/planted.rs"), text: text.to_owned(), code: blank(text) }
}

#[test]
fn planted_faults_are_found() {
    let heights = heights();
    let upward = planted("use crate::{home::{inbox, Home}, sys, wait::lock};\nuse crate::JoinHandle;");
    let found = upward_uses(&upward, &heights);
    assert_eq!(
        found.len(),
        2,
        "`home` is above, `JoinHandle` no module, `sys` and `wait` are fine: {found:?}"
    );
    assert!(found[0].ends_with("`crate::home`") && found[1].starts_with("wait/planted.rs:2"), "{found:?}");
    let innocent = planted(
        "//! x\n/// crate::home\nmacro!($crate::home, \"crate::home\", 'c', '\\'', \"\\\"crate::home\");",
    );
    assert!(upward_uses(&innocent, &heights).is_empty());

    for (text, expected) in [
        ("fn f() {}", 1),
        ("//! x\nfn f() { unsafe { g() } }", 1),
        ("//! x\n// SAFETY: so.\nunsafe impl Send for X {}\nunsafe fn g() {}", 0),
        ("//! x\nfn f() { a.load(Ordering::Relaxed); println!(\"{}\", 1); }", 2),
        ("//! x\n// ORDER: so.\nfn f() { a.load(Ordering::Relaxed); eprintln!() }", 1),
        ("//! x\n#[cfg(loom)]\nstatic mut X: u8 = todo!();", 3),
    ] {
        let found = broken_rules(&planted(text));
        assert_eq!(found.len(), expected, "{text}\n{found:?}");
    }
}
