//! Connections: between tasks, threads and runtimes, at their ends, and when somebody closes them.

mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use moonfleet::net::{TcpListener, TcpStream};
use moonfleet::spawn;
use support::{park, runtime};

fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Two connected streams.
fn pair() -> (TcpStream, TcpStream) {
    let (listener, address) = listen();
    let near = TcpStream::connect(address).unwrap();
    (near, listener.accept().unwrap().0)
}

/// Serves connections one after the other, giving back what comes, until the listener is closed.
fn echo(listener: &TcpListener) {
    while let Ok((stream, _)) = listener.accept() {
        spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = (&stream).read(&mut buffer) {
                (&stream).write_all(&buffer[..read]).unwrap();
            }
        });
    }
}

fn ask(address: SocketAddr, text: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let mut answer = vec![0; text.len()];
    for _ in 0..100 {
        stream.write_all(text.as_bytes()).unwrap();
        stream.read_exact(&mut answer).unwrap();
    }
    String::from_utf8(answer).unwrap()
}

#[test]
fn an_echo_comes_back_in_tasks_of_every_worker() {
    runtime(2).block_on(|| {
        let (listener, address) = listen();
        let listener = Arc::new(listener);
        let server = spawn({
            let listener = Arc::clone(&listener);
            move || echo(&listener)
        });
        let clients: Vec<_> = (0..50).map(|n| spawn(move || ask(address, &format!("ahoy {n}")))).collect();
        for (n, client) in clients.into_iter().enumerate() {
            assert_eq!(client.join().unwrap(), format!("ahoy {n}"));
        }
        listener.close().unwrap();
        server.join().unwrap();
    });
}

#[test]
fn threads_without_a_runtime_talk_as_tasks_do() {
    let (listener, address) = listen();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (mut stream, peer) = listener.accept().unwrap();
            assert_eq!(peer.ip(), address.ip());
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            assert_eq!(text, "ahoy");
        });
        TcpStream::connect(address).unwrap().write_all(b"ahoy").unwrap();
    });
}

#[test]
fn a_stream_outlives_the_runtime_it_was_waited_for_in() {
    let (near, far) = pair();
    let far = Arc::new(far);
    let reader = Arc::clone(&far);
    let first = runtime(1);
    park(&first, move || (&*reader).read(&mut [0])).cancel();
    drop(first);
    // Its reactor has ended with that runtime.
    let reader = Arc::clone(&far);
    let second = runtime(1);
    let waiting = park(&second, move || (&*reader).read(&mut [0]).unwrap());
    (&near).write_all(b"a").unwrap();
    assert_eq!(waiting.join().unwrap(), 1);
    drop(near);
    assert_eq!((&*far).read(&mut [0]).unwrap(), 0);
}

#[test]
fn who_waits_in_another_runtime_is_served_when_the_first_one_ends() {
    let (near, far) = pair();
    let far = Arc::new(far);
    let (first, second) = (runtime(1), runtime(1));
    let readers = [&first, &second].map(|runtime| {
        let reader = Arc::clone(&far);
        park(runtime, move || (&*reader).read(&mut [0]).unwrap())
    });
    drop(first);
    (&near).write_all(b"a").unwrap();
    let [first, second] = readers;
    assert!(first.join().is_err());
    assert_eq!(second.join().unwrap(), 1);
}

#[test]
fn closing_tells_whoever_waits_at_once() {
    let (near, _far) = pair();
    let near = Arc::new(near);
    let reader = Arc::clone(&near);
    let runtime = runtime(1);
    let waiting = park(&runtime, move || (&*reader).read(&mut [0]));
    near.close().unwrap();
    assert_eq!(waiting.join().unwrap().unwrap_err().kind(), ErrorKind::NotConnected);
    assert_eq!((&*near).write(b"a").unwrap_err().kind(), ErrorKind::NotConnected);
}

#[test]
fn a_read_that_nobody_answers_times_out() {
    let (near, _far) = pair();
    near.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
    let error = runtime(1).block_on(move || (&near).read(&mut [0]).unwrap_err());
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(error.to_string(), "nothing came in within the timeout of 5ms");
}

#[test]
fn a_refused_connection_is_an_error() {
    let (listener, address) = listen();
    drop(listener);
    let error = runtime(1).block_on(move || TcpStream::connect(address).unwrap_err());
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}
