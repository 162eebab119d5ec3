//! The stateful program on Moonfleet: rendezvous channels, a one-shot reply channel, `select!`.

use std::collections::HashMap;
use std::time::Instant;

use moonfleet::channel::{self, Receiver, Sender, oneshot};
use moonfleet::{select, spawn, time};

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
    let runtime = crate::programs::runtime(settings.workers, (READERS + WRITERS) as usize)?;
    runtime.block_on(move || {
        let start = Instant::now();
        let (reads, incoming_reads) = channel::rendezvous();
        let (writes, incoming_writes) = channel::rendezvous();
        spawn(move || own(&incoming_reads, &incoming_writes));
        for seed in 0..READERS {
            let reads = reads.clone();
            spawn(move || read(&reads, seed, settings.is_paced));
        }
        for seed in 0..WRITERS {
            let writes = writes.clone();
            spawn(move || write(&writes, READERS + seed, settings.is_paced));
        }
        time::sleep(settings.duration);
        report(start);
    });
    // The clients have no end of their own: dropping the runtime cancels them.
    Ok(())
}

fn own(reads: &Receiver<Read>, writes: &Receiver<Write>) {
    let mut state: HashMap<u64, u64> = HashMap::new();
    loop {
        // A client that was cancelled no longer waits for its reply, so a failed send is no error.
        let _ = select! {
            recv(reads) -> read => {
                let Ok(Read { key, resp }) = read else { return };
                resp.send(state.get(&key).copied().unwrap_or(0)).is_ok()
            },
            recv(writes) -> write => {
                let Ok(Write { key, val, resp }) = write else { return };
                state.insert(key, val);
                resp.send(true).is_ok()
            },
        };
    }
}

fn read(reads: &Sender<Read>, seed: u64, is_paced: bool) {
    let mut rng = fastrand::Rng::with_seed(seed);
    loop {
        let (resp, reply) = channel::oneshot();
        if reads.send(Read { key: rng.u64(0..KEYS), resp }).is_err() || reply.recv().is_err() {
            return;
        }
        count(&READ_OPS);
        if is_paced {
            time::sleep(PAUSE);
        }
    }
}

fn write(writes: &Sender<Write>, seed: u64, is_paced: bool) {
    let mut rng = fastrand::Rng::with_seed(seed);
    loop {
        let (resp, reply) = channel::oneshot();
        let write = Write { key: rng.u64(0..KEYS), val: rng.u64(0..VALUES), resp };
        if writes.send(write).is_err() || reply.recv().is_err() {
            return;
        }
        count(&WRITE_OPS);
        if is_paced {
            time::sleep(PAUSE);
        }
    }
}
