//! Stateful tasks: one task owns the state, and everyone else asks it over channels.

use std::collections::HashMap;
use std::iter::repeat_n;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moonfleet::channel::{self, Receiver, RecvError, Sender, oneshot};
use moonfleet::{select, spawn, time};

// The state is owned by a single task, so it is never corrupted by concurrent access. To read or
// write it, other tasks send the owner a message and receive its reply. These structs are the
// messages: each brings the channel on which the owner is to answer.
struct ReadOp {
    key: u32,
    resp: oneshot::Sender<Option<u32>>,
}
struct WriteOp {
    key: u32,
    val: u32,
    resp: oneshot::Sender<()>,
}

// How many operations all tasks together have performed. ORDER: Relaxed; a count publishes nothing else.
static READ_OPS: AtomicU64 = AtomicU64::new(0);
static WRITE_OPS: AtomicU64 = AtomicU64::new(0);

fn main() {
    // `--seconds S` is how long to work; `--saturated` takes away the pause after each operation.
    let words: Vec<String> = std::env::args().collect();
    let seconds = words.iter().skip_while(|word| *word != "--seconds").nth(1);
    let seconds = seconds.map_or(1.0, |word| word.parse().expect("--seconds wants a number"));
    let pause = words.iter().all(|word| word != "--saturated").then_some(Duration::from_millis(1));
    moonfleet::run(move || {
        let (reads, read_requests) = channel::rendezvous();
        let (writes, write_requests) = channel::rendezvous();
        spawn(move || own_state(&read_requests, &write_requests));
        for reads in repeat_n(reads, 100) {
            spawn(move || read(&reads, pause));
        }
        for writes in repeat_n(writes, 10) {
            spawn(move || write(&writes, pause));
        }

        // Let the tasks work for a while, then report. Returning from here ends them all.
        time::sleep(Duration::from_secs_f64(seconds));
        println!("readOps: {}", READ_OPS.load(Ordering::Relaxed));
        println!("writeOps: {}", WRITE_OPS.load(Ordering::Relaxed));
    });
}

// The owner of the state, a map private to this task, answers whichever request comes first.
fn own_state(reads: &Receiver<ReadOp>, writes: &Receiver<WriteOp>) -> Result<(), RecvError> {
    let mut state = HashMap::new();
    loop {
        select! {
            recv(reads) -> read => {
                let ReadOp { key, resp } = read?;
                let _ = resp.send(state.get(&key).copied()); // The asker may be gone by now.
            },
            recv(writes) -> write => {
                let WriteOp { key, val, resp } = write?;
                state.insert(key, val);
                let _ = resp.send(());
            },
        }
    }
}

// A reader makes a `ReadOp`, sends it to the owner, receives the reply, and begins again.
fn read(reads: &Sender<ReadOp>, pause: Option<Duration>) -> Option<()> {
    loop {
        let (resp, reply) = channel::oneshot();
        reads.send(ReadOp { key: fastrand::u32(0..5), resp }).ok()?;
        reply.recv().ok()?;
        READ_OPS.fetch_add(1, Ordering::Relaxed);
        pause.into_iter().for_each(time::sleep);
    }
}

// So does a writer, with a `WriteOp`.
fn write(writes: &Sender<WriteOp>, pause: Option<Duration>) -> Option<()> {
    loop {
        let (resp, reply) = channel::oneshot();
        writes.send(WriteOp { key: fastrand::u32(0..5), val: fastrand::u32(0..100), resp }).ok()?;
        reply.recv().ok()?;
        WRITE_OPS.fetch_add(1, Ordering::Relaxed);
        pause.into_iter().for_each(time::sleep);
    }
}
