//! Accept loops: a task for each connection, and what happens when there are too many of them.

mod child;
mod support;

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use moonfleet::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use moonfleet::sync::{Event, Notify};
use moonfleet::{Runtime, spawn, worker_index};
use support::sockets::{listen, path};
use support::{alone, park, runtime, settle, was_cancelled, yield_until};

/// Says one byte, and waits for the end.
fn greet(stream: &TcpStream) {
    let _ = (&*stream).write_all(b"a");
    let _ = (&*stream).read(&mut [0]);
}

fn is_greeted(mut stream: &TcpStream) -> bool {
    stream.read(&mut [0]).is_ok_and(|read| read == 1)
}

#[test]
fn every_connection_has_a_task_of_its_own_on_any_worker() {
    let runtime = runtime(2);
    let workers = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let counts = Arc::clone(&workers);
    runtime.block_on(move || {
        let (listener, address) = listen();
        let listener = Arc::new(listener);
        let acceptor = Arc::clone(&listener);
        let server = spawn(move || {
            acceptor.serve(move |stream, peer| {
                assert_eq!(stream.peer_addr().unwrap(), peer);
                counts[worker_index().unwrap()].fetch_add(1, Ordering::Relaxed);
                greet(&stream);
            })
        });
        let ask = |_| spawn(move || is_greeted(&TcpStream::connect(address).unwrap()));
        let clients: Vec<_> = (0..200).map(ask).collect();
        assert!(clients.into_iter().all(|client| client.join().unwrap()));
        listener.close().unwrap();
        server.join().unwrap().unwrap();
    });
    let [first, second] = [0, 1].map(|worker| workers[worker].load(Ordering::Relaxed));
    assert_eq!(first + second, 200);
}

#[test]
fn a_handler_that_panics_ends_its_own_connection_alone() {
    let runtime = runtime(1);
    let (listener, address) = listen();
    let server = park(&runtime, move || {
        listener.serve(|stream, _| {
            let mut order = [0];
            (&stream).read_exact(&mut order).unwrap();
            if order == *b"p" {
                std::panic::resume_unwind(Box::new("as it was told"));
            }
            greet(&stream);
        })
    });
    for round in 0..3 {
        let mut panics = TcpStream::connect(address).unwrap();
        let mut works = TcpStream::connect(address).unwrap();
        panics.write_all(b"p").unwrap();
        works.write_all(b"w").unwrap();
        assert_eq!(panics.read(&mut [0]).unwrap(), 0, "round {round}");
        assert!(is_greeted(&works));
    }
    server.cancel();
    assert!(was_cancelled(server));
}

#[test]
fn no_more_handlers_run_than_allowed_and_the_rest_have_their_turn() {
    let runtime = runtime(2);
    let (listener, address) = listen();
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now, peak) = (Arc::clone(&running), Arc::clone(&most));
    let server = park(&runtime, move || {
        listener.serve_at_most(3, move |stream, _| {
            peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            greet(&stream);
            now.fetch_sub(1, Ordering::SeqCst);
        })
    });
    let clients: Vec<_> = (0..20).map(|_| TcpStream::connect(address).unwrap()).collect();
    for client in clients {
        assert!(is_greeted(&client));
    }
    assert_eq!(most.load(Ordering::SeqCst), 3);
    server.cancel();
    assert!(was_cancelled(server));
}

#[test]
fn closing_ends_an_acceptor_that_has_no_room() {
    alone(|| {
        let (listener, address) = listen();
        let listener = Arc::new(listener);
        let acceptor = Arc::clone(&listener);
        let server = spawn(move || acceptor.serve_at_most(1, |stream, _| greet(&stream)));
        let near = TcpStream::connect(address).unwrap();
        assert!(is_greeted(&near));
        let _queued = TcpStream::connect(address).unwrap();
        settle();
        listener.close().unwrap();
        server.join().unwrap().unwrap();
    });
}

#[test]
fn a_runtime_with_too_many_tasks_drops_a_connection_and_goes_on() {
    let runtime = Runtime::builder().workers(1).max_tasks(3).build().unwrap();
    let (listener, address) = listen();
    runtime.block_on(move || {
        let server = spawn(move || listener.serve(|stream, _| greet(&stream)));
        let [first, second] = [(); 2].map(|()| TcpStream::connect(address).unwrap());
        assert!(is_greeted(&first) && !is_greeted(&second));
        drop(first);
        let third = TcpStream::connect(address).unwrap();
        assert!(is_greeted(&third));
        server.cancel();
        assert!(was_cancelled(server));
    });
}

#[test]
fn only_tasks_serve() {
    let (listener, _) = listen();
    let error = listener.serve(|_, _| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("not a task"), "{error}");
    let complaint = alone(|| support::complaint(|| listener.serve_at_most(0, |_, _| ())));
    assert!(complaint.contains("at least one"), "{complaint}");
}

#[test]
fn unix_listeners_serve_as_well() {
    let path = path();
    let listener = Arc::new(UnixListener::bind(&path).unwrap());
    let runtime = runtime(1);
    let acceptor = Arc::clone(&listener);
    let server = park(&runtime, move || {
        acceptor.serve_at_most(2, |stream, peer| {
            assert!(peer.is_unnamed());
            let _ = std::io::copy(&mut &stream, &mut &stream);
        })
    });
    for _ in 0..5 {
        let mut near = UnixStream::connect(&path).unwrap();
        near.write_all(b"a").unwrap();
        assert_eq!(near.read(&mut [0]).unwrap(), 1);
    }
    std::fs::remove_file(path).unwrap();
    listener.close().unwrap();
    server.join().unwrap().unwrap();
}

#[test]
fn handlers_outlive_the_acceptor() {
    alone(|| {
        let (listener, address) = listen();
        let listener = Arc::new(listener);
        let (go, greeted) = (Arc::new(Event::new()), Arc::new(Notify::new()));
        let (told, tell, acceptor) = (Arc::clone(&go), Arc::clone(&greeted), Arc::clone(&listener));
        let server = spawn(move || {
            acceptor.serve(move |stream, _| {
                tell.notify_one();
                told.wait();
                greet(&stream);
            })
        });
        let near = TcpStream::connect(address).unwrap();
        greeted.wait();
        listener.close().unwrap();
        server.join().unwrap().unwrap();
        go.set();
        assert!(is_greeted(&near));
    });
}

/// Takes every descriptor that the process may still have.
fn hoard() -> Vec<File> {
    let open = || File::open("/dev/null");
    let hoard: Vec<_> = std::iter::from_fn(|| open().ok()).collect();
    assert_eq!(open().unwrap_err().raw_os_error(), Some(libc::EMFILE));
    hoard
}

#[test]
fn a_lack_of_descriptors_is_sat_out_and_no_connection_is_lost() {
    let name = "a_lack_of_descriptors_is_sat_out_and_no_connection_is_lost";
    if !child::is_running(name) {
        let output = child::run(name);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    alone(|| {
        let (listener, address) = listen();
        let listener = Arc::new(listener);
        let clients: Vec<_> = (0..10).map(|_| TcpStream::connect(address).unwrap()).collect();
        // Once around, so that nothing else needs a descriptor later.
        let (stream, _) = listener.accept().unwrap();
        let served = Arc::new(AtomicUsize::new(0));
        let mut hoard = hoard();
        assert_eq!(listener.accept().unwrap_err().raw_os_error(), Some(libc::EMFILE));
        assert_eq!(TcpStream::connect(address).unwrap_err().raw_os_error(), Some(libc::EMFILE));
        let (acceptor, count) = (Arc::clone(&listener), Arc::clone(&served));
        let server = support::start(move || {
            acceptor.serve(move |stream, _| {
                count.fetch_add(1, Ordering::SeqCst);
                greet(&stream);
            })
        });
        settle();
        assert!(!server.is_finished() && served.load(Ordering::SeqCst) == 0);
        // One more connection at a time, and then all of them.
        hoard.pop();
        yield_until(|| served.load(Ordering::SeqCst) == 1);
        drop(hoard);
        greet_first(&stream);
        assert!(clients.iter().all(is_greeted));
        listener.close().unwrap();
        server.join().unwrap().unwrap();
    });
}

fn greet_first(mut stream: &TcpStream) {
    stream.write_all(b"a").unwrap();
}

#[test]
fn a_rest_for_lack_of_descriptors_ends_when_the_listener_is_closed() {
    let name = "a_rest_for_lack_of_descriptors_ends_when_the_listener_is_closed";
    if !child::is_running(name) {
        let output = child::run(name);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    alone(|| {
        let (listener, address): (_, SocketAddr) = listen();
        let listener = Arc::new(listener);
        let _client = TcpStream::connect(address).unwrap();
        let _hoard = hoard();
        let acceptor = Arc::clone(&listener);
        let server = support::start(move || acceptor.serve(|stream, _| greet(&stream)));
        assert!(!server.is_finished());
        listener.close().unwrap();
        server.join().unwrap().unwrap();
    });
}

#[test]
fn listeners_of_a_thread_are_iterated() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let client = std::thread::spawn(move || (0..5).filter(|_| TcpStream::connect(address).is_ok()).count());
    assert_eq!(listener.incoming().take(5).filter(Result::is_ok).count(), 5);
    assert_eq!(client.join().unwrap(), 5);
}
