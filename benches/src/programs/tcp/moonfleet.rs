//! The server on Moonfleet: a task that accepts, a task for each connection that any worker may take on.

use moonfleet::net::TcpListener;

use super::{ADDRESS, Service, Settings, cannot_listen, converse};

/// The tasks of clients that are gone may still be ending while new clients have theirs.
const ENDING_TASKS: usize = 10_000;

pub(super) fn run(settings: Settings) -> Result<(), String> {
    let runtime = crate::programs::runtime(settings.workers, settings.connections + ENDING_TASKS)?;
    let listener = TcpListener::bind(ADDRESS).map_err(cannot_listen)?;
    let address = listener.local_addr().map_err(cannot_listen)?;
    runtime.spawn(move || accept(&listener, settings.service));
    super::serve_until_input_ends(address)
}

fn accept(listener: &TcpListener, service: Service) {
    loop {
        match listener.accept() {
            Ok((mut stream, _)) => drop(moonfleet::spawn(move || {
                // Without it a reply may wait for the client's acknowledgement; a client that is gone needs none.
                let _ = stream.set_nodelay(true);
                converse(&mut stream, service);
            })),
            Err(error) => return eprintln!("cannot accept: {error}"),
        }
    }
}
