//! The protocol files of the runtime's scheduler, and the rest of it for models: a worker that has nothing but forks.

#[path = "../../runtime/src/scheduler/fork.rs"]
pub(crate) mod fork;
#[path = "../../runtime/src/scheduler/gate.rs"]
pub(crate) mod gate;
#[path = "../../runtime/src/scheduler/idle.rs"]
pub(crate) mod idle;
#[path = "../../runtime/src/scheduler/lookout.rs"]
pub(crate) mod lookout;
#[path = "../../runtime/src/scheduler/watch.rs"]
pub(crate) mod watch;

pub(crate) mod sampler {
    //! A sampler that finds something with every look: what it looks at is the business of its own tests.

    use crate::context::running::Running;

    #[derive(Debug)]
    pub(crate) struct Overrun;

    #[derive(Debug)]
    pub(crate) struct Sampler;

    impl Sampler {
        pub(crate) fn new(_workers: usize, _thresholds_ns: Vec<u64>) -> Self {
            Self
        }

        pub(crate) fn look<'a>(
            &mut self,
            _words: impl Iterator<Item = &'a Running>,
            _now_ns: impl Fn() -> u64,
            report: &mut impl FnMut(Overrun),
        ) -> u64 {
            report(Overrun);
            0
        }
    }
}

pub(crate) mod worker {
    //! A worker as those see it who fork: crossbeam's deque, which is trusted, is a locked one here.

    use std::cell::Cell;
    use std::collections::VecDeque;
    use std::ptr;

    use super::fork::Forked;
    use crate::context::{self, Lease};
    use crate::wait::lock::Lock;

    loom::thread_local! {
        static WORKER: Cell<*const Worker> = Cell::new(ptr::null());
    }

    pub(crate) struct Worker {
        pub(crate) local: Stopping,
        pub(crate) deques: Deques,
        /// The home of tasks that forks become.
        pub(crate) lease: Lease,
    }

    /// Nobody stops.
    pub(crate) struct Stopping;

    impl Stopping {
        pub(crate) fn is_stopping(&self) -> bool {
            false
        }
    }

    pub(crate) struct Deques {
        pub(crate) forks: Forks,
    }

    pub(crate) struct Forks(Lock<VecDeque<Forked>>);

    impl Forks {
        pub(crate) fn pop(&self) -> Option<Forked> {
            self.0.lock().pop_back()
        }

        pub(crate) fn steal(&self) -> Option<Forked> {
            self.0.lock().pop_front()
        }
    }

    impl Worker {
        pub(crate) fn new() -> Self {
            let deques = Deques { forks: Forks(Lock::new(VecDeque::with_capacity(2))) };
            Self { local: Stopping, deques, lease: Lease::new() }
        }

        pub(crate) fn queue_fork(&self, forked: Forked) {
            self.deques.forks.0.lock().push_back(forked);
        }

        /// Runs a fork as a task of this loom thread, which has no other.
        pub(crate) fn adopt(&self, forked: Forked) {
            let home = self.lease.0;
            let (task, joinable) = context::task(2, || ());
            joinable.detach();
            assert!(task.claim(home), "nobody else has seen the task");
            let local = context::begin(home, &task);
            forked.run();
            local.end_turn();
            context::end();
        }

        /// Makes this loom thread the worker.
        pub(crate) fn enter(&self) {
            WORKER.with(|worker| worker.set(self));
        }
    }

    pub(crate) fn current<'a>() -> Option<&'a Worker> {
        // SAFETY: the model that called `enter` keeps the worker until its threads have ended.
        WORKER.with(|worker| unsafe { worker.get().as_ref() })
    }
}
