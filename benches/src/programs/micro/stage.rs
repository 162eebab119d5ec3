//! Where a work is done: a runtime of the asked-for size, a task in it, and a clock around the work.
//!
//! Every stage runs the work *as a task* of its runtime, because a spawn or a join from outside is slower in
//! each of them; and every stage starts the clock in that task, so that no start-up is measured.

use std::time::Instant;

use super::Plan;

/// Does `work` and prints how long that took.
fn timed(plan: &Plan, work: impl FnOnce()) {
    let start = Instant::now();
    work();
    report(plan, start);
}

fn report(plan: &Plan, start: Instant) {
    let elapsed = start.elapsed().as_secs_f64();
    println!("operations: {}\nelapsed: {elapsed}", plan.ops);
}

/// In a task of Moonfleet; `tasks` is how many the work has at most at a time.
pub(super) fn moonfleet(plan: &Plan, tasks: usize, work: impl FnOnce() + Send) -> Result<(), String> {
    crate::programs::runtime(plan.workers, tasks)?.block_on(|| timed(plan, work));
    Ok(())
}

/// In a task of tokio's multi-threaded runtime.
#[cfg(feature = "peers")]
pub(super) fn tokio(plan: &Plan, work: impl Future<Output = ()> + Send + 'static) -> Result<(), String> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(plan.workers).enable_time().build();
    let runtime = runtime.map_err(|error| format!("cannot start tokio: {error}"))?;
    let plan = plan.clone();
    let task = async move {
        let start = Instant::now();
        work.await;
        report(&plan, start);
    };
    let done = runtime.block_on(async { tokio::spawn(task).await });
    done.map_err(|error| format!("the work did not end well: {error}"))
}

/// In a coroutine of may. Its scheduler is one for the process and has no shutdown: it ends with the process.
#[cfg(feature = "peers")]
pub(super) fn may(plan: &Plan, work: impl FnOnce() + Send + 'static) -> Result<(), String> {
    may::config().set_workers(plan.workers);
    let plan = plan.clone();
    let done = may::go!(move || timed(&plan, work)).join();
    done.map_err(|_| "the work did not end well".to_owned())
}

/// In a thread of rayon's pool.
#[cfg(feature = "peers")]
pub(super) fn rayon(plan: &Plan, work: impl FnOnce() + Send) -> Result<(), String> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(plan.workers).build();
    let pool = pool.map_err(|error| format!("cannot start rayon: {error}"))?;
    pool.install(|| timed(plan, work));
    Ok(())
}

/// In OS threads, which get as many cores as a runtime gets workers.
#[cfg(feature = "peers")]
pub(super) fn threads(plan: &Plan, work: impl FnOnce()) -> Result<(), String> {
    cores::keep_to(plan.workers)
        .map_err(|error| format!("cannot keep to {} cores: {error}", plan.workers))?;
    timed(plan, work);
    Ok(())
}

#[cfg(feature = "peers")]
mod cores {
    use std::io;
    use std::mem;

    /// Lets this thread, and those it starts from now on, run on the first `count` of its cores only.
    pub(super) fn keep_to(count: usize) -> io::Result<()> {
        // SAFETY: plain-data: `cpu_set_t` is integers all through, so all zeroes is a valid value.
        let (mut allowed, mut kept): (libc::cpu_set_t, libc::cpu_set_t) = unsafe { mem::zeroed() };
        let size = mem::size_of::<libc::cpu_set_t>();
        // SAFETY: the pointer comes from a live, exclusive reference to a set of the given size.
        checked(unsafe { libc::sched_getaffinity(0, size, &mut allowed) })?;
        let all = 0..8 * size;
        // SAFETY: `core` is below the number of bits in a set, here and below.
        let mine = all.filter(|&core| unsafe { libc::CPU_ISSET(core, &allowed) });
        for core in mine.take(count) {
            // SAFETY: as above.
            unsafe { libc::CPU_SET(core, &mut kept) };
        }
        // SAFETY: the pointer comes from a live reference to a set of the given size.
        checked(unsafe { libc::sched_setaffinity(0, size, &kept) })
    }

    fn checked(result: libc::c_int) -> io::Result<()> {
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}
