//! Coroutines of another kind inside tasks: limits that are entered and left out of order break nothing.

use std::time::Duration;

use corosensei::{Coroutine, CoroutineResult, Yielder};
use moonfleet::{Runtime, spawn_local, time, yield_now};

const LONG: Duration = Duration::from_secs(1000);

/// A coroutine that suspends itself in the middle of a timeout.
fn in_a_timeout() -> Coroutine<(), (), bool> {
    Coroutine::new(|yielder: &Yielder<(), ()>, ()| time::timeout(LONG, || yielder.suspend(())).is_ok())
}

fn go_on(coroutine: &mut Coroutine<(), (), bool>) -> Option<bool> {
    match coroutine.resume(()) {
        CoroutineResult::Yield(()) => None,
        CoroutineResult::Return(is_ok) => Some(is_ok),
    }
}

#[test]
fn scopes_are_left_in_any_order() {
    Runtime::builder().workers(1).build().unwrap().block_on(|| {
        let (mut one, mut other) = (in_a_timeout(), in_a_timeout());
        assert_eq!((go_on(&mut one), go_on(&mut other)), (None, None));
        // The outer one first; then the frames of both are gone, and every wait looks at what is left.
        assert_eq!(go_on(&mut one), Some(true));
        drop(one);
        yield_now();
        assert_eq!(go_on(&mut other), Some(true));
        drop(other);
        time::sleep(Duration::from_micros(1));
        yield_now();
    });
}

#[test]
fn a_scope_outlives_the_task_it_was_entered_in() {
    Runtime::builder().workers(1).build().unwrap().block_on(|| {
        let mut left_behind = spawn_local(|| {
            let mut coroutine = in_a_timeout();
            assert_eq!(go_on(&mut coroutine), None);
            coroutine
        })
        .join()
        .unwrap();
        yield_now();
        assert_eq!(go_on(&mut left_behind), Some(true));
        yield_now();
    });
}
