//! Names: from the system's resolver to a connection, and what is said of those that are none.
//!
//! A resolver that hangs is tested inside of the crate (`net/resolve.rs`), where one can be put in its place.

mod support;

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use moonfleet::net::{Target, TcpListener, TcpStream, ToSocketAddrs, UdpSocket, lookup_host};
use moonfleet::time;
use support::{LONG, alone};

#[test]
fn a_name_is_connected_to_from_tasks_and_threads() {
    let talk = || {
        let listener = TcpListener::bind("localhost:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(listener.local_addr().unwrap().ip().is_loopback());
        for near in [
            TcpStream::connect(("localhost", port)),
            TcpStream::connect(format!("localhost:{port}")),
            TcpStream::connect_timeout((String::from("localhost"), port), LONG),
        ] {
            assert_eq!(listener.accept().unwrap().1, near.unwrap().local_addr().unwrap());
        }
        let [near, far] = [(); 2].map(|()| UdpSocket::bind("localhost:0").unwrap());
        let port = far.local_addr().unwrap().port();
        near.send_to(b"a", ("localhost", port)).unwrap();
        assert_eq!(far.recv(&mut [0; 9]).unwrap(), 1);
        near.connect(("localhost", port)).unwrap();
        assert_eq!(lookup_host("localhost", 7).unwrap()[0].port(), 7);
    };
    talk();
    alone(talk);
}

#[test]
fn a_name_that_nobody_has_is_an_error_that_says_so() {
    alone(|| {
        for error in [
            lookup_host("nobody.invalid", 80).unwrap_err(),
            TcpStream::connect("nobody.invalid:80").unwrap_err(),
            TcpStream::connect_timeout("nobody.invalid:80", LONG).unwrap_err(),
            TcpListener::bind("nobody.invalid:80").unwrap_err(),
            UdpSocket::bind("localhost:0").unwrap().send_to(b"a", "nobody.invalid:80").unwrap_err(),
        ] {
            let text = error.to_string();
            assert!(text.starts_with("the name `nobody.invalid` could not be looked up: "), "{text}");
        }
    });
}

#[test]
fn numbers_are_no_names() {
    let address = |text: &str| Target::address(text.parse().unwrap());
    assert_eq!("127.0.0.1:80".to_target().unwrap(), address("127.0.0.1:80"));
    assert_eq!(String::from("[::1]:80").to_target().unwrap(), address("[::1]:80"));
    assert_eq!(("::1", 80).to_target().unwrap(), address("[::1]:80"));
    assert_eq!((Ipv4Addr::LOCALHOST, 80).to_target().unwrap(), address("127.0.0.1:80"));
    assert_eq!((Ipv6Addr::LOCALHOST, 80).to_target().unwrap(), address("[::1]:80"));
    assert_eq!((&(Ipv4Addr::LOCALHOST, 80)).to_target().unwrap(), address("127.0.0.1:80"));
    let list: Vec<SocketAddr> = vec!["127.0.0.1:80".parse().unwrap()];
    assert_eq!(list.to_target().unwrap(), list.as_slice().to_target().unwrap());
    assert_eq!("deck.example:80".to_target().unwrap(), Target::name("deck.example", 80));
    assert_eq!(lookup_host("192.0.2.1", 80).unwrap(), ["192.0.2.1:80".parse().unwrap()]);
}

#[test]
fn texts_that_are_no_addresses_are_refused_before_anybody_is_asked() {
    for text in ["", "localhost", "localhost:", "localhost:http", "localhost:65536", "127.0.0.1", ":-1"] {
        let error = TcpStream::connect(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{text}");
        assert!(error.to_string().contains("host:port"), "{error}");
    }
    assert!(lookup_host("with a\0zero", 80).is_err());
    assert!(lookup_host("", 80).is_err());
}

#[test]
fn looking_up_is_a_point_of_cancellation() {
    alone(|| {
        assert!(time::deadline(Instant::now(), || lookup_host("localhost", 80)).is_err());
        assert!(time::deadline(Instant::now(), || lookup_host("127.0.0.1", 80)).is_err());
        assert!(time::timeout(Duration::MAX, || lookup_host("localhost", 80)).is_ok());
    });
}
