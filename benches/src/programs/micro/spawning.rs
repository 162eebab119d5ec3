//! `spawn`: tasks that do next to nothing are spawned and joined. An operation is one task.
//!
//! `one` joins each before it spawns the next; `all` spawns all of them and joins them then.

use super::{Plan, Programs, stage, sum_below};

pub(super) const PROGRAMS: Programs = &[
    ("moonfleet", moonfleet),
    #[cfg(feature = "peers")]
    ("tokio", peers::tokio),
    #[cfg(feature = "peers")]
    ("may", peers::may),
];

fn moonfleet(plan: &Plan) -> Result<(), String> {
    let spawn = |number: u64| moonfleet::spawn(move || number);
    stage::moonfleet(plan, plan.ops as usize, || {
        let sum: u64 = if plan.is("one") {
            (0..plan.ops).map(|number| spawn(number).join().unwrap()).sum()
        } else {
            let tasks: Vec<_> = (0..plan.ops).map(spawn).collect();
            tasks.into_iter().map(|task| task.join().unwrap()).sum()
        };
        assert_eq!(sum, sum_below(plan.ops));
    })
}

#[cfg(feature = "peers")]
mod peers {
    use super::*;

    pub(super) fn tokio(plan: &Plan) -> Result<(), String> {
        let (ops, one) = (plan.ops, plan.is("one"));
        let spawn = |number: u64| tokio::spawn(async move { number });
        stage::tokio(plan, async move {
            let mut sum = 0;
            if one {
                for number in 0..ops {
                    sum += spawn(number).await.unwrap();
                }
            } else {
                let tasks: Vec<_> = (0..ops).map(spawn).collect();
                for task in tasks {
                    sum += task.await.unwrap();
                }
            }
            assert_eq!(sum, sum_below(ops));
        })
    }

    pub(super) fn may(plan: &Plan) -> Result<(), String> {
        let (ops, one) = (plan.ops, plan.is("one"));
        let spawn = |number: u64| may::go!(move || number);
        stage::may(plan, move || {
            let sum: u64 = if one {
                (0..ops).map(|number| spawn(number).join().unwrap()).sum()
            } else {
                let tasks: Vec<_> = (0..ops).map(spawn).collect();
                tasks.into_iter().map(|task| task.join().unwrap()).sum()
            };
            assert_eq!(sum, sum_below(ops));
        })
    }
}
