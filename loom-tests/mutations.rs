//! The mutations: each makes one line of the runtime wrong, in a way in which it could have been written.
//!
//! `build.rs` makes a twin of this crate from each; `coverage` checks that no protocol file lacks one.

/// One wrong line, and the model that must notice.
pub(crate) struct Mutation {
    /// The twin's module.
    pub(crate) name: &'static str,
    /// The mutated file, below the workspace root.
    pub(crate) file: &'static str,
    /// Text that occurs once in the file, above the line: usually the function's head.
    pub(crate) after: &'static str,
    /// What is replaced: its first occurrence after that, within the same function.
    pub(crate) text: &'static str,
    /// What stands there instead.
    pub(crate) with: &'static str,
    /// The model that fails, as file and function.
    pub(crate) model: &'static str,
    /// A part of its panic message.
    pub(crate) says: &'static str,
}

impl Mutation {
    /// The mutated text of the file, or why the mutation does not apply any more.
    pub(crate) fn apply(&self, original: &str) -> Result<String, String> {
        let Self { name, file, after, text, .. } = self;
        let complain = |found: usize, what: &str| {
            Err(format!("mutation `{name}`: {file} has {found} times `{what}`; adapt it in mutations.rs"))
        };
        let anchors = original.matches(after).count();
        if anchors != 1 {
            return complain(anchors, after);
        }
        let start = original.find(after).unwrap_or_default();
        // What begins there ends with a brace below the beginning of its line.
        let line = original[..start].rfind('\n').map_or(0, |end| end + 1);
        let indent = original[line..].chars().take_while(|&letter| letter == ' ').count();
        let end = format!("\n{}}}\n", " ".repeat(indent));
        let length = original[start..].find(&end).unwrap_or(original.len() - start);
        let (head, function, tail) =
            (&original[..start], &original[start..start + length], &original[start + length..]);
        match function.matches(text).count() {
            1 => Ok(format!("{head}{}{tail}", function.replace(text, self.with))),
            found => complain(found, text),
        }
    }
}

/// All mutations, by file.
pub(crate) const MUTATIONS: &[Mutation] = &[
    Mutation {
        name: "lock_freed_relaxed",
        file: "runtime/src/wait/lock.rs",
        after: "impl<T> Drop for Guard",
        text: "Ordering::Release",
        with: "Ordering::Relaxed",
        model: "lock::holders_come_one_after_another",
        says: "Causality violation",
    },
    Mutation {
        name: "lock_taken_relaxed",
        file: "runtime/src/wait/lock.rs",
        after: "fn acquire(",
        text: "Ordering::Acquire,",
        with: "Ordering::Relaxed,",
        model: "lock::holders_come_one_after_another",
        says: "Causality violation",
    },
    Mutation {
        name: "lock_retaken_relaxed",
        file: "runtime/src/wait/lock.rs",
        after: "fn acquire_contended(",
        text: "Ordering::Acquire,",
        with: "Ordering::Relaxed,",
        model: "lock::holders_come_one_after_another",
        says: "Causality violation",
    },
    Mutation {
        name: "lock_freed_raw_relaxed",
        file: "runtime/src/wait/lock.rs",
        after: "unsafe fn release(",
        text: "Ordering::Release",
        with: "Ordering::Relaxed",
        model: "lock::a_raw_holder_is_alone_too",
        says: "Causality violation",
    },
    Mutation {
        name: "word_fired_in_two_steps",
        file: "runtime/src/wait/word.rs",
        after: "fn fire(",
        text: "self.0.compare_exchange(WAITING, reason.encode(), Ordering::Relaxed, Ordering::Relaxed).is_ok()",
        with: "self.fire_unshared(reason)",
        model: "word::one_firer_wins_and_its_value_arrives",
        says: "winners:",
    },
    Mutation {
        name: "word_disarmed_in_two_steps",
        file: "runtime/src/wait/word.rs",
        after: "fn disarm(",
        text: "self.0.compare_exchange(WAITING, IDLE, Ordering::Relaxed, Ordering::Relaxed).is_ok()",
        with: "{ let waits = self.load_relaxed() == WAITING; if waits { self.0.store(IDLE, Ordering::Relaxed) }; waits }",
        model: "word::a_deadline_loses_nothing",
        says: "both sides agree",
    },
    Mutation {
        name: "waiter_woken_by_losers",
        file: "runtime/src/wait/waiter.rs",
        after: "unsafe fn fire(",
        text: "won.then_some(",
        with: "Some(",
        model: "word::one_firer_wins_and_its_value_arrives",
        says: "winners:",
    },
    Mutation {
        name: "list_unlinks_twice",
        file: "runtime/src/wait/list.rs",
        after: "unsafe fn unlink(",
        text: "if !links.linked {",
        with: "if false {",
        model: "core::a_timed_out_receiver_leaves_alone",
        says: "deadlock",
    },
    Mutation {
        name: "one_given_relaxed",
        file: "runtime/src/wait/one.rs",
        after: "fn finish(",
        text: "self.word.store(end, Ordering::Release)",
        with: "self.word.store(end, Ordering::Relaxed)",
        model: "one::a_value_reaches_the_taker_that_waits",
        says: "Causality violation",
    },
    Mutation {
        name: "one_waiter_seen_early",
        file: "runtime/src/wait/one.rs",
        after: "fn finish(",
        text: "Ordering::AcqRel",
        with: "Ordering::Release",
        model: "one::a_value_reaches_the_taker_that_waits",
        says: "Causality violation",
    },
    Mutation {
        name: "one_withdrawn_in_haste",
        file: "runtime/src/wait/one.rs",
        after: "fn withdraw(",
        text: "self.settled();",
        with: "",
        model: "one::a_withdrawn_waiter_is_left_alone",
        says: "Causality violation",
    },
    Mutation {
        name: "one_left_relaxed",
        file: "runtime/src/wait/one.rs",
        after: "fn leave(",
        text: "GONE, Ordering::Release",
        with: "GONE, Ordering::Relaxed",
        model: "one::the_last_to_leave_frees",
        says: "Causality violation",
    },
    Mutation {
        name: "inbox_pushed_relaxed",
        file: "runtime/src/home/inbox.rs",
        after: "unsafe fn push(",
        text: "Ordering::Release",
        with: "Ordering::Relaxed",
        model: "inbox::links_arrive_once_and_each_sleep_ends_by_one_ring",
        says: "Causality violation",
    },
    Mutation {
        name: "inbox_drained_relaxed",
        file: "runtime/src/home/inbox.rs",
        after: "fn drain(",
        text: "Ordering::Acquire",
        with: "Ordering::Relaxed",
        model: "inbox::links_arrive_once_and_each_sleep_ends_by_one_ring",
        says: "Causality violation",
    },
    Mutation {
        name: "inbox_dozes_in_two_steps",
        file: "runtime/src/home/inbox.rs",
        after: "fn doze(",
        text: "self.head.compare_exchange(EMPTY, SLEEPING, Ordering::Relaxed, Ordering::Relaxed).is_ok()",
        with: "!self.has_news() && { self.head.store(SLEEPING, Ordering::Relaxed); true }",
        model: "inbox::links_arrive_once_and_each_sleep_ends_by_one_ring",
        says: "deadlock",
    },
    Mutation {
        name: "inbox_pushes_silently",
        file: "runtime/src/home/inbox.rs",
        after: "unsafe fn push(",
        text: "Bell::Ring",
        with: "Bell::Silent",
        model: "inbox::links_arrive_once_and_each_sleep_ends_by_one_ring",
        says: "deadlock",
    },
    Mutation {
        name: "inbox_notice_only_read",
        file: "runtime/src/home/inbox.rs",
        after: "fn notify(",
        text: "let word =",
        with: "if head != EMPTY && head != SLEEPING { return Bell::Silent; }\n            let word =",
        model: "inbox::a_notice_is_not_slept_through",
        says: "deadlock",
    },
    Mutation {
        name: "idle_producer_unfenced",
        file: "runtime/src/scheduler/idle.rs",
        after: "fn claim_sleeper(",
        text: "fence(Ordering::SeqCst);",
        with: "",
        model: "idle::no_task_is_overlooked",
        says: "deadlock",
    },
    Mutation {
        name: "idle_sleeper_unfenced",
        file: "runtime/src/scheduler/idle.rs",
        after: "fn announce_sleep(",
        text: "fence(Ordering::SeqCst);",
        with: "",
        model: "idle::no_task_is_overlooked",
        says: "deadlock",
    },
    Mutation {
        name: "idle_searcher_unfenced",
        file: "runtime/src/scheduler/idle.rs",
        after: "fn stop_search(",
        text: "fence(Ordering::SeqCst);",
        with: "",
        model: "idle::the_last_searcher_wakes_a_successor",
        says: "claimed for the other task",
    },
    Mutation {
        name: "idle_counts_after_the_claim",
        file: "runtime/src/scheduler/idle.rs",
        after: "fn claim_sleeper(",
        text: "if let Some(index) = self.claim_any_bit() {",
        with: "self.searching.fetch_sub(1, Ordering::Relaxed);\n            if let Some(index) = self.claim_any_bit() {\n                self.searching.fetch_add(1, Ordering::Relaxed);",
        model: "idle::a_claim_that_comes_late_hides_no_sleeper",
        says: "claimed for the other task",
    },
    Mutation {
        name: "idle_gives_up_without_a_look",
        file: "runtime/src/scheduler/idle.rs",
        after: "fn claim_sleeper(",
        text: "if !self.stop_search() {",
        with: "if !self.stop_search() || true {",
        model: "idle::no_producer_relies_on_one_that_gives_up",
        says: "told of the task",
    },
    Mutation {
        name: "gate_left_relaxed",
        file: "runtime/src/scheduler/gate.rs",
        after: "impl Drop for Inside",
        text: "Ordering::Release",
        with: "Ordering::Relaxed",
        model: "gate::a_closed_gate_has_nobody_inside",
        says: "Causality violation",
    },
    Mutation {
        name: "gate_closed_relaxed",
        file: "runtime/src/scheduler/gate.rs",
        after: "fn close(",
        text: "self.0.load(Ordering::Acquire)",
        with: "self.0.load(Ordering::Relaxed)",
        model: "gate::a_gate_is_closed_once",
        says: "Causality violation",
    },
    Mutation {
        name: "gate_refused_relaxed",
        file: "runtime/src/scheduler/gate.rs",
        after: "fn enter(",
        text: "Ordering::Acquire",
        with: "Ordering::Relaxed",
        model: "gate::a_refusal_comes_after_its_reason",
        says: "Causality violation",
    },
    Mutation {
        name: "gate_closed_without_waiting",
        file: "runtime/src/scheduler/gate.rs",
        after: "fn close(",
        text: "while ",
        with: "while false && ",
        model: "gate::a_closed_gate_has_nobody_inside",
        says: "Causality violation",
    },
    Mutation {
        name: "core_parks_after_unlocking",
        file: "runtime/src/channel/core.rs",
        after: "unsafe fn receive_or_park(",
        text: "Received::Empty => {",
        with: "Received::Empty => {\n                drop(state);\n                let mut state = self.state.lock();",
        model: "core::a_rendezvous_passes_every_message_once",
        says: "deadlock",
    },
    Mutation {
        name: "core_closes_in_silence",
        file: "runtime/src/channel/core.rs",
        after: "fn close(",
        text: "let wake = self.state.lock().next_released();",
        with: "let wake = None::<Wake>;",
        model: "core::a_closed_channel_wakes_its_receivers",
        says: "deadlock",
    },
    Mutation {
        name: "buffer_takes_one_too_many",
        file: "runtime/src/channel/buffer.rs",
        after: "pub(crate) fn push(",
        text: "self.len >= self.bound",
        with: "self.len > self.bound",
        model: "core::the_last_place_is_taken_once",
        says: "one place, one message",
    },
    Mutation {
        name: "blocking_forgets_a_wake",
        file: "runtime/src/channel/blocking.rs",
        after: "fn send<T>(",
        text: "wake_if_any(wake, Urgency::Next);",
        with: "drop(wake);",
        model: "core::a_deadline_keeps_what_was_handed_over",
        says: "deadlock",
    },
    Mutation {
        name: "select_parks_without_a_second_look",
        file: "runtime/src/select/mod.rs",
        after: "fn attempt_or_park_all(",
        text: "match arms[index].attempt_locked() {",
        with: "match Attempt::NotReady {",
        model: "select::two_that_face_each_other_meet_once",
        says: "deadlock",
    },
    Mutation {
        name: "select_locks_in_any_order",
        file: "runtime/src/select/mod.rs",
        after: "fn attempt_or_park_all(",
        text: "arms[index].address());",
        with: "index);",
        model: "select::two_that_face_each_other_meet_once",
        says: "deadlock",
    },
    Mutation {
        name: "select_arm_keeps_no_message",
        file: "runtime/src/select/arm.rs",
        after: "unpark_sender(",
        text: "self.message = node.take();",
        with: "",
        model: "select::a_closed_channel_ends_a_select",
        says: "left == right",
    },
    Mutation {
        name: "semaphore_left_in_silence",
        file: "runtime/src/sync/semaphore/mod.rs",
        after: "fn take(",
        text: "self.grant();",
        with: "",
        model: "semaphore::who_gives_up_lets_those_behind_go_on",
        says: "deadlock",
    },
    Mutation {
        name: "semaphore_grants_to_the_next",
        file: "runtime/src/sync/semaphore/mod.rs",
        after: "fn grant_first(",
        text: "inner.fire_first_if(|&wish| wish <= available)?",
        with: "inner.first_wish().filter(|&&wish| wish <= available).is_some().then(|| inner.fire_first())??",
        model: "semaphore::every_permit_goes_to_one_wish_that_it_is_enough_for",
        says: "overflow",
    },
    Mutation {
        name: "semaphore_grants_one_wish_only",
        file: "runtime/src/sync/semaphore/mod.rs",
        after: "fn grant(",
        text: "wake.wake(Urgency::Queued);",
        with: "return wake.wake(Urgency::Queued);",
        model: "semaphore::a_closed_semaphore_ends_every_wait",
        says: "deadlock",
    },
    Mutation {
        name: "epoch_left_after_its_end",
        file: "runtime/src/epoch.rs",
        after: "fn leave<",
        text: "(inner.state.epoch == joined)",
        with: "true",
        model: "epoch::a_round_ends_for_all_or_goes_on_without_some",
        says: "overflow",
    },
    Mutation {
        name: "epoch_ends_the_next_as_well",
        file: "runtime/src/epoch.rs",
        after: "fn fire_ended<",
        text: "joined < present",
        with: "joined <= present",
        model: "epoch::who_waits_anew_is_not_woken_by_the_old_end",
        says: "woken twice",
    },
    Mutation {
        name: "epoch_wakes_one_only",
        file: "runtime/src/epoch.rs",
        after: "fn wake_ended(",
        text: "ended.leave().wake(Urgency::Queued);",
        with: "return ended.leave().wake(Urgency::Queued);",
        model: "epoch::an_end_wakes_all",
        says: "deadlock",
    },
    Mutation {
        name: "epoch_wakes_the_late_instead",
        file: "runtime/src/epoch.rs",
        after: "fn wake_one_or(",
        text: "let Some(late) = fire_ended(&mut inner) else { break inner };",
        with: "let Some(late) = None::<Fired<u64>> else { break inner };",
        model: "epoch::a_wake_for_one_is_not_used_up_by_the_late",
        says: "deadlock",
    },
];
