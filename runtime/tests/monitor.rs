//! The monitor: it names the task that keeps its worker, once a turn, and disturbs nobody.

mod child;

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use moonfleet::{BuildError, Builder, Hog, Runtime, TaskBuilder, yield_now};

const THRESHOLD: Duration = Duration::from_millis(2);
const LONG: Duration = Duration::from_secs(600);

/// What a monitor was told. A loaded machine may make a hog of any task, so tests look for their own by name.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<Hog>>>);

impl Log {
    fn push(&self, hog: &Hog) {
        self.0.lock().unwrap().push(hog.clone());
    }

    /// The hogs called `name`.
    fn of(&self, name: &str) -> Vec<Hog> {
        let begins = format!("task '{name}' (");
        self.0.lock().unwrap().iter().filter(|hog| hog.task.starts_with(&begins)).cloned().collect()
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

/// A builder with a monitor that keeps a log.
fn monitored(workers: usize, threshold: Duration) -> (Builder, Log) {
    let log = Log::default();
    let theirs = log.clone();
    (Runtime::builder().workers(workers).monitor(threshold, move |hog| theirs.push(hog)), log)
}

/// Keeps the worker until `done`.
fn hog_until(mut done: impl FnMut() -> bool) {
    while !done() {
        thread::yield_now();
    }
}

#[test]
fn a_hog_is_named_with_its_worker_and_its_time() {
    let (builder, log) = monitored(2, THRESHOLD);
    let runtime = builder.build().unwrap();
    let hogs = log.clone();
    let id = runtime.block_on(|| {
        let body = move || hog_until(|| !hogs.of("mincer").is_empty());
        let task = TaskBuilder::new().name("mincer").spawn_on(1, body).unwrap();
        let id = task.id();
        task.join().unwrap();
        id
    });
    let [hog] = &log.of("mincer")[..] else { panic!("one turn, one hog") };
    assert_eq!((hog.id, hog.worker, &hog.task), (id, 1, &format!("task 'mincer' ({id})")));
    assert!(hog.running_for >= THRESHOLD, "{hog}");
    assert_eq!(hog.to_string(), format!("{} has kept worker 1 for {:?}", hog.task, hog.running_for));
    assert!(runtime.metrics().workers()[1].hogs >= 1);
}

#[test]
fn a_turn_is_told_once_and_every_turn_again() {
    let (builder, log) = monitored(2, THRESHOLD);
    let runtime = builder.build().unwrap();
    runtime.block_on(|| {
        // Five turns on one worker tell that the monitor looked often, while the other went through a single one.
        let hogs = log.clone();
        let long = move || hog_until(|| hogs.of("short").len() >= 5 && hogs.of("long").len() == 1);
        let long = TaskBuilder::new().name("long").spawn_on(0, long).unwrap();
        let hogs = log.clone();
        let short = move || {
            for turn in 1..=5 {
                hog_until(|| hogs.of("short").len() >= turn);
                yield_now();
            }
        };
        let short = TaskBuilder::new().name("short").spawn_on(1, short).unwrap();
        long.join().unwrap();
        short.join().unwrap();
    });
    assert_eq!(log.of("long").len(), 1);
    assert!(log.of("short").len() >= 5);
}

#[test]
fn tasks_that_take_turns_are_not_told() {
    for threshold in [LONG, Duration::MAX] {
        let (builder, log) = monitored(1, threshold);
        let runtime = builder.build().unwrap();
        runtime.block_on(|| (0..10_000).for_each(|_| yield_now()));
        assert_eq!((log.len(), runtime.metrics().total().hogs), (0, 0));
    }
}

#[test]
fn a_hog_is_found_after_the_monitor_has_slept() {
    let (builder, log) = monitored(1, THRESHOLD);
    let runtime = builder.thread_name("dozer").build().unwrap();
    for n in 1..=20 {
        // Nothing runs: the worker falls asleep, and after it, sooner or later, the monitor.
        if n % 2 == 0 {
            until_asleep("dozer-");
        }
        runtime.block_on(|| hog_until(|| log.len() >= n));
    }
    assert!(runtime.metrics().total().hogs >= 20);
}

/// The threads of this process whose names begin with `name`.
fn threads_named(name: &str) -> Vec<std::path::PathBuf> {
    let tasks = fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
    // A thread may end between the listing and the look.
    tasks
        .filter(|task| fs::read_to_string(task.join("comm")).is_ok_and(|comm| comm.starts_with(name)))
        .collect()
}

fn until_asleep(name: &str) {
    let sleeps = |thread: &std::path::PathBuf| {
        fs::read_to_string(thread.join("status")).unwrap_or_default().contains("State:\tS")
    };
    while !threads_named(name).iter().all(sleeps) {
        thread::yield_now();
    }
}

#[test]
fn several_monitors_have_their_own_thresholds() {
    let (first, second) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counts = |count: &Arc<AtomicUsize>| {
        let count = Arc::clone(count);
        move |hog: &Hog| {
            count.fetch_add(1 + usize::from(hog.running_for < THRESHOLD), Ordering::Relaxed);
        }
    };
    let never = counts(&second);
    let builder = Runtime::builder().workers(1);
    let builder = builder
        .monitor(LONG, never)
        .monitor(2 * THRESHOLD, counts(&second))
        .monitor(THRESHOLD, counts(&first));
    let runtime = builder.build().unwrap();
    runtime.block_on(|| hog_until(|| second.load(Ordering::Relaxed) > 0));
    assert_eq!((first.load(Ordering::Relaxed), second.load(Ordering::Relaxed)), (1, 1));
    assert_eq!(runtime.metrics().total().hogs, 1, "a turn counts once");
}

#[test]
fn thresholds_too_low_are_refused() {
    for asked in [Duration::ZERO, Duration::from_nanos(999_999)] {
        let error = monitored(1, asked).0.build().unwrap_err();
        assert!(matches!(error, BuildError::MonitorThreshold { asked: found } if found == asked));
        assert!(error.to_string().ends_with("ask for 1ms or more"), "{error}");
    }
    assert!(monitored(1, Duration::from_millis(1)).0.build().is_ok());
}

#[test]
fn a_callback_that_panics_is_reported_and_called_again() {
    const NAME: &str = "a_callback_that_panics_is_reported_and_called_again";
    if !child::is_running(NAME) {
        let output = child::run(NAME);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}");
        assert!(text.matches("the monitor goes on").count() >= 3, "{text}");
        assert!(text.contains("panicked when told that task "), "{text}");
        return;
    }
    let runtime = Runtime::builder().workers(1).monitor(THRESHOLD, |_| panic!("not my day")).build().unwrap();
    runtime.block_on(|| {
        // When the fourth is counted, the third has been reported.
        for hogs in 1..=4 {
            hog_until(|| runtime.metrics().total().hogs >= hogs);
            yield_now();
        }
    });
}

#[test]
fn the_monitor_thread_comes_with_the_monitor_and_ends_with_the_runtime() {
    let without = Runtime::builder().workers(1).thread_name("plain").build().unwrap();
    let kept = Arc::new(());
    let theirs = Arc::clone(&kept);
    let builder = Runtime::builder().workers(1).monitor(LONG, move |_| drop(Arc::clone(&theirs)));
    let with = builder.thread_name("looked").build().unwrap();
    for runtime in [&without, &with] {
        runtime.block_on(|| ());
    }
    while threads_named("looked-").len() != 2 {
        thread::yield_now();
    }
    assert_eq!(threads_named("plain-").len(), 1);
    assert!(with.shutdown(LONG).is_complete());
    while !threads_named("looked-").is_empty() {
        thread::yield_now();
    }
    assert_eq!(Arc::strong_count(&kept), 1, "the callback went with it, and what it owned");
}

#[test]
fn a_wake_on_its_way_is_no_stillness() {
    let (plays, stills) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (playing, counted) = (Arc::clone(&plays), Arc::clone(&stills));
    let runtime = Runtime::builder().workers(3).when_still(move |stillness| {
        // While the ball flies, one of the players runs or is being woken.
        if stillness.throughout(|| playing.load(Ordering::Relaxed)) == Some(1) {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    let runtime = runtime.build().unwrap();
    runtime.block_on(|| {
        let (there, back) = (moonfleet::channel::rendezvous(), moonfleet::channel::rendezvous());
        let (sender, receiver) = (back.0, there.1);
        plays.store(1, Ordering::Relaxed);
        let partner =
            moonfleet::spawn_on(1, move || receiver.iter().for_each(|n: u32| sender.send(n).unwrap()));
        let player = moonfleet::spawn_on(2, move || {
            for n in 0..20_000 {
                there.0.send(n).unwrap();
                assert_eq!(back.1.recv(), Ok(n));
            }
        });
        player.join().unwrap();
        partner.join().unwrap();
        plays.store(0, Ordering::Relaxed);
    });
    assert_eq!(stills.load(Ordering::Relaxed), 0);
}

#[test]
fn a_callback_about_stillness_that_panics_is_called_again() {
    const NAME: &str = "a_callback_about_stillness_that_panics_is_called_again";
    if !child::is_running(NAME) {
        let output = child::run(NAME);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}");
        assert!(
            text.matches("when told that every worker sleeps; the monitor goes on").count() >= 2,
            "{text}"
        );
        return;
    }
    let (tell, told) = moonfleet::channel::unbounded();
    let runtime = Runtime::builder().workers(1).when_still(move |_| {
        tell.send(()).unwrap();
        panic!("too quiet");
    });
    let runtime = runtime.build().unwrap();
    // Each message wakes the worker, which sleeps again.
    runtime.block_on(|| (0..3).for_each(|_| told.recv().unwrap()));
}
