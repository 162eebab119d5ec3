//! The command line: options, exit codes, messages, environment.

#![cfg(feature = "lua54")]

mod support;

use support::{Script, command, seen, seen_of};

#[test]
fn unknown_options_show_the_usage() {
    for words in [&["--frobnicate"][..], &["-x"], &["-w"], &["-e"], &["--workers=many"]] {
        let (code, stdout, stderr) = seen(words, "");
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{words:?}");
        assert!(
            stderr.starts_with("moonfleet: ") && stderr.contains("usage: moonfleet"),
            "{words:?}: {stderr}"
        );
    }
}

#[test]
fn no_workers_are_refused() {
    let (code, _, stderr) = seen(&["-w", "0", "-e", "print(1)"], "");
    assert_eq!(code, Some(2));
    assert!(stderr.contains("--workers is 0, but there must be at least one worker"), "{stderr}");
}

#[test]
fn the_variable_sets_the_number_of_workers() {
    let run = |value: &str, words: &[&str]| {
        let code = "print(require 'moonfleet'.workers())";
        seen_of(command(&[words, &["-e", code]].concat()).env("MOONFLEET_WORKERS", value), "")
    };
    assert_eq!(run("3", &[]), (Some(0), "3\n".to_owned(), String::new()));
    assert_eq!(run("3", &["-w", "2"]).1, "2\n", "the option beats the variable");
    for (value, complaint) in [
        ("0", "MOONFLEET_WORKERS is 0, but there must be at least one worker"),
        ("lots", "MOONFLEET_WORKERS must be a number, not 'lots'"),
        ("-1", "MOONFLEET_WORKERS must be a number, not '-1'"),
        ("", "MOONFLEET_WORKERS must be a number, not ''"),
    ] {
        let (code, stdout, stderr) = run(value, &[]);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{value}");
        assert!(stderr.starts_with(&format!("moonfleet: {complaint}")), "{stderr}");
    }
}

#[test]
fn a_missing_script_is_named() {
    let (code, stdout, stderr) = seen(&["nofile.lua"], "");
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.starts_with("moonfleet: cannot open nofile.lua"), "{stderr}");
}

#[test]
fn help_and_version_go_to_stdout() {
    let (code, stdout, stderr) = seen(&["--help"], "");
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(stdout.starts_with("usage: moonfleet [options] [script [args]]"), "{stdout}");
    let (code, stdout, _) = seen(&["-v"], "");
    assert_eq!(code, Some(0));
    assert!(stdout.starts_with("moonfleet ") && stdout.contains("Lua"), "{stdout}");
}

#[test]
fn code_runs_before_the_script() {
    let (code, stdout, _) =
        seen(&["-e", "x = 1", "-e", "x = x + 1", "-", "a"], "print(x, ..., arg[0], arg[1])");
    assert_eq!((code, stdout.as_str()), (Some(0), "2\ta\t-\ta\n"));
}

#[test]
fn input_is_a_script_when_there_is_none() {
    let (code, stdout, _) = seen(&[], "#!/usr/bin/env moonfleet\nprint('from input')");
    assert_eq!((code, stdout.as_str()), (Some(0), "from input\n"));
}

#[test]
fn negative_arguments_are_the_words_before_the_script() {
    let (_, stdout, _) =
        seen(&["-w", "1", "-", "a", "b"], "print(arg[-2], arg[-1], arg[0], arg[1], arg[2], arg[-4])");
    assert_eq!(stdout, "-w\t1\t-\ta\tb\tnil\n");
}

#[test]
fn a_syntax_error_ends_with_one() {
    let (code, stdout, stderr) = seen(&["-e", "x ="], "");
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.starts_with("moonfleet: (command line):1: "), "{stderr}");
}

#[test]
fn a_failing_script_has_a_traceback() {
    let (code, _, stderr) = seen(&["-"], "local function f() error('oops') end\nf()");
    assert_eq!(code, Some(1));
    assert!(stderr.starts_with("moonfleet: stdin:1: oops\nstack traceback:\n"), "{stderr}");
}

#[test]
fn error_values_that_are_no_text_are_described() {
    let (code, _, stderr) = seen(&["-e", "error({})"], "");
    assert_eq!(code, Some(1));
    assert!(stderr.starts_with("moonfleet: (error object is a table value)"), "{stderr}");
    let (_, _, stderr) =
        seen(&["-e", "error(setmetatable({}, {__tostring = function() return 'spelled' end}))"], "");
    assert_eq!(stderr, "moonfleet: spelled\n");
}

#[test]
fn exit_works_from_everywhere() {
    let from_task = "local mf = require 'moonfleet'
        mf.spawn(function() io.write('bye') os.exit(7) end)
        mf.channel():receive()";
    let (code, stdout, _) = seen(&["-e", from_task], "");
    assert_eq!((code, stdout.as_str()), (Some(7), "bye"));
    let from_state = "require 'moonfleet'.launch(function() io.write('bye') os.exit(8) end)
        require 'moonfleet'.channel():receive()";
    let (code, stdout, _) = seen(&["-w", "2", "-e", from_state], "");
    assert_eq!((code, stdout.as_str()), (Some(8), "bye"));
    assert_eq!(seen(&["-e", "os.exit(false)"], "").0, Some(1));
    assert_eq!(seen(&["-e", "os.exit(true, true)"], "").0, Some(0));
}

#[test]
fn an_error_in_a_task_leaves_the_others_alone() {
    let script = "local mf = require 'moonfleet'
        mf.spawn_named('careless', function() error('lost') end)
        mf.yield()
        print('main goes on')";
    let (code, stdout, stderr) = seen(&["-"], script);
    assert_eq!((code, stdout.as_str()), (Some(0), "main goes on\n"));
    assert!(
        stderr.starts_with("moonfleet: task 'careless' failed: stdin:2: lost\nstack traceback:\n"),
        "{stderr}"
    );
}

#[test]
fn lua_init_runs_first() {
    let run = |name: &str, value: &str| seen_of(command(&["-e", "print(x)"]).env(name, value), "");
    assert_eq!(run("LUA_INIT", "x = 'set'").1, "set\n");
    assert_eq!(run("LUA_INIT_5_4", "x = 'set'").1, "set\n");
    let (code, stdout, stderr) = run("LUA_INIT", "x =");
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.starts_with("moonfleet: LUA_INIT:1: "), "{stderr}");
    assert_eq!(run("LUA_INIT", "@/no/such/file.lua").0, Some(1));
    let file = Script::new("init.lua", "x = 'from a file'");
    assert_eq!(run("LUA_INIT", &format!("@{}", file.path())).1, "from a file\n");
}

#[test]
fn the_versioned_lua_init_beats_the_plain_one() {
    let mut both = command(&["-e", "print(x)"]);
    both.env("LUA_INIT", "x = 'plain'").env("LUA_INIT_5_4", "x = 'versioned'");
    assert_eq!(seen_of(&mut both, "").1, "versioned\n");
}

#[test]
fn lua_init_runs_in_every_state() {
    let code = "print(select(2, require 'moonfleet'.launch(function() return x end):join()))";
    assert_eq!(seen_of(command(&["-e", code]).env("LUA_INIT", "x = 'there'"), "").1, "there\n");
}

#[test]
fn a_script_in_a_file_may_begin_with_a_hash_line() {
    let script = Script::new("shebang.lua", "#!/usr/bin/env moonfleet\nprint(arg[0], arg[1], ...)");
    let (code, stdout, stderr) = seen(&[script.path(), "one", "-v"], "");
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(stdout, format!("{}\tone\tone\t-v\n", script.path()));
}

#[test]
fn errors_of_a_script_in_a_file_name_it_and_its_lines() {
    let script = Script::new("fails.lua", "local function f()\n  error('oops')\nend\nf()\n");
    let (code, _, stderr) = seen(&[script.path()], "");
    assert_eq!(code, Some(1));
    let lines: Vec<_> = stderr.lines().collect();
    let [message, title, _, in_f, in_main, ..] = lines[..] else { panic!("{stderr}") };
    assert!(message.starts_with("moonfleet: ") && message.ends_with("fails.lua:2: oops"), "{stderr}");
    assert_eq!(title, "stack traceback:");
    assert!(in_f.contains("fails.lua:2: in ") && in_main.contains("fails.lua:4: in main chunk"), "{stderr}");

    let script = Script::new("syntax.lua", "x = = 1");
    let (code, stdout, stderr) = seen(&[script.path()], "");
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.contains("syntax.lua:1: unexpected symbol near '='"), "{stderr}");
}

#[test]
fn a_failing_chunk_stops_those_after_it() {
    let (code, stdout, stderr) = seen(&["-e", "print(1)", "-e", "error('no', 0)", "-e", "print(3)"], "");
    assert_eq!((code, stdout.as_str()), (Some(1), "1\n"));
    assert!(stderr.starts_with("moonfleet: no\n"), "{stderr}");
}

#[test]
fn version_and_code_go_together() {
    let (code, stdout, _) = seen(&["-v", "-e", "print 'and code'"], "");
    assert_eq!(code, Some(0));
    assert!(stdout.starts_with("moonfleet ") && stdout.ends_with("\nand code\n"), "{stdout}");
}

#[test]
fn libraries_are_required_into_globals() {
    let module = Script::new("lib.lua", "return { name = ..., loaded = true }");
    let (folder, file) = module.path().rsplit_once('/').unwrap();
    let name = file.strip_suffix(".lua").unwrap();
    let run = |words: &[&str]| seen_of(command(words).env("LUA_PATH", format!("{folder}/?.lua")), "");
    assert_eq!(
        run(&["-l", &format!("g={name}"), "-e", "print(g.loaded)"]),
        (Some(0), "true\n".into(), "".into())
    );
    assert_eq!(run(&["-e", "x = 1", "-l", &format!("x={name}"), "-e", "print(type(x))"]).1, "table\n");
    assert_eq!(run(&["-lmath", "-e", "print(math.pi > 3)"]).1, "true\n");
    let (code, stdout, stderr) = run(&["-l", "no.such.module", "-e", "print('never')"]);
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.starts_with("moonfleet: module 'no.such.module' not found:\n"), "{stderr}");
    assert!(stderr.contains(&format!("no file '{folder}/no/such/module.lua'")), "{stderr}");
}

#[test]
fn the_environment_may_be_ignored() {
    let print = "print(x, package.path:find('/here/', 1, true), (package.cpath:find('/there/', 1, true)))";
    let run = |words: &[&str], version: &str| {
        let mut command = command(&[words, &["-e", print]].concat());
        command.env(format!("LUA_INIT{version}"), "x = 'set'");
        command.env(format!("LUA_PATH{version}"), "/here/?.lua;;");
        command.env(format!("LUA_CPATH{version}"), "/there/?.so;;");
        seen_of(&mut command, "").1
    };
    assert_eq!(run(&[], ""), "set\t1\t1\n");
    assert_eq!(run(&[], "_5_4"), "set\t1\t1\n");
    assert_eq!(run(&["-E"], ""), "nil\tnil\tnil\n");
    assert_eq!(run(&["-E"], "_5_4"), "nil\tnil\tnil\n");
}

#[test]
fn warnings_are_turned_on_where_the_option_stands() {
    let (code, _, stderr) = seen(&["-e", "warn('early')", "-W", "-e", "warn('late')"], "");
    assert_eq!((code, stderr.as_str()), (Some(0), "Lua warning: late\n"));
}

#[test]
fn only_the_script_has_arguments_and_they_are_those_in_arg() {
    let (code, stdout, _) = seen(&["-e", "print(select('#', ...)) arg[2] = 'two'", "-", "one"], "print(...)");
    assert_eq!((code, stdout.as_str()), (Some(0), "0\none\ttwo\n"));
    let (code, _, stderr) = seen(&["-e", "arg = nil", "-"], "print(...)");
    assert_eq!(code, Some(1));
    assert!(stderr.starts_with("moonfleet: 'arg' is not a table"), "{stderr}");
}

#[test]
fn statistics_are_printed_however_the_process_ends() {
    for code in ["x = 1", "os.exit(0)", "require 'moonfleet'.spawn(function() os.exit(0) end)", "error('no')"]
    {
        let (status, stdout, stderr) = seen(&["--stats", "-w", "2", "-e", code], "");
        assert_eq!((status, stdout.as_str()), (Some(i32::from(code.starts_with("error"))), ""), "{code}");
        let rows: Vec<_> = stderr.lines().filter_map(|line| line.split_whitespace().next()).collect();
        let table = &rows[rows.len() - 6..];
        assert_eq!(table, ["moonfleet:", "worker", "1", "2", "all", "blocking:"], "{stderr}");
    }
}

#[test]
fn sizes_that_are_none_are_refused() {
    for words in [["--memory-limit", "lots"], ["--stack-size", "4K"], ["--stack-size", "-1"]] {
        let (code, _, stderr) = seen(&words, "");
        assert_eq!(code, Some(2), "{words:?}");
        assert!(stderr.starts_with(&format!("moonfleet: {}", words[0])), "{stderr}");
    }
}
