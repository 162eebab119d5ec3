//! `sleepers`: tasks that all sleep for a second at the same time. An operation is one task.

use std::time::Duration;

use super::{Plan, Programs, stage};

pub(super) const PROGRAMS: Programs = &[
    ("moonfleet", moonfleet),
    #[cfg(feature = "peers")]
    ("tokio", peers::tokio),
    #[cfg(feature = "peers")]
    ("may", peers::may),
];

const SLEEP: Duration = Duration::from_secs(1);

fn moonfleet(plan: &Plan) -> Result<(), String> {
    let ops = plan.ops;
    stage::moonfleet(plan, ops as usize, || {
        let sleepers: Vec<_> = (0..ops).map(|_| moonfleet::spawn(|| moonfleet::time::sleep(SLEEP))).collect();
        sleepers.into_iter().for_each(|sleeper| sleeper.join().unwrap());
    })
}

#[cfg(feature = "peers")]
mod peers {
    use super::*;

    pub(super) fn tokio(plan: &Plan) -> Result<(), String> {
        let ops = plan.ops;
        stage::tokio(plan, async move {
            let sleepers: Vec<_> = (0..ops).map(|_| tokio::spawn(tokio::time::sleep(SLEEP))).collect();
            for sleeper in sleepers {
                sleeper.await.unwrap();
            }
        })
    }

    pub(super) fn may(plan: &Plan) -> Result<(), String> {
        let ops = plan.ops;
        stage::may(plan, move || {
            let sleepers: Vec<_> = (0..ops).map(|_| may::go!(|| may::coroutine::sleep(SLEEP))).collect();
            sleepers.into_iter().for_each(|sleeper| sleeper.join().unwrap());
        })
    }
}
