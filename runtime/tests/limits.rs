//! Limits: what is refused, with which error, and that a refusal harms nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use moonfleet::{
    BuildError, JoinError, Runtime, SpawnError, TaskBuilder, channel, spawn, spawn_local, spawn_on, yield_now,
};

/// Asserts that `text` says all of `parts`.
fn says(text: impl ToString, parts: &[&str]) {
    let text = text.to_string();
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in: {text}");
    }
}

/// Counts how often it is dropped.
struct Dropped(Arc<AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_runtime_has_at_least_one_worker_and_not_any_number() {
    for asked in [0, 4_097, usize::MAX] {
        let error = Runtime::builder().workers(asked).build().unwrap_err();
        assert!(matches!(error, BuildError::Workers { asked: found } if found == asked));
        says(error, &[&asked.to_string(), "1 to 4096"]);
    }
}

#[test]
fn stack_sizes_out_of_range_are_refused_with_the_range() {
    for (asked, cure) in
        [(0, "smallest is 16384"), (16_383, "smallest"), (usize::MAX, "largest is 1073741824")]
    {
        let error = Runtime::builder().stack_size(asked).build().unwrap_err();
        says(&error, &[&asked.to_string(), cure]);
        assert!(matches!(error, BuildError::StackSize(_)));
        let refused = moonfleet::run(|| TaskBuilder::new().stack_size(asked).spawn(|| ()).unwrap_err());
        says(&refused, &[&asked.to_string(), cure]);
        assert!(matches!(refused, SpawnError::StackSize(_)));
    }
}

#[test]
fn the_smallest_and_a_large_stack_both_work() {
    moonfleet::run(|| {
        for bytes in [16 << 10, 64 << 20] {
            let task = TaskBuilder::new().stack_size(bytes).wide_guard(true).spawn(yield_now).unwrap();
            task.join().unwrap();
        }
    });
}

#[test]
fn a_large_stack_is_really_that_large() {
    fn deep(levels: u32) -> u64 {
        let frame = std::hint::black_box([u64::from(levels); 128]);
        if levels == 0 { frame[0] } else { deep(levels - 1) + frame[127] - frame[0] }
    }
    // Frames of more than a kilobyte: ten megabytes and more.
    moonfleet::run(|| {
        let task = TaskBuilder::new().stack_size(64 << 20).spawn(|| deep(10_000)).unwrap();
        assert_eq!(task.join().unwrap(), 0);
    });
}

#[test]
fn max_tasks_refuses_the_next_and_takes_it_when_one_has_ended() {
    let runtime = Runtime::builder().workers(1).max_tasks(3).build().unwrap();
    runtime.block_on(|| {
        let (tx, rx) = channel::rendezvous::<()>();
        let waiting: Vec<_> = (0..2).map(|_| rx.clone()).map(|rx| spawn(move || rx.recv())).collect();
        let dropped = Arc::new(AtomicUsize::new(0));
        let cargo = Dropped(Arc::clone(&dropped));
        let error = TaskBuilder::new().spawn(move || drop(cargo)).unwrap_err();
        assert_eq!(error, SpawnError::TooManyTasks { limit: 3 });
        assert_eq!(dropped.load(Ordering::Relaxed), 1, "the closure of a refused task is dropped");
        says(error, &["3 tasks", "max_tasks"]);
        drop(tx);
        waiting.into_iter().for_each(|task| assert!(task.join().unwrap().is_err()));
        spawn(|| ()).join().unwrap();
    });
    assert!(runtime.handle().try_spawn(|| ()).is_ok());
}

#[test]
fn a_joined_task_is_no_longer_counted() {
    let runtime = Runtime::builder().workers(2).max_tasks(2).build().unwrap();
    for n in 0..2_000 {
        let doubled = runtime.block_on(|| spawn_on(n % 2, move || 2 * n).join().unwrap());
        assert_eq!(doubled, 2 * n);
    }
}

#[test]
fn max_tasks_counts_tasks_from_outside_too() {
    let runtime = Runtime::builder().workers(1).max_tasks(1).build().unwrap();
    let (tx, rx) = channel::rendezvous::<()>();
    let waiting = runtime.spawn(move || rx.recv());
    assert_eq!(runtime.handle().try_spawn(|| ()).unwrap_err(), SpawnError::TooManyTasks { limit: 1 });
    tx.send(()).unwrap();
    waiting.join().unwrap().unwrap();
}

#[test]
fn without_a_stack_a_task_ends_with_an_error_and_the_runtime_goes_on() {
    let runtime = Runtime::builder().workers(1).max_stacks(3).build().unwrap();
    let dropped = Arc::new(AtomicUsize::new(0));
    runtime.block_on(|| {
        let (tx, rx) = channel::rendezvous::<()>();
        let waiting: Vec<_> = (0..2).map(|_| rx.clone()).map(|rx| spawn_local(move || rx.recv())).collect();
        yield_now();
        let refused: Vec<_> = (0..5)
            .map(|n| {
                let cargo = Dropped(Arc::clone(&dropped));
                TaskBuilder::new().name(format!("late {n}")).spawn(move || drop(cargo)).unwrap()
            })
            .collect();
        for task in refused {
            let error = task.join().unwrap_err();
            assert!(matches!(error, JoinError::NoStack { .. }));
            says(&error, &["'late ", "was not started", "262144 bytes", "all 3 stacks", "raise the limit"]);
            assert!(std::error::Error::source(&error).is_some());
        }
        assert_eq!(dropped.load(Ordering::Relaxed), 5, "their closures are dropped");
        drop(tx);
        waiting.into_iter().for_each(|task| assert!(task.join().unwrap().is_err()));
        assert_eq!(spawn(|| 5).join().unwrap(), 5, "there are stacks again");
    });
}

#[test]
fn a_worker_that_is_not_there_is_named_with_those_that_are() {
    let runtime = Runtime::builder().workers(2).build().unwrap();
    runtime.block_on(|| {
        let error = TaskBuilder::new().spawn_on(2, || ()).unwrap_err();
        assert_eq!(error, SpawnError::NoSuchWorker { asked: 2, workers: 2 });
        says(error, &["worker 2", "0 to 1"]);
        assert!(panic_text(|| drop(spawn_on(9, || ()))).contains("worker 9"));
    });
    assert!(panic_text(|| drop(runtime.spawn_on(2, || ()))).contains("0 to 1"));
    assert_eq!(runtime.block_on(|| spawn(|| 1).join().unwrap()), 1);
}

#[test]
fn spawning_outside_a_runtime_says_how_to_get_inside() {
    for refused in [
        TaskBuilder::new().spawn(|| ()).unwrap_err(),
        TaskBuilder::new().spawn_local(|| ()).unwrap_err(),
        TaskBuilder::new().spawn_on(0, || ()).unwrap_err(),
    ] {
        assert_eq!(refused, SpawnError::NoRuntime);
        says(refused, &["block_on", "Handle"]);
    }
    says(panic_text(|| drop(spawn(|| ()))), &["the caller is not a task", "block_on"]);
}

#[test]
fn a_thread_that_is_no_worker_knows_it() {
    let nowhere = || (moonfleet::current_task(), moonfleet::worker_index(), moonfleet::worker_count());
    assert_eq!(nowhere(), (None, None, 0));
    let from_task = moonfleet::run(|| thread::spawn(nowhere).join().unwrap());
    assert_eq!(from_task, (None, None, 0));
}

/// What `body` says when it panics.
fn panic_text(body: impl FnOnce()) -> String {
    let payload = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).unwrap_err();
    *payload.downcast::<String>().unwrap()
}
