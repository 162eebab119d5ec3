//! Connections that say one byte, hear it back, and then nothing for as long as the standard input is open.
//!
//! They come from several addresses, since one has no more than 28,000 ports to connect from, and they end with a
//! reset: a port of a connection closed in good order is taken for another minute.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::time::Duration;

use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use super::{Load, PATIENCE};

/// 127.0.0.2 and the addresses after it.
const SOURCES: usize = 8;

pub(super) fn run(load: Load) -> io::Result<()> {
    let mut streams = Vec::with_capacity(load.connections);
    for number in 0..load.connections {
        let stream = greet(&load, number);
        let told = |error| io::Error::other(format!("connection {number} of {}: {error}", load.connections));
        streams.push(stream.map_err(told)?);
    }
    println!("ready: {}", streams.len());
    io::copy(&mut io::stdin(), &mut io::sink()).map(drop)
}

/// A connection that somebody answers: the server has a task for it, which now waits.
fn greet(load: &Load, number: usize) -> io::Result<TcpStream> {
    let mut stream = connect(load.server, number)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"?")?;
    stream.read_exact(&mut [0])?;
    Ok(stream)
}

fn connect(server: SocketAddrV4, number: usize) -> io::Result<TcpStream> {
    let last = 2 + (number % SOURCES) as u8;
    let socket =
        rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    rustix::net::bind(&socket, &SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, last), 0))?;
    sockopt::set_socket_linger(&socket, Some(Duration::ZERO))?;
    rustix::net::connect(&socket, &server)?;
    Ok(socket.into())
}
