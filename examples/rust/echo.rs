//! An echo server: a task for each connection, and each is a plain loop.
//!
//! `echo ADDRESS` serves there. Without an address it serves three clients of its own, and ends.

use std::io::{self, Read, Write};
use std::net::SocketAddr;

use moonfleet::net::{TcpListener, TcpStream};
use moonfleet::scope;

/// Gives back what comes, until the other side has no more to say.
fn echo(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = [0; 16 << 10];
    loop {
        // Each of these makes the task wait, and leaves its worker to the others.
        match (&*stream).read(&mut buffer)? {
            0 => return Ok(()),
            len => (&*stream).write_all(&buffer[..len])?,
        }
    }
}

/// Serves until the listener is closed, each client in a task of its own.
fn serve(listener: &TcpListener) -> io::Result<()> {
    // A client that vanishes ends the task that served it, and nothing else.
    listener.serve(|stream, _| drop(echo(&stream)))
}

fn ask(server: SocketAddr, words: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(server)?;
    stream.write_all(words.as_bytes())?;
    let mut answer = vec![0; words.len()];
    stream.read_exact(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn main() -> io::Result<()> {
    moonfleet::run(|| {
        let address = std::env::args().nth(1);
        let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:0"))?;
        let server = listener.local_addr()?;
        if address.is_some() {
            println!("echoes at {server}");
            return serve(&listener);
        }
        scope(|s| {
            s.spawn(|| serve(&listener));
            let asked =
                ["ahoy", "who is there?", "land in sight"].map(|words| s.spawn(move || ask(server, words)));
            for answer in asked {
                println!("{}", answer.join().unwrap()?);
            }
            // Whoever waits in `accept` is told at once.
            listener.close()
        })
    })
}
