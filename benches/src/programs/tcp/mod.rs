//! The servers of the work `tcp`, one for each runtime, and `load`, the client that drives them all.
//!
//! A server listens on port 0 of 127.0.0.1, prints the port, serves until its standard input ends, and prints how
//! many connections it served and how many of them fell to its busiest thread. All of them do the same to a
//! connection: no delay of small segments, a buffer of 1,024 bytes, one task.

pub(super) mod load;
#[cfg(feature = "peers")]
mod may;
mod moonfleet;
#[cfg(feature = "peers")]
mod tokio;

mod requests;
mod served;

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::process;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::cli::Options;
use requests::{REPLY, Requests};

/// Where a server listens: any port that is free.
const ADDRESS: &str = "127.0.0.1:0";

/// How many bytes a server reads at a time.
const BUFFER_BYTES: usize = 1024;

/// What a server does with the bytes it gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    /// Sends them back.
    Echo,
    /// Looks for the end of each request and answers it.
    Http,
}

/// What one server is to do.
#[derive(Debug, Clone, Copy)]
struct Settings {
    workers: usize,
    service: Service,
    /// The most connections at a time.
    connections: usize,
}

impl Settings {
    fn of(options: &Options) -> Settings {
        let variant = options.variants.iter().flatten().next().map_or("", String::as_str);
        let is_echo = matches!(variant, "echo" | "idle");
        Settings {
            workers: super::workers(options),
            service: if is_echo { Service::Echo } else { Service::Http },
            connections: options.tasks.unwrap_or(1),
        }
    }
}

/// Runs the server of `peer`, or answers `None` when it has none in this build.
pub(super) fn run(peer: &str, options: &Options) -> Option<Result<(), String>> {
    let settings = Settings::of(options);
    allow_many_files();
    match peer {
        "load" => Some(load::run(options)),
        "moonfleet" => Some(moonfleet::run(settings)),
        #[cfg(feature = "peers")]
        "tokio" => Some(tokio::run(settings)),
        #[cfg(feature = "peers")]
        "may" => Some(may::run(settings)),
        _ => None,
    }
}

/// A connection is an open file, and most systems begin with a limit of 1,024 of them, which may be raised.
fn allow_many_files() {
    let limit = getrlimit(Resource::Nofile);
    // Refused, the first connection too many will say so.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

/// Says where the server listens, waits for the end of standard input, and ends this process.
///
/// The tasks of the connections end with the process, in each runtime alike.
fn serve_until_input_ends(address: SocketAddr) -> ! {
    println!("port: {}", address.port());
    // An input that cannot be read is one that ended.
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
    served::report();
    process::exit(0)
}

fn cannot_listen(error: io::Error) -> String {
    format!("cannot listen on {ADDRESS}: {error}")
}

/// Serves one connection to its end, in a runtime where reads and writes look as if they blocked.
fn converse(stream: &mut (impl Read + Write), service: Service) {
    served::count();
    // A client that goes away ends its conversation, and there is nobody left to tell.
    let _ = match service {
        Service::Echo => echo(stream),
        Service::Http => answer(stream),
    };
}

fn echo(stream: &mut (impl Read + Write)) -> io::Result<()> {
    let mut buffer = [0; BUFFER_BYTES];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            length => stream.write_all(&buffer[..length])?,
        }
    }
}

fn answer(stream: &mut (impl Read + Write)) -> io::Result<()> {
    let mut requests = Requests::new();
    loop {
        match stream.read(requests.space())? {
            0 => return Ok(()),
            length => {
                for _ in 0..requests.complete(length) {
                    stream.write_all(REPLY)?;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client that sends these bytes, a few at a time, and keeps what it gets.
    struct Client<'a> {
        sends: &'a [u8],
        got: Vec<u8>,
    }

    impl Read for Client<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = buffer.len().min(7);
            self.sends.read(&mut buffer[..length])
        }
    }

    impl Write for Client<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.got.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn got(sends: &[u8], service: Service) -> Vec<u8> {
        let mut client = Client { sends, got: Vec::new() };
        converse(&mut client, service);
        client.got
    }

    #[test]
    fn bytes_come_back() {
        assert_eq!(got(b"there and back again", Service::Echo), b"there and back again");
    }

    #[test]
    fn each_request_gets_one_reply() {
        let two = b"GET / HTTP/1.1\r\nHost: here\r\n\r\nGET / HTTP/1.1\r\n\r\nGET /";
        assert_eq!(got(two, Service::Http), [REPLY, REPLY].concat());
    }

    #[test]
    fn a_request_without_end_ends_the_conversation() {
        assert_eq!(got(&[b'x'; 2 * BUFFER_BYTES], Service::Http), b"");
    }
}
