//! `spsc`: one producer, one consumer, a channel of 128 places. An operation is one message.
//!
//! `free` leaves it to the scheduler where the two run; `across` keeps them on two workers, or two threads.
//! may has no bounded channel; its producer never waits.

use super::{Plan, Programs, spawn_partner, stage, sum_below};

pub(super) const PROGRAMS: Programs = &[
    ("moonfleet", moonfleet),
    #[cfg(feature = "peers")]
    ("tokio", peers::tokio),
    #[cfg(feature = "peers")]
    ("may", peers::may),
    #[cfg(feature = "peers")]
    ("threads", peers::threads),
    #[cfg(feature = "peers")]
    ("threads+crossbeam", peers::threads_crossbeam),
    #[cfg(feature = "peers")]
    ("threads+flume", peers::threads_flume),
];

const PLACES: usize = 128;

fn moonfleet(plan: &Plan) -> Result<(), String> {
    let ops = plan.ops;
    stage::moonfleet(plan, 2, || {
        let (sender, receiver) = moonfleet::channel::bounded(PLACES);
        let consumer = spawn_partner(plan, 1, move || receiver.iter().sum::<u64>());
        let producer = spawn_partner(plan, 0, move || (0..ops).for_each(|n| sender.send(n).unwrap()));
        producer.join().unwrap();
        assert_eq!(consumer.join().unwrap(), sum_below(ops));
    })
}

#[cfg(feature = "peers")]
mod peers {
    use std::thread;

    use super::*;

    pub(super) fn tokio(plan: &Plan) -> Result<(), String> {
        let ops = plan.ops;
        stage::tokio(plan, async move {
            let (sender, mut receiver) = tokio::sync::mpsc::channel::<u64>(PLACES);
            let consumer = tokio::spawn(async move {
                let mut sum = 0;
                while let Some(n) = receiver.recv().await {
                    sum += n;
                }
                sum
            });
            let producer = tokio::spawn(async move {
                for n in 0..ops {
                    sender.send(n).await.unwrap();
                }
            });
            producer.await.unwrap();
            assert_eq!(consumer.await.unwrap(), sum_below(ops));
        })
    }

    pub(super) fn may(plan: &Plan) -> Result<(), String> {
        let ops = plan.ops;
        stage::may(plan, move || {
            let (sender, receiver) = may::sync::spsc::channel();
            let consumer = may::go!(move || receiver.iter().sum::<u64>());
            let producer = may::go!(move || (0..ops).for_each(|n| sender.send(n).unwrap()));
            producer.join().unwrap();
            assert_eq!(consumer.join().unwrap(), sum_below(ops));
        })
    }

    pub(super) fn threads(plan: &Plan) -> Result<(), String> {
        let (sender, receiver) = std::sync::mpsc::sync_channel(PLACES);
        on_threads(plan, move |n| sender.send(n).unwrap(), move || receiver.iter().sum())
    }

    pub(super) fn threads_crossbeam(plan: &Plan) -> Result<(), String> {
        let (sender, receiver) = crossbeam_channel::bounded(PLACES);
        on_threads(plan, move |n| sender.send(n).unwrap(), move || receiver.iter().sum())
    }

    pub(super) fn threads_flume(plan: &Plan) -> Result<(), String> {
        let (sender, receiver) = flume::bounded(PLACES);
        on_threads(plan, move |n| sender.send(n).unwrap(), move || receiver.iter().sum())
    }

    fn on_threads(
        plan: &Plan,
        send: impl Fn(u64) + Send + 'static,
        receive_all: impl FnOnce() -> u64 + Send + 'static,
    ) -> Result<(), String> {
        let ops = plan.ops;
        stage::threads(plan, || {
            let consumer = thread::spawn(receive_all);
            let producer = thread::spawn(move || (0..ops).for_each(send));
            producer.join().unwrap();
            assert_eq!(consumer.join().unwrap(), sum_below(ops));
        })
    }
}
