//! The stateful program on may. Its channels are unbounded, so a client is held back by the wait for its
//! reply and not by the send; the reply channel is the lighter of may's two (`spsc`).
//!
//! `loop_select!` keeps one coroutine for each arm. Their second halves run one at a time, but the
//! compiler cannot know that: the map needs a lock, which nobody ever waits for.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use may::sync::mpsc::{self, Receiver, Sender};
use may::sync::spsc;
use may::{coroutine, go, loop_select};

use super::{KEYS, PAUSE, READ_OPS, READERS, Settings, VALUES, WRITE_OPS, WRITERS, count, report};

struct Read {
    key: u64,
    resp: spsc::Sender<u64>,
}

struct Write {
    key: u64,
    val: u64,
    resp: spsc::Sender<bool>,
}

type State = HashMap<u64, u64>;

pub(crate) fn run(settings: &Settings) -> Result<(), String> {
    let Settings { workers, is_paced, duration } = *settings;
    may::config().set_workers(workers);
    let start = Instant::now();
    let (reads, incoming_reads) = mpsc::channel();
    let (writes, incoming_writes) = mpsc::channel();
    go!(move || own(&incoming_reads, &incoming_writes));
    for seed in 0..READERS {
        let reads = reads.clone();
        go!(move || read(&reads, seed, is_paced));
    }
    for seed in 0..WRITERS {
        let writes = writes.clone();
        go!(move || write(&writes, READERS + seed, is_paced));
    }
    std::thread::sleep(duration);
    report(start);
    // The coroutines end with the process: may's scheduler has no shutdown.
    Ok(())
}

fn own(reads: &Receiver<Read>, writes: &Receiver<Write>) {
    let state = Mutex::new(State::new());
    loop_select!(
        read = reads.recv() => {
            let Ok(Read { key, resp }) = read else { return };
            // A client that is gone no longer waits for its reply, so a failed send is no error.
            let _ = resp.send(lock(&state).get(&key).copied().unwrap_or(0));
        },
        write = writes.recv() => {
            let Ok(Write { key, val, resp }) = write else { return };
            lock(&state).insert(key, val);
            let _ = resp.send(true);
        }
    );
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read(reads: &Sender<Read>, seed: u64, is_paced: bool) {
    let mut rng = fastrand::Rng::with_seed(seed);
    loop {
        let (resp, reply) = spsc::channel();
        if reads.send(Read { key: rng.u64(0..KEYS), resp }).is_err() || reply.recv().is_err() {
            return;
        }
        count(&READ_OPS);
        if is_paced {
            coroutine::sleep(PAUSE);
        }
    }
}

fn write(writes: &Sender<Write>, seed: u64, is_paced: bool) {
    let mut rng = fastrand::Rng::with_seed(seed);
    loop {
        let (resp, reply) = spsc::channel();
        let write = Write { key: rng.u64(0..KEYS), val: rng.u64(0..VALUES), resp };
        if writes.send(write).is_err() || reply.recv().is_err() {
            return;
        }
        count(&WRITE_OPS);
        if is_paced {
            coroutine::sleep(PAUSE);
        }
    }
}
