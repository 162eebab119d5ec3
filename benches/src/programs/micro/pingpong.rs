//! `pingpong`: a ball goes to and fro between two tasks over two unbuffered channels. An operation is a round trip.
//!
//! Where a runtime has no unbuffered channel, the nearest it has: tokio's holds one message, may's is unbounded.
//!
//! `free` leaves it to the scheduler where the two run; `across` keeps them on two workers, or two threads.

use super::{Plan, Programs, spawn_partner, stage};

pub(super) const PROGRAMS: Programs = &[
    ("moonfleet", moonfleet),
    #[cfg(feature = "peers")]
    ("tokio", peers::tokio),
    #[cfg(feature = "peers")]
    ("may", peers::may),
    #[cfg(feature = "peers")]
    ("threads+crossbeam", peers::threads_crossbeam),
];

fn moonfleet(plan: &Plan) -> Result<(), String> {
    let ops = plan.ops;
    stage::moonfleet(plan, 2, || {
        let (serve, served) = moonfleet::channel::rendezvous();
        let (reply, replied) = moonfleet::channel::rendezvous();
        let echo = spawn_partner(plan, 1, move || {
            served.iter().for_each(|ball: u64| reply.send(ball + 1).unwrap());
        });
        let player = spawn_partner(plan, 0, move || {
            (0..ops).fold(0, |ball, _| {
                serve.send(ball).unwrap();
                replied.recv().unwrap()
            })
        });
        assert_eq!(player.join().unwrap(), ops);
        echo.join().unwrap();
    })
}

#[cfg(feature = "peers")]
mod peers {
    use super::*;

    pub(super) fn tokio(plan: &Plan) -> Result<(), String> {
        let ops = plan.ops;
        stage::tokio(plan, async move {
            let (serve, mut served) = tokio::sync::mpsc::channel::<u64>(1);
            let (reply, mut replied) = tokio::sync::mpsc::channel(1);
            let echo = tokio::spawn(async move {
                while let Some(ball) = served.recv().await {
                    reply.send(ball + 1).await.unwrap();
                }
            });
            let player = tokio::spawn(async move {
                let mut ball = 0;
                for _ in 0..ops {
                    serve.send(ball).await.unwrap();
                    ball = replied.recv().await.unwrap();
                }
                ball
            });
            assert_eq!(player.await.unwrap(), ops);
            echo.await.unwrap();
        })
    }

    pub(super) fn may(plan: &Plan) -> Result<(), String> {
        let ops = plan.ops;
        stage::may(plan, move || {
            let (serve, served) = may::sync::spsc::channel();
            let (reply, replied) = may::sync::spsc::channel();
            let echo = may::go!(move || {
                served.iter().for_each(|ball: u64| reply.send(ball + 1).unwrap());
            });
            let player = may::go!(move || {
                (0..ops).fold(0, |ball, _| {
                    serve.send(ball).unwrap();
                    replied.recv().unwrap()
                })
            });
            assert_eq!(player.join().unwrap(), ops);
            echo.join().unwrap();
        })
    }

    pub(super) fn threads_crossbeam(plan: &Plan) -> Result<(), String> {
        let ops = plan.ops;
        stage::threads(plan, || {
            let (serve, served) = crossbeam_channel::bounded(0);
            let (reply, replied) = crossbeam_channel::bounded(0);
            let echo = std::thread::spawn(move || {
                served.iter().for_each(|ball: u64| reply.send(ball + 1).unwrap());
            });
            let player = std::thread::spawn(move || {
                (0..ops).fold(0, |ball, _| {
                    serve.send(ball).unwrap();
                    replied.recv().unwrap()
                })
            });
            assert_eq!(player.join().unwrap(), ops);
            echo.join().unwrap();
        })
    }
}
