//! Closures that block an OS thread, run on threads made for that while the task waits.
//!
//! - [`job`]: a closure in its caller's frame, and the place where its result arrives.
//! - [`pool`]: the threads of one runtime: started when needed, ended when idle, queued for when all are busy.
//! - [`call`]: handing a closure to the pool, and waiting for it come what may.
//!
//! The public calls are in `offload.rs`, above the scheduler, which keeps the pool.

mod call;
pub(crate) mod job;
pub(crate) mod pool;

pub(crate) use self::call::run;

#[cfg(test)]
#[allow(unsafe_code, reason = "keeps the slots of its jobs by hand")]
mod tests {
    use std::sync::{Arc, mpsc};
    use std::thread;
    use std::time::Duration;

    use super::job::{Job, Slot};
    use super::pool::Pool;
    use super::run;
    use crate::suspend::Party;

    fn pool(limit: usize, keep_alive: Duration) -> Arc<Pool> {
        Pool::with_keep_alive(limit, "test", keep_alive)
    }

    fn call<T: Send>(pool: &Arc<Pool>, body: impl FnOnce() -> T + Send) -> T {
        run(pool, &Party::current(), body).unwrap_or_else(|(_, refused)| panic!("{refused}")).unwrap()
    }

    fn until(mut done: impl FnMut() -> bool) {
        while !done() {
            thread::yield_now();
        }
    }

    #[test]
    fn an_idle_thread_ends_and_the_next_job_gets_another() {
        let pool = pool(1, Duration::ZERO);
        for n in 0..100 {
            assert_eq!(call(&pool, || n), n);
        }
        until(|| pool.census().threads == 0);
        assert_eq!(pool.census().jobs, 100);
    }

    #[test]
    fn an_idle_thread_is_used_again() {
        let pool = pool(8, Duration::from_secs(600));
        let names = (0..10).map(|_| {
            until(|| pool.census().threads == pool.census().idle);
            call(&pool, || thread::current().name().map(str::to_owned))
        });
        assert!(names.collect::<Vec<_>>().iter().all(|name| name.as_deref() == Some("test-blocking-0")));
        pool.close();
        until(|| pool.census().threads == 0);
    }

    #[test]
    fn an_owned_job_is_left_behind_and_may_panic() {
        let pool = pool(1, Duration::from_secs(600));
        let (tell, told) = mpsc::channel();
        pool.submit(Job::owned(|| std::panic::resume_unwind(Box::new(())))).unwrap();
        pool.submit(Job::owned(move || tell.send(7).unwrap())).unwrap();
        assert_eq!(told.recv(), Ok(7));
        pool.close();
        until(|| pool.census().threads == 0);
    }

    #[test]
    fn what_is_queued_when_the_pool_closes_is_run() {
        let pool = pool(1, Duration::from_secs(600));
        let (go, told) = mpsc::channel::<()>();
        let first = Slot::new(move || told.recv().is_ok());
        let others = [true; 20].map(|value| Slot::new(move || value));
        // SAFETY: slot-stays — the loop below waits for every outcome.
        pool.submit(unsafe { first.job() }).unwrap();
        for slot in &others {
            // SAFETY: as above.
            pool.submit(unsafe { slot.job() }).unwrap();
        }
        pool.close();
        assert!(pool.census().threads == 1 && pool.census().queued >= 20);
        go.send(()).unwrap();
        until(|| pool.census().threads == 0);
        assert!(first.outcome().is_done() && others.iter().all(|slot| slot.outcome().is_done()));
        assert_eq!(call(&pool, || 5), 5, "a late job gets a thread, too");
        until(|| pool.census().threads == 0);
    }
}
