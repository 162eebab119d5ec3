//! Ping-pong: each connection sends a message, waits for it to come back, and sends the next.
//!
//! No two messages are the same, and each must come back as it went, so that an answer lost, doubled or sent to
//! the wrong connection ends the run.
//!
//! A connection that is starved has few round trips, and so hardly any weight in the percentiles of their times:
//! how many it had is a figure of its own.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use super::histogram::Histogram;
use super::poller::Poller;
use super::{Load, PATIENCE};

const MESSAGE_BYTES: usize = 64;

/// Caches and the scheduler settle before anything counts: this share of the time.
const WARM_UP: f64 = 0.1;

pub(super) fn run(load: Load) -> io::Result<()> {
    let mut poller = Poller::new()?;
    let mut players = Vec::with_capacity(load.connections);
    for number in 0..load.connections {
        let player = Player::connect(&load, number)?;
        poller.add_reader(&player.stream, number)?;
        players.push(player);
    }
    for player in &mut players {
        player.send(Instant::now())?;
    }
    let begin = Instant::now();
    play(&mut poller, &mut players, begin + load.duration.mul_f64(WARM_UP))?;
    let rounds_before: Vec<u64> = players.iter().map(|player| player.round).collect();
    let begin = Instant::now();
    let times = play(&mut poller, &mut players, begin + load.duration)?;
    let elapsed = begin.elapsed().as_secs_f64();
    let rounds = players.iter().zip(rounds_before).map(|(player, before)| player.round - before);
    let mean = times.total().max(1) as f64 / load.connections as f64;
    println!("least_percent: {}", 100.0 * rounds.min().unwrap_or(0) as f64 / mean);
    println!("operations: {}\nelapsed: {elapsed}", times.total());
    println!("p50_us: {}\np99_us: {}", times.percentile_us(0.5), times.percentile_us(0.99));
    Ok(())
}

/// Answers whoever is ready until `end`.
fn play(poller: &mut Poller, players: &mut [Player], end: Instant) -> io::Result<Histogram> {
    let mut times = Histogram::new();
    let mut ready = Vec::new();
    // The end of one round trip is the beginning of the next: one look at the clock does for both.
    let mut now = Instant::now();
    while now < end {
        poller.wait(PATIENCE, &mut ready)?;
        if ready.is_empty() {
            return Err(io::Error::other(format!("no answer for {} s", PATIENCE.as_secs())));
        }
        for &number in &ready {
            let player = &mut players[number];
            if player.has_come_back()? {
                now = Instant::now();
                times.record(now.duration_since(player.sent_at));
                player.send(now)?;
            }
        }
        now = Instant::now();
    }
    Ok(times)
}

/// One connection.
struct Player {
    stream: TcpStream,
    message: [u8; MESSAGE_BYTES],
    round: u64,
    sent_at: Instant,
    answer: [u8; MESSAGE_BYTES],
    answered: usize,
}

impl Player {
    fn connect(load: &Load, number: usize) -> io::Result<Player> {
        let stream = TcpStream::connect(load.server)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut message = [b'.'; MESSAGE_BYTES];
        message[..8].copy_from_slice(&(number as u64).to_le_bytes());
        let answer = [0; MESSAGE_BYTES];
        Ok(Player { stream, message, round: 0, sent_at: Instant::now(), answer, answered: 0 })
    }

    fn send(&mut self, now: Instant) -> io::Result<()> {
        self.round += 1;
        self.message[8..16].copy_from_slice(&self.round.to_le_bytes());
        self.answered = 0;
        self.sent_at = now;
        // The message before has come back, so the socket's buffer is empty and takes this one whole.
        self.stream.write_all(&self.message)
    }

    /// Whether the whole message is back.
    fn has_come_back(&mut self) -> io::Result<bool> {
        match self.stream.read(&mut self.answer[self.answered..]) {
            Ok(0) => Err(io::Error::other("the server closed a connection")),
            Ok(length) => {
                self.answered += length;
                let is_whole = self.answered == MESSAGE_BYTES;
                if is_whole && self.answer != self.message {
                    return Err(io::Error::other("another message came back than was sent"));
                }
                Ok(is_whole)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }
}
