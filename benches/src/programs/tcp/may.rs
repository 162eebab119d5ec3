//! The server on may: a coroutine that accepts, a coroutine for each connection.

use may::net::TcpListener;

use super::{ADDRESS, Service, Settings, cannot_listen, converse};

pub(super) fn run(settings: Settings) -> Result<(), String> {
    may::config().set_workers(settings.workers);
    let listener = TcpListener::bind(ADDRESS).map_err(cannot_listen)?;
    let address = listener.local_addr().map_err(cannot_listen)?;
    may::go!(move || accept(&listener, settings.service));
    super::serve_until_input_ends(address)
}

fn accept(listener: &TcpListener, service: Service) {
    loop {
        match listener.accept() {
            Ok((mut stream, _)) => drop(may::go!(move || {
                // Without it a reply may wait for the client's acknowledgement; a client that is gone needs none.
                let _ = stream.set_nodelay(true);
                converse(&mut stream, service);
            })),
            Err(error) => return eprintln!("cannot accept: {error}"),
        }
    }
}
