//! `yield`: two tasks do nothing but give way to each other. An operation is one yield of one of them.

use super::{Plan, Programs, stage};

pub(super) const PROGRAMS: Programs = &[
    ("moonfleet", moonfleet),
    #[cfg(feature = "peers")]
    ("tokio", peers::tokio),
    #[cfg(feature = "peers")]
    ("may", peers::may),
];

fn moonfleet(plan: &Plan) -> Result<(), String> {
    let each = plan.ops / 2;
    stage::moonfleet(plan, 2, || {
        let yields = move || (0..each).for_each(|_| moonfleet::yield_now());
        let tasks = [moonfleet::spawn(yields), moonfleet::spawn(yields)];
        tasks.into_iter().for_each(|task| task.join().unwrap());
    })
}

#[cfg(feature = "peers")]
mod peers {
    use super::*;

    pub(super) fn tokio(plan: &Plan) -> Result<(), String> {
        let each = plan.ops / 2;
        stage::tokio(plan, async move {
            let yields = move || async move {
                for _ in 0..each {
                    tokio::task::yield_now().await;
                }
            };
            for task in [tokio::spawn(yields()), tokio::spawn(yields())] {
                task.await.unwrap();
            }
        })
    }

    pub(super) fn may(plan: &Plan) -> Result<(), String> {
        let each = plan.ops / 2;
        stage::may(plan, move || {
            let yields = move || (0..each).for_each(|_| may::coroutine::yield_now());
            let tasks = [may::go!(yields), may::go!(yields)];
            tasks.into_iter().for_each(|task| task.join().unwrap());
        })
    }
}
