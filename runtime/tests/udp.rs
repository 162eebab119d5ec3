//! Datagrams: whole, cut off or refused; who waits for them; groups.

mod support;

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use moonfleet::net::UdpSocket;
use moonfleet::{spawn, spawn_on, time};
use support::sockets::LOOPBACK;
use support::{alone, park, runtime, was_cancelled};

fn socket() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind(LOOPBACK).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// Two sockets that are connected to each other.
fn pair() -> (UdpSocket, UdpSocket) {
    let ((near, near_address), (far, far_address)) = (socket(), socket());
    near.connect(far_address).unwrap();
    far.connect(near_address).unwrap();
    (near, far)
}

#[test]
fn a_datagram_is_as_long_as_it_was_sent() {
    alone(|| {
        let (near, far) = pair();
        let mut buffer = [0; 70_000];
        for len in [0, 1, 1_000, 65_507] {
            assert_eq!(near.send(&vec![7; len]).unwrap(), len);
            assert_eq!(far.recv(&mut buffer).unwrap(), len);
            assert!(buffer[..len].iter().all(|&byte| byte == 7));
        }
    });
}

#[test]
fn a_datagram_that_is_too_long_is_refused() {
    let ((near, _), (far, address)) = (socket(), socket());
    for error in [near.send_to(&[0; 65_508], address).unwrap_err(), {
        near.connect(address).unwrap();
        near.send(&[0; 100_000]).unwrap_err()
    }] {
        assert_eq!(error.raw_os_error(), Some(libc::EMSGSIZE));
        assert!(error.to_string().starts_with("Message too long"), "{error}");
    }
    near.send(b"a").unwrap();
    assert_eq!(far.recv(&mut [0; 9]).unwrap(), 1, "nothing of them was sent");
}

#[test]
fn a_datagram_that_does_not_fit_is_cut_off() {
    let ((near, from), (far, address)) = (socket(), socket());
    near.send_to(b"a long way home", address).unwrap();
    near.send_to(b"next", address).unwrap();
    let mut buffer = [0; 6];
    assert_eq!((far.peek_from(&mut buffer).unwrap(), &buffer), ((6, from), b"a long"));
    assert_eq!(far.recv_from(&mut buffer).unwrap(), (6, from));
    assert_eq!((far.peek(&mut []).unwrap(), far.recv(&mut buffer).unwrap()), (0, 4), "the rest is gone");
    near.send_to(b"x", address).unwrap();
    near.send_to(b"y", address).unwrap();
    assert_eq!((far.recv(&mut []).unwrap(), far.recv(&mut buffer).unwrap(), buffer[0]), (0, 1, b'y'));
}

#[test]
fn tasks_wait_for_datagrams_on_every_worker() {
    runtime(2).block_on(|| {
        let (near, far) = pair();
        let (near, far) = (Arc::new(near), Arc::new(far));
        let echo = spawn_on(1, {
            let far = Arc::clone(&far);
            move || {
                let mut buffer = [0; 100];
                while let Ok(len @ 1..) = far.recv(&mut buffer) {
                    far.send(&buffer[..len]).unwrap();
                }
            }
        });
        for n in 1..=100 {
            near.send(&vec![n; n.into()]).unwrap();
            assert_eq!(near.recv(&mut [0; 100]).unwrap(), n.into());
        }
        near.send(&[]).unwrap();
        echo.join().unwrap();
    });
}

#[test]
fn each_datagram_goes_to_one_of_several_readers() {
    runtime(2).block_on(|| {
        let (near, far) = pair();
        let far = Arc::new(far);
        let reader = |n: usize| {
            let far = Arc::clone(&far);
            spawn_on(n % 2, move || {
                std::iter::from_fn(|| far.recv(&mut [0]).ok().filter(|&len| len > 0)).count()
            })
        };
        let readers: Vec<_> = (0..5).map(reader).collect();
        for _ in 0..100 {
            near.send(b"a").unwrap();
            moonfleet::yield_now();
        }
        assert!(readers.iter().all(|_| near.send(&[]).is_ok()));
        assert_eq!(readers.into_iter().map(|reader| reader.join().unwrap()).sum::<usize>(), 100);
    });
}

#[test]
fn nobody_there_is_told_to_connected_sockets() {
    let (near, _) = socket();
    let (gone, address) = socket();
    drop(gone);
    near.connect(address).unwrap();
    near.send(b"a").unwrap();
    assert_eq!(near.recv(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert!(near.take_error().unwrap().is_none());
}

#[test]
fn timeouts_and_cancels_take_no_datagram() {
    alone(|| {
        let (near, far) = pair();
        let far = Arc::new(far);
        far.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        assert_eq!(far.recv(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(far.set_write_timeout(Some(Duration::ZERO)).unwrap_err().kind(), ErrorKind::InvalidInput);
        far.set_read_timeout(None).unwrap();
        let receiver = Arc::clone(&far);
        let waiting = support::start(move || receiver.recv_from(&mut [0]));
        waiting.cancel();
        assert!(was_cancelled(waiting));
        near.send(b"ahoy").unwrap();
        assert!(time::deadline(Instant::now(), || far.recv(&mut [0; 9])).is_err());
        assert!(time::deadline(Instant::now(), || far.send(b"never")).is_err());
        assert_eq!(far.recv(&mut [0; 9]).unwrap(), 4);
    });
}

#[test]
fn closing_tells_who_waits_and_a_clone_goes_on() {
    let runtime = runtime(1);
    let (near, far) = pair();
    let (clone, far) = (far.try_clone().unwrap(), Arc::new(far));
    let receiver = Arc::clone(&far);
    let waiting = park(&runtime, move || receiver.recv(&mut [0]).unwrap_err().kind());
    far.close().unwrap();
    assert_eq!(waiting.join().unwrap(), ErrorKind::NotConnected);
    assert_eq!(far.send(b"a").unwrap_err().kind(), ErrorKind::NotConnected);
    near.send(b"a").unwrap();
    assert_eq!(clone.recv(&mut [0]).unwrap(), 1);
}

#[test]
fn settings_are_those_of_the_kernel() {
    let (near, _) = socket();
    near.set_ttl(7).unwrap();
    near.set_broadcast(true).unwrap();
    near.set_multicast_ttl_v4(3).unwrap();
    near.set_multicast_loop_v4(false).unwrap();
    let near = std::net::UdpSocket::from(near);
    assert_eq!((near.ttl().unwrap(), near.multicast_ttl_v4().unwrap()), (7, 3));
    assert!(near.broadcast().unwrap() && !near.multicast_loop_v4().unwrap());
    let (ours, theirs) = (near.try_clone().unwrap(), format!("{near:?}"));
    let fd = |text: &str| text.split("fd").next().unwrap().to_owned();
    assert_eq!(fd(&format!("{:?}", UdpSocket::from(ours))), fd(&theirs));
    let near = UdpSocket::from(near);
    let group = Ipv4Addr::new(239, 1, 2, 3);
    assert_eq!(
        near.leave_multicast_v4(&group, &Ipv4Addr::LOCALHOST).unwrap_err().kind(),
        ErrorKind::AddrNotAvailable
    );
    assert!(near.join_multicast_v4(&Ipv4Addr::LOCALHOST, &Ipv4Addr::LOCALHOST).is_err());
}

#[test]
fn a_sender_that_is_faster_than_the_kernel_waits() {
    runtime(2).block_on(|| {
        let (near, far) = pair();
        near.set_send_buffer_size(1).unwrap();
        let sender = spawn(move || (0..2_000).all(|_| near.send(&[7; 1_400]).is_ok()));
        far.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        while far.recv(&mut [0; 1_400]).is_ok() {
            // Some are lost: the receiver's buffer is bounded.
        }
        assert!(sender.join().unwrap());
    });
}
