//! The client that drives every server alike, in a process of its own: one thread with one `epoll`.
//!
//! It costs a read and a write for each answer, and the `epoll_wait` of a batch: no server can cost less. The
//! report shows its CPU time beside the server's: where that comes near the wall time, the client was the limit.

mod echo;
mod histogram;
mod idle;
mod poller;
mod storm;

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use crate::cli::Options;

/// What one run of the client is to do.
#[derive(Debug, Clone, Copy)]
struct Load {
    server: SocketAddrV4,
    connections: usize,
    /// How long to measure.
    duration: Duration,
    /// How many operations, where that is not a matter of time.
    ops: u64,
}

/// A server that lets us wait for so long has lost something.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn run(options: &Options) -> Result<(), String> {
    let port = options.port.ok_or("the client wants --port, and gets it from the benchmark")?;
    let load = Load {
        server: SocketAddrV4::new(Ipv4Addr::LOCALHOST, port),
        connections: options.tasks.unwrap_or(1),
        duration: Duration::from_secs_f64(options.seconds.unwrap_or(1.0)),
        ops: options.ops.unwrap_or(1),
    };
    let variant = options.variants.iter().flatten().next().map_or("", String::as_str);
    let done = match variant {
        "echo" => echo::run(load),
        "idle" => idle::run(load),
        "storm" => storm::run(load),
        other => return Err(format!("no load for the variant '{other}'")),
    };
    done.map_err(|error| format!("client: {error}"))
}
