//! Echo over TLS: rustls, which knows nothing of tasks, reads and writes our sockets.
//!
//! `tls_echo ADDRESS` serves there, with a certificate made on the spot (`openssl s_client -connect ADDRESS`). Without
//! an address it serves two clients of its own, one of which asks for somebody else, and ends.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use moonfleet::net::{TcpListener, TcpStream};
use moonfleet::scope;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned};

/// The name in the certificate.
const NAME: &str = "flagship.example";

/// A server that proves to be `NAME`, and clients that believe nobody else.
fn parties() -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let made = rcgen::generate_simple_self_signed([NAME.to_owned()]).expect("a plain name");
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let certificate = made.cert.der().clone();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).expect("it was made a moment ago");
    let server = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key);
    let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    (Arc::new(server.expect("key and certificate were made together")), Arc::new(client))
}

/// Gives back what comes, until the client says that it is done.
fn echo(config: Arc<ServerConfig>, stream: TcpStream) -> io::Result<()> {
    let session = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(session, stream);
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer)? {
            0 => break,
            len => stream.write_all(&buffer[..len])?,
        }
    }
    // So that the client can tell the end from a cut.
    stream.conn.send_close_notify();
    stream.flush()
}

/// Serves until the listener is closed, each client in a task of its own.
fn serve(listener: &TcpListener, config: Arc<ServerConfig>) -> io::Result<()> {
    // Who speaks no TLS, or breaks off, ends the task that served it, and nothing else.
    listener.serve(move |stream, _| drop(echo(Arc::clone(&config), stream)))
}

/// Has `words` echoed by who can prove to be `name`.
fn ask(server: SocketAddr, config: Arc<ClientConfig>, name: &'static str, words: &str) -> io::Result<String> {
    let name = ServerName::try_from(name).map_err(io::Error::other)?;
    let session = ClientConnection::new(config, name).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(session, TcpStream::connect(server)?);
    stream.write_all(words.as_bytes())?;
    stream.conn.send_close_notify();
    stream.flush()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn main() -> io::Result<()> {
    let (config, clients) = parties();
    moonfleet::run(|| {
        let address = std::env::args().nth(1);
        let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:0"))?;
        let server = listener.local_addr()?;
        if address.is_some() {
            println!("echoes over TLS at {server}");
            return serve(&listener, config);
        }
        scope(|s| {
            s.spawn(|| serve(&listener, config));
            println!("{}", ask(server, Arc::clone(&clients), NAME, "nobody else can read this")?);
            let refused = ask(server, clients, "pirate.example", "trust me").is_err();
            println!("somebody else's certificate is refused: {refused}");
            listener.close()
        })
    })
}
