//! The stateful work with an account of every reply.
//!
//! Each operation carries an id of its own and the reply must be `answer(id)`, which no other id has.
//! So a misrouted reply is seen by the client that gets it; a lost or doubled operation is seen in the
//! owner's count and sum; a lost reply leaves a client waiting, and the time limit of the parent sees it.

use std::time::Instant;

use moonfleet::channel::{self, Receiver, Sender, oneshot};
use moonfleet::{JoinHandle, select, spawn_on};

use crate::cli::Options;

const READERS: u64 = 100;
const WRITERS: u64 = 10;
const CLIENTS: u64 = READERS + WRITERS;

struct Op {
    id: u64,
    resp: oneshot::Sender<u64>,
}

/// How many operations, and the sum of their answers.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Account {
    count: u64,
    sum: u64,
}

impl Account {
    fn enter(&mut self, answer: u64) {
        self.count += 1;
        self.sum = self.sum.wrapping_add(answer);
    }
}

/// A bijection that leaves no bit where it was: two different ids never have the same answer.
fn answer(id: u64) -> u64 {
    (id ^ (id >> 31)).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29)
}

pub(crate) fn run(options: &Options) -> Result<(), String> {
    let (workers, ops) = (super::workers(options), options.ops.unwrap_or(10_000_000));
    super::runtime(workers, CLIENTS as usize)?.block_on(move || check(workers, ops))
}

fn check(workers: usize, ops: u64) -> Result<(), String> {
    let start = Instant::now();
    let (reads, incoming_reads) = channel::rendezvous();
    let (writes, incoming_writes) = channel::rendezvous();
    let owner = spawn_on(0, move || own(&incoming_reads, &incoming_writes));
    let clients: Vec<JoinHandle<Result<(), String>>> = (0..CLIENTS)
        .map(|client| {
            let channel = if client < READERS { reads.clone() } else { writes.clone() };
            // Clients on every worker: half of the replies cross threads when there are two.
            spawn_on(client as usize % workers, move || ask(&channel, ids(client, ops)))
        })
        .collect();
    drop((reads, writes));

    for client in clients {
        client.join().map_err(|error| format!("a client did not end well: {error}"))??;
    }
    let answered = owner.join().map_err(|error| format!("the owner did not end well: {error}"))?;
    let mut expected = Account::default();
    (0..ops).for_each(|id| expected.enter(answer(id)));
    if answered != expected {
        return Err(format!("the owner answered {answered:?}, the clients asked {expected:?}"));
    }
    println!("operations: {ops}\nelapsed: {}", start.elapsed().as_secs_f64());
    Ok(())
}

/// The ids of one client: every id below `ops` belongs to exactly one client.
fn ids(client: u64, ops: u64) -> impl Iterator<Item = u64> {
    (client..ops).step_by(CLIENTS as usize)
}

/// Answers until every client of both channels is gone.
fn own(reads: &Receiver<Op>, writes: &Receiver<Op>) -> Account {
    let mut account = Account::default();
    let mut reply = |op: Op| {
        account.enter(answer(op.id));
        // A client that failed is gone; its own error says more than this send could.
        let _ = op.resp.send(answer(op.id));
    };
    let still_open = loop {
        select! {
            recv(reads) -> read => match read {
                Ok(op) => reply(op),
                Err(_) => break writes,
            },
            recv(writes) -> write => match write {
                Ok(op) => reply(op),
                Err(_) => break reads,
            },
        }
    };
    while let Ok(op) = still_open.recv() {
        reply(op);
    }
    account
}

fn ask(channel: &Sender<Op>, ids: impl Iterator<Item = u64>) -> Result<(), String> {
    for id in ids {
        let (resp, reply) = channel::oneshot();
        channel.send(Op { id, resp }).map_err(|_| format!("operation {id} found the owner gone"))?;
        let got = reply.recv().map_err(|_| format!("operation {id} got no reply"))?;
        if got != answer(id) {
            return Err(format!("operation {id} wanted {:#x} and got {got:#x}", answer(id)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_belongs_to_one_client() {
        let mut all: Vec<u64> = (0..CLIENTS).flat_map(|client| ids(client, 1_000)).collect();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..1_000));
    }

    #[test]
    fn answers_are_all_different() {
        let mut answers: Vec<u64> = (0..10_000).map(answer).collect();
        answers.sort_unstable();
        answers.dedup();
        assert_eq!(answers.len(), 10_000);
    }
}
