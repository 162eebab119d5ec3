//! A task that overflows its stack is named before the process dies. Each case dies in a child process.

mod child;

use std::hint::black_box;
use std::os::unix::process::ExitStatusExt;
use std::process::Output;

use moonfleet::{Runtime, TaskBuilder, yield_now};

#[expect(unconditional_recursion, reason = "it is to overflow")]
fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    recurse(depth + 1) + frame[0]
}

/// What the child said, which died by `signal`.
fn died_by(signal: i32, output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.signal(), Some(signal), "{text}");
    text
}

fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in: {text}");
    }
}

#[test]
fn an_overflow_names_the_task_its_size_and_the_knob() {
    const NAME: &str = "an_overflow_names_the_task_its_size_and_the_knob";
    if child::is_running(NAME) {
        return moonfleet::run(|| {
            let deep = TaskBuilder::new().name("deep").stack_size(64 << 10).spawn(|| recurse(0)).unwrap();
            deep.join().unwrap();
        });
    }
    let text = died_by(libc::SIGABRT, &child::run(NAME));
    says(&text, &["task 'deep' (id ", "overflowed its stack of 65536 bytes", "TaskBuilder::stack_size"]);
}

#[test]
fn an_overflow_is_told_of_any_task_on_any_worker() {
    const NAME: &str = "an_overflow_is_told_of_any_task_on_any_worker";
    if child::is_running(NAME) {
        let runtime = Runtime::builder().workers(3).stack_size(32 << 10).build().unwrap();
        let task = runtime.spawn_on(2, || {
            (0..10).for_each(|_| yield_now());
            recurse(0)
        });
        task.join().unwrap();
        return;
    }
    let text = died_by(libc::SIGABRT, &child::run(NAME));
    says(&text, &["an unnamed task (id ", "overflowed its stack of 32768 bytes", "Builder::stack_size"]);
}

#[test]
fn an_overflow_inside_a_wide_guard_is_told_too() {
    const NAME: &str = "an_overflow_inside_a_wide_guard_is_told_too";
    if child::is_running(NAME) {
        return moonfleet::run(|| {
            let builder = TaskBuilder::new().name("wide").stack_size(16 << 10).wide_guard(true);
            builder.spawn(|| recurse(0)).unwrap().join().unwrap();
        });
    }
    let text = died_by(libc::SIGABRT, &child::run(NAME));
    says(&text, &["task 'wide'", "overflowed its stack of 16384 bytes"]);
}

#[test]
fn other_faults_in_a_task_still_die_as_faults() {
    const NAME: &str = "other_faults_in_a_task_still_die_as_faults";
    if child::is_running(NAME) {
        return moonfleet::run(|| {
            let nowhere = std::ptr::without_provenance::<u8>(black_box(8));
            // SAFETY: it is not sound: the child is to die of it.
            unsafe { nowhere.read_volatile() };
        });
    }
    let text = died_by(libc::SIGSEGV, &child::run(NAME));
    assert!(!text.contains("overflowed its stack"), "{text}");
}

#[test]
fn an_overflow_of_a_plain_thread_is_not_ours() {
    const NAME: &str = "an_overflow_of_a_plain_thread_is_not_ours";
    if child::is_running(NAME) {
        moonfleet::run(|| ());
        recurse(0);
        return;
    }
    let text = died_by(libc::SIGABRT, &child::run(NAME));
    says(&text, &["has overflowed its stack"]);
    assert!(!text.contains("moonfleet: "), "{text}");
}
