//! `blocking`: the worker goes on, borrows hold, nothing returns early, and the threads come and go.

mod child;
mod support;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use moonfleet::time::sleep;
use moonfleet::{
    BuildError, JoinError, Runtime, blocking, channel, spawn, spawn_local, try_blocking, yield_now,
};

use support::{LONG, runtime};

fn until(mut done: impl FnMut() -> bool) {
    while !done() {
        thread::yield_now();
    }
}

#[test]
fn a_closure_runs_elsewhere_and_may_borrow() {
    let runtime = Runtime::builder().workers(1).thread_name("crew").build().unwrap();
    let mut names = Vec::new();
    let here = runtime.block_on(|| {
        let name = || thread::current().name().unwrap().to_owned();
        blocking(|| names.push(name()));
        names.push(blocking(name));
        name()
    });
    assert_eq!(here, "crew-0");
    assert!(names.iter().all(|name| name.starts_with("crew-blocking-")), "{names:?}");
}

#[test]
fn the_worker_runs_other_tasks_meanwhile() {
    runtime(1).block_on(|| {
        let (tx, rx) = channel::rendezvous();
        let neighbour = spawn_local(move || tx.send(7).unwrap());
        // If the closure kept the only worker, nobody would send.
        assert_eq!(blocking(|| rx.recv()), Ok(7));
        neighbour.join().unwrap();
    });
}

#[test]
fn a_panic_comes_back_with_its_payload_and_the_thread_goes_on() {
    let runtime = Runtime::builder().workers(1).blocking_threads(1).build().unwrap();
    runtime.block_on(|| {
        for n in 0..3 {
            let payload = catch_unwind(|| blocking(|| std::panic::panic_any(n))).unwrap_err();
            assert_eq!(payload.downcast_ref(), Some(&n));
        }
        assert_eq!(blocking(|| 4), 4);
        let task = spawn(|| blocking(|| panic!("the disk is full")));
        assert!(task.join().unwrap_err().to_string().ends_with("panicked: the disk is full"));
    });
    assert_eq!(runtime.metrics().blocking().threads, 1);
}

#[test]
fn outside_a_task_it_just_calls() {
    let here = thread::current().id();
    assert_eq!(blocking(|| thread::current().id()), here);
    let (outer, inner) = runtime(1)
        .block_on(|| blocking(|| (thread::current().id(), try_blocking(|| thread::current().id()).unwrap())));
    assert_eq!(outer, inner, "a closure is outside, too");
}

#[test]
fn no_more_threads_than_allowed_run_and_the_rest_is_queued() {
    const THREADS: usize = 3;
    let runtime = Runtime::builder().workers(2).blocking_threads(THREADS).build().unwrap();
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let sum: usize = runtime.block_on(|| {
        let tasks = (0..200).map(|n| {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            spawn(move || {
                blocking(|| {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    thread::yield_now();
                    running.fetch_sub(1, Ordering::SeqCst);
                    n
                })
            })
        });
        let tasks: Vec<_> = tasks.collect();
        tasks.into_iter().map(|task| task.join().unwrap()).sum()
    });
    assert_eq!(sum, 199 * 200 / 2);
    assert!(most.load(Ordering::SeqCst) <= THREADS);
    let metrics = runtime.metrics().blocking();
    assert!(metrics.closures == 200 && metrics.threads <= THREADS && metrics.queued == 0, "{metrics:?}");
}

#[test]
fn an_exhausted_pool_takes_closures_in_the_order_they_came() {
    let runtime = Runtime::builder().workers(1).blocking_threads(1).build().unwrap();
    let (go, told) = channel::rendezvous::<()>();
    let (log, order) = channel::unbounded();
    runtime.block_on(|| {
        let first = spawn_local(move || blocking(|| told.recv()));
        let others = (0..10).map(|n| {
            let log = log.clone();
            spawn_local(move || blocking(move || log.send(n).unwrap()))
        });
        let others: Vec<_> = others.collect();
        until(|| {
            yield_now();
            runtime.metrics().blocking().queued == 10
        });
        assert!(others.iter().all(|task| !task.is_finished()));
        go.send(()).unwrap();
        others.into_iter().for_each(|task| task.join().unwrap());
        first.join().unwrap().unwrap();
    });
    assert_eq!(order.iter().take(10).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
}

#[test]
fn limits_out_of_range_are_refused_with_the_range() {
    for asked in [0, 65_537, usize::MAX] {
        let error = Runtime::builder().blocking_threads(asked).build().unwrap_err();
        assert!(matches!(error, BuildError::BlockingThreads { asked: found } if found == asked));
        assert_eq!(error.to_string(), format!("{asked} blocking threads were asked for: ask for 1 to 65536"));
    }
}

/// Sends when it is dropped: the task that holds it is being unwound.
struct Tells(channel::Sender<()>);

impl Drop for Tells {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

#[test]
fn a_cancel_waits_for_the_closure_and_its_result_is_not_lost() {
    let runtime = runtime(1);
    let (go, told) = channel::bounded(1);
    let (started, is_started) = channel::oneshot();
    let result = Arc::new(AtomicUsize::new(0));
    let kept = Arc::clone(&result);
    let caller = runtime.spawn_on(0, move || {
        let frame = [1_usize, 2, 3];
        let sum = blocking(|| {
            started.send(()).unwrap();
            told.recv().unwrap();
            // The frame is still there, though its task was cancelled.
            frame.iter().sum::<usize>()
        });
        kept.store(sum, Ordering::Relaxed);
        sleep(LONG);
        kept.store(0, Ordering::Relaxed);
    });
    is_started.recv().unwrap();
    // Both are cancelled in one go, and only then does the closure get what it waits for.
    let neighbour = runtime.spawn_on(0, move || {
        let _tells = Tells(go);
        sleep(LONG);
    });
    runtime.spawn_on(0, || ()).join().unwrap();
    let report = runtime.shutdown(LONG);
    assert!(report.is_complete() && report.blocking_closures() == 0, "{report}");
    assert!(matches!(neighbour.join(), Err(JoinError::Cancelled { .. })));
    assert!(matches!(caller.join(), Err(JoinError::Cancelled { .. })));
    assert_eq!(result.load(Ordering::Relaxed), 6);
}

#[test]
fn a_shutdown_that_cannot_wait_names_the_closure() {
    let runtime = runtime(1);
    let (go, told) = channel::rendezvous::<()>();
    let (started, is_started) = channel::oneshot();
    let caller = runtime.spawn(move || {
        blocking(|| {
            started.send(()).unwrap();
            told.recv().unwrap();
            5
        })
    });
    is_started.recv().unwrap();
    let report = runtime.shutdown(Duration::ZERO);
    assert_eq!((report.stuck().len(), report.blocking_closures()), (1, 1));
    // Whether the caller is suspended at that moment, or is being told of its cancel, is left open.
    assert!(report.to_string().ends_with(" on worker 0; 1 blocking closure;"), "{report}");
    go.send(()).unwrap();
    assert_eq!(caller.join().unwrap(), 5);
}

#[test]
fn a_cancelled_task_calls_no_more_closures_but_in_destructors() {
    struct Closes(Arc<AtomicUsize>);
    impl Drop for Closes {
        fn drop(&mut self) {
            let closed = blocking(|| 10);
            self.0.fetch_add(closed, Ordering::Relaxed);
        }
    }
    let runtime = runtime(1);
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let task = runtime.spawn_on(0, move || {
        let _closes = Closes(Arc::clone(&counted));
        let swallowed = catch_unwind(|| sleep(LONG));
        assert!(swallowed.is_err());
        blocking(|| counted.fetch_add(1, Ordering::Relaxed));
    });
    runtime.spawn_on(0, || ()).join().unwrap();
    assert!(runtime.shutdown(LONG).is_complete());
    assert!(matches!(task.join(), Err(JoinError::Cancelled { .. })));
    assert_eq!(calls.load(Ordering::Relaxed), 10);
}

#[test]
fn what_a_closure_owns_is_dropped_before_the_call_returns() {
    struct Sets<'a>(&'a AtomicBool);
    impl Drop for Sets<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    runtime(1).block_on(|| {
        for panics in [false, true] {
            let dropped = AtomicBool::new(false);
            let sets = Sets(&dropped);
            let ended = catch_unwind(AssertUnwindSafe(|| {
                blocking(move || {
                    let _sets = sets;
                    assert!(!panics, "as asked");
                });
            }));
            assert_eq!((ended.is_err(), dropped.load(Ordering::Relaxed)), (panics, true));
        }
    });
}

/// How many threads of this process have a name that begins with `name`.
fn threads_named(name: &str) -> usize {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    // A thread may end between the listing and the look.
    let names = tasks.filter_map(|task| fs::read_to_string(task.unwrap().path().join("comm")).ok());
    names.filter(|comm| comm.starts_with(name)).count()
}

#[test]
fn threads_end_with_their_runtime() {
    // The kernel keeps fifteen letters of a name.
    let runtime = Runtime::builder().workers(2).thread_name("go").build().unwrap();
    runtime.block_on(|| {
        let (here, all_here) = channel::unbounded();
        let (go, told) = channel::unbounded::<()>();
        let tasks = (0..20).map(|_| (here.clone(), told.clone())).map(|(here, told)| {
            spawn(move || {
                blocking(move || {
                    here.send(()).unwrap();
                    told.recv()
                })
            })
        });
        let tasks: Vec<_> = tasks.collect();
        assert_eq!(all_here.iter().take(20).count(), 20);
        assert_eq!(threads_named("go-blocking-"), 20);
        drop(go);
        tasks.into_iter().for_each(|task| assert!(task.join().unwrap().is_err()));
    });
    until(|| runtime.metrics().blocking().idle == 20);
    assert!(runtime.shutdown(LONG).is_complete());
    until(|| threads_named("go-") == 0);
}

#[test]
fn a_runtime_that_never_blocks_has_no_threads_for_it() {
    let runtime = Runtime::builder().workers(1).thread_name("never").build().unwrap();
    runtime.block_on(|| spawn(|| ()).join().unwrap());
    assert_eq!(threads_named("never-"), 1);
}

/// Sets how much address space this process may have from now on; `None` for all.
#[allow(unsafe_code, reason = "there is no safe call for this limit")]
fn limit_address_space(bytes: Option<u64>) {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the kernel fills the struct, and reads it.
    unsafe {
        assert_eq!(libc::getrlimit(libc::RLIMIT_AS, &raw mut limit), 0);
        limit.rlim_cur = bytes.unwrap_or(limit.rlim_max);
        assert_eq!(libc::setrlimit(libc::RLIMIT_AS, &raw const limit), 0);
    }
}

/// The address space this process has, in bytes.
fn address_space() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').next().unwrap().parse::<u64>().unwrap() * 4096
}

#[test]
fn a_kernel_that_refuses_threads_is_reported_or_waited_for() {
    const NAME: &str = "a_kernel_that_refuses_threads_is_reported_or_waited_for";
    if !child::is_running(NAME) {
        let output = child::run(NAME);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    let runtime = Runtime::builder().workers(1).blocking_threads(9).build().unwrap();
    runtime.block_on(|| {
        // Room for small things, but not for the stack of a thread.
        limit_address_space(Some(address_space() + (1 << 20)));
        let no_thread = try_blocking(|| 5).unwrap_err();
        let text = no_thread.to_string();
        for part in ["thread was asked for", "has none yet (of 9", "the kernel refused one", "ulimit -u"] {
            assert!(text.contains(part), "{part:?} is missing in: {text}");
        }
        assert_eq!(no_thread.into_closure()(), 5, "the closure comes back");
        let panic = catch_unwind(|| blocking(|| ())).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&text));
        limit_address_space(None);

        let (go, told) = channel::rendezvous::<()>();
        let (started, is_started) = channel::oneshot();
        let busy = spawn_local(move || {
            blocking(|| {
                started.send(()).unwrap();
                told.recv()
            })
        });
        is_started.recv().unwrap();
        limit_address_space(Some(address_space() + (1 << 20)));
        let queued = spawn_local(|| blocking(|| 6));
        yield_now();
        assert_eq!((runtime.metrics().blocking().threads, runtime.metrics().blocking().queued), (1, 1));
        go.send(()).unwrap();
        assert_eq!(queued.join().unwrap(), 6, "the thread that there was has run it");
        busy.join().unwrap().unwrap();
        limit_address_space(None);
    });
}
