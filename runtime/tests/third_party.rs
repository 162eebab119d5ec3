//! Crates that were written for the sockets of std, unchanged on ours: TLS, HTTP, WebSockets, and std's own.
//!
//! All they ask for is `Read` and `Write`. Each test runs in tasks of one worker, where everybody who waits has to
//! make room for the others, and of two.

mod support;

use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use moonfleet::net::{TcpListener, TcpStream};
use moonfleet::{scope, spawn, time};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use support::runtime;
use tungstenite::{Message, WebSocket};

const SOON: Duration = Duration::from_millis(5);

/// Runs `body` where there is one worker, and where there are two.
fn everywhere(body: impl Fn() + Sync) {
    for workers in [1, 2] {
        runtime(workers).block_on(&body);
    }
}

fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Two connected streams.
fn pair() -> (TcpStream, TcpStream) {
    let (listener, address) = listen();
    let near = TcpStream::connect(address).unwrap();
    let far = listener.accept().unwrap().0;
    for end in [&near, &far] {
        // These tests speak in turns: who holds back a small packet waits for an acknowledgement that waits, too.
        end.set_nodelay(true).unwrap();
    }
    (near, far)
}

/// More bytes than the buffers of a connection hold, none where another should be.
fn cargo(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at % 251) as u8).collect()
}

// ── std ─────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn lines_go_through_buffers_of_std() {
    everywhere(|| {
        let (near, far) = pair();
        scope(|s| {
            s.spawn(|| {
                let mut answers = BufWriter::new(&far);
                for line in BufReader::new(&far).lines() {
                    writeln!(answers, "aye, {}", line.unwrap()).unwrap();
                    answers.flush().unwrap();
                }
                drop(answers);
                far.close().unwrap();
            });
            let mut answers = BufReader::new(&near).lines();
            for n in 0..100 {
                writeln!(&near, "order {n}").unwrap();
                assert_eq!(answers.next().unwrap().unwrap(), format!("aye, order {n}"));
            }
            near.shutdown(std::net::Shutdown::Write).unwrap();
            assert!(answers.next().is_none());
        });
    });
}

#[test]
fn copy_of_std_makes_a_proxy() {
    everywhere(|| {
        let (client, outer) = pair();
        let (inner, server) = pair();
        let bytes = cargo(3 << 20);
        scope(|s| {
            s.spawn(|| {
                assert_eq!(io::copy(&mut &outer, &mut &inner).unwrap(), bytes.len() as u64);
                inner.shutdown(std::net::Shutdown::Write).unwrap();
            });
            s.spawn(|| {
                assert_eq!(io::copy(&mut &inner, &mut &outer).unwrap(), bytes.len() as u64);
                outer.shutdown(std::net::Shutdown::Write).unwrap();
            });
            s.spawn(|| {
                io::copy(&mut &server, &mut &server).unwrap();
                server.shutdown(std::net::Shutdown::Write).unwrap();
            });
            s.spawn(|| {
                (&client).write_all(&bytes).unwrap();
                client.shutdown(std::net::Shutdown::Write).unwrap();
            });
            let mut echo = Vec::new();
            (&client).read_to_end(&mut echo).unwrap();
            assert!(echo == bytes, "{} of {} bytes came back", echo.len(), bytes.len());
        });
    });
}

#[test]
fn take_of_std_leaves_the_rest_in_the_stream() {
    everywhere(|| {
        let (near, far) = pair();
        (&near).write_all(b"headbody").unwrap();
        drop(near);
        let (mut head, mut body) = (String::new(), String::new());
        (&far).take(4).read_to_string(&mut head).unwrap();
        (&far).take(u64::MAX).read_to_string(&mut body).unwrap();
        assert_eq!((head.as_str(), body.as_str()), ("head", "body"));
        assert_eq!((&far).take(0).read(&mut [0]).unwrap(), 0);
    });
}

// ── rustls ──────────────────────────────────────────────────────────────────────────────────────────────

const NAME: &str = "flagship.example";

/// A server that proves to be `NAME`, and clients that believe it.
fn tls() -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let made = rcgen::generate_simple_self_signed([NAME.to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let chain = vec![made.cert.der().clone()];
    let server = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    (Arc::new(server), Arc::new(client))
}

fn serve_tls(config: &Arc<ServerConfig>, stream: TcpStream) -> StreamOwned<ServerConnection, TcpStream> {
    StreamOwned::new(ServerConnection::new(Arc::clone(config)).unwrap(), stream)
}

fn greet_tls(
    config: &Arc<ClientConfig>,
    name: &'static str,
    stream: TcpStream,
) -> StreamOwned<ClientConnection, TcpStream> {
    let name = ServerName::try_from(name).unwrap();
    StreamOwned::new(ClientConnection::new(Arc::clone(config), name).unwrap(), stream)
}

#[test]
fn rustls_encrypts_between_many_clients_and_a_server() {
    let (server, client) = tls();
    everywhere(|| {
        let (listener, address) = listen();
        scope(|s| {
            s.spawn(|| {
                for _ in 0..8 {
                    let mut stream = serve_tls(&server, listener.accept().unwrap().0);
                    spawn(move || {
                        let mut bytes = Vec::new();
                        stream.read_to_end(&mut bytes).unwrap();
                        stream.write_all(&bytes).unwrap();
                        stream.conn.send_close_notify();
                        stream.flush().unwrap();
                    });
                }
            });
            for n in 0..8 {
                let client = &client;
                s.spawn(move || {
                    let mut stream = greet_tls(client, NAME, TcpStream::connect(address).unwrap());
                    let bytes = cargo(100_000 + n);
                    stream.write_all(&bytes).unwrap();
                    stream.conn.send_close_notify();
                    stream.flush().unwrap();
                    let mut echo = Vec::new();
                    stream.read_to_end(&mut echo).unwrap();
                    assert!(echo == bytes, "{} of {} bytes came back", echo.len(), bytes.len());
                });
            }
        });
    });
}

#[test]
fn rustls_refuses_another_name_and_who_speaks_no_tls() {
    let (server, client) = tls();
    everywhere(|| {
        let (near, far) = pair();
        scope(|s| {
            let mut stream = serve_tls(&server, far);
            let served = s.spawn(move || stream.read(&mut [0]).unwrap_err().kind());
            let refusal = greet_tls(&client, "pirate.example", near).write_all(b"ahoy").unwrap_err();
            assert_eq!(refusal.kind(), ErrorKind::InvalidData);
            // The client has told why, in the second buffer of a vectored write.
            assert_eq!(served.join().unwrap(), ErrorKind::InvalidData);
        });

        let (mut near, far) = pair();
        near.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let refusal = serve_tls(&server, far).read(&mut [0]).unwrap_err();
        assert_eq!(refusal.kind(), ErrorKind::InvalidData);
    });
}

#[test]
fn rustls_tells_a_cut_connection_from_the_end() {
    let (server, client) = tls();
    everywhere(|| {
        let (near, far) = pair();
        scope(|s| {
            let mut stream = serve_tls(&server, far);
            s.spawn(move || {
                stream.read_exact(&mut [0; 4]).unwrap();
                // Without the words that end a TLS session.
                stream.sock.close().unwrap();
            });
            let mut stream = greet_tls(&client, NAME, near);
            stream.write_all(b"ahoy").unwrap();
            assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::UnexpectedEof);
        });
    });
}

#[test]
fn a_limit_around_rustls_ends_the_read_and_leaves_the_session_whole() {
    let (server, client) = tls();
    everywhere(|| {
        let (near, far) = pair();
        scope(|s| {
            let mut stream = serve_tls(&server, far);
            s.spawn(move || {
                let mut order = [0];
                stream.read_exact(&mut order).unwrap();
                stream.write_all(&order).unwrap();
            });
            let mut stream = greet_tls(&client, NAME, near);
            // The first of these makes the handshake, as far as the time goes.
            for _ in 0..3 {
                assert!(time::timeout(SOON, || stream.read(&mut [0])).is_err());
            }
            stream.sock.set_read_timeout(Some(SOON)).unwrap();
            assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
            stream.sock.set_read_timeout(None).unwrap();
            stream.write_all(b"!").unwrap();
            let mut answer = [0];
            stream.read_exact(&mut answer).unwrap();
            assert_eq!(&answer, b"!");
        });
    });
}

// ── httparse ────────────────────────────────────────────────────────────────────────────────────────────

/// Reads from `stream` until `unread` begins with the head of a request; gives its path, and what follows it.
fn read_request(stream: &mut impl Read, unread: &mut Vec<u8>) -> Result<String, httparse::Error> {
    loop {
        let mut headers = [httparse::EMPTY_HEADER; 8];
        let mut request = httparse::Request::new(&mut headers);
        if let httparse::Status::Complete(len) = request.parse(unread)? {
            let path = request.path.unwrap().to_owned();
            unread.drain(..len);
            return Ok(path);
        }
        let mut part = [0; 16];
        let read = stream.read(&mut part).unwrap();
        assert_ne!(read, 0, "the other side promised a request");
        unread.extend_from_slice(&part[..read]);
    }
}

#[test]
fn httparse_finds_requests_however_they_are_cut() {
    everywhere(|| {
        let (near, far) = pair();
        scope(|s| {
            s.spawn(|| {
                // Three at once; then one byte by byte.
                (&near).write_all("GET /0 HTTP/1.1\r\nhost: sea\r\n\r\n".repeat(3).as_bytes()).unwrap();
                b"GET /slow HTTP/1.1\r\nhost: sea\r\n\r\n".chunks(1).for_each(|byte| {
                    (&near).write_all(byte).unwrap();
                    moonfleet::yield_now();
                });
                (&near).write_all(b"GET \0").unwrap();
            });
            let (mut stream, mut unread) = (&far, Vec::new());
            for _ in 0..3 {
                assert_eq!(read_request(&mut stream, &mut unread), Ok("/0".to_owned()));
            }
            assert_eq!(read_request(&mut stream, &mut unread), Ok("/slow".to_owned()));
            assert_eq!(read_request(&mut stream, &mut unread), Err(httparse::Error::Token));
        });
    });
}

// ── tungstenite ─────────────────────────────────────────────────────────────────────────────────────────

/// Two ends of a WebSocket.
fn websockets() -> (WebSocket<TcpStream>, WebSocket<TcpStream>) {
    let (near, far) = pair();
    let server = spawn(|| tungstenite::accept(far).unwrap());
    let (client, _response) = tungstenite::client("ws://flagship.example/", near).unwrap();
    (client, server.join().unwrap())
}

#[test]
fn tungstenite_echoes_messages_of_every_kind() {
    everywhere(|| {
        let (mut client, mut server) = websockets();
        scope(|s| {
            s.spawn(move || {
                loop {
                    match server.read() {
                        Ok(message @ (Message::Text(_) | Message::Binary(_))) => {
                            server.send(message).unwrap()
                        }
                        Ok(_) => {}
                        Err(tungstenite::Error::ConnectionClosed) => break,
                        Err(error) => panic!("{error}"),
                    }
                }
            });
            for message in [Message::text("ahoy"), Message::text(""), Message::binary(cargo(1 << 20))] {
                client.send(message.clone()).unwrap();
                assert!(client.read().unwrap() == message);
            }
            client.send(Message::Ping("still there?".into())).unwrap();
            assert_eq!(client.read().unwrap(), Message::Pong("still there?".into()));
            client.close(None).unwrap();
            assert!(client.read().unwrap().is_close());
            assert!(matches!(client.read(), Err(tungstenite::Error::ConnectionClosed)));
        });
    });
}

#[test]
fn tungstenite_goes_on_after_a_wait_that_timed_out() {
    everywhere(|| {
        let (mut client, mut server) = websockets();
        client.get_ref().set_read_timeout(Some(SOON)).unwrap();
        for n in 0..3 {
            match client.read() {
                Err(tungstenite::Error::Io(error)) => assert_eq!(error.kind(), ErrorKind::TimedOut),
                other => panic!("nobody has sent anything: {other:?}"),
            }
            let message = Message::text(format!("order {n}"));
            server.send(message.clone()).unwrap();
            assert_eq!(client.read().unwrap(), message);
        }
    });
}

#[test]
fn tungstenite_refuses_who_speaks_no_websocket() {
    everywhere(|| {
        let (mut near, far) = pair();
        near.write_all(b"ahoy, captain\r\n\r\n").unwrap();
        assert!(tungstenite::accept(far).is_err());
        let (near, far) = pair();
        drop(far);
        assert!(tungstenite::client("ws://flagship.example/", near).is_err());
    });
}
