//! `process`: streams, ends, errors, cancels; and no child is left over.

mod child;
mod support;

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use moonfleet::process::{Command, Stdio};
use moonfleet::{blocking, channel, fs as task_fs, scope, spawn, spawn_local, time};
use rustix::process::{Pid, Resource, Rlimit, WaitOptions, getrlimit, setrlimit, waitpid};
use support::{alone, ends_completely, runtime, was_cancelled};

fn everywhere(body: impl Fn() + Sync) {
    alone(&body);
    body();
}

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

/// A child that runs until its standard input is closed.
fn cat() -> Command {
    let mut command = Command::new("cat");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// The state of a process, as `ps` shows it; `None` if there is none.
fn state(id: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

// ── streams ─────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_child_is_talked_to_through_its_pipes() {
    everywhere(|| {
        let mut child = cat().spawn().unwrap();
        let (mut input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut lines = BufReader::new(output).lines();
        for n in 0..100 {
            writeln!(input, "line {n}").unwrap();
            assert_eq!(lines.next().unwrap().unwrap(), format!("line {n}"));
        }
        assert_eq!(child.try_wait().unwrap(), None);
        drop(input);
        assert!(lines.next().is_none());
        assert!(child.wait().unwrap().success());
        assert!(child.wait().unwrap().success(), "it is remembered");
        child.kill().unwrap();
    });
}

#[test]
fn both_outputs_are_collected_whole_whichever_fills_first() {
    everywhere(|| {
        let script =
            "for i in 1 2 3; do head -c 200000 /dev/zero >&2; head -c 200000 /dev/zero; done; exit 7";
        let output = shell(script).output().unwrap();
        assert_eq!((output.stdout.len(), output.stderr.len()), (600_000, 600_000));
        assert_eq!(output.status.code(), Some(7));
        // One that is closed early does not end the other.
        let output = shell("exec >&-; head -c 200000 /dev/zero >&2").output().unwrap();
        assert_eq!((output.stdout.len(), output.stderr.len()), (0, 200_000));
        let output = shell("echo out; echo err >&2").stderr(Stdio::null()).output().unwrap();
        assert_eq!((output.stdout.as_slice(), output.stderr.as_slice()), (&b"out\n"[..], &b""[..]));
        let output = shell("echo err >&2").stdout(Stdio::null()).output().unwrap();
        assert_eq!(output.stderr, b"err\n");
    });
}

#[test]
fn output_gives_an_empty_input_and_leaves_the_command_as_it_was() {
    everywhere(|| {
        let mut command = Command::new("cat");
        assert_eq!(command.output().unwrap().stdout, b"");
        assert!(command.stdin(Stdio::piped()).stdout(Stdio::piped()).output().unwrap().status.success());
        let mut child = shell("exit 0").spawn().unwrap();
        assert!(child.stdin.is_none() && child.stdout.is_none() && child.stderr.is_none());
        assert!(child.wait().unwrap().success());
    });
}

#[test]
fn more_than_a_pipe_holds_goes_through_while_the_worker_does_other_things() {
    alone(|| {
        let mut child = cat().spawn().unwrap();
        let bytes: Vec<u8> = (0..500_000_u32).map(|n| (n / 7) as u8).collect();
        let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let sent = bytes.clone();
        let writer = spawn_local(move || {
            let (head, tail) = sent.split_at(9);
            let written = input.write_vectored(&[IoSlice::new(head), IoSlice::new(b"")]).unwrap();
            input.write_all(&head[written..]).unwrap();
            input.write_all(tail).unwrap();
        });
        let (mut one, mut two) = ([0; 3], [0; 6]);
        let read = output.read_vectored(&mut [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)]).unwrap();
        let mut received = [&one[..], &two[..]].concat();
        received.truncate(read);
        output.read_to_end(&mut received).unwrap();
        writer.join().unwrap();
        assert!(received == bytes);
        assert!(child.wait().unwrap().success());
    });
}

#[test]
fn one_child_feeds_another_and_files_serve_as_streams() {
    everywhere(|| {
        let folder = task_fs::tempdir().unwrap();
        let path = folder.path().join("words");
        task_fs::write(&path, "b\na\n").unwrap();
        let words = task_fs::File::open(&path).unwrap();
        let mut sort = Command::new("sort").stdin(words).stdout(Stdio::piped()).spawn().unwrap();
        let sorted = sort.stdout.take().unwrap();
        let output = Command::new("tr").args(["ab", "AB"]).stdin(sorted).output().unwrap();
        assert_eq!(output.stdout, b"A\nB\n");
        assert!(sort.wait().unwrap().success());
    });
}

#[test]
fn a_child_that_does_not_read_is_an_error() {
    everywhere(|| {
        let mut child =
            shell("exec sleep 1000 <&-").stdin(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        let error = loop {
            if let Err(error) = input.write_all(&[0; 4096]) {
                break error;
            }
        };
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

// ── ends ────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn many_children_are_waited_for_by_one_worker() {
    alone(|| {
        let sum: i32 = scope(|scope| {
            let waits = |n| move || shell(&format!("exit {n}")).status().unwrap().code().unwrap();
            let tasks: Vec<_> = (0..40).map(|n| scope.spawn(waits(n))).collect();
            tasks.into_iter().map(|task| task.join().unwrap()).sum()
        });
        assert_eq!(sum, 39 * 40 / 2);
    });
}

#[test]
fn how_a_child_ended_is_told() {
    everywhere(|| {
        assert_eq!(shell("exit 255").status().unwrap().code(), Some(255));
        assert_eq!(shell("kill -TERM $$").status().unwrap().signal(), Some(15));
        // Wait closes the input first, or both would wait for each other.
        assert!(cat().spawn().unwrap().wait().unwrap().success());
        assert!(cat().spawn().unwrap().wait_with_output().unwrap().status.success());
    });
}

#[test]
fn a_wait_that_times_out_may_be_repeated() {
    everywhere(|| {
        let mut child = shell("read line; exit 3").stdin(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        for timeout in [Duration::ZERO, Duration::from_millis(2)] {
            assert_eq!(child.wait_timeout(timeout).unwrap(), None);
        }
        assert!(time::timeout(Duration::from_millis(2), || child.wait()).is_err());
        input.write_all(b"go\n").unwrap();
        assert_eq!(child.wait_timeout(Duration::MAX).unwrap().unwrap().code(), Some(3));
        assert_eq!(child.wait_timeout(Duration::ZERO).unwrap().unwrap().code(), Some(3));
    });
}

#[test]
fn programs_that_cannot_be_run_are_refused_as_by_std() {
    everywhere(|| {
        let long = "x".repeat(4096);
        for (program, kind) in [
            ("/no/such/program", ErrorKind::NotFound),
            ("no-such-program", ErrorKind::NotFound),
            ("/proc/self/comm", ErrorKind::PermissionDenied),
            ("with\0nul", ErrorKind::InvalidInput),
            (&format!("/{long}"), ErrorKind::InvalidFilename),
        ] {
            assert_eq!(Command::new(program).spawn().unwrap_err().kind(), kind, "{program:?}");
            assert_eq!(Command::new(program).output().unwrap_err().kind(), kind, "{program:?}");
        }
        let nowhere = shell("true").current_dir("/no/such/folder").status();
        assert_eq!(nowhere.unwrap_err().kind(), ErrorKind::NotFound);
        let huge = "x".repeat(4 << 20);
        assert_eq!(
            Command::new("true").arg(huge).status().unwrap_err().kind(),
            ErrorKind::ArgumentListTooLong
        );
    });
}

#[test]
fn without_descriptors_a_child_is_refused_and_a_wait_may_be_repeated() {
    const NAME: &str = "without_descriptors_a_child_is_refused_and_a_wait_may_be_repeated";
    if !child::is_running(NAME) {
        let output = child::run(NAME);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    alone(|| {
        let mut sleeper = cat().spawn().unwrap();
        let input = sleeper.stdin.take();
        let limit = getrlimit(Resource::Nofile);
        // The lowest free descriptor is the first that is refused.
        let free =
            fs::File::open("/proc/self/comm").map(|file| std::os::fd::AsRawFd::as_raw_fd(&file)).unwrap();
        setrlimit(Resource::Nofile, Rlimit { current: Some(free as u64), ..limit }).unwrap();
        assert_eq!(cat().spawn().unwrap_err().raw_os_error(), Some(libc::EMFILE));
        assert_eq!(sleeper.wait().unwrap_err().raw_os_error(), Some(libc::EMFILE));
        setrlimit(Resource::Nofile, limit).unwrap();
        drop(input);
        assert!(sleeper.wait().unwrap().success());
    });
}

#[test]
fn a_child_that_somebody_else_has_waited_for_is_an_error() {
    let mut child = shell("exit 0").spawn().unwrap();
    let pid = Pid::from_raw(child.id() as i32).unwrap();
    waitpid(Some(pid), WaitOptions::empty()).unwrap();
    let error = alone(|| child.wait().unwrap_err());
    assert_eq!(error.raw_os_error(), Some(libc::ECHILD));
}

// ── cancels, and what is left over ──────────────────────────────────────────────────────────────────────

#[test]
fn a_cancelled_read_loses_nothing() {
    alone(|| {
        let mut child = cat().spawn().unwrap();
        let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut bytes = [0; 9];
        assert!(time::timeout(Duration::from_millis(2), || output.read_exact(&mut bytes)).is_err());
        input.write_all(b"all of it").unwrap();
        output.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"all of it");
    });
}

#[test]
fn a_wait_that_is_cancelled_kills_only_if_asked_to() {
    let runtime = runtime(1);
    for kills in [false, true] {
        let (id, told) = channel::bounded(1);
        let task = runtime.spawn(move || {
            let mut child = Command::new("sleep").arg("1000").kill_on_drop(kills).spawn().unwrap();
            id.send(child.id()).unwrap();
            drop(child.wait());
        });
        let id = told.recv().unwrap();
        task.cancel();
        assert!(was_cancelled(task));
        if kills {
            while state(id).is_some_and(|state| state != 'Z') {
                std::thread::yield_now();
            }
        } else {
            assert!(matches!(state(id), Some('S' | 'R' | 'D')), "{:?}", state(id));
            rustix::process::kill_process(Pid::from_raw(id as i32).unwrap(), rustix::process::Signal::KILL)
                .unwrap();
        }
    }
}

#[test]
fn children_that_were_dropped_do_not_stay_zombies() {
    everywhere(|| {
        let ids: Vec<_> = (0..10).map(|_| shell("exit 0").spawn().unwrap().id()).collect();
        // Once they have ended, the next child that is made has them looked after; and so it is meanwhile.
        while ids.iter().any(|&id| state(id).is_some()) {
            assert!(Command::new("true").status().unwrap().success());
        }
    });
}

#[test]
fn a_shutdown_with_children_in_flight_is_complete() {
    let runtime = runtime(2);
    let tasks: Vec<_> = (0..6)
        .map(|n| {
            let (here, is_here) = channel::bounded(1);
            let task = runtime.spawn(move || {
                let mut command = Command::new("sleep");
                let mut child =
                    command.arg("1000").stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
                here.send(()).unwrap();
                if n % 2 == 0 {
                    drop(child.wait());
                } else {
                    drop(child.wait_with_output());
                }
            });
            is_here.recv().unwrap();
            task
        })
        .collect();
    ends_completely(runtime);
    assert!(tasks.into_iter().all(was_cancelled));
}

#[test]
fn a_child_outlives_the_runtime_that_made_it() {
    let first = runtime(1);
    let (mut child, mut input) = first.block_on(|| {
        let mut child = cat().spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(b"a").unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        assert_eq!(child.wait_timeout(Duration::from_millis(1)).unwrap(), None);
        (child, input)
    });
    ends_completely(first);
    input.write_all(b"b").unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    let ended = runtime(1).block_on(move || {
        let task = spawn(move || child.wait().unwrap());
        blocking(|| drop(input));
        task.join().unwrap()
    });
    assert!(ended.success());
}
