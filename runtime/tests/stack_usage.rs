//! Stacks: how deep tasks went is measured where asked for, and the memory of idle stacks can be had back.

mod child;

use std::fs;
use std::hint::black_box;
use std::thread;

use moonfleet::{Runtime, StackUsage, TaskBuilder, channel, spawn, spawn_local, yield_now};

/// Touches at least `KIB` kibibytes of the stack.
#[inline(never)]
fn dive<const KIB: usize>() {
    let mut frame = [[7_u8; 1 << 10]; KIB];
    // By reference: a copy would go twice as deep.
    assert!(black_box(&mut frame).iter().all(|piece| piece[0] == 7));
}

fn measured(workers: usize) -> Runtime {
    Runtime::builder().workers(workers).measure_stacks(true).build().unwrap()
}

/// Returns when every worker is done with the tasks that ended before.
fn settle(runtime: &Runtime) {
    (0..runtime.workers()).for_each(|worker| runtime.spawn_on(worker, || ()).join().unwrap());
}

fn usage_of(runtime: &Runtime, name: Option<&str>) -> StackUsage {
    settle(runtime);
    let usage = runtime.stack_usage();
    usage.iter().find(|usage| usage.name.as_deref() == name).unwrap_or_else(|| panic!("{usage:?}")).clone()
}

fn run_named(name: &str, body: impl FnOnce() + Send + 'static) {
    TaskBuilder::new().name(name).spawn_local(body).unwrap().join().unwrap();
}

#[test]
fn the_high_water_mark_is_that_of_the_deepest_task_of_a_name() {
    let runtime = measured(1);
    runtime.block_on(|| {
        run_named("diver", dive::<40>);
        run_named("diver", dive::<120>);
        run_named("diver", dive::<10>);
    });
    let diver = usage_of(&runtime, Some("diver"));
    assert_eq!((diver.tasks, diver.stack_size), (3, 256 << 10));
    assert!((120 << 10..160 << 10).contains(&diver.high_water), "{diver}");
    assert_eq!(runtime.stack_usage()[0].name.as_deref(), Some("diver"), "the deepest comes first");
}

#[test]
fn a_task_does_not_inherit_the_depth_of_the_one_before() {
    let runtime = measured(1);
    runtime.block_on(|| {
        for _ in 0..100 {
            run_named("deep", dive::<200>);
            run_named("shallow", yield_now);
        }
    });
    let (deep, shallow) = (usage_of(&runtime, Some("deep")), usage_of(&runtime, Some("shallow")));
    assert_eq!((deep.tasks, shallow.tasks), (100, 100));
    assert!(deep.high_water >= 200 << 10 && shallow.high_water < 64 << 10, "{deep}, {shallow}");
}

#[test]
fn the_stack_size_is_that_of_the_deepest_task() {
    let runtime = measured(1);
    runtime.block_on(|| {
        for (bytes, dive) in [(1 << 20, dive::<30> as fn()), (2 << 20, dive::<300>), (512 << 10, dive::<3>)] {
            TaskBuilder::new().name("any").stack_size(bytes).spawn(dive).unwrap().join().unwrap();
        }
    });
    let any = usage_of(&runtime, Some("any"));
    assert_eq!((any.tasks, any.stack_size), (3, 2 << 20));
}

#[test]
fn tasks_without_a_name_share_an_entry() {
    let runtime = measured(2);
    runtime.block_on(|| {
        let tasks: Vec<_> = (0..500).map(|_| spawn(yield_now)).collect();
        tasks.into_iter().for_each(|task| task.join().unwrap());
    });
    settle(&runtime);
    let usage = usage_of(&runtime, None);
    // The main task, and those that settled: of the last one, it is open whether it was counted.
    assert!((503..=505).contains(&usage.tasks), "{usage}");
    assert_eq!(runtime.stack_usage().len(), 1);
    assert!(usage.high_water > 0 && usage.high_water < 128 << 10, "{usage}");
}

#[test]
fn a_task_that_panics_or_is_cancelled_is_measured_too() {
    let runtime = measured(1);
    let (tx, rx) = channel::rendezvous::<()>();
    runtime.block_on(|| {
        let task = TaskBuilder::new().name("panics").spawn_local(|| panic!("as asked")).unwrap();
        assert!(task.join().is_err());
        let waits = TaskBuilder::new().name("waits").spawn_local(move || rx.recv()).unwrap();
        yield_now();
        drop(tx);
        assert!(waits.join().unwrap().is_err());
    });
    for name in ["panics", "waits"] {
        assert_eq!(usage_of(&runtime, Some(name)).tasks, 1);
    }
}

#[test]
fn nothing_is_measured_unless_asked_for() {
    let runtime = Runtime::builder().workers(1).build().unwrap();
    runtime.block_on(|| run_named("diver", dive::<40>));
    settle(&runtime);
    assert_eq!(runtime.stack_usage(), []);
}

#[test]
fn a_trim_leaves_running_and_waiting_tasks_alone() {
    let runtime = Runtime::builder().workers(2).build().unwrap();
    let handle = runtime.handle();
    let total: usize = runtime.block_on(move || {
        let (tx, rx) = channel::rendezvous::<()>();
        let (parking, parked) = channel::unbounded();
        let tasks = (0..1_000).map(|n| {
            let (rx, parking) = (rx.clone(), parking.clone());
            spawn(move || {
                let kept = black_box([n; 512]);
                parking.send(()).unwrap();
                let _ = rx.recv();
                kept.iter().sum::<usize>() / 512
            })
        });
        let tasks: Vec<_> = tasks.collect();
        assert_eq!(parked.iter().take(1_000).count(), 1_000);
        for _ in 0..20 {
            // Stacks come and go around those that stay.
            let others: Vec<_> = (0..300).map(|_| spawn(dive::<20>)).collect();
            handle.trim_stacks();
            others.into_iter().for_each(|task| task.join().unwrap());
            spawn_local(dive::<20>).join().unwrap();
        }
        drop(tx);
        tasks.into_iter().map(|task| task.join().unwrap()).sum()
    });
    assert_eq!(total, 999 * 1_000 / 2);
}

/// Bytes of this process that are in memory.
fn resident() -> usize {
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[test]
fn the_memory_of_a_burst_returns_to_a_level_and_after_a_trim_altogether() {
    const NAME: &str = "the_memory_of_a_burst_returns_to_a_level_and_after_a_trim_altogether";
    const TASKS: usize = 10_000;
    const DEPTH: usize = 48 << 10;
    if !child::is_running(NAME) {
        let output = child::run(NAME);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    let runtime = Runtime::builder().workers(2).stack_size(64 << 10).build().unwrap();
    settle(&runtime);
    let before = resident();
    for _ in 0..2 {
        let (tx, rx) = channel::rendezvous::<()>();
        let (parking, parked) = channel::unbounded();
        let tasks = (0..TASKS).map(|_| {
            let (rx, parking) = (rx.clone(), parking.clone());
            runtime.spawn(move || {
                dive::<{ DEPTH >> 10 }>();
                parking.send(()).unwrap();
                let _ = rx.recv();
            })
        });
        let tasks: Vec<_> = tasks.collect();
        assert_eq!(parked.iter().take(TASKS).count(), TASKS);
        assert!(resident() - before >= TASKS * DEPTH, "all of them are as deep as that");
        drop(tx);
        tasks.into_iter().for_each(|task| task.join().unwrap());
        settle(&runtime);
        // The pool keeps 4096 warm, and each worker 256; a batch of each may be on its way.
        let most = (4096 + 2 * 256 + 2 * 32) * (64 << 10);
        let kept = resident() - before;
        assert!(kept <= most + (8 << 20), "{} MiB kept, {} MiB allowed", kept >> 20, most >> 20);
        runtime.trim_stacks();
        // The workers follow when they look, sleeping ones at once.
        while resident() > before + (16 << 20) {
            thread::yield_now();
        }
    }
}
