//! Connections: between tasks, threads and runtimes, at their ends, and when somebody closes them.

mod support;

use std::collections::HashSet;
use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use moonfleet::net::{KeepAlive, TcpListener, TcpStream};
use moonfleet::{spawn, spawn_on, time};
use support::sockets::{cargo, deaf_listener, fill, listen, pair, read};
use support::{LONG, alone, park, runtime, was_cancelled};

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

// ── bytes ───────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn nothing_is_read_and_written_without_a_wait() {
    alone(|| {
        let (mut near, mut far) = pair();
        assert_eq!((near.read(&mut []).unwrap(), near.peek(&mut []).unwrap()), (0, 0));
        // A short read leaves nothing to be read: the next read would wait at once.
        far.write_all(b"ahoy").unwrap();
        assert_eq!(read(&near).unwrap(), 4);
        assert_eq!(near.read(&mut []).unwrap(), 0);
        assert_eq!(near.read_vectored(&mut [IoSliceMut::new(&mut []), IoSliceMut::new(&mut [])]).unwrap(), 0);
        fill(&near);
        assert_eq!(near.write(&[]).unwrap(), 0);
        assert_eq!(near.write_vectored(&[IoSlice::new(&[])]).unwrap(), 0);
    });
}

#[test]
fn bytes_arrive_intact_through_partial_writes_and_short_reads() {
    let bytes = cargo(1_000_000);
    let received = runtime(2).block_on(|| {
        let (near, mut far) = pair();
        near.set_send_buffer_size(4096).unwrap();
        let sent = bytes.clone();
        let writer = spawn_on(1, move || (&near).write_all(&sent).unwrap());
        let mut received = Vec::new();
        let mut buffer = [0; 1000];
        for len in (1..=1000).cycle() {
            match far.read(&mut buffer[..len]).unwrap() {
                0 => break,
                read => received.extend_from_slice(&buffer[..read]),
            }
        }
        writer.join().unwrap();
        received
    });
    assert!(bytes == received);
}

#[test]
fn many_buffers_at_once_are_more_than_the_kernel_takes() {
    alone(|| {
        let (mut near, mut far) = pair();
        let bytes = cargo(1500);
        let pieces: Vec<_> = bytes.chunks(1).map(IoSlice::new).collect();
        assert_eq!(near.write_vectored(&pieces).unwrap(), 1024);
        let mut received = [0; 1500];
        let mut places: Vec<_> = received.chunks_mut(1).map(IoSliceMut::new).collect();
        assert_eq!(far.read_vectored(&mut places).unwrap(), 1024);
        assert!(received[..1024] == bytes[..1024] && received[1024..] == [0; 476]);
        // What is left of the buffers did not make the read count as short.
        near.write_all(b"a").unwrap();
        assert_eq!(read(&far).unwrap(), 1);
    });
}

#[test]
fn a_peek_takes_nothing() {
    alone(|| {
        let (mut near, far) = pair();
        near.write_all(b"ahoy").unwrap();
        let mut buffer = [0; 9];
        assert_eq!((far.peek(&mut buffer[..2]).unwrap(), far.peek(&mut buffer).unwrap()), (2, 4));
        assert_eq!((read(&far).unwrap(), &buffer[..4]), (4, &b"ahoy"[..]));
        let far = Arc::new(far);
        let peeker = Arc::clone(&far);
        let waiting = support::start(move || peeker.peek(&mut [0]).unwrap());
        near.write_all(b"a").unwrap();
        assert_eq!((waiting.join().unwrap(), read(&far).unwrap()), (1, 1));
    });
}

#[test]
fn one_task_reads_while_another_writes_on_another_worker() {
    runtime(2).block_on(|| {
        let (near, far) = pair();
        let near = Arc::new(near);
        let (reader, writer) = (Arc::clone(&near), Arc::clone(&near));
        // Both have to wait: for bytes, and for room.
        let reading = spawn_on(0, move || {
            let mut bytes = vec![0; 1_000_000];
            (&*reader).read_exact(&mut bytes).map(|()| bytes).unwrap()
        });
        let writing = spawn_on(1, move || (&*writer).write_all(&cargo(1_000_000)).unwrap());
        let mut there = vec![0; 1_000_000];
        (&far).read_exact(&mut there).unwrap();
        (&far).write_all(&there).unwrap();
        writing.join().unwrap();
        assert!(reading.join().unwrap() == cargo(1_000_000));
    });
}

#[test]
fn several_readers_get_every_byte_once() {
    runtime(2).block_on(|| {
        let (near, far) = pair();
        let far = Arc::new(far);
        let readers: Vec<_> = (0..8)
            .map(|n| {
                let far = Arc::clone(&far);
                spawn_on(n % 2, move || {
                    let mut sum = 0;
                    while let read @ 1.. = read(&far).unwrap() {
                        sum += read;
                    }
                    sum
                })
            })
            .collect();
        for _ in 0..200 {
            (&near).write_all(&[1; 77]).unwrap();
            moonfleet::yield_now();
        }
        near.shutdown(Shutdown::Write).unwrap();
        assert_eq!(readers.into_iter().map(|reader| reader.join().unwrap()).sum::<usize>(), 200 * 77);
    });
}

#[test]
fn halves_belong_to_two_tasks_and_come_together_again() {
    runtime(2).block_on(|| {
        let (near, far) = pair();
        let (mut reader, mut writer) = near.into_split();
        let echo = spawn(move || std::io::copy(&mut &far, &mut &far).unwrap());
        let reading = spawn(move || {
            let mut text = String::new();
            (&mut reader).take(4).read_to_string(&mut text).map(|_| (reader, text)).unwrap()
        });
        writer.write_all(b"ahoy").unwrap();
        let (mut reader, text) = reading.join().unwrap();
        assert_eq!((text.as_str(), reader.as_ref().nodelay().unwrap()), ("ahoy", false));
        drop(writer);
        assert_eq!((reader.read(&mut [0]).unwrap(), echo.join().unwrap()), (0, 4));

        let ((near_reader, near_writer), (far_reader, far_writer)) = {
            let (near, far) = pair();
            (near.into_split(), far.into_split())
        };
        let moonfleet::net::ReuniteError(near_reader, far_writer) =
            near_reader.reunite(far_writer).unwrap_err();
        let (mut near, mut far) =
            (near_reader.reunite(near_writer).unwrap(), far_reader.reunite(far_writer).unwrap());
        near.write_all(b"a").unwrap();
        assert_eq!(far.read(&mut [0]).unwrap(), 1, "to come together ends no direction");
    });
}

// ── ends ────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_half_closed_connection_works_in_the_other_direction() {
    alone(|| {
        let (near, far) = pair();
        near.shutdown(Shutdown::Write).unwrap();
        assert_eq!((read(&far).unwrap(), read(&far).unwrap()), (0, 0));
        assert_eq!((&near).write(b"a").unwrap_err().kind(), ErrorKind::BrokenPipe);
        for _ in 0..3 {
            (&far).write_all(b"ahoy").unwrap();
            assert_eq!(read(&near).unwrap(), 4);
        }
        far.shutdown(Shutdown::Both).unwrap();
        assert_eq!(read(&near).unwrap(), 0);
    });
}

#[test]
fn an_end_that_comes_with_the_last_bytes_is_seen() {
    alone(|| {
        for _ in 0..50 {
            let (near, far) = pair();
            let reading =
                support::start(move || (read(&far).unwrap(), read(&far).unwrap(), read(&far).unwrap()));
            (&near).write_all(b"ahoy").unwrap();
            drop(near);
            assert_eq!(reading.join().unwrap(), (4, 0, 0));
        }
    });
}

#[test]
fn shutting_down_wakes_who_reads_here() {
    let runtime = runtime(1);
    let (near, _far) = pair();
    let near = Arc::new(near);
    let reader = Arc::clone(&near);
    let reading = park(&runtime, move || read(&reader).unwrap());
    near.shutdown(Shutdown::Read).unwrap();
    assert_eq!(reading.join().unwrap(), 0);
}

#[test]
fn a_reset_ends_reads_and_writes_with_an_error() {
    alone(|| {
        let (near, far) = pair();
        let (reader, writer) = (Arc::new(far), near.try_clone().unwrap());
        let far = Arc::clone(&reader);
        let reading = support::start(move || read(&reader).unwrap_err().kind());
        near.set_linger(Some(Duration::ZERO)).unwrap();
        drop((near, writer));
        assert_eq!(reading.join().unwrap(), ErrorKind::ConnectionReset);
        assert_eq!((&*far).write(b"a").unwrap_err().kind(), ErrorKind::BrokenPipe);
        assert_eq!(read(&far).unwrap(), 0);
    });
}

#[test]
fn who_waits_for_room_learns_that_the_reader_is_gone() {
    let runtime = runtime(1);
    let (near, far) = pair();
    fill(&near);
    let writing = park(&runtime, move || (&near).write(b"a").unwrap_err().kind());
    drop(far);
    let kind = writing.join().unwrap();
    assert!([ErrorKind::ConnectionReset, ErrorKind::BrokenPipe].contains(&kind), "{kind}");
}

#[test]
fn a_closed_stream_fails_whatever_is_done_with_it() {
    let (near, _far) = pair();
    let clone = near.try_clone().unwrap();
    near.close().unwrap();
    near.close().unwrap();
    let not_connected = |error: std::io::Error| assert_eq!(error.kind(), ErrorKind::NotConnected, "{error}");
    not_connected(read(&near).unwrap_err());
    not_connected((&near).write(b"a").unwrap_err());
    not_connected(near.peek(&mut [0]).unwrap_err());
    not_connected(near.try_clone().unwrap_err());
    not_connected(near.shutdown(Shutdown::Both).unwrap_err());
    assert!(near.peer_addr().is_err());
    assert_eq!((&clone).write(b"a").unwrap(), 1, "the clone is another handle");
}

#[test]
fn closing_tells_acceptors_and_ends_iterators() {
    let runtime = runtime(2);
    let listener = Arc::new(listen().0);
    let acceptors: Vec<_> = (0..4)
        .map(|n| {
            let listener = Arc::clone(&listener);
            runtime.spawn_on(n % 2, move || listener.incoming().count())
        })
        .collect();
    let accept = Arc::clone(&listener);
    let accepting = park(&runtime, move || accept.accept().unwrap_err().kind());
    listener.close().unwrap();
    assert_eq!(accepting.join().unwrap(), ErrorKind::NotConnected);
    for acceptor in acceptors {
        assert_eq!(acceptor.join().unwrap(), 0);
    }
}

// ── many at once ────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn several_acceptors_share_the_connections() {
    runtime(2).block_on(|| {
        let (listener, address) = listen();
        let listener = Arc::new(listener);
        let acceptors: Vec<_> = (0..6)
            .map(|n| {
                let listener = Arc::clone(&listener);
                spawn_on(n % 2, move || {
                    let accepted = std::iter::from_fn(|| listener.accept().ok());
                    accepted.map(|(_, peer)| peer).collect::<Vec<_>>()
                })
            })
            .collect();
        let local = |_| spawn(move || TcpStream::connect(address).unwrap().local_addr().unwrap());
        let clients: Vec<_> = (0..300).map(local).collect();
        let clients: HashSet<_> = clients.into_iter().map(|client| client.join().unwrap()).collect();
        // What is still in the queue is accepted here.
        let mut accepted = Vec::new();
        listener.set_accept_timeout(Some(Duration::from_millis(50))).unwrap();
        accepted.extend(std::iter::from_fn(|| listener.accept().ok()).map(|(_, peer)| peer));
        listener.close().unwrap();
        for acceptor in acceptors {
            accepted.extend(acceptor.join().unwrap());
        }
        assert_eq!(accepted.len(), 300);
        assert_eq!(accepted.into_iter().collect::<HashSet<_>>(), clients);
    });
}

#[test]
fn numbers_used_again_under_load_mix_nothing_up() {
    runtime(2).block_on(|| {
        let crews: Vec<_> = (0..8_u64)
            .map(|crew| {
                spawn_on(crew as usize % 2, move || {
                    let (listener, address) = listen();
                    for round in 0..150 {
                        let mark = (crew << 32 | round).to_be_bytes();
                        let near = TcpStream::connect(address).unwrap();
                        let (far, _) = listener.accept().unwrap();
                        // It waits on the other worker, so its event may come when the number is another's.
                        let reading = spawn_on(1 - crew as usize % 2, move || {
                            let mut mark = [0; 8];
                            (&far).read_exact(&mut mark).map(|()| mark)
                        });
                        if round % 3 == 0 {
                            reading.cancel();
                        }
                        (&near).write_all(&mark).unwrap();
                        drop(near);
                        if let Ok(read) = reading.join() {
                            assert_eq!(read.unwrap(), mark);
                        }
                    }
                })
            })
            .collect();
        crews.into_iter().for_each(|crew| crew.join().unwrap());
    });
}

#[test]
fn a_runtime_ends_with_everybody_in_the_middle_of_something() {
    let runtime = runtime(2);
    let (listener, address) = listen();
    let listener = Arc::new(listener);
    let (_deaf, deaf_address, _queued) = deaf_listener();
    let mut others = Vec::new();
    for n in 0..40 {
        let (near, far) = pair();
        fill(&far);
        let (near, far) = (Arc::new(near), Arc::new(far));
        let (reader, writer) = (Arc::clone(&near), Arc::clone(&far));
        runtime.spawn_on(n % 2, move || {
            while read(&reader).is_ok() {
                // There is enough for a while, and then there is nothing.
            }
        });
        runtime.spawn_on((n + 1) % 2, move || while (&*writer).write(b"a").is_ok() {});
        let listener = Arc::clone(&listener);
        runtime.spawn_on(n % 2, move || listener.accept());
        runtime.spawn_on(n % 2, move || TcpStream::connect(deaf_address));
        others.push((near, far));
    }
    support::ends_completely(runtime);
    assert!(TcpStream::connect(address).is_ok(), "the listener is still there");
}

// ── time and cancels ────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_connection_that_nobody_answers_is_given_up() {
    let (_listener, address, _queued) = deaf_listener();
    let give_up = move || {
        let error = TcpStream::connect_timeout(address, Duration::from_millis(20)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(error.to_string().starts_with(&format!("{address} did not answer within ")), "{error}");
    };
    give_up();
    alone(move || {
        give_up();
        assert!(time::timeout(Duration::from_millis(5), || TcpStream::connect(address)).is_err());
        let connecting = support::start(move || TcpStream::connect(address));
        connecting.cancel();
        assert!(was_cancelled(connecting));
    });
}

#[test]
fn addresses_are_tried_in_turn_and_share_the_time() {
    let (_deaf, deaf_address, _queued) = deaf_listener();
    let (_listener, address) = listen();
    let refused = {
        let (listener, address) = listen();
        drop(listener);
        address
    };
    alone(move || {
        let local = TcpStream::connect([refused, address].as_slice()).unwrap();
        assert_eq!(local.peer_addr().unwrap(), address);
        let slow = TcpStream::connect_timeout([deaf_address, refused, address], Duration::from_millis(300));
        assert_eq!(slow.unwrap().peer_addr().unwrap(), address);
        assert_eq!(TcpStream::connect([refused; 2]).unwrap_err().kind(), ErrorKind::ConnectionRefused);
        let none: &[SocketAddr] = &[];
        assert_eq!(TcpStream::connect(none).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(TcpListener::bind(none).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert!(TcpListener::bind([address, "127.0.0.1:0".parse().unwrap()]).is_ok());
    });
}

#[test]
fn times_of_every_length_are_taken_or_refused() {
    alone(|| {
        let (near, far) = pair();
        let zero = Some(Duration::ZERO);
        let (listener, address) = listen();
        for refused in [
            near.set_read_timeout(zero),
            near.set_write_timeout(zero),
            listener.set_accept_timeout(zero),
            TcpStream::connect_timeout(address, Duration::ZERO).map(drop),
            near.set_keepalive(Some(Duration::ZERO.into())),
            near.set_keepalive(Some(KeepAlive::after(Duration::MAX))),
        ] {
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidInput);
        }
        for timeout in [Duration::from_nanos(1), Duration::MAX] {
            assert!(TcpStream::connect_timeout(address, Duration::MAX).is_ok());
            near.set_read_timeout(Some(timeout)).unwrap();
            (&far).write_all(b"a").unwrap();
            assert_eq!(read(&near).unwrap(), 1, "what is there is read, however short the time");
        }
        near.set_read_timeout(Some(Duration::from_nanos(1))).unwrap();
        assert_eq!(read(&near).unwrap_err().kind(), ErrorKind::TimedOut);
        near.set_read_timeout(None).unwrap();
        assert_eq!(near.read_timeout().unwrap(), None);
        let half_a_second = Duration::from_millis(500);
        near.set_keepalive(Some(half_a_second.into())).unwrap();
        assert_eq!(near.keepalive().unwrap().unwrap().idle(), Duration::from_secs(1));
    });
}

#[test]
fn a_timeout_and_a_cancel_lose_nothing() {
    alone(|| {
        let (near, far) = pair();
        let far = Arc::new(far);
        far.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        assert_eq!(read(&far).unwrap_err().kind(), ErrorKind::TimedOut);
        far.set_read_timeout(None).unwrap();
        let reader = Arc::clone(&far);
        let reading = support::start(move || read(&reader));
        reading.cancel();
        assert!(was_cancelled(reading));
        assert!(time::deadline(Instant::now(), || read(&far)).is_err());
        (&near).write_all(b"ahoy").unwrap();
        assert!(time::deadline(Instant::now(), || read(&far)).is_err(), "not even when it would not wait");
        assert_eq!(read(&far).unwrap(), 4);

        fill(&near);
        near.set_write_timeout(Some(Duration::from_millis(1))).unwrap();
        let error = (&near).write(b"a").unwrap_err();
        assert_eq!(error.to_string(), "nothing could be sent within the timeout of 1ms");

        let (listener, address) = listen();
        let listener = Arc::new(listener);
        let acceptor = Arc::clone(&listener);
        let accepting = support::start(move || acceptor.accept());
        accepting.cancel();
        assert!(was_cancelled(accepting));
        let near = TcpStream::connect(address).unwrap();
        assert_eq!(listener.accept().unwrap().1, near.local_addr().unwrap());
    });
}

#[test]
fn a_destructor_may_say_goodbye_while_its_task_is_cancelled() {
    struct Goodbye(TcpStream);
    impl Drop for Goodbye {
        fn drop(&mut self) {
            self.0.write_all(b"goodbye").unwrap();
            assert_eq!(read(&self.0).unwrap(), 4);
        }
    }
    let (near, far) = pair();
    let runtime = runtime(1);
    let task = park(&runtime, move || {
        let near = Goodbye(near);
        read(&near.0)
    });
    task.cancel();
    assert_eq!(read(&far).unwrap(), 7);
    (&far).write_all(b"ahoy").unwrap();
    assert!(was_cancelled(task));
}

// ── settings and conversions ────────────────────────────────────────────────────────────────────────────

#[test]
fn an_address_in_use_is_refused_unless_the_port_is_shared() {
    let (_listener, address) = listen();
    assert_eq!(TcpListener::bind(address).unwrap_err().kind(), ErrorKind::AddrInUse);
    let shared = TcpListener::builder().reuse_port(true);
    let first = shared.bind("127.0.0.1:0").unwrap();
    assert!(shared.bind(first.local_addr().unwrap()).is_ok());
}

#[test]
fn a_socket_of_both_families_leaves_ipv4_alone_if_told() {
    let Ok(both) = TcpListener::builder().only_v6(false).bind("[::]:0") else {
        assert!(std::net::TcpListener::bind("[::]:0").is_err(), "this system has no IPv6");
        return;
    };
    let port = both.local_addr().unwrap().port();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
    let only = TcpListener::builder().only_v6(true).bind("[::]:0").unwrap();
    let port = only.local_addr().unwrap().port();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    assert!(TcpStream::connect(("::1", port)).is_ok());
}

#[test]
fn sockets_of_std_come_in_and_go_out() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let listener = TcpListener::from(listener);
    let near = TcpStream::from(std::net::TcpStream::connect(address).unwrap());
    let (far, _) = listener.accept().unwrap();
    let runtime = runtime(1);
    let far = park(&runtime, move || {
        assert_eq!(read(&far).unwrap(), 4);
        far
    });
    (&near).write_all(b"ahoy").unwrap();
    let far = std::net::TcpStream::from(far.join().unwrap());
    far.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let began = Instant::now();
    assert_eq!((&far).read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert!(began.elapsed() >= Duration::from_millis(10), "it blocks its thread again");
    let near = std::os::fd::OwnedFd::from(near);
    let mut near = TcpStream::from(near);
    near.write_all(b"ahoy").unwrap();
    assert_eq!((&far).read(&mut [0; 9]).unwrap(), 4);
}

#[test]
fn debug_looks_as_that_of_std() {
    let (near, _far) = pair();
    let (listener, _) = listen();
    let ours = format!("{near:?} {listener:?}");
    let theirs = format!("{:?} {:?}", std::net::TcpStream::from(near), std::net::TcpListener::from(listener));
    assert_eq!(ours, theirs);
}

#[test]
fn a_read_waits_longer_than_any_test() {
    let (near, _far) = pair();
    near.set_read_timeout(Some(LONG)).unwrap();
    let runtime = runtime(1);
    let waiting = park(&runtime, move || read(&near));
    support::ends_completely(runtime);
    assert!(was_cancelled(waiting));
}
