//! The faults: each leaves out a step of a protocol, in a way in which it could have been forgotten.

/// One wrong line of the runtime.
#[allow(dead_code, reason = "the build script uses the texts, the models the names")]
pub(crate) struct Fault {
    /// What tests call it by.
    pub(crate) name: &'static str,
    /// The file, below the workspace root.
    pub(crate) file: &'static str,
    /// The head of the function that it is in.
    pub(crate) after: &'static str,
    /// What the runtime does there.
    pub(crate) right: &'static str,
    /// What it does with the fault planted.
    pub(crate) wrong: &'static str,
}

/// All faults.
pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        name: "sleeps_without_a_second_look",
        file: "runtime/src/scheduler/rounds.rs",
        after: "fn sleep(",
        right: "shared.has_stealable()",
        wrong: "false",
    },
    Fault {
        name: "sleeps_past_its_timers",
        file: "runtime/src/scheduler/rounds.rs",
        after: "fn sleep(",
        right: "local.next_deadline().map(|at| at.saturating_sub(clock::now_ns()))",
        wrong: "None",
    },
    Fault {
        name: "forgets_that_it_was_claimed",
        file: "runtime/src/scheduler/rounds.rs",
        after: "fn sleep(",
        right: "self.searching |= shared.idle.retract_sleep(index);",
        wrong: "let _ = shared.idle.retract_sleep(index);",
    },
    Fault {
        name: "wakes_no_successor",
        file: "runtime/src/scheduler/rounds.rs",
        after: "fn search(",
        right: "shared.has_stealable()",
        wrong: "false",
    },
    Fault {
        name: "publishes_in_silence",
        file: "runtime/src/scheduler/worker.rs",
        after: "fn queue_fresh(",
        right: "self.shared.task_published();",
        wrong: "",
    },
    Fault {
        name: "rings_no_bell",
        file: "runtime/src/home/mod.rs",
        after: "fn answer(",
        right: "bell == Bell::Ring",
        wrong: "false",
    },
    Fault {
        name: "orders_in_silence",
        file: "runtime/src/home/mod.rs",
        after: "unsafe fn order(",
        right: "self.notify();",
        wrong: "",
    },
    Fault {
        name: "obeys_no_orders",
        file: "runtime/src/scheduler/rounds.rs",
        after: "fn upkeep(",
        right: "local.obey_orders(now_ns);",
        wrong: "",
    },
    Fault {
        name: "starts_what_was_cancelled",
        file: "runtime/src/scheduler/rounds.rs",
        after: "fn equip(",
        right: "header.is_cancelled() || local.is_stopping() || local.home().is_stopping()",
        wrong: "false",
    },
    Fault {
        name: "stops_with_tasks_waiting",
        file: "runtime/src/scheduler/rounds.rs",
        after: "fn is_done(",
        right: "self.worker.shared.injector.is_empty()",
        wrong: "true",
    },
    Fault {
        name: "sleeps_although_it_is_done",
        file: "runtime/src/scheduler/rounds.rs",
        after: "fn sleep(",
        right: "self.is_done()",
        wrong: "false",
    },
    Fault {
        name: "stops_with_migratables_waiting",
        file: "runtime/src/scheduler/rounds.rs",
        after: "fn leave_migratables(",
        right: "shared.migratables.leave(task) && self.worker.local.home().is_stopping()",
        wrong: "shared.migratables.leave(task) && false",
    },
    Fault {
        name: "lets_in_after_the_end",
        file: "runtime/src/scheduler/gate.rs",
        after: "fn enter(",
        right: "self.0.fetch_add(ONE_INSIDE, Ordering::Acquire) & CLOSED != 0",
        wrong: "self.0.fetch_add(ONE_INSIDE, Ordering::Acquire) == usize::MAX",
    },
    Fault {
        name: "forgets_its_own_forks",
        file: "runtime/src/scheduler/rounds.rs",
        after: "fn pick_rarer(",
        right: "self.worker.local.pop().or_else(|| self.pop_fork())",
        wrong: "self.worker.local.pop()",
    },
    Fault {
        name: "ends_with_a_job_waiting",
        file: "runtime/src/blocking/pool.rs",
        after: "fn idle<",
        right: "state.idle.iter().all(|idle| idle.id() != me.id())",
        wrong: "false",
    },
    Fault {
        name: "closes_in_silence",
        file: "runtime/src/channel/core.rs",
        after: "fn close(",
        right: "wake.wake(Urgency::Queued);",
        wrong: "drop(wake);",
    },
    Fault {
        name: "wakes_threads_in_silence",
        file: "runtime/src/suspend/parker.rs",
        after: "unsafe fn wake_thread(",
        right: "thread.unpark();",
        wrong: "",
    },
    Fault {
        name: "notifies_nobody",
        file: "runtime/src/sync/condvar.rs",
        after: "fn notify_one(",
        right: "wake_if_any(fired.map(Fired::leave), Urgency::Queued);",
        wrong: "drop(fired.map(Fired::leave));",
    },
    Fault {
        name: "overlooks_a_storm",
        file: "runtime/src/context/storm.rs",
        after: "fn begin_wait(",
        right: "self.waiting.set(self.waiting.get() + 1);",
        wrong: "",
    },
    Fault {
        name: "wakes_the_monitor_in_silence",
        file: "runtime/src/scheduler/lookout.rs",
        after: "impl Drop for Asleep",
        right: "thread.unpark();",
        wrong: "",
    },
    Fault {
        name: "ends_an_epoch_in_silence",
        file: "runtime/src/epoch.rs",
        after: "fn change<",
        right: "self.wake_ended();",
        wrong: "",
    },
    Fault {
        name: "gives_up_nothing",
        file: "runtime/src/scheduler/rounds.rs",
        after: "fn run_migratable(",
        right: "header.give_up();",
        wrong: "",
    },
];
