//! The server on tokio's multi-threaded runtime: a task that accepts, a task for each connection.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;

use super::{ADDRESS, BUFFER_BYTES, REPLY, Requests, Service, Settings, cannot_listen, served};

pub(super) fn run(settings: Settings) -> Result<(), String> {
    let runtime = Builder::new_multi_thread().worker_threads(settings.workers).enable_io().build();
    let runtime = runtime.map_err(|error| format!("cannot start tokio: {error}"))?;
    let listener = runtime.block_on(TcpListener::bind(ADDRESS)).map_err(cannot_listen)?;
    let address = listener.local_addr().map_err(cannot_listen)?;
    runtime.spawn(accept(listener, settings.service));
    super::serve_until_input_ends(address)
}

async fn accept(listener: TcpListener, service: Service) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(converse(stream, service))),
            Err(error) => return eprintln!("cannot accept: {error}"),
        }
    }
}

async fn converse(stream: TcpStream, service: Service) {
    served::count();
    // A client that goes away ends its conversation, and there is nobody left to tell.
    let _ = match service {
        Service::Echo => echo(stream).await,
        Service::Http => answer(stream).await,
    };
}

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = [0; BUFFER_BYTES];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            length => stream.write_all(&buffer[..length]).await?,
        }
    }
}

async fn answer(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut requests = Requests::new();
    loop {
        match stream.read(requests.space()).await? {
            0 => return Ok(()),
            length => {
                for _ in 0..requests.complete(length) {
                    stream.write_all(REPLY).await?;
                }
            }
        }
    }
}
