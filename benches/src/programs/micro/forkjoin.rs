//! `forkjoin`: the thirtieth Fibonacci number, its two calls side by side, down to a cut-off below which a plain
//! function goes on. An operation is the whole number. Moonfleet and rayon have a call for this; tokio, may and
//! Go spawn a task for one of the two.
//!
//! `coarse` cuts off below 18, which makes 609 forks with microseconds of work; `fine` below 10, which makes
//! 28,656 forks with next to none.

use std::hint::black_box;

use super::{Plan, Programs, stage};

pub(super) const PROGRAMS: Programs = &[
    ("moonfleet", moonfleet),
    #[cfg(feature = "peers")]
    ("tokio", peers::tokio),
    #[cfg(feature = "peers")]
    ("may", peers::may),
    #[cfg(feature = "peers")]
    ("rayon", peers::rayon),
];

const N: u32 = 30;
const ANSWER: u64 = 832_040;

fn cut_off(plan: &Plan) -> u32 {
    if plan.is("coarse") { 18 } else { 10 }
}

fn sequential(n: u32) -> u64 {
    if n < 2 { u64::from(n) } else { sequential(n - 1) + sequential(n - 2) }
}

/// Computes the number `ops` times by `fib`.
fn repeat(ops: u64, fib: impl Fn(u32) -> u64) {
    (0..ops).for_each(|_| assert_eq!(fib(black_box(N)), ANSWER));
}

fn moonfleet(plan: &Plan) -> Result<(), String> {
    let cut = cut_off(plan);
    stage::moonfleet(plan, 100_000, || repeat(plan.ops, |n| fib(n, cut)))
}

fn fib(n: u32, cut: u32) -> u64 {
    if n < cut {
        return sequential(n);
    }
    let (first, second) = moonfleet::fork_join(|| fib(n - 1, cut), || fib(n - 2, cut));
    first + second
}

#[cfg(feature = "peers")]
mod peers {
    use std::pin::Pin;

    use super::*;

    pub(super) fn tokio(plan: &Plan) -> Result<(), String> {
        let (ops, cut) = (plan.ops, cut_off(plan));
        stage::tokio(plan, async move {
            for _ in 0..ops {
                assert_eq!(tokio_fib(black_box(N), cut).await, ANSWER);
            }
        })
    }

    fn tokio_fib(n: u32, cut: u32) -> Pin<Box<dyn Future<Output = u64> + Send>> {
        Box::pin(async move {
            if n < cut {
                return sequential(n);
            }
            let first = tokio::spawn(tokio_fib(n - 1, cut));
            let second = tokio_fib(n - 2, cut).await;
            first.await.unwrap() + second
        })
    }

    pub(super) fn may(plan: &Plan) -> Result<(), String> {
        let (ops, cut) = (plan.ops, cut_off(plan));
        stage::may(plan, move || repeat(ops, |n| may_fib(n, cut)))
    }

    fn may_fib(n: u32, cut: u32) -> u64 {
        if n < cut {
            return sequential(n);
        }
        let first = may::go!(move || may_fib(n - 1, cut));
        let second = may_fib(n - 2, cut);
        first.join().unwrap() + second
    }

    pub(super) fn rayon(plan: &Plan) -> Result<(), String> {
        let cut = cut_off(plan);
        stage::rayon(plan, || repeat(plan.ops, |n| rayon_fib(n, cut)))
    }

    fn rayon_fib(n: u32, cut: u32) -> u64 {
        if n < cut {
            return sequential(n);
        }
        let (first, second) = rayon::join(|| rayon_fib(n - 1, cut), || rayon_fib(n - 2, cut));
        first + second
    }
}
