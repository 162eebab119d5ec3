//! `overshoot`: one task sleeps again and again, and notes how late it wakes. An operation is one sleep.
//!
//! The variant is the length of the sleep. A sleep that ends too early is counted; ours must never be one.

use std::time::{Duration, Instant};

use super::{Plan, Programs, stage};

pub(super) const PROGRAMS: Programs = &[
    ("moonfleet", moonfleet),
    #[cfg(feature = "peers")]
    ("tokio", peers::tokio),
    #[cfg(feature = "peers")]
    ("may", peers::may),
    #[cfg(feature = "peers")]
    ("threads", peers::threads),
];

fn pause(plan: &Plan) -> Duration {
    Duration::from_micros(if plan.is("50us") { 50 } else { 1000 })
}

/// How late each sleep ended, in microseconds; less than zero is too early.
#[derive(Debug, Default)]
struct Overshoots(Vec<f64>);

impl Overshoots {
    fn note(&mut self, asked: Duration, begin: Instant) {
        self.0.push((begin.elapsed().as_secs_f64() - asked.as_secs_f64()) * 1e6);
    }

    fn early(&self) -> usize {
        self.0.iter().filter(|&&late| late < 0.0).count()
    }

    /// The overshoot that a share of the sleeps does not exceed.
    fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[(share * (sorted.len() - 1) as f64).round() as usize]
    }

    fn print(&self) {
        println!("median_us: {}\np99_us: {}", self.quantile(0.5), self.quantile(0.99));
        println!("early: {}", self.early());
    }
}

/// Sleeps over and over by a function that blocks.
fn sleep_by(sleep: impl Fn(Duration), pause: Duration, ops: u64) -> Overshoots {
    let mut overshoots = Overshoots::default();
    for _ in 0..ops {
        let begin = Instant::now();
        sleep(pause);
        overshoots.note(pause, begin);
    }
    overshoots
}

fn moonfleet(plan: &Plan) -> Result<(), String> {
    let mut early = 0;
    stage::moonfleet(plan, 1, || {
        let overshoots = sleep_by(moonfleet::time::sleep, pause(plan), plan.ops);
        overshoots.print();
        early = overshoots.early();
    })?;
    if early == 0 { Ok(()) } else { Err(format!("{early} of {} sleeps ended too early", plan.ops)) }
}

#[cfg(feature = "peers")]
mod peers {
    use super::*;

    pub(super) fn tokio(plan: &Plan) -> Result<(), String> {
        let (pause, ops) = (pause(plan), plan.ops);
        stage::tokio(plan, async move {
            let mut overshoots = Overshoots::default();
            for _ in 0..ops {
                let begin = Instant::now();
                tokio::time::sleep(pause).await;
                overshoots.note(pause, begin);
            }
            overshoots.print();
        })
    }

    pub(super) fn may(plan: &Plan) -> Result<(), String> {
        let (pause, ops) = (pause(plan), plan.ops);
        stage::may(plan, move || sleep_by(may::coroutine::sleep, pause, ops).print())
    }

    pub(super) fn threads(plan: &Plan) -> Result<(), String> {
        stage::threads(plan, || sleep_by(std::thread::sleep, pause(plan), plan.ops).print())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_sleeps_that_happened() {
        let overshoots = Overshoots((0..=100).rev().map(f64::from).collect());
        assert_eq!((overshoots.quantile(0.5), overshoots.quantile(0.99)), (50.0, 99.0));
        assert_eq!(Overshoots(vec![7.0]).quantile(0.99), 7.0);
    }

    #[test]
    fn a_short_sleep_is_early() {
        let mut overshoots = sleep_by(|_| (), Duration::from_secs(1), 3);
        overshoots.note(Duration::ZERO, Instant::now());
        assert_eq!(overshoots.early(), 3);
    }
}
