//! What the system does to programs: signals, and no descriptors left.

mod child;
mod support;

use std::fs::File;
use std::io::{ErrorKind, IoSlice, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use moonfleet::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixStream};
use moonfleet::spawn_on;
use support::sockets::{LOOPBACK, cargo, listen, pair, read};
use support::{alone, runtime};

/// Runs the rest of the test called `name` in a process of its own, if this is not it. Whether this is it.
fn is_child(name: &str) -> bool {
    if child::is_running(name) {
        return true;
    }
    let output = child::run(name);
    assert!(output.status.success(), "{:?} {}", output.status, String::from_utf8_lossy(&output.stderr));
    false
}

/// Takes every descriptor that the process may still have.
fn hoard() -> Vec<File> {
    std::iter::from_fn(|| File::open("/dev/null").ok()).collect()
}

fn is_out_of_descriptors<T: std::fmt::Debug>(result: std::io::Result<T>) -> bool {
    result.unwrap_err().raw_os_error() == Some(libc::EMFILE)
}

extern "C" fn ignore(_signal: libc::c_int) {}

#[test]
fn signals_in_every_thread_disturb_nobody() {
    if !is_child("signals_in_every_thread_disturb_nobody") {
        return;
    }
    // Without SA_RESTART: system calls are interrupted.
    // SAFETY: the action is a valid one, and its handler does nothing.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = ignore as *const () as usize;
        assert_eq!(libc::sigaction(libc::SIGUSR1, &action, std::ptr::null_mut()), 0);
    }
    let (done, runtime) = (Arc::new(AtomicBool::new(false)), runtime(2));
    // SAFETY: it asks who this thread is.
    let thread = |worker| runtime.spawn_on(worker, || unsafe { libc::pthread_self() }).join().unwrap();
    let threads = [thread(0), thread(1)];
    let is_done = Arc::clone(&done);
    let drummer = std::thread::spawn(move || {
        while !is_done.load(Ordering::Relaxed) {
            for thread in threads {
                // SAFETY: the workers live until the runtime is dropped, after this thread has ended.
                unsafe { libc::pthread_kill(thread, libc::SIGUSR1) };
            }
            std::thread::yield_now();
        }
    });
    runtime.block_on(|| {
        let (listener, address) = listen();
        for _ in 0..50 {
            let near = Arc::new(TcpStream::connect(address).unwrap());
            let (far, _) = listener.accept().unwrap();
            let writer = Arc::clone(&near);
            let writing = spawn_on(1, move || (&*writer).write_all(&cargo(200_000)).unwrap());
            let echo = spawn_on(0, move || std::io::copy(&mut (&far).take(200_000), &mut &far).unwrap());
            let mut bytes = vec![0; 200_000];
            (&*near).read_exact(&mut bytes).unwrap();
            assert!(bytes == cargo(200_000));
            writing.join().unwrap();
            echo.join().unwrap();
        }
    });
    done.store(true, Ordering::Relaxed);
    drummer.join().unwrap();
}

#[test]
fn no_write_raises_a_signal() {
    if !is_child("no_write_raises_a_signal") {
        return;
    }
    // SAFETY: the default action ends the process, which is what the test is about.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    let is_broken = |result: std::io::Result<usize>| {
        let kind = result.unwrap_err().kind();
        assert!([ErrorKind::BrokenPipe, ErrorKind::ConnectionReset].contains(&kind), "{kind}");
    };
    alone(|| {
        let (mut near, far) = pair();
        drop(far);
        while near.write(b"a").is_ok() {}
        is_broken(near.write(b"a"));
        is_broken(near.write_vectored(&[IoSlice::new(b"a"), IoSlice::new(b"b")]));
        let (mut unix, far) = UnixStream::pair().unwrap();
        drop(far);
        is_broken(unix.write(b"a"));
        is_broken(unix.write_vectored(&[IoSlice::new(b"a"), IoSlice::new(b"b")]));
        let (datagrams, far) = UnixDatagram::pair().unwrap();
        drop(far);
        assert!(datagrams.send(b"a").is_err());
        // Splicing would raise it.
        let (source, mut into_source) = UnixStream::pair().unwrap();
        into_source.write_all(&[7; 100_000]).unwrap();
        is_broken(moonfleet::io::copy(&source, &unix).map(|_| 0));
        into_source.shutdown(std::net::Shutdown::Both).unwrap();
        let (near, mut far) = UnixStream::pair().unwrap();
        moonfleet::io::copy(&source, &near).unwrap();
        assert!(far.read(&mut [0; 9]).is_ok());
    });
}

#[test]
fn without_descriptors_operations_fail_and_work_again_later() {
    if !is_child("without_descriptors_operations_fail_and_work_again_later") {
        return;
    }
    // Made without a wait, and so without a poller.
    let (near, far) = UnixStream::pair().unwrap();
    let hoard = hoard();
    assert!(is_out_of_descriptors(TcpListener::bind(LOOPBACK)));
    assert!(is_out_of_descriptors(UdpSocket::bind(LOOPBACK)));
    assert!(is_out_of_descriptors(UnixStream::pair()));
    assert!(is_out_of_descriptors(TcpStream::connect("127.0.0.1:1")));
    assert!(is_out_of_descriptors(near.try_clone()));
    // The first thread without a worker that has to wait needs a poller.
    assert!(is_out_of_descriptors((&far).read(&mut [0])));
    (&near).write_all(b"a").unwrap();
    assert_eq!((&far).read(&mut [0]).unwrap(), 1, "what need not wait goes on");
    drop(hoard);
    assert!(near.try_clone().is_ok() && TcpListener::bind(LOOPBACK).is_ok());
    far.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    assert_eq!((&far).read(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
}

#[test]
fn a_socket_is_closed_even_if_there_is_nothing_to_put_in_its_place() {
    if !is_child("a_socket_is_closed_even_if_there_is_nothing_to_put_in_its_place") {
        return;
    }
    alone(|| {
        let (near, far) = pair();
        let near = Arc::new(near);
        let _hoard = hoard();
        let reader = Arc::clone(&near);
        let reading = support::start(move || read(&reader).unwrap_err().kind());
        near.close().unwrap();
        assert_eq!(reading.join().unwrap(), ErrorKind::NotConnected);
        assert_eq!(read(&far).unwrap(), 0, "the other side is told");
        (&far).write_all(b"a").unwrap_or(());
        assert_eq!(read(&near).unwrap_err().kind(), ErrorKind::NotConnected);
    });
}
