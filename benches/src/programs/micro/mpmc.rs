//! `mpmc`: eight producers, eight consumers, one channel of 128 places. An operation is one message.
//!
//! tokio has no channel with several receivers: its row is flume's, which is made for async code too. may's
//! is unbounded.

use super::{Plan, Programs, stage, sum_below};

pub(super) const PROGRAMS: Programs = &[
    ("moonfleet", moonfleet),
    #[cfg(feature = "peers")]
    ("tokio", peers::tokio),
    #[cfg(feature = "peers")]
    ("may", peers::may),
    #[cfg(feature = "peers")]
    ("threads+crossbeam", peers::threads_crossbeam),
    #[cfg(feature = "peers")]
    ("threads+flume", peers::threads_flume),
];

const PRODUCERS: u64 = 8;
const CONSUMERS: u64 = 8;
const PLACES: usize = 128;

/// The messages of one producer; together they send every number below `ops` once.
fn share(producer: u64, ops: u64) -> impl Iterator<Item = u64> {
    (producer..ops).step_by(PRODUCERS as usize)
}

fn moonfleet(plan: &Plan) -> Result<(), String> {
    let ops = plan.ops;
    stage::moonfleet(plan, (PRODUCERS + CONSUMERS) as usize, || {
        let (sender, receiver) = moonfleet::channel::bounded(PLACES);
        let consume = || {
            moonfleet::spawn({
                let receiver = receiver.clone();
                move || receiver.iter().sum::<u64>()
            })
        };
        let consumers: Vec<_> = (0..CONSUMERS).map(|_| consume()).collect();
        for producer in 0..PRODUCERS {
            let sender = sender.clone();
            moonfleet::spawn(move || share(producer, ops).for_each(|n| sender.send(n).unwrap()));
        }
        drop(sender);
        let sum: u64 = consumers.into_iter().map(|consumer| consumer.join().unwrap()).sum();
        assert_eq!(sum, sum_below(ops));
    })
}

#[cfg(feature = "peers")]
mod peers {
    use std::thread;

    use super::*;

    pub(super) fn tokio(plan: &Plan) -> Result<(), String> {
        let ops = plan.ops;
        stage::tokio(plan, async move {
            let (sender, receiver) = flume::bounded(PLACES);
            let consume = async |receiver: flume::Receiver<u64>| {
                let mut sum = 0;
                while let Ok(n) = receiver.recv_async().await {
                    sum += n;
                }
                sum
            };
            let consumers: Vec<_> = (0..CONSUMERS).map(|_| tokio::spawn(consume(receiver.clone()))).collect();
            for producer in 0..PRODUCERS {
                let sender = sender.clone();
                tokio::spawn(async move {
                    for n in share(producer, ops) {
                        sender.send_async(n).await.unwrap();
                    }
                });
            }
            drop(sender);
            let mut sum = 0;
            for consumer in consumers {
                sum += consumer.await.unwrap();
            }
            assert_eq!(sum, sum_below(ops));
        })
    }

    pub(super) fn may(plan: &Plan) -> Result<(), String> {
        let ops = plan.ops;
        stage::may(plan, move || {
            let (sender, receiver) = may::sync::mpmc::channel();
            let consume = || {
                let receiver = receiver.clone();
                may::go!(move || receiver.iter().sum::<u64>())
            };
            let consumers: Vec<_> = (0..CONSUMERS).map(|_| consume()).collect();
            for producer in 0..PRODUCERS {
                let sender = sender.clone();
                may::go!(move || share(producer, ops).for_each(|n| sender.send(n).unwrap()));
            }
            drop(sender);
            let sum: u64 = consumers.into_iter().map(|consumer| consumer.join().unwrap()).sum();
            assert_eq!(sum, sum_below(ops));
        })
    }

    pub(super) fn threads_crossbeam(plan: &Plan) -> Result<(), String> {
        let (sender, receiver) = crossbeam_channel::bounded(PLACES);
        on_threads(
            plan,
            (sender, receiver),
            |sender, n| sender.send(n).unwrap(),
            |receiver| receiver.iter().sum(),
        )
    }

    pub(super) fn threads_flume(plan: &Plan) -> Result<(), String> {
        let (sender, receiver) = flume::bounded(PLACES);
        on_threads(
            plan,
            (sender, receiver),
            |sender, n| sender.send(n).unwrap(),
            |receiver| receiver.iter().sum(),
        )
    }

    fn on_threads<S: Clone + Send + 'static, R: Clone + Send + 'static>(
        plan: &Plan,
        (sender, receiver): (S, R),
        send: fn(&S, u64),
        receive_all: fn(R) -> u64,
    ) -> Result<(), String> {
        let ops = plan.ops;
        stage::threads(plan, || {
            let consume = |receiver: R| thread::spawn(move || receive_all(receiver));
            let consumers: Vec<_> = (0..CONSUMERS).map(|_| consume(receiver.clone())).collect();
            for producer in 0..PRODUCERS {
                let sender = sender.clone();
                thread::spawn(move || share(producer, ops).for_each(|n| send(&sender, n)));
            }
            drop(sender);
            let sum: u64 = consumers.into_iter().map(|consumer| consumer.join().unwrap()).sum();
            assert_eq!(sum, sum_below(ops));
        })
    }
}
