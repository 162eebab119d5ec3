//! A storm of short connections: each sends one request, reads one reply, closes, and makes room for the next.
//!
//! The client closes, and with a reset: a closed connection would keep its port for a minute, and there are but
//! 28,000 of them.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use super::histogram::Histogram;
use super::poller::Poller;
use super::{Load, PATIENCE};
use crate::programs::tcp::requests::REPLY;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

pub(super) fn run(load: Load) -> io::Result<()> {
    let begin = Instant::now();
    let mut storm = Storm { load, poller: Poller::new()?, opened: 0, lost: 0, times: Histogram::new() };
    let mut visits = Vec::new();
    for number in 0..load.connections {
        visits.push(storm.open(number)?);
    }
    let mut ready = Vec::new();
    while storm.is_raging() {
        storm.poller.wait(PATIENCE, &mut ready)?;
        if ready.is_empty() {
            break;
        }
        for &number in &ready {
            storm.step(&mut visits, number)?;
        }
    }
    let elapsed = begin.elapsed().as_secs_f64();
    let times = &storm.times;
    println!("operations: {}\nlost: {}\nelapsed: {elapsed}", times.total(), load.ops - times.total());
    println!("p50_us: {}\np99_us: {}", times.percentile_us(0.5), times.percentile_us(0.99));
    Ok(())
}

/// The books of the whole storm.
struct Storm {
    load: Load,
    poller: Poller,
    opened: u64,
    /// Connections that were refused, reset or closed before their reply.
    lost: u64,
    times: Histogram,
}

impl Storm {
    fn is_raging(&self) -> bool {
        self.times.total() + self.lost < self.load.ops
    }

    /// The next connection, unless all have been opened.
    fn open(&mut self, number: usize) -> io::Result<Option<Visit>> {
        if self.opened == self.load.ops {
            return Ok(None);
        }
        self.opened += 1;
        let begin = Instant::now();
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
        sockopt::set_socket_linger(&socket, Some(Duration::ZERO))?;
        match rustix::net::connect(&socket, &self.load.server) {
            Ok(()) | Err(Errno::INPROGRESS) => {}
            Err(error) => return Err(error.into()),
        }
        self.poller.add_connecting(&socket, number)?;
        Ok(Some(Visit { stream: socket.into(), begin, has_asked: false, reply: [0; REPLY.len()], got: 0 }))
    }

    /// Goes on with a visit as far as its socket allows, and has the next one follow it when it is over.
    fn step(&mut self, visits: &mut [Option<Visit>], number: usize) -> io::Result<()> {
        let Some(visit) = &mut visits[number] else { return Ok(()) };
        match visit.step() {
            Ok(false) => return Ok(()),
            Ok(true) => self.times.record(visit.begin.elapsed()),
            Err(error) => {
                self.lost += 1;
                eprintln!("connection {number} of {} lost: {error}", self.opened);
            }
        }
        // The visit ends before the next one begins: there are never more than asked for.
        visits[number] = None;
        visits[number] = self.open(number)?;
        Ok(())
    }
}

/// One short connection.
struct Visit {
    stream: TcpStream,
    begin: Instant,
    has_asked: bool,
    reply: [u8; REPLY.len()],
    got: usize,
}

impl Visit {
    /// Whether the reply is there, all of it and as it should be.
    fn step(&mut self) -> io::Result<bool> {
        match self.ask_and_read() {
            Ok(()) if self.reply == *REPLY => Ok(true),
            Ok(()) => Err(ErrorKind::InvalidData.into()),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    fn ask_and_read(&mut self) -> io::Result<()> {
        if !self.has_asked {
            // The buffer of a new connection takes a request whole.
            self.stream.write_all(REQUEST)?;
            self.has_asked = true;
        }
        while self.got < REPLY.len() {
            match self.stream.read(&mut self.reply[self.got..])? {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                length => self.got += length,
            }
        }
        Ok(())
    }
}
