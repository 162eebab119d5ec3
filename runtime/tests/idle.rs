//! Idle means idle: parked tasks cost no processor time and wake no thread.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use moonfleet::time::sleep;
use moonfleet::{Runtime, channel, select};

/// What the kernel has counted for one thread: switches in and out, and nanoseconds on a processor.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Usage {
    voluntary_switches: String,
    on_processor_ns: String,
}

impl Usage {
    fn of(task: &Path) -> Self {
        let status = fs::read_to_string(task.join("status")).unwrap();
        let switches = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches")).unwrap();
        // Kernels without scheduler statistics have no such file; then the switches must do.
        let statistics = fs::read_to_string(task.join("schedstat")).unwrap_or_default();
        let on_processor_ns = statistics.split_whitespace().next().unwrap_or_default().to_owned();
        Self { voluntary_switches: switches.to_owned(), on_processor_ns }
    }
}

/// The threads of this process whose names begin with `name`.
fn threads_named(name: &str) -> Vec<PathBuf> {
    let all = fs::read_dir("/proc/self/task").unwrap().map(|entry| entry.unwrap().path());
    all.filter(|task| fs::read_to_string(task.join("comm")).is_ok_and(|comm| comm.starts_with(name)))
        .collect()
}

/// Waits until all `threads` sleep in the kernel.
fn until_asleep(threads: &[PathBuf]) {
    let sleeps = |thread: &PathBuf| fs::read_to_string(thread.join("status")).unwrap().contains("State:\tS");
    while !threads.iter().all(sleeps) {
        thread::yield_now();
    }
}

/// Lets a window of time pass on this thread alone.
fn pass(window: Duration) {
    let end = Instant::now() + window;
    while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        thread::park_timeout(left);
    }
}

/// Asserts that the `expected` threads named `name` do nothing at all for a while, once they have come to rest.
fn rests(name: &str, expected: usize) {
    // A thread takes its name as it starts.
    let threads = loop {
        let threads = threads_named(name);
        if threads.len() == expected {
            break threads;
        }
        thread::yield_now();
    };
    // Asleep once may be between two looks; a window in which nothing at all happens comes soon after.
    let idle = (0..3).any(|_| {
        until_asleep(&threads);
        let usage = || threads.iter().map(|thread| Usage::of(thread)).collect::<Vec<_>>();
        let before = usage();
        pass(Duration::from_millis(300));
        before == usage()
    });
    assert!(idle, "the threads did something in each of three windows of 300 ms");
}

#[test]
fn ten_thousand_parked_tasks_cost_nothing() {
    const TASKS: usize = 10_000;
    let runtime = Runtime::builder().workers(2).thread_name("restful").stack_size(16 << 10).build().unwrap();
    let (tx, rx) = channel::rendezvous::<()>();
    let (parking, parked) = channel::unbounded();
    for n in 0..TASKS {
        let (rx, parking) = (rx.clone(), parking.clone());
        runtime.spawn(move || {
            parking.send(()).unwrap();
            match n % 3 {
                0 => drop(rx.iter().next()),
                1 => select! { recv(rx) -> _ => (), timeout(Duration::from_secs(600)) => () },
                _ => sleep(Duration::from_secs(600)),
            }
        });
    }
    assert_eq!(parked.iter().take(TASKS).count(), TASKS);
    rests("restful", 2);
    drop(tx);
    assert!(runtime.shutdown(Duration::from_secs(600)).is_complete());
}

#[test]
fn an_empty_runtime_costs_nothing() {
    let runtime = Runtime::builder().workers(4).thread_name("empty").build().unwrap();
    runtime.block_on(|| moonfleet::spawn(|| ()).join().unwrap());
    rests("empty", 4);
}

#[test]
fn a_monitor_sleeps_while_its_workers_do() {
    let monitored = Runtime::builder().workers(2).thread_name("watched");
    let runtime = monitored.monitor(Duration::from_millis(1), |_| ()).build().unwrap();
    for _ in 0..3 {
        runtime.block_on(|| moonfleet::spawn(|| ()).join().unwrap());
        rests("watched", 3);
    }
}
