//! What happens at the limits: of memory, of stacks, of patience with files that go away.

#![cfg(feature = "lua54")]

mod support;

use std::io::{BufRead, BufReader};

use support::{Script, command, seen};

/// Runs a script that may use 8 MB in each state.
fn limited(script: &str) -> (Option<i32>, String, String) {
    seen(&["-w", "2", "--memory-limit", "8M", "-"], script)
}

#[test]
fn a_state_without_memory_gets_an_error_and_goes_on() {
    let script = "
        print(pcall(string.rep, 'x', 9 << 20))
        print(pcall(function() local t = {} while true do t[#t + 1] = {} end end))
        print(pcall(function() local s = 'x' while true do s = s .. s end end))
        print(#string.rep('x', 3 << 20), collectgarbage 'count' < 8192)";
    let (code, stdout, stderr) = limited(script);
    let lines: Vec<_> = stdout.lines().collect();
    let none = "false\tnot enough memory";
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(lines, [none, none, none, "3145728\ttrue"]);
}

#[test]
fn garbage_is_collected_before_memory_runs_out() {
    let script = "collectgarbage 'stop'
        for _ = 1, 100 do local s = ('x'):rep(1 << 20) local t = table.pack(s:byte(1, 1000)) end
        print 'enough'";
    assert_eq!(limited(script), (Some(0), "enough\n".into(), String::new()));
}

#[test]
fn one_state_without_memory_leaves_the_others_alone() {
    let script = "
        local mf = require 'moonfleet'
        local function glutton() local t = {} while true do t[#t + 1] = {} end end
        local modest = mf.launch(function() return #string.rep('x', 3 << 20) end)
        print(mf.launch(glutton):join())
        print(modest:join())
        print(mf.spawn(glutton):join())
        print(#string.rep('x', 3 << 20))";
    let (code, stdout, stderr) = limited(script);
    let none = "false\tnot enough memory\n";
    assert_eq!(
        (code, stdout, stderr.as_str()),
        (Some(0), format!("{none}true\t3145728\n{none}3145728\n"), "")
    );
}

#[test]
fn a_message_too_large_for_its_receiver_is_an_error_there() {
    let script = "
        local mf = require 'moonfleet'
        local ch = mf.channel()
        local receiver = mf.launch(function(ch)
          local own = ('x'):rep(3500000)
          print(pcall(ch.receive, ch))
          return #own, ch:receive()
        end, ch)
        ch:send{ ('y'):rep(2500000), ('z'):rep(2500000) }
        ch:send('small')
        print(receiver:join())";
    let (code, stdout, stderr) = limited(script);
    let expected = "false\tnot enough memory\ntrue\t3500000\tsmall\n";
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(0), expected, ""));
}

#[test]
fn a_script_without_memory_ends_with_one() {
    let (code, stdout, stderr) = limited("local t = {} while true do t[#t + 1] = {} end");
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.starts_with("moonfleet: not enough memory"), "{stderr}");
    let (code, _, stderr) = seen(&["--memory-limit", "1K", "-e", "print 'never'"], "");
    assert_eq!(code, Some(1));
    assert!(stderr.starts_with("moonfleet: cannot create a Lua state: not enough memory"), "{stderr}");
}

#[test]
fn small_stacks_are_enough_for_plain_code() {
    let script = "
        local mf = require 'moonfleet'
        local function depth(n) return n == 0 and 0 or 1 + depth(n - 1) end
        local tasks = {}
        for i = 1, 100 do tasks[i] = mf.spawn(depth, 10000) end
        for i = 1, 100 do assert(select(2, tasks[i]:join()) == 10000) end
        print(pcall(function() local function f() return 1 + f() end return f() end))";
    let (code, stdout, stderr) = seen(&["--stack-size", "256K", "-"], script);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(stdout.starts_with("false\tstdin:") && stdout.contains("stack overflow"), "{stdout}");
}

#[test]
fn a_script_that_is_deleted_while_it_runs_goes_on() {
    let script = Script::new(
        "deleted.lua",
        "io.stdout:setvbuf 'no'
        print 'running'
        io.read 'l'
        local mf = require 'moonfleet'
        print(mf.launch(function() return 'a state of its own' end):join())
        error 'the end'",
    );
    let path = script.path().to_owned();
    let mut child = command(&[&path]).spawn().expect("the interpreter starts");
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "running\n");
    drop(script);
    assert!(!std::path::Path::new(&path).exists());
    drop(child.stdin.take());
    line.clear();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "true\ta state of its own\n");
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr.contains("deleted.lua:6: the end\nstack traceback:"), "{stderr}");
}
