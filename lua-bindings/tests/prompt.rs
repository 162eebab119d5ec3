//! The prompt: what it reads, prints and remembers, and that tasks run while it waits.

#![cfg(feature = "lua54")]

mod support;

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};
use support::{Script, command, seen};

/// What the prompt answers to some lines on a pipe: stdout without prompts and banner, and stderr.
fn answers(lines: &str) -> (String, String) {
    let (code, stdout, stderr) = seen(&["-i"], lines);
    assert_eq!(code, Some(0), "{stderr}");
    let (banner, rest) = stdout.split_once('\n').expect("a banner");
    assert!(banner.starts_with("moonfleet ") && banner.ends_with(')'), "{banner}");
    (rest.replace(">> ", "").replace("> ", ""), stderr)
}

#[test]
fn expressions_are_printed_and_statements_run() {
    assert_eq!(answers("1 + 1\nx = 5\nx, nil\n=x\nlocal y = 2; return y\n").0, "2\n5\tnil\n5\n2\n\n");
    assert_eq!(answers("print(1)\nnil\nreturn\n").0, "1\nnil\n\n");
}

#[test]
fn a_chunk_goes_on_until_it_is_complete() {
    assert_eq!(answers("for i = 1, 2 do\nprint(i)\nend\n'after'\n").0, "1\n2\nafter\n\n");
    assert_eq!(answers("=1 +\n2\n").0, "3\n\n");
    let (stdout, stderr) = answers("x = = 1\nfor i = 1,\n");
    assert_eq!(stdout, "\n");
    assert!(stderr.starts_with("stdin:1: unexpected symbol near '='\nstdin:"), "{stderr}");
    assert!(stderr.ends_with("<eof>\n"), "{stderr}");
}

#[test]
fn errors_have_a_traceback_and_end_nothing() {
    let (stdout, stderr) = answers("error('oops')\n'still here'\nerror({})\n");
    assert_eq!(stdout, "still here\n\n");
    assert!(stderr.starts_with("stdin:1: oops\nstack traceback:\n\t[C]: in function 'error'\n"), "{stderr}");
    assert!(stderr.contains("\n(error object is a table value)\n"), "{stderr}");
    let (_, stderr) = answers("print = nil\n1\nprint = error\n'two'\n");
    assert_eq!(stderr, "error calling 'print' (attempt to call a nil value)\nerror calling 'print' (two)\n");
}

#[test]
fn the_prompt_is_what_the_script_says() {
    let script = "_PROMPT = setmetatable({}, { __tostring = function() return '<' .. arg[3] .. '>' end })
        _PROMPT2 = '... '";
    let (_, stdout, stderr) = seen(&["-e", script, "-i"], "x =\n1\n=x\n");
    assert_eq!((stdout.split_once('\n').unwrap().1, stderr.as_str()), ("<-i>... <-i>1\n<-i>\n", ""));
    let (_, stdout, _) = seen(&["-i"], "_PROMPT = nil\n_PROMPT = error\n");
    assert!(stdout.contains("\n> > function: "), "{stdout}");
}

#[test]
fn a_script_runs_before_the_prompt_and_its_failure_instead_of_it() {
    let script = Script::new("before.lua", "x = ...");
    let (code, stdout, _) = seen(&["-i", script.path(), "from the script"], "x\n");
    assert_eq!((code, stdout.contains("> from the script\n")), (Some(0), true));
    let script = Script::new("fails.lua", "error('no')");
    let (code, stdout, stderr) = seen(&["-i", script.path()], "print('never')\n");
    assert_eq!((code, stdout.lines().count()), (Some(1), 1), "{stdout}");
    assert!(stderr.contains("fails.lua:1: no"), "{stderr}");
}

/// Reads until the output ends with `text`, which the prompt would wait for ever to write if it held up the tasks.
fn read_until(output: &mut impl Read, text: &str) -> String {
    let mut seen = Vec::new();
    while !seen.ends_with(text.as_bytes()) {
        let mut byte = [0];
        assert_eq!(output.read(&mut byte).unwrap_or(0), 1, "{}", String::from_utf8_lossy(&seen));
        seen.push(byte[0]);
    }
    String::from_utf8_lossy(&seen).into_owned()
}

#[test]
fn tasks_run_while_the_prompt_waits_and_end_with_it() {
    let mut child = command(&["-i"]).spawn().expect("the interpreter starts");
    let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    read_until(&mut output, "> ");
    let line = "mf = require 'moonfleet' ch = mf.channel() mf.spawn(function() \
                for i = 1, 3 do mf.sleep(0.01) io.write('tick ', i, '\\n') io.flush() end \
                print(ch:receive()) ch:receive() end)\n";
    input.write_all(line.as_bytes()).unwrap();
    read_until(&mut output, "tick 1\ntick 2\ntick 3\n");
    input.write_all(b"ch:send('from the prompt')\n").unwrap();
    read_until(&mut output, "from the prompt\n");
    drop(input);
    read_until(&mut output, "\n");
    assert_eq!(child.wait().unwrap().code(), Some(0), "a task that waits for ever does not hold up the end");
}

/// The interpreter on a terminal of its own.
struct Terminal {
    ours: File,
    theirs: OwnedFd,
    child: Child,
}

impl Terminal {
    fn open(history: &str) -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&ours).and_then(|()| unlockpt(&ours)).expect("a terminal");
        let name = ptsname(&ours, Vec::new()).expect("a name");
        let theirs: OwnedFd =
            File::options().read(true).write(true).open(name.to_str().unwrap()).expect("a terminal").into();
        let end = || Stdio::from(theirs.try_clone().expect("a descriptor"));
        let child = Command::new(env!("CARGO_BIN_EXE_moonfleet"))
            .env("MOONFLEET_HISTORY", history)
            .env("TERM", "xterm")
            .env_remove("LUA_INIT")
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .expect("the interpreter starts");
        Self { ours: ours.into(), theirs, child }
    }

    /// Types at the next prompt after `text` was printed: earlier the terminal would take the keys for itself.
    fn answer(&mut self, text: &str, keys: &str) {
        read_until(&mut self.ours, text);
        read_until(&mut self.ours, "> ");
        self.ours.write_all(keys.as_bytes()).expect("a terminal");
    }

    fn echoes(&self) -> bool {
        tcgetattr(&self.theirs).expect("a terminal").local_modes.contains(LocalModes::ECHO)
    }
}

#[test]
fn a_terminal_has_a_history_and_is_left_as_it_was() {
    let history = Script::new("history", "");
    let mut first = Terminal::open(history.path());
    first.answer("", "print('re' .. 'membered')\r");
    first.answer("remembered\r\n", "\x04");
    assert_eq!(first.child.wait().unwrap().code(), Some(0), "Ctrl-D ends it");

    let mut second = Terminal::open(history.path());
    assert!(second.echoes());
    second.answer("", "\x1b[A\r");
    second.answer("remembered\r\n", "@");
    read_until(&mut second.ours, "@");
    second.ours.write_all(b"\x03").expect("a terminal");
    second.answer(
        "",
        "mf = require 'moonfleet' mf.spawn(function() mf.sleep(0.1) print 'bye' os.exit(7) end)\r",
    );
    read_until(&mut second.ours, "bye\r\n");
    assert_eq!(second.child.wait().unwrap().code(), Some(7));
    assert!(second.echoes(), "an exit in a task sets the terminal back");
}
