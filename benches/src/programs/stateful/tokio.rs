//! The stateful program on tokio. Its channels hold at least one message, so capacity 1 stands in for
//! an unbuffered channel; the reply is tokio's own one-shot.

use std::collections::HashMap;
use std::time::Instant;

use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot};
use tokio::time;

use super::{KEYS, PAUSE, READ_OPS, READERS, Settings, VALUES, WRITE_OPS, WRITERS, count, report};

struct Read {
    key: u64,
    resp: oneshot::Sender<u64>,
}

struct Write {
    key: u64,
    val: u64,
    resp: oneshot::Sender<bool>,
}

pub(crate) fn run(settings: &Settings) -> Result<(), String> {
    let settings = *settings;
    let runtime = Builder::new_multi_thread().worker_threads(settings.workers).enable_time().build();
    let runtime = runtime.map_err(|error| format!("cannot start tokio: {error}"))?;
    runtime.block_on(async move {
        let start = Instant::now();
        let (reads, incoming_reads) = mpsc::channel(1);
        let (writes, incoming_writes) = mpsc::channel(1);
        tokio::spawn(own(incoming_reads, incoming_writes));
        for seed in 0..READERS {
            tokio::spawn(read(reads.clone(), seed, settings.is_paced));
        }
        for seed in 0..WRITERS {
            tokio::spawn(write(writes.clone(), READERS + seed, settings.is_paced));
        }
        time::sleep(settings.duration).await;
        report(start);
    });
    Ok(())
}

async fn own(mut reads: mpsc::Receiver<Read>, mut writes: mpsc::Receiver<Write>) {
    let mut state: HashMap<u64, u64> = HashMap::new();
    loop {
        // A client that was cancelled no longer waits for its reply, so a failed send is no error.
        let _ = tokio::select! {
            read = reads.recv() => {
                let Some(Read { key, resp }) = read else { return };
                resp.send(state.get(&key).copied().unwrap_or(0)).is_ok()
            }
            write = writes.recv() => {
                let Some(Write { key, val, resp }) = write else { return };
                state.insert(key, val);
                resp.send(true).is_ok()
            }
        };
    }
}

async fn read(reads: mpsc::Sender<Read>, seed: u64, is_paced: bool) {
    let mut rng = fastrand::Rng::with_seed(seed);
    loop {
        let (resp, reply) = oneshot::channel();
        if reads.send(Read { key: rng.u64(0..KEYS), resp }).await.is_err() || reply.await.is_err() {
            return;
        }
        count(&READ_OPS);
        if is_paced {
            time::sleep(PAUSE).await;
        }
    }
}

async fn write(writes: mpsc::Sender<Write>, seed: u64, is_paced: bool) {
    let mut rng = fastrand::Rng::with_seed(seed);
    loop {
        let (resp, reply) = oneshot::channel();
        let write = Write { key: rng.u64(0..KEYS), val: rng.u64(0..VALUES), resp };
        if writes.send(write).await.is_err() || reply.await.is_err() {
            return;
        }
        count(&WRITE_OPS);
        if is_paced {
            time::sleep(PAUSE).await;
        }
    }
}
