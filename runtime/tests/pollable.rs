//! Descriptors of all kinds: waiting for them, and copying between them.

mod support;

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, PipeReader, PipeWriter, Read, Seek, SeekFrom, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use moonfleet::io::{Pollable, copy};
use moonfleet::net::UnixStream;
use moonfleet::{spawn, spawn_on, time};
use rustix::event::{EventfdFlags, eventfd};
use support::sockets::{cargo, fill, pair, path};
use support::{alone, park, runtime, was_cancelled};

fn pipe() -> (Pollable<PipeReader>, Pollable<PipeWriter>) {
    let (reader, writer) = std::io::pipe().unwrap();
    (Pollable::new(reader).unwrap(), Pollable::new(writer).unwrap())
}

fn read(pipe: &Pollable<PipeReader>) -> std::io::Result<usize> {
    pipe.read_with(|mut pipe| pipe.read(&mut [0; 4096]))
}

#[test]
fn a_pipe_is_waited_for_at_both_ends() {
    runtime(2).block_on(|| {
        let (reader, writer) = pipe();
        let writing = spawn_on(1, move || {
            let (mut rest, mut waits) = (&cargo(1_000_000)[..], 0);
            while !rest.is_empty() {
                rest = &rest[writer.write_with(|mut pipe| pipe.write(rest)).unwrap()..];
                waits += 1;
            }
            waits
        });
        let mut bytes = Vec::new();
        let mut buffer = [0; 5000];
        while let read @ 1.. = reader.read_with(|mut pipe| pipe.read(&mut buffer)).unwrap() {
            bytes.extend_from_slice(&buffer[..read]);
        }
        assert!(bytes == cargo(1_000_000) && writing.join().unwrap() > 1);
    });
}

#[test]
fn all_who_wait_are_woken_and_find_what_is_still_there() {
    let runtime = runtime(1);
    let counter: OwnedFd = eventfd(0, EventfdFlags::CLOEXEC).unwrap();
    let counter = Arc::new(Pollable::new(counter).unwrap());
    let waiters = [(); 3].map(|()| {
        let counter = Arc::clone(&counter);
        park(&runtime, move || counter.wait_readable().unwrap())
    });
    rustix::io::write(counter.get_ref(), &1_u64.to_ne_bytes()).unwrap();
    waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
    counter.wait_readable().unwrap();
    rustix::io::read(counter.get_ref(), &mut [0; 8]).unwrap();
    counter.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    assert_eq!(counter.wait_readable().unwrap_err().kind(), ErrorKind::TimedOut);
    counter.wait_writable().unwrap();
}

#[test]
fn an_end_is_something_to_read_and_to_write() {
    let runtime = runtime(1);
    let (reader, writer) = pipe();
    let waiting = park(&runtime, move || {
        reader.wait_readable().unwrap();
        read(&reader).unwrap()
    });
    drop(writer);
    assert_eq!(waiting.join().unwrap(), 0);
    let (reader, writer) = pipe();
    while writer.get_ref().write(&[0; 4096]).is_ok() {}
    let waiting = park(&runtime, move || {
        writer.wait_writable().unwrap();
        writer.write_with(|mut pipe| pipe.write(b"a")).unwrap_err().kind()
    });
    drop(reader);
    assert_eq!(waiting.join().unwrap(), ErrorKind::BrokenPipe);
}

#[test]
fn timeouts_and_cancels_end_waits() {
    alone(|| {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let reader = Arc::new(Pollable::new(reader).unwrap());
        assert_eq!(
            reader.set_read_timeout(Some(Duration::ZERO)).unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
        reader.set_read_timeout(Some(Duration::from_nanos(1))).unwrap();
        assert_eq!(read(&reader).unwrap_err().kind(), ErrorKind::TimedOut);
        reader.set_read_timeout(Some(Duration::MAX)).unwrap();
        let waits: [fn(&Pollable<PipeReader>) -> std::io::Result<()>; 2] =
            [|reader| reader.wait_readable(), |reader| read(reader).map(drop)];
        for wait in waits {
            let waiter = Arc::clone(&reader);
            let waiting = support::start(move || wait(&waiter));
            waiting.cancel();
            assert!(was_cancelled(waiting));
            writer.write_all(b"a").unwrap();
            assert!(time::deadline(Instant::now(), || wait(&reader)).is_err());
            assert_eq!(read(&reader).unwrap(), 1, "it stays");
        }
    });
}

#[test]
fn files_are_always_ready_but_cannot_be_waited_for() {
    let file = Pollable::new(File::open("/proc/self/exe").unwrap()).unwrap();
    file.wait_readable().unwrap();
    let would_block = |_: &File| Err::<(), _>(ErrorKind::WouldBlock.into());
    assert_eq!(file.read_with(would_block).unwrap_err().kind(), ErrorKind::PermissionDenied);
    let path_alone = OpenOptions::new().read(true).custom_flags(libc::O_PATH).open("/").unwrap();
    assert!(Pollable::new(path_alone).is_err());
}

#[test]
fn sockets_of_others_need_no_more_than_a_descriptor() {
    runtime(2).block_on(|| {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let socket = Pollable::new(socket).unwrap();
        let receiving = spawn(move || socket.read_with(|socket| socket.recv(&mut [0; 9])).unwrap());
        std::net::UdpSocket::bind("127.0.0.1:0").unwrap().send_to(b"ahoy", address).unwrap();
        assert_eq!(receiving.join().unwrap(), 4);
    });
}

// ── copies ──────────────────────────────────────────────────────────────────────────────────────────────

const LEN: usize = 3_000_000;

fn send_cargo(mut to: impl Write) {
    to.write_all(&cargo(LEN)).unwrap();
}

#[test]
fn copies_between_sockets_and_pipes_are_whole() {
    runtime(2).block_on(|| {
        let (into, tcp) = pair();
        let (reader, writer) = pipe();
        let (unix, mut out) = UnixStream::pair().unwrap();
        let sending = spawn_on(1, move || send_cargo(&into));
        let first = spawn(move || copy(&tcp, &writer).unwrap());
        let (_, half) = unix.into_split();
        let second = spawn_on(1, move || copy(&reader, &half).unwrap());
        let mut bytes = Vec::new();
        out.read_to_end(&mut bytes).unwrap();
        assert!(bytes == cargo(LEN));
        sending.join().unwrap();
        assert_eq!((first.join().unwrap(), second.join().unwrap()), (LEN as u64, LEN as u64));
    });
}

#[test]
fn a_file_that_cannot_be_spliced_to_gets_everything_all_the_same() {
    let path = path();
    runtime(1).block_on(|| {
        let (mut into, unix) = UnixStream::pair().unwrap();
        // The kernel does not splice to files that are appended to.
        let file = OpenOptions::new().create(true).append(true).read(true).open(&path).unwrap();
        let file = Pollable::new(file).unwrap();
        let sending = spawn(move || send_cargo(&mut into));
        assert_eq!(copy(&unix, &file).unwrap(), LEN as u64);
        sending.join().unwrap();
        let mut bytes = Vec::new();
        let mut file = file.into_inner();
        file.seek(SeekFrom::Start(0)).unwrap();
        file.read_to_end(&mut bytes).unwrap();
        assert!(bytes == cargo(LEN));
    });
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_copy_ends_with_the_error_of_either_side() {
    alone(|| {
        let ((mut into, from), (to, out)) = (UnixStream::pair().unwrap(), UnixStream::pair().unwrap());
        drop(out);
        into.write_all(b"ahoy").unwrap();
        assert_eq!(copy(&from, &to).unwrap_err().kind(), ErrorKind::BrokenPipe);
        from.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        assert_eq!(copy(&from, &to).unwrap_err().kind(), ErrorKind::TimedOut);
        from.shutdown(Shutdown::Both).unwrap();
        assert_eq!(copy(&from, &to).unwrap(), 0);
    });
}

#[test]
fn a_copy_that_waits_at_either_side_is_cancelled() {
    alone(|| {
        let ((near, far), (full, _other)) = (pair(), pair());
        fill(&full);
        let (near, full) = (Arc::new(near), Arc::new(full));
        let (from, to) = (Arc::clone(&near), Arc::clone(&full));
        let reading = support::start(move || copy(&*from, &*to));
        reading.cancel();
        assert!(was_cancelled(reading));
        (&far).write_all(b"ahoy").unwrap();
        let (from, to) = (Arc::clone(&near), Arc::clone(&full));
        let writing = support::start(move || copy(&*from, &*to));
        support::settle();
        writing.cancel();
        assert!(was_cancelled(writing));
    });
}
