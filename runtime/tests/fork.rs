//! fork: the child may exec or _exit, from a task or a thread, and the parent's runtime goes on.

#![allow(unsafe_code, reason = "forks, and lives in the child by async-signal-safe calls alone")]

mod child;

use std::ffi::CStr;
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::ptr;
use std::time::Duration;

use moonfleet::time::{interval, sleep};
use moonfleet::{Runtime, channel, spawn};

/// Forks; the child does `then` and exits with what that returns. The parent gets the child's id.
///
/// # Safety
/// `then` calls nothing but async-signal-safe functions: only this thread exists in the child.
unsafe fn fork(then: impl FnOnce() -> i32) -> libc::pid_t {
    // SAFETY: the child goes on below, and leaves by `_exit`.
    match unsafe { libc::fork() } {
        -1 => panic!("fork: {}", std::io::Error::last_os_error()),
        0 => {
            let code = then();
            // SAFETY: ends the child at once: no destructor and no exit handler runs in it.
            unsafe { libc::_exit(code) }
        }
        pid => pid,
    }
}

/// Waits for `pid` in turns, so that a worker is never blocked; the code it exited with.
fn exit_code(pid: libc::pid_t) -> i32 {
    loop {
        let mut status = 0;
        // SAFETY: `status` is written, nothing else.
        match unsafe { libc::waitpid(pid, &mut status, libc::WNOHANG) } {
            0 => sleep(Duration::from_micros(200)),
            ended => {
                assert!(ended == pid && libc::WIFEXITED(status), "{ended}, {status:#x}");
                return libc::WEXITSTATUS(status);
            }
        }
    }
}

/// Uses every part of the runtime that a fork could have broken.
fn goes_on(runtime: &Runtime) {
    let sum = runtime.block_on(|| {
        let (tx, rx) = channel::rendezvous();
        let senders: Vec<_> = (0..20)
            .map(|n| {
                let tx = tx.clone();
                spawn(move || {
                    sleep(Duration::from_micros(100));
                    tx.send(n).unwrap();
                })
            })
            .collect();
        drop(tx);
        let sum: i32 = rx.iter().sum();
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        sum
    });
    assert_eq!(sum, 190);
}

/// The test forks in a process of its own: its siblings are threads that hold locks at any moment.
fn in_a_process_of_its_own(name: &str, test: impl FnOnce()) {
    if child::is_running(name) {
        return test();
    }
    let output = child::run(name);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
}

#[test]
fn a_child_may_exit_and_the_parent_goes_on() {
    in_a_process_of_its_own("a_child_may_exit_and_the_parent_goes_on", || {
        let runtime = Runtime::builder().workers(2).build().unwrap();
        goes_on(&runtime);
        // From a plain thread, with workers asleep and awake.
        // SAFETY: the closure calls nothing.
        let from_thread = unsafe { fork(|| 3) };
        goes_on(&runtime);
        assert_eq!(exit_code(from_thread), 3);
        // From tasks, which go on on a copy of their stack.
        let codes = runtime.block_on(|| {
            let forks = (0..10).map(|n| {
                spawn(move || {
                    let local = [n; 100];
                    // SAFETY: the closure reads memory of its own.
                    exit_code(unsafe { fork(|| local[n as usize]) })
                })
            });
            forks.collect::<Vec<_>>().into_iter().map(|task| task.join().unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(codes, (0..10).collect::<Vec<_>>());
        goes_on(&runtime);
        let report = runtime.shutdown(Duration::MAX);
        assert!(report.is_complete(), "{report}");
    });
}

#[test]
fn a_child_may_exec_and_inherits_nothing_of_the_runtime() {
    in_a_process_of_its_own("a_child_may_exec_and_inherits_nothing_of_the_runtime", || {
        const SHELL: &CStr = c"/bin/sh";
        // The shell sees the descriptors that were not closed on exec: only the standard three.
        const SCRIPT: &CStr = c"for f in /proc/self/fd/*; do case $(readlink $f) in *eventfd*|*eventpoll*) exit 9;; esac; done; exit 5";
        let runtime = Runtime::builder().workers(2).build().unwrap();
        let own: Vec<_> = fs::read_dir("/proc/self/fd")
            .unwrap()
            .filter_map(|entry| fs::read_link(entry.unwrap().path()).ok())
            .filter(|target| target.to_string_lossy().contains("eventpoll"))
            .collect();
        assert_eq!(own.len(), 2, "the parent has one for each worker");
        let code = runtime.block_on(|| {
            let arguments = [SHELL.as_ptr(), c"-c".as_ptr(), SCRIPT.as_ptr(), ptr::null()];
            // SAFETY: execv is async-signal-safe; the arguments end with a null, and so does each of them.
            exit_code(unsafe { fork(|| libc::execv(SHELL.as_ptr(), arguments.as_ptr())) })
        });
        assert_eq!(code, 5);
        goes_on(&runtime);
    });
}

#[test]
fn commands_run_from_tasks_while_others_tick() {
    in_a_process_of_its_own("commands_run_from_tasks_while_others_tick", || {
        let runtime = Runtime::builder().workers(2).build().unwrap();
        runtime.block_on(|| {
            let clock = spawn(|| {
                let mut ticks = interval(Duration::from_micros(100));
                (0..50).map(|_| ticks.tick()).is_sorted()
            });
            let commands: Vec<_> = (0..4)
                .map(|n| {
                    spawn(move || {
                        let mut command = Command::new("/bin/sh");
                        command.args(["-c", &format!("exit {n}")]);
                        // SAFETY: does nothing; that it is there makes std fork instead of spawning.
                        unsafe { command.pre_exec(|| Ok(())) };
                        command.status().unwrap().code()
                    })
                })
                .collect();
            for (n, command) in commands.into_iter().enumerate() {
                assert_eq!(command.join().unwrap(), Some(n as i32));
            }
            assert!(clock.join().unwrap());
        });
        goes_on(&runtime);
    });
}
