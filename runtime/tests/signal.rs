//! `signal`: each test in a process of its own, because signals come to the whole process.

mod child;
mod support;

use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use moonfleet::signal::{self, Signal, Signals};
use moonfleet::time;
use rustix::process::{getpid, kill_process};
use support::{LONG, alone, ends_completely, park, runtime, settle, start, was_cancelled};

/// Sends a signal to this process.
fn send(signal: Signal) {
    let signal = rustix::process::Signal::from_named_raw(signal.as_raw()).unwrap();
    kill_process(getpid(), signal).unwrap();
}

/// Runs `body` as the test `name` in a process of its own.
fn in_a_child(name: &str, body: impl FnOnce()) {
    if child::is_running(name) {
        return body();
    }
    let output = child::run(name);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn every_listener_hears_of_a_signal_and_none_of_others() {
    in_a_child("every_listener_hears_of_a_signal_and_none_of_others", || {
        let runtime = runtime(2);
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let signals = Signals::new([Signal::USER1, Signal::HANGUP]).unwrap();
                runtime.spawn(move || (0..2).map(|_| signals.recv().unwrap()).collect::<Vec<_>>())
            })
            .collect();
        let thread = Signals::new([Signal::USER1]).unwrap();
        let thread = thread::spawn(move || thread.recv().unwrap());
        let other = Signals::new([Signal::USER2]).unwrap();
        send(Signal::USER1);
        send(Signal::HANGUP);
        for task in tasks {
            let mut heard = task.join().unwrap();
            heard.sort();
            assert_eq!(heard, [Signal::HANGUP, Signal::USER1]);
        }
        assert_eq!(thread.join().unwrap(), Signal::USER1);
        assert_eq!(other.try_recv(), None);
    });
}

#[test]
fn of_many_who_wait_for_one_listener_each_signal_wakes_one() {
    in_a_child("of_many_who_wait_for_one_listener_each_signal_wakes_one", || {
        let signals = Arc::new(Signals::new([Signal::USER1, Signal::USER2]).unwrap());
        let runtime = runtime(2);
        let waits = (0..2).map(|_| {
            let signals = Arc::clone(&signals);
            runtime.spawn(move || signals.recv().unwrap())
        });
        let waits: Vec<_> = waits.collect();
        // Both are pending at once, perhaps, and neither may be left behind.
        send(Signal::USER1);
        send(Signal::USER2);
        let mut heard: Vec<_> = waits.into_iter().map(|task| task.join().unwrap()).collect();
        heard.sort();
        assert_eq!(heard, [Signal::USER1, Signal::USER2]);
        assert_eq!(signals.try_recv(), None);
    });
}

#[test]
fn signals_that_come_before_somebody_looks_are_kept_each_once() {
    in_a_child("signals_that_come_before_somebody_looks_are_kept_each_once", || {
        let signals = Signals::new([Signal::TERMINATE, Signal::INTERRUPT]).unwrap();
        (0..5).for_each(|_| send(Signal::TERMINATE));
        send(Signal::INTERRUPT);
        alone(|| {
            assert_eq!(signals.recv_timeout(LONG).unwrap(), Some(Signal::INTERRUPT));
            assert_eq!(signals.recv().unwrap(), Signal::TERMINATE);
            assert_eq!(signals.recv_timeout(Duration::ZERO).unwrap(), None);
            assert_eq!(signals.recv_timeout(Duration::from_millis(1)).unwrap(), None);
        });
    });
}

#[test]
fn a_storm_of_signals_loses_none_that_is_waited_for() {
    in_a_child("a_storm_of_signals_loses_none_that_is_waited_for", || {
        let signals = Signals::new([Signal::USER1]).unwrap();
        let answers = Signals::new([Signal::USER2]).unwrap();
        let runtime = runtime(2);
        let echo = runtime.spawn(move || {
            for _ in 0..500 {
                assert_eq!(signals.recv().unwrap(), Signal::USER1);
                send(Signal::USER2);
            }
        });
        runtime.block_on(|| {
            for _ in 0..500 {
                send(Signal::USER1);
                assert_eq!(answers.recv().unwrap(), Signal::USER2);
            }
        });
        echo.join().unwrap();
    });
}

#[test]
fn a_wait_that_was_cancelled_or_timed_out_leaves_the_signal_to_the_next() {
    in_a_child("a_wait_that_was_cancelled_or_timed_out_leaves_the_signal_to_the_next", || {
        alone(|| {
            let signals = Arc::new(Signals::new([Signal::USER1]).unwrap());
            assert!(time::timeout(Duration::from_millis(1), || signals.recv()).is_err());
            let waits = Arc::clone(&signals);
            let task = start(move || drop(waits.recv()));
            task.cancel();
            send(Signal::USER1);
            assert!(was_cancelled(task));
            assert_eq!(signals.recv().unwrap(), Signal::USER1);
        });
    });
}

#[test]
fn a_shutdown_ends_who_waits_for_signals() {
    in_a_child("a_shutdown_ends_who_waits_for_signals", || {
        let runtime = runtime(1);
        let signals = Arc::new(Signals::new([Signal::USER1]).unwrap());
        let waits = Arc::clone(&signals);
        let task = park(&runtime, move || drop(waits.recv()));
        let ctrl_c = park(&runtime, || drop(signal::ctrl_c()));
        ends_completely(runtime);
        assert!(was_cancelled(task) && was_cancelled(ctrl_c));
        send(Signal::USER1);
        assert_eq!(signals.recv().unwrap(), Signal::USER1, "on a thread, after its runtime");
        // Ctrl-C stays replaced, though nobody listens any more.
        send(Signal::INTERRUPT);
    });
}

#[test]
fn ctrl_c_is_waited_for() {
    in_a_child("ctrl_c_is_waited_for", || {
        alone(|| {
            let task = start(signal::ctrl_c);
            settle();
            assert!(!task.is_finished());
            send(Signal::INTERRUPT);
            task.join().unwrap().unwrap();
        });
    });
}

#[test]
fn a_signal_that_nobody_asked_for_does_what_it_always_did() {
    const NAME: &str = "a_signal_that_nobody_asked_for_does_what_it_always_did";
    if child::is_running(NAME) {
        let _signals = Signals::new([Signal::USER1]).unwrap();
        send(Signal::TERMINATE);
        unreachable!("it ends the process");
    }
    assert_eq!(child::run(NAME).status.signal(), Some(libc::SIGTERM));
}

#[test]
fn signals_that_cannot_be_waited_for_are_refused_with_the_reason() {
    for number in [0, -1, 65, i32::MAX, i32::MIN] {
        let error = Signals::new([Signal::from_raw(number)]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        let says = format!("signal {number} was asked for, but signals have numbers from 1 to 64");
        assert_eq!(error.to_string(), says);
    }
    for number in [libc::SIGKILL, libc::SIGSTOP, libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL] {
        let error = signal::wait(Signal::from_raw(number)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("cannot be put off"), "{error}");
    }
    // glibc keeps these for itself.
    assert!(Signals::new([Signal::from_raw(32)]).is_err());
    let none = Signals::new([]).unwrap();
    assert_eq!(none.recv_timeout(Duration::from_millis(1)).unwrap(), None);
    let mut names = [Signal::CHILD, Signal::ALARM, Signal::WINDOW_CHANGE, Signal::PIPE, Signal::QUIT]
        .map(|s| s.to_string());
    names.sort();
    assert_eq!(names, ["SIGALRM", "SIGCHLD", "SIGPIPE", "SIGQUIT", "SIGWINCH"]);
}
