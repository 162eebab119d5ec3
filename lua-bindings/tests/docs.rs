//! Runs every Lua example of docs/lua.md, and holds the page complete: each function and method stands in an example.
//!
//! An example is a program of its own, with `mf` in place. What it prints must be what its `--> text` comments say, in
//! their order, with two spaces for each tab.

#![cfg(feature = "lua54")]

use std::path::Path;
use std::process::Command;

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/lua.md");
    std::fs::read_to_string(path).expect("the page")
}

/// The examples, each with the number of its first line.
fn examples(page: &str) -> Vec<(usize, String)> {
    let (mut examples, mut open) = (Vec::new(), None::<(usize, String)>);
    for (line, number) in page.lines().zip(1..) {
        match &mut open {
            None if line == "```lua" => open = Some((number + 1, String::new())),
            Some(_) if line == "```" => examples.extend(open.take()),
            Some((_, text)) => *text += &format!("{line}\n"),
            None => {}
        }
    }
    assert!(open.is_none(), "an example has no end");
    examples
}

/// Runs a program: its output.
fn run(program: &str) -> String {
    let output = Command::new("timeout")
        .args(["--signal=KILL", "60", env!("CARGO_BIN_EXE_moonfleet"), "-w", "2", "-e", program])
        .env_remove("LUA_INIT")
        .output()
        .expect("the interpreter starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.is_empty(), "{}\n{program}\n{stderr}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn every_example_prints_what_it_says() {
    let examples = examples(&page());
    assert!(examples.len() >= 10, "the page has examples");
    for (number, example) in examples {
        let program = format!("local mf = require 'moonfleet'\n{example}");
        let actual: Vec<_> = run(&program).lines().map(|line| line.replace('\t', "  ")).collect();
        let expected: Vec<_> =
            example.lines().filter_map(|line| Some(line.split_once("--> ")?.1.to_owned())).collect();
        assert_eq!(actual, expected, "docs/lua.md:{number}");
    }
}

#[test]
fn every_call_has_an_example() {
    let names = run("
        local mf = require 'moonfleet'
        for name in pairs(mf) do print('mf.' .. name) end
        for _, object in ipairs { mf.channel(), mf.current(), mf.mutex(), mf.semaphore(1), mf.condition(), mf.wait_group() } do
            for name in pairs(getmetatable(object).__index) do print(':' .. name) end
        end
    ");
    let code: String = examples(&page()).into_iter().map(|(_, example)| example).collect();
    let is_used = |name: &&str| {
        code.match_indices(*name)
            .any(|(at, _)| !code[at + name.len()..].starts_with(|c: char| c == '_' || c.is_alphanumeric()))
    };
    let missing: Vec<_> = names.lines().filter(|name| !is_used(name)).collect();
    assert!(missing.is_empty(), "no example in docs/lua.md shows {missing:?}");
}
