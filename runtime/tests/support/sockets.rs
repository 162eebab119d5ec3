//! Sockets on the loopback interface, and ways to bring them into trouble.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use moonfleet::net::{TcpListener, TcpStream};

pub(crate) const LOOPBACK: &str = "127.0.0.1:0";

pub(crate) fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(LOOPBACK).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Two connected streams.
pub(crate) fn pair() -> (TcpStream, TcpStream) {
    let (listener, address) = listen();
    let near = TcpStream::connect(address).unwrap();
    (near, listener.accept().unwrap().0)
}

/// Writes until the kernel takes no more; gives how much it took.
pub(crate) fn fill(stream: &TcpStream) -> usize {
    let mut taken = 0;
    stream.set_write_timeout(Some(std::time::Duration::from_millis(20))).unwrap();
    loop {
        match (&mut &*stream).write(&[7; 65536]) {
            Ok(written) => taken += written,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::TimedOut);
                stream.set_write_timeout(None).unwrap();
                return taken;
            }
        }
    }
}

pub(crate) fn read(mut stream: &TcpStream) -> std::io::Result<usize> {
    stream.read(&mut [0; 4096])
}

/// A listener whose queue is full: who connects to it now hears nothing. The streams keep it so.
pub(crate) fn deaf_listener() -> (TcpListener, SocketAddr, Vec<TcpStream>) {
    let listener = TcpListener::builder().backlog(0).bind(LOOPBACK).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queued = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(address, std::time::Duration::from_millis(100)) {
        queued.push(stream);
    }
    (listener, address, queued)
}

/// A path in the directory for temporary files that nothing has.
pub(crate) fn path() -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("moonfleet-{}-{number}", std::process::id()))
}

/// Bytes that are not the same anywhere.
pub(crate) fn cargo(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at.wrapping_mul(0x9E37_79B1) >> 13) as u8).collect()
}
