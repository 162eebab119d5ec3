//! Unix sockets: streams, datagrams, their addresses, and queues that are full.

mod support;

use std::io::{ErrorKind, IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use moonfleet::net::{UnixDatagram, UnixListener, UnixStream};
use moonfleet::{spawn, spawn_on, time};
use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketType,
};
use support::sockets::{cargo, path};
use support::{alone, park, runtime, was_cancelled};

/// A path that is removed in the end.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        Self(path())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn abstract_address(name: &str) -> SocketAddr {
    SocketAddr::from_abstract_name(format!("moonfleet-{}-{name}", std::process::id())).unwrap()
}

/// A listener whose queue holds one connection.
fn narrow_listener(place: &Place) -> UnixListener {
    let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
    rustix::net::bind(&socket, &SocketAddrUnix::new(&place.0).unwrap()).unwrap();
    rustix::net::listen(&socket, 0).unwrap();
    socket.into()
}

#[test]
fn streams_carry_bytes_both_ways() {
    let place = Place::new();
    let at = place.0.clone();
    runtime(2).block_on(move || {
        let listener = UnixListener::bind(&at).unwrap();
        let server = spawn(move || {
            let (stream, peer) = listener.accept().unwrap();
            assert!(peer.is_unnamed());
            std::io::copy(&mut &stream, &mut &stream).unwrap()
        });
        let near = Arc::new(UnixStream::connect(&at).unwrap());
        assert_eq!(near.peer_addr().unwrap().as_pathname(), Some(&*at));
        let writer = Arc::clone(&near);
        let writing = spawn_on(1, move || {
            (&*writer).write_all(&cargo(1_000_000)).unwrap();
            writer.shutdown(Shutdown::Write).unwrap();
        });
        let mut bytes = Vec::new();
        (&*near).read_to_end(&mut bytes).unwrap();
        writing.join().unwrap();
        assert!(bytes == cargo(1_000_000) && server.join().unwrap() == 1_000_000);
    });
}

#[test]
fn descriptors_that_come_along_do_not_hold_up_what_follows() {
    alone(|| {
        let (near, far) = UnixStream::pair().unwrap();
        let fds = [near.as_fd()];
        let mut space = [MaybeUninit::uninit(); 64];
        let mut control = SendAncillaryBuffer::new(&mut space);
        assert!(control.push(SendAncillaryMessage::ScmRights(&fds)));
        (&near).write_all(b"first").unwrap();
        rustix::net::sendmsg(&near, &[IoSlice::new(b"second")], &mut control, SendFlags::empty()).unwrap();
        (&near).write_all(b"third").unwrap();
        // A read ends where the descriptor came, so a short one does not mean that there is no more.
        let mut text = Vec::new();
        let mut buffer = [0; 100];
        far.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        while text.len() < 16 {
            let read = (&far).read(&mut buffer).unwrap();
            text.extend_from_slice(&buffer[..read]);
        }
        assert_eq!(text, b"firstsecondthird");
    });
}

#[test]
fn nothing_is_read_and_written_without_a_wait() {
    alone(|| {
        let (mut near, far) = UnixStream::pair().unwrap();
        assert_eq!((near.read(&mut []).unwrap(), near.write(&[]).unwrap()), (0, 0));
        assert_eq!(near.peek(&mut []).unwrap(), 0);
        (&far).write_all(b"ahoy").unwrap();
        assert_eq!((near.peek(&mut [0; 9]).unwrap(), near.read(&mut [0; 9]).unwrap()), (4, 4));
    });
}

#[test]
fn the_other_side_may_vanish() {
    let runtime = runtime(1);
    let (near, far) = UnixStream::pair().unwrap();
    let near = Arc::new(near);
    let reader = Arc::clone(&near);
    let reading = park(&runtime, move || (&*reader).read(&mut [0]).unwrap());
    drop(far);
    assert_eq!(reading.join().unwrap(), 0);
    assert_eq!((&*near).write(b"a").unwrap_err().kind(), ErrorKind::BrokenPipe);
}

#[test]
fn addresses_may_be_abstract_and_are_refused_when_taken() {
    let address = abstract_address("taken");
    let listener = UnixListener::bind_addr(&address).unwrap();
    assert_eq!(UnixListener::bind_addr(&address).unwrap_err().kind(), ErrorKind::AddrInUse);
    let near = UnixStream::connect_addr(&address).unwrap();
    let peer = near.peer_addr().unwrap();
    assert_eq!(peer.as_abstract_name(), address.as_abstract_name());
    let (far, _) = listener.accept().unwrap();
    let (ours, theirs) = (UnixStream::pair().unwrap().0.peer_cred().unwrap(), far.peer_cred().unwrap());
    assert_eq!((ours, ours.pid), (theirs, Some(std::process::id())));
    drop(listener);
    assert_eq!(UnixStream::connect_addr(&address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn paths_that_cannot_be_are_explained() {
    let long = "x".repeat(108);
    for error in [
        UnixListener::bind(&long).unwrap_err(),
        UnixStream::connect(&long).unwrap_err(),
        UnixDatagram::bind(&long).unwrap_err(),
        UnixDatagram::unbound().unwrap().send_to(b"a", &long).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("at most 107 bytes, but this one has 108"), "{error}");
    }
    assert_eq!(UnixStream::connect("a\0b").unwrap_err().kind(), ErrorKind::InvalidInput);
    let place = Place::new();
    let listener = UnixListener::bind(&place.0).unwrap();
    assert_eq!(UnixListener::bind(&place.0).unwrap_err().kind(), ErrorKind::AddrInUse);
    drop(listener);
    assert_eq!(UnixStream::connect(&place.0).unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn a_client_with_a_strange_address_is_accepted_all_the_same() {
    let listener = UnixListener::bind_addr(&abstract_address("strange")).unwrap();
    // The longest path there is: the kernel gives it without a zero at its end.
    let mut longest = path().into_os_string();
    let len = longest.len();
    longest.push("x".repeat(108 - len));
    let client = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
    rustix::net::bind(&client, &SocketAddrUnix::new(&longest).unwrap()).unwrap();
    let name = listener.local_addr().unwrap();
    let server = SocketAddrUnix::new_abstract_name(name.as_abstract_name().unwrap()).unwrap();
    rustix::net::connect(&client, &server).unwrap();
    let (far, peer) = listener.accept().unwrap();
    assert!(peer.is_unnamed(), "the standard library has no form for it");
    (&far).write_all(b"a").unwrap();
    std::fs::remove_file(longest).unwrap();
}

#[test]
fn who_connects_to_a_full_queue_waits_for_its_turn() {
    let place = Place::new();
    let listener = Arc::new(narrow_listener(&place));
    let runtime = runtime(1);
    let _first = UnixStream::connect(&place.0).unwrap();
    let error = UnixStream::connect_timeout(&place.0, Duration::from_millis(5)).unwrap_err();
    assert_eq!(error.to_string(), "nothing could be sent within the timeout of 5ms");
    let at = place.0.clone();
    let cancelled = park(&runtime, move || UnixStream::connect(at));
    cancelled.cancel();
    assert!(was_cancelled(cancelled));
    let at = place.0.clone();
    let second = park(&runtime, move || UnixStream::connect(at).unwrap());
    listener.accept().unwrap();
    let second = second.join().unwrap();
    let (far, _) = listener.accept().unwrap();
    (&second).write_all(b"a").unwrap();
    assert_eq!((&far).read(&mut [0]).unwrap(), 1);
}

#[test]
fn datagrams_wait_for_room_in_the_queue_of_another() {
    let place = Place::new();
    let far = Arc::new(UnixDatagram::bind(&place.0).unwrap());
    let runtime = runtime(1);
    let near = Arc::new(UnixDatagram::unbound().unwrap());
    near.set_write_timeout(Some(Duration::from_millis(2))).unwrap();
    let mut sent = 0_usize;
    while near.send_to(b"a", &place.0).is_ok() {
        sent += 1;
    }
    assert!(sent > 0);
    assert_eq!(near.send_to(b"a", &place.0).unwrap_err().kind(), ErrorKind::TimedOut);
    near.set_write_timeout(None).unwrap();
    let (sender, at) = (Arc::clone(&near), place.0.clone());
    let unconnected = park(&runtime, move || sender.send_to(b"b", at).unwrap());
    let sender = UnixDatagram::unbound().unwrap();
    sender.connect(&place.0).unwrap();
    let connected = park(&runtime, move || sender.send(b"b").unwrap());
    for _ in 0..sent + 2 {
        assert_eq!(far.recv(&mut [0; 9]).unwrap(), 1);
    }
    assert_eq!((unconnected.join().unwrap(), connected.join().unwrap()), (1, 1));
}

#[test]
fn datagrams_keep_their_limits_and_their_senders() {
    let (near_at, far_at) = (abstract_address("near"), abstract_address("far"));
    let (near, far) = (UnixDatagram::bind_addr(&near_at).unwrap(), UnixDatagram::bind_addr(&far_at).unwrap());
    near.send_to_addr(b"a long way", &far_at).unwrap();
    let mut buffer = [0; 4];
    let (len, from) = far.peek_from(&mut buffer).unwrap();
    assert_eq!((len, from.as_abstract_name()), (4, near_at.as_abstract_name()));
    assert_eq!((far.peek(&mut buffer).unwrap(), far.recv_from(&mut buffer).unwrap().0), (4, 4));
    assert_eq!(near.send(b"a").unwrap_err().kind(), ErrorKind::NotConnected);
    near.connect_addr(&far_at).unwrap();
    assert_eq!(near.send(&vec![0; 10 << 20]).unwrap_err().raw_os_error(), Some(libc::EMSGSIZE));
    near.send(&[]).unwrap();
    assert_eq!(far.recv(&mut buffer).unwrap(), 0);
    drop(far);
    assert_eq!(near.send(b"a").unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn timeouts_cancels_and_closing_end_waits_and_lose_nothing() {
    alone(|| {
        let (near, far) = UnixDatagram::pair().unwrap();
        let far = Arc::new(far);
        far.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        assert_eq!(far.recv(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
        far.set_read_timeout(None).unwrap();
        let receiver = Arc::clone(&far);
        let waiting = support::start(move || receiver.recv(&mut [0]));
        waiting.cancel();
        assert!(was_cancelled(waiting));
        near.send(b"ahoy").unwrap();
        assert!(time::deadline(Instant::now(), || far.recv(&mut [0; 9])).is_err());
        assert_eq!(far.recv(&mut [0; 9]).unwrap(), 4);
        let receiver = Arc::clone(&far);
        let waiting = support::start(move || receiver.recv(&mut [0]).unwrap_err().kind());
        far.close().unwrap();
        assert_eq!(waiting.join().unwrap(), ErrorKind::NotConnected);

        let listener = Arc::new(UnixListener::bind_addr(&abstract_address("closing")).unwrap());
        listener.set_accept_timeout(Some(Duration::from_millis(1))).unwrap();
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::TimedOut);
        listener.set_accept_timeout(None).unwrap();
        let acceptor = Arc::clone(&listener);
        let accepting = support::start(move || acceptor.incoming().count());
        listener.close().unwrap();
        assert_eq!(accepting.join().unwrap(), 0);
    });
}

#[test]
fn sockets_of_std_come_in_and_go_out() {
    let (near, far) = std::os::unix::net::UnixStream::pair().unwrap();
    let (near, far) = (UnixStream::from(near), UnixStream::from(OwnedFd::from(far)));
    (&near).write_all(b"ahoy").unwrap();
    assert_eq!((&far).read(&mut [0; 9]).unwrap(), 4);
    let far = std::os::unix::net::UnixStream::from(far);
    far.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let began = Instant::now();
    assert_eq!((&far).read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert!(began.elapsed() >= Duration::from_millis(10), "it blocks its thread again");
    assert!(format!("{near:?}").ends_with("local: (unnamed), peer: (unnamed) }"), "{near:?}");
}
