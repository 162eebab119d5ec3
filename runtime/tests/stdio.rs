//! `io::stdin`, `stdout` and `stderr`: this program as its own child, with pipes, terminals, sockets and files.

mod child;
mod support;

use std::ffi::CStr;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{self, Child, Command, Output, Stdio};
use std::time::Duration;

use moonfleet::io::{stderr, stdin, stdout};
use moonfleet::{channel, spawn, spawn_local, time, yield_now};
use rustix::fs::{OFlags, fcntl_getfl};
use support::{LONG, alone, ends_completely, park, runtime, start, was_cancelled};

/// What a child prints before the harness lets it print anything else.
const BEGIN: &str = "BEGIN\n";

/// This program, to run the test `name` in a process of its own.
fn command(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture", "--test-threads=1"]).env("MOONFLEET_TEST_CHILD", name);
    command
}

/// Starts this program with pipes as all its streams.
fn piped(name: &str) -> Child {
    command(name).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// What a child has printed since it began, if it has ended well.
fn said(output: &Output) -> &str {
    let text = str::from_utf8(&output.stdout).unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{complaint}");
    text.split_once(BEGIN).unwrap_or_else(|| panic!("it did not begin: {text}\n{complaint}")).1
}

/// The body of a child: it ends before the harness prints more.
fn as_child(body: impl FnOnce() + Send) -> ! {
    alone(|| {
        write!(stdout(), "{BEGIN}").unwrap();
        body();
    });
    process::exit(0)
}

/// Reads lines, which another task of the worker gives back as capitals. Who sends the next line when it has the
/// answer to the last gets none, unless the reader leaves the worker to the writer while it waits.
fn shout() {
    let (lines, to_shout) = channel::unbounded::<String>();
    let writer = spawn_local(move || {
        for line in to_shout.iter() {
            writeln!(stdout(), "{}", line.to_uppercase()).unwrap();
        }
    });
    stdin().lines().for_each(|line| lines.send(line.unwrap()).unwrap());
    drop(lines);
    writer.join().unwrap();
    let threads =
        std::fs::read_dir("/proc/self/task").unwrap().map(|thread| thread.unwrap().path().join("comm"));
    let blocking =
        threads.filter(|comm| std::fs::read_to_string(comm).unwrap().starts_with("moonfleet-block"));
    assert_eq!(blocking.count(), 0, "what can be waited for needs no thread");
    writeln!(stdout(), "end").unwrap();
}

fn is_non_blocking(file: impl AsFd) -> bool {
    fcntl_getfl(file).unwrap().contains(OFlags::NONBLOCK)
}

/// Reads up to a line that ends with `end`.
fn await_line(from: &mut impl BufRead, end: &str) {
    let mut text = String::new();
    while !text.ends_with(end) {
        assert!(from.read_line(&mut text).unwrap() > 0, "it ended before {end:?}: {text}");
    }
}

/// Talks with a child that shouts, line by line.
fn converse<R: Read>(mut to_child: impl Write, from_child: R) -> BufReader<R> {
    let mut lines = BufReader::new(from_child);
    await_line(&mut lines, BEGIN);
    let mut line = String::new();
    for n in 0..20 {
        writeln!(to_child, "ahoy {n}").unwrap();
        line.clear();
        lines.read_line(&mut line).unwrap();
        assert_eq!(line.trim_end(), format!("AHOY {n}"));
    }
    lines
}

// ── kinds ───────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn pipes_are_talked_through_and_keep_their_mode() {
    const NAME: &str = "pipes_are_talked_through_and_keep_their_mode";
    if child::is_running(NAME) {
        as_child(shout);
    }
    let (child_in, to_child) = std::io::pipe().unwrap();
    let (from_child, child_out) = std::io::pipe().unwrap();
    let (in_mode, out_mode) = (child_in.try_clone().unwrap(), child_out.try_clone().unwrap());
    let mut child = command(NAME).stdin(child_in).stdout(child_out).spawn().unwrap();
    let _from = converse(&to_child, from_child);
    assert!(!is_non_blocking(&in_mode) && !is_non_blocking(&out_mode));
    drop(to_child);
    assert!(child.wait().unwrap().success());
}

/// Both ends of a new terminal that does not change what goes through.
#[allow(unsafe_code, reason = "the calls for terminals take pointers")]
fn terminal() -> (File, File) {
    let master = OpenOptions::new().read(true).write(true).open("/dev/ptmx").unwrap();
    let number = std::os::fd::AsRawFd::as_raw_fd(&master);
    let mut name = [0; 64];
    // SAFETY: the descriptor is open, and the buffer as long as it says.
    let results = unsafe {
        [
            libc::grantpt(number),
            libc::unlockpt(number),
            libc::ptsname_r(number, name.as_mut_ptr(), name.len()),
        ]
    };
    assert_eq!(results, [0; 3]);
    // SAFETY: the name ends with a zero.
    let name = unsafe { CStr::from_ptr(name.as_ptr()) };
    let slave =
        OpenOptions::new().read(true).write(true).open(str::from_utf8(name.to_bytes()).unwrap()).unwrap();
    // SAFETY: the struct is plain data, which the kernel fills and reads.
    unsafe {
        let mut mode = std::mem::zeroed::<libc::termios>();
        assert_eq!(libc::tcgetattr(number, &raw mut mode), 0);
        libc::cfmakeraw(&raw mut mode);
        mode.c_lflag |= libc::ICANON;
        assert_eq!(libc::tcsetattr(number, libc::TCSANOW, &raw const mode), 0);
    }
    (master, slave)
}

#[test]
fn a_terminal_is_talked_through_and_keeps_its_mode() {
    const NAME: &str = "a_terminal_is_talked_through_and_keeps_its_mode";
    if child::is_running(NAME) {
        assert!(stdin().is_terminal() && stdout().is_terminal() && !stderr().is_terminal());
        as_child(shout);
    }
    let (master, slave) = terminal();
    let (input, output) = (slave.try_clone().unwrap(), slave.try_clone().unwrap());
    let mut child = command(NAME).stdin(input).stdout(output).stderr(Stdio::null()).spawn().unwrap();
    let mut from = converse(&master, master.try_clone().unwrap());
    assert!(!is_non_blocking(&slave));
    // Two lines at once, of which one read gives one; and the end of the input.
    (&master).write_all(b"one\ntwo\n\x04").unwrap();
    for expected in ["ONE\n", "TWO\n", "end\n"] {
        let mut line = String::new();
        from.read_line(&mut line).unwrap();
        assert_eq!(line, expected);
    }
    assert!(child.wait().unwrap().success());
}

#[test]
fn sockets_are_talked_through_and_keep_their_mode() {
    const NAME: &str = "sockets_are_talked_through_and_keep_their_mode";
    if child::is_running(NAME) {
        as_child(shout);
    }
    let (near, far) = UnixStream::pair().unwrap();
    let [input, output, mode] = [(); 3].map(|()| OwnedFd::from(far.try_clone().unwrap()));
    drop(far);
    let mut child = command(NAME).stdin(input).stdout(output).spawn().unwrap();
    let _from = converse(&near, near.try_clone().unwrap());
    assert!(!is_non_blocking(&mode));
    near.shutdown(std::net::Shutdown::Write).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn files_and_null_are_read_and_written() {
    const NAME: &str = "files_and_null_are_read_and_written";
    if child::is_running(NAME) {
        as_child(|| {
            for line in stdin().lines() {
                writeln!(stdout(), "{}", line.unwrap()).unwrap();
            }
        });
    }
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    let text: String = (0..3000).map(|n| format!("line {n}\n")).collect();
    std::fs::write(&from, &text).unwrap();
    let files = || (File::open(&from).unwrap(), File::create(&to).unwrap());
    let (input, output) = files();
    assert!(command(NAME).stdin(input).stdout(output).status().unwrap().success());
    assert!(std::fs::read_to_string(&to).unwrap().ends_with(&format!("{BEGIN}{text}")));
    let null = command(NAME).stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap();
    assert!(null.success());
}

// ── lines ───────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn reads_of_all_forms_take_up_where_the_last_one_ended() {
    const NAME: &str = "reads_of_all_forms_take_up_where_the_last_one_ended";
    if child::is_running(NAME) {
        as_child(|| {
            let mut text = "> ".to_owned();
            assert_eq!(stdin().read_line(&mut text).unwrap(), 6);
            assert_eq!(text, "> first\n");
            let mut five = [0; 5];
            stdin().read_exact(&mut five).unwrap();
            assert_eq!(&five, b"secon");
            let mut record = Vec::new();
            assert_eq!(stdin().lock().read_until(b';', &mut record).unwrap(), 7);
            assert_eq!(record, b"d\nthir;");
            assert_eq!(stdin().read(&mut []).unwrap(), 0);
            assert_eq!(stdin().read_line(&mut text).unwrap_err().kind(), ErrorKind::InvalidData);
            assert_eq!(text, "> first\n");
            text.clear();
            assert_eq!(stdin().read_line(&mut text).unwrap(), 40_001);
            let mut rest = String::new();
            stdin().read_to_string(&mut rest).unwrap();
            assert_eq!(rest, "last, without an end");
            assert_eq!(stdin().read_line(&mut rest).unwrap(), 0);
        });
    }
    let mut child = piped(NAME);
    let mut input = child.stdin.take().unwrap();
    let long = "x".repeat(40_000);
    input.write_all(b"first\nsecond\nthir;not \xff text\n").unwrap();
    input.write_all(format!("{long}\nlast, without an end").as_bytes()).unwrap();
    drop(input);
    said(&child.wait_with_output().unwrap());
}

#[test]
fn a_line_whose_reader_was_cancelled_is_read_by_the_next() {
    const NAME: &str = "a_line_whose_reader_was_cancelled_is_read_by_the_next";
    if child::is_running(NAME) {
        as_child(|| {
            // The first half is there, the second comes when we ask for it.
            let mut text = String::new();
            while time::timeout(Duration::from_millis(1), || stdin().lock().fill_buf().map(<[u8]>::len))
                .is_err()
            {}
            for _ in 0..3 {
                assert!(time::timeout(Duration::from_millis(1), || stdin().read_line(&mut text)).is_err());
            }
            let task = start(|| drop(stdin().lines().next()));
            task.cancel();
            assert!(was_cancelled(task) && text.is_empty());
            writeln!(stdout(), "go on").unwrap();
            stdin().read_line(&mut text).unwrap();
            assert_eq!(text, "half and half\n");
        });
    }
    let mut child = piped(NAME);
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"half ").unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    await_line(&mut output, "go on\n");
    input.write_all(b"and half\n").unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn lines_of_many_tasks_and_threads_are_not_torn() {
    const NAME: &str = "lines_of_many_tasks_and_threads_are_not_torn";
    if child::is_running(NAME) {
        as_child(|| {
            let writes = |n: usize| {
                for m in 0..50 {
                    writeln!(stdout(), "{n} {m} {}", "=".repeat(500)).unwrap();
                    write!(stderr(), "{n} {m} {}\n", "-".repeat(500)).unwrap();
                }
            };
            let tasks: Vec<_> = (0..20).map(|n| spawn(move || writes(n))).collect();
            let thread = std::thread::spawn(move || writes(20));
            tasks.into_iter().for_each(|task| task.join().unwrap());
            moonfleet::blocking(|| thread.join().unwrap());
        });
    }
    let output = piped(NAME).wait_with_output().unwrap();
    for (text, fill) in [(said(&output), "="), (str::from_utf8(&output.stderr).unwrap(), "-")] {
        assert_eq!(text.lines().count(), 21 * 50);
        assert!(text.lines().all(|line| line.ends_with(&format!(" {}", fill.repeat(500)))));
    }
}

#[test]
fn code_that_makes_the_text_may_write_itself() {
    const NAME: &str = "code_that_makes_the_text_may_write_itself";
    struct Talks;
    impl std::fmt::Display for Talks {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            writeln!(stdout(), "listen").map_err(|_| std::fmt::Error)?;
            f.write_str("done")
        }
    }
    struct Fails;
    impl std::fmt::Display for Fails {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            Err(std::fmt::Error)
        }
    }
    if child::is_running(NAME) {
        as_child(|| {
            writeln!(stdout(), "{Talks}").unwrap();
            assert!(
                writeln!(stdout(), "{Fails}")
                    .unwrap_err()
                    .to_string()
                    .contains("could not be made into text")
            );
        });
    }
    assert_eq!(said(&piped(NAME).wait_with_output().unwrap()), "listen\ndone\n");
}

// ── what is kept, and the end ───────────────────────────────────────────────────────────────────────────

/// What a child that runs `body` and is ended by `end` prints.
fn ended_by(name: &str, body: impl FnOnce() + Send, end: impl FnOnce()) -> Output {
    if child::is_running(name) {
        alone(|| {
            write!(stdout(), "{BEGIN}").unwrap();
            body();
        });
        end();
        unreachable!("it has ended");
    }
    piped(name).wait_with_output().unwrap()
}

#[test]
fn an_unfinished_line_is_written_by_flush_and_at_the_exit() {
    const NAME: &str = "an_unfinished_line_is_written_by_flush_and_at_the_exit";
    let unfinished = || {
        write!(stdout(), "one, ").unwrap();
        stdout().flush().unwrap();
        write!(stdout(), "two").unwrap();
    };
    let output = ended_by(NAME, unfinished, || process::exit(0));
    assert_eq!(said(&output), "one, two");
}

#[test]
fn an_exit_in_a_task_writes_the_unfinished_line() {
    const NAME: &str = "an_exit_in_a_task_writes_the_unfinished_line";
    let exits = || {
        write!(stdout(), "the last word").unwrap();
        process::exit(0);
    };
    assert_eq!(said(&ended_by(NAME, exits, || ())), "the last word");
}

#[test]
fn a_line_is_kept_until_it_is_complete_or_long() {
    const NAME: &str = "a_line_is_kept_until_it_is_complete_or_long";
    let keeps = || {
        write!(stdout(), "complete\nkept").unwrap();
        write!(stdout(), "{}", "x".repeat(9000)).unwrap();
        write!(stdout(), "lost").unwrap();
    };
    // What is not written is lost when nobody calls the functions for the exit.
    #[allow(unsafe_code, reason = "there is no safe call to end at once")]
    let output = ended_by(NAME, keeps, || unsafe { libc::_exit(0) });
    assert_eq!(said(&output), format!("complete\nkept{}", "x".repeat(9000)));
}

#[test]
fn a_text_whose_writer_was_cancelled_is_written_whole() {
    const NAME: &str = "a_text_whose_writer_was_cancelled_is_written_whole";
    if child::is_running(NAME) {
        as_child(|| {
            // More than the pipe holds, and nobody reads yet.
            let long = format!("{}\n", "x".repeat(100_000));
            let task = start(move || stdout().write_all(long.as_bytes()).unwrap());
            while !time::timeout(Duration::from_millis(1), || stdout().lock()).is_err() {
                yield_now();
            }
            task.cancel();
            assert!(was_cancelled(task));
            let cancelled = start(|| {
                let swallowed = std::panic::catch_unwind(|| time::sleep(LONG));
                assert!(swallowed.is_err());
                writeln!(stdout(), "never").unwrap();
            });
            cancelled.cancel();
            assert!(was_cancelled(cancelled));
            writeln!(stderr(), "read now").unwrap();
            writeln!(stdout(), "after it").unwrap();
        });
    }
    let mut child = piped(NAME);
    let mut complaint = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    complaint.read_line(&mut line).unwrap();
    assert_eq!(line, "read now\n");
    let output = child.wait_with_output().unwrap();
    assert_eq!(said(&output), format!("{}\nafter it\n", "x".repeat(100_000)));
}

#[test]
fn a_reader_that_has_gone_is_an_error_each_time() {
    const NAME: &str = "a_reader_that_has_gone_is_an_error_each_time";
    if child::is_running(NAME) {
        as_child(|| {
            stdin().read_line(&mut String::new()).unwrap();
            // A process that another test is just starting may have the other end for a moment.
            while writeln!(stdout(), "hello?").is_ok() {}
            for _ in 0..3 {
                let error = writeln!(stdout(), "hello?").unwrap_err();
                assert_eq!(error.kind(), ErrorKind::BrokenPipe);
            }
        });
    }
    let mut child = piped(NAME);
    await_line(&mut BufReader::new(child.stdout.take().unwrap()), BEGIN);
    child.stdin.take().unwrap().write_all(b"go\n").unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_shutdown_ends_who_waits_for_input_and_a_thread_reads_on() {
    const NAME: &str = "a_shutdown_ends_who_waits_for_input_and_a_thread_reads_on";
    if child::is_running(NAME) {
        let runtime = runtime(1);
        let waits = park(&runtime, || drop(stdin().read_line(&mut String::new())));
        let queued = park(&runtime, || drop(stdin().lock()));
        ends_completely(runtime);
        assert!(was_cancelled(waits) && was_cancelled(queued));
        writeln!(stdout(), "{BEGIN}go on").unwrap();
        let (line, read) = channel::oneshot();
        std::thread::spawn(move || {
            let mut text = String::new();
            stdin().read_line(&mut text).unwrap();
            line.send(text).unwrap();
        });
        assert_eq!(read.recv().unwrap(), "for the thread\n");
        process::exit(0);
    }
    let mut child = piped(NAME);
    let mut output = BufReader::new(child.stdout.take().unwrap());
    await_line(&mut output, "go on\n");
    child.stdin.take().unwrap().write_all(b"for the thread\n").unwrap();
    assert!(child.wait().unwrap().success());
}
