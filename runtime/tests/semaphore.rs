//! Semaphores: what they promise, from tasks and threads, and random programs against a model of one.

mod support;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use moonfleet::sync::{AcquireError, AcquireTimeoutError, OwnedPermit, Semaphore, TryAcquireError};
use moonfleet::time::sleep_until;
use moonfleet::{JoinHandle, spawn_local, yield_now};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use support::{
    LONG, alone, complaint, ends_completely, keep_the_worker_busy, park, runtime, settle, was_cancelled,
};

const SHORT: Duration = Duration::from_millis(2);

#[test]
fn permits_come_back_unless_they_are_forgotten() {
    let semaphore = Arc::new(Semaphore::new(5));
    let (two, owned) = (semaphore.acquire_many(2).unwrap(), semaphore.acquire_many_owned(3).unwrap());
    assert_eq!((two.count(), owned.count(), semaphore.available_permits()), (2, 3, 0));
    drop(two);
    assert_eq!(semaphore.available_permits(), 2);
    owned.forget();
    assert_eq!(semaphore.available_permits(), 2);
    semaphore.acquire().unwrap().forget();
    semaphore.add_permits(4);
    assert_eq!(semaphore.available_permits(), 5);
}

#[test]
fn a_large_wish_is_not_starved_by_small_ones() {
    alone(|| {
        let semaphore = Arc::new(Semaphore::new(2));
        let held = semaphore.acquire().unwrap();
        let large = spawn_local({
            let semaphore = Arc::clone(&semaphore);
            move || semaphore.acquire_many_owned(2).unwrap()
        });
        settle();
        // One permit is free, but it is kept for whoever came first.
        assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
        let small = spawn_local({
            let semaphore = Arc::clone(&semaphore);
            move || semaphore.acquire_owned().unwrap()
        });
        settle();
        assert!(!large.is_finished() && !small.is_finished());
        drop(held);
        settle();
        assert!(large.is_finished() && !small.is_finished());
        drop(large.join().unwrap());
        drop(small.join().unwrap());
        assert_eq!(semaphore.available_permits(), 2);
    });
}

#[test]
fn one_release_may_serve_many() {
    alone(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let wish = |count| {
            let semaphore = Arc::clone(&semaphore);
            spawn_local(move || semaphore.acquire_many(count).unwrap().forget())
        };
        let waiting: Vec<_> = [2, 1, 3, 1].map(wish).into();
        settle();
        semaphore.add_permits(5);
        settle();
        let served: Vec<_> = waiting.iter().map(JoinHandle::is_finished).collect();
        assert_eq!(served, [true, true, false, false], "two are left, but the next wants three");
        semaphore.add_permits(2);
        waiting.into_iter().for_each(|task| task.join().unwrap());
        assert_eq!(semaphore.available_permits(), 0);
    });
}

#[test]
fn who_gives_up_at_the_head_lets_those_behind_go_on() {
    alone(|| {
        let semaphore = Arc::new(Semaphore::new(1));
        let large = spawn_local({
            let semaphore = Arc::clone(&semaphore);
            move || semaphore.acquire_many_timeout(2, SHORT).map(drop)
        });
        let small = spawn_local(move || semaphore.acquire_timeout(LONG).map(drop));
        settle();
        assert_eq!(large.join().unwrap(), Err(AcquireTimeoutError::Timeout));
        assert_eq!(small.join().unwrap(), Ok(()));
    });
}

#[test]
fn who_is_cancelled_at_the_head_lets_those_behind_go_on() {
    let semaphore = Arc::new(Semaphore::new(1));
    let runtime = runtime(1);
    let large = park(&runtime, {
        let semaphore = Arc::clone(&semaphore);
        move || drop(semaphore.acquire_many(2))
    });
    assert!(semaphore.try_acquire().is_err(), "somebody waits");
    thread::scope(|scope| {
        let small = scope.spawn(|| semaphore.acquire().map(drop));
        ends_completely(runtime);
        assert_eq!(small.join().unwrap(), Ok(()));
    });
    assert!(was_cancelled(large));
    assert_eq!(semaphore.available_permits(), 1);
}

/// The head's time is over, but it has not run yet, when a permit comes: that must not go by what the head
/// wanted to the next, who wants more.
#[test]
fn a_permit_that_comes_too_late_for_the_head_is_not_enough_for_the_next() {
    alone(|| {
        let (semaphore, start) = (Arc::new(Semaphore::new(0)), Instant::now());
        let parties = [1, 2].map(|count| {
            let semaphore = Arc::clone(&semaphore);
            let timeout = if count == 1 { 10 * SHORT } else { LONG };
            spawn_local(move || semaphore.acquire_many_timeout(count, timeout).map(drop))
        });
        let giver = spawn_local({
            let semaphore = Arc::clone(&semaphore);
            move || {
                sleep_until(start + 5 * SHORT);
                semaphore.add_permits(1);
            }
        });
        settle();
        keep_the_worker_busy(11 * SHORT);
        giver.join().unwrap();
        let [head, next] = parties;
        // Whether it got the permit and gave it back, or did not get it, is a question of time.
        let _either = head.join().unwrap();
        settle();
        assert!(!next.is_finished());
        assert_eq!(semaphore.available_permits(), 1);
        semaphore.add_permits(1);
        assert_eq!(next.join().unwrap(), Ok(()));
    });
}

#[test]
fn a_closed_semaphore_grants_nothing_and_takes_back_what_is_held() {
    alone(|| {
        let semaphore = Arc::new(Semaphore::new(1));
        let held = semaphore.acquire().unwrap();
        let waiting: Vec<_> = (1..4)
            .map(|count| {
                let semaphore = Arc::clone(&semaphore);
                spawn_local(move || semaphore.acquire_many(count).map(drop))
            })
            .collect();
        settle();
        assert!(semaphore.close() && !semaphore.close() && semaphore.is_closed());
        for task in waiting {
            assert_eq!(task.join().unwrap(), Err(AcquireError::Closed));
        }
        drop(held);
        assert_eq!(semaphore.available_permits(), 1);
        assert_eq!(semaphore.acquire().unwrap_err(), AcquireError::Closed);
        assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::Closed);
        assert_eq!(semaphore.acquire_timeout(LONG).unwrap_err(), AcquireTimeoutError::Closed);
    });
}

#[test]
fn too_many_permits_are_refused_with_the_limit_in_the_message() {
    const MOST: usize = Semaphore::MAX_PERMITS;
    let limit = MOST.to_string();
    assert!(complaint(|| Semaphore::new(MOST + 1)).contains(&limit));

    let semaphore = Semaphore::new(3);
    let held = semaphore.acquire_many(3).unwrap();
    for over in [MOST - 2, MOST, usize::MAX] {
        let complaint = complaint(|| semaphore.add_permits(over));
        assert!(complaint.contains(&limit) && complaint.contains("has 3"), "{complaint}");
    }
    semaphore.add_permits(MOST - 3);
    drop(held);
    assert_eq!(semaphore.available_permits(), MOST);
    assert!(complaint(|| semaphore.add_permits(1)).contains("never forgotten"));

    let error = semaphore.acquire_many(MOST + 1).unwrap_err();
    assert_eq!(error, AcquireError::TooMany(MOST + 1));
    assert!(error.to_string().contains(&limit));
    assert_eq!(semaphore.try_acquire_many(usize::MAX).unwrap_err(), TryAcquireError::TooMany(usize::MAX));
    assert_eq!(
        semaphore.acquire_many_timeout(usize::MAX, LONG).unwrap_err(),
        AcquireTimeoutError::TooMany(usize::MAX)
    );
    assert_eq!(semaphore.acquire_many(MOST).unwrap().count(), MOST);
}

#[test]
fn to_take_nothing_nobody_waits() {
    alone(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let first = spawn_local({
            let semaphore = Arc::clone(&semaphore);
            move || drop(semaphore.acquire())
        });
        settle();
        assert_eq!(semaphore.acquire_many(0).unwrap().count(), 0);
        assert!(semaphore.try_acquire_many(0).is_ok());
        semaphore.add_permits(1);
        first.join().unwrap();
    });
}

#[test]
fn semaphores_take_any_timeout() {
    let semaphore = Arc::new(Semaphore::new(1));
    let attempt = {
        let semaphore = Arc::clone(&semaphore);
        move || {
            let permit = semaphore.acquire_timeout(Duration::ZERO).unwrap();
            assert_eq!(semaphore.acquire_timeout(Duration::ZERO).unwrap_err(), AcquireTimeoutError::Timeout);
            drop(permit);
            drop(semaphore.acquire_owned_timeout(Duration::MAX).unwrap());
        }
    };
    attempt();
    alone(attempt);
    let held = semaphore.acquire().unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| semaphore.acquire_timeout(Duration::MAX).map(drop));
        drop(held);
        assert_eq!(waiting.join().unwrap(), Ok(()));
    });
}

/// Takes and gives back permits in many ways, and checks that never more than `TOTAL` are held.
#[test]
fn no_permit_is_lost_or_doubled_among_tasks_and_threads() {
    const TOTAL: usize = 5;
    let (semaphore, held) = (Arc::new(Semaphore::new(TOTAL)), Arc::new(AtomicUsize::new(0)));
    let visit = |party: usize| {
        let (semaphore, held) = (Arc::clone(&semaphore), Arc::clone(&held));
        move || {
            for round in 0..400 {
                let count = (party + round) % TOTAL + 1;
                let permit = match round % 3 {
                    0 => semaphore.acquire_many(count).ok(),
                    1 => semaphore.acquire_many_timeout(count, Duration::from_micros(20)).ok(),
                    _ => semaphore.try_acquire_many(count).ok(),
                };
                if permit.is_some() {
                    let before = held.fetch_add(count, Ordering::Relaxed);
                    assert!(before + count <= TOTAL, "{before} were held, {count} were granted");
                    if round % 5 == 0 {
                        yield_now();
                    }
                    held.fetch_sub(count, Ordering::Relaxed);
                }
            }
        }
    };
    let runtime = runtime(4);
    let tasks: Vec<_> = (0..24).map(|party| runtime.spawn(visit(party))).collect();
    let threads: Vec<_> = (24..28).map(|party| thread::spawn(visit(party))).collect();
    tasks.into_iter().for_each(|task| task.join().unwrap());
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(semaphore.available_permits(), TOTAL);
}

// ── against a model ─────────────────────────────────────────────────────────────────────────────────────

#[derive(Debug, Clone, Copy)]
enum Step {
    Try(usize),
    /// In a task of its own, which may have to wait.
    Acquire(usize),
    /// In a task of its own, which gives up at once if it has to wait.
    GiveUp(usize),
    /// Drops one of the permits that are held.
    Drop(prop::sample::Index),
    Forget(prop::sample::Index),
    Add(usize),
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        4 => (0..4_usize).prop_map(Step::Try),
        8 => (0..6_usize).prop_map(Step::Acquire),
        3 => (0..6_usize).prop_map(Step::GiveUp),
        10 => index().prop_map(Step::Drop),
        2 => index().prop_map(Step::Forget),
        3 => (0..4_usize).prop_map(Step::Add),
        1 => Just(Step::Close),
    ]
}

/// What a semaphore is: permits, and a line of wishes, each of a party known by its number.
#[derive(Debug, Default)]
struct Model {
    available: usize,
    waiting: VecDeque<(usize, usize)>,
    closed: bool,
    /// What each party was told, by its number.
    told: Vec<Option<Result<usize, AcquireError>>>,
}

impl Model {
    fn try_acquire(&mut self, count: usize) -> Result<usize, TryAcquireError> {
        if self.closed {
            return Err(TryAcquireError::Closed);
        }
        if count > 0 && (!self.waiting.is_empty() || count > self.available) {
            return Err(TryAcquireError::NoPermits);
        }
        self.available -= count;
        Ok(count)
    }

    fn acquire(&mut self, count: usize) {
        let party = self.told.len();
        let told = match self.try_acquire(count) {
            Ok(count) => Some(Ok(count)),
            Err(TryAcquireError::NoPermits) => None,
            Err(_) => Some(Err(AcquireError::Closed)),
        };
        if told.is_none() {
            self.waiting.push_back((party, count));
        }
        self.told.push(told);
    }

    fn add(&mut self, count: usize) {
        self.available += count;
        while let Some(&(party, wish)) = self.waiting.front() {
            if wish > self.available {
                break;
            }
            self.available -= wish;
            self.waiting.pop_front();
            self.told[party] = Some(Ok(wish));
        }
    }

    fn close(&mut self) -> bool {
        self.waiting.drain(..).for_each(|(party, _)| self.told[party] = Some(Err(AcquireError::Closed)));
        !std::mem::replace(&mut self.closed, true)
    }
}

type Acquiring = JoinHandle<Result<OwnedPermit, AcquireError>>;

/// The real semaphore, with the tasks that wait for it or have not been asked yet, and the permits held.
struct Real {
    semaphore: Arc<Semaphore>,
    tasks: Vec<Option<Acquiring>>,
    held: Vec<OwnedPermit>,
}

impl Real {
    fn acquire(&mut self, count: usize) {
        let semaphore = Arc::clone(&self.semaphore);
        self.tasks.push(Some(spawn_local(move || semaphore.acquire_many_owned(count))));
    }

    /// Asks the tasks that have ended what they were told, and compares it with the model.
    fn agrees_with(&mut self, model: &Model) -> TestCaseResult {
        for (task, told) in self.tasks.iter_mut().zip(&model.told) {
            let ended = task.take_if(|task| task.is_finished());
            prop_assert_eq!(task.is_none(), told.is_some());
            if let Some(task) = ended {
                let result = task.join().unwrap();
                prop_assert_eq!(
                    result.as_ref().map(OwnedPermit::count).map_err(|&error| error),
                    told.unwrap()
                );
                self.held.extend(result);
            }
        }
        prop_assert_eq!(self.semaphore.available_permits(), model.available);
        Ok(())
    }
}

fn semaphore_obeys_the_model(permits: usize, steps: &[Step]) -> TestCaseResult {
    let semaphore = Arc::new(Semaphore::new(permits));
    let mut real = Real { semaphore: Arc::clone(&semaphore), tasks: Vec::new(), held: Vec::new() };
    let mut model = Model { available: permits, ..Model::default() };
    for &step in steps {
        match step {
            Step::Try(asked) => {
                let permit = semaphore.try_acquire_many_owned(asked);
                let count = permit.as_ref().map(OwnedPermit::count).map_err(|&error| error);
                prop_assert_eq!(count, model.try_acquire(asked));
                real.held.extend(permit);
            }
            Step::Acquire(count) => (real.acquire(count), model.acquire(count)).0,
            Step::GiveUp(count) => {
                let waiting = Arc::clone(&semaphore);
                let task = spawn_local(move || waiting.acquire_many_owned_timeout(count, Duration::ZERO));
                let permit = task.join().unwrap();
                prop_assert_eq!(permit.is_ok(), model.try_acquire(count).is_ok());
                real.held.extend(permit);
            }
            Step::Drop(which) if !real.held.is_empty() => {
                let permit = real.held.remove(which.index(real.held.len()));
                model.add(permit.count());
            }
            Step::Forget(which) if !real.held.is_empty() => {
                real.held.remove(which.index(real.held.len())).forget();
            }
            Step::Drop(_) | Step::Forget(_) => {}
            Step::Add(count) => (semaphore.add_permits(count), model.add(count)).0,
            Step::Close => prop_assert_eq!(semaphore.close(), model.close()),
        }
        settle();
        real.agrees_with(&model)?;
    }
    prop_assert_eq!(semaphore.close(), model.close());
    settle();
    real.agrees_with(&model)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_semaphore_obeys_its_model(permits in 0..6_usize, steps in vec(step(), 0..60)) {
        alone(|| semaphore_obeys_the_model(permits, &steps))?;
    }
}
