//! The table of `docs/cancellation.md` is complete, and what it says of the beginning of an operation is so.
//!
//! The sources are read as text: an operation may wait if its documentation has the heading *Suspends*.

use std::collections::BTreeSet;
use std::fs;
use std::future::ready;
use std::io::{ErrorKind, Read, Seek, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use moonfleet::channel::{self, Receiver, Sender, TryRecvError};
use moonfleet::foreign::IoFailure;
use moonfleet::io::Pollable;
use moonfleet::net::{TcpListener, UdpSocket};
use moonfleet::select::{Wait, select};
use moonfleet::signal::{Signal, Signals};
use moonfleet::sync::{Barrier, Condvar, Event, LazyLock, Mutex, Notify, Once, OnceCell};
use moonfleet::sync::{RwLock, Semaphore, WaitGroup};
use moonfleet::{Runtime, foreign, neighbour, time};

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every source file, as a path from `src`.
fn files() -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![src()]);
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path.strip_prefix(src()).unwrap().to_owned());
            }
        }
    }
    files
}

/// The innermost public module that the file at `path` belongs to, with `::` behind it; or nothing.
fn public_module(path: &Path) -> String {
    let (mut folder, mut declared_in, mut found) = (src(), src().join("lib.rs"), String::new());
    for name in path.with_extension("").iter().map(|name| name.to_str().unwrap()) {
        let declarations = fs::read_to_string(&declared_in).unwrap();
        if declarations.lines().any(|line| line == format!("pub mod {name};")) {
            found = format!("{name}::");
        }
        folder.push(name);
        declared_in = folder.join("mod.rs");
    }
    found
}

/// The type that an `impl` line begins the own functions of.
fn implemented(line: &str) -> Option<&str> {
    let mut rest = line.strip_prefix("impl")?;
    if rest.starts_with('<') {
        let (mut depth, mut before) = (0, ' ');
        let end = rest.find(|c| {
            // The arrow of a bound like `Fn() -> T` closes nothing.
            depth += i32::from(c == '<') - i32::from(c == '>' && before != '-');
            before = c;
            depth == 0
        })?;
        rest = &rest[end + 1..];
    }
    Some(identifier(rest.trim_start()))
}

fn identifier(text: &str) -> &str {
    &text[..text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())]
}

/// The operations in `text` that may wait, as `Type::function`, `function` or `macro!`.
fn waiting_operations(text: &str) -> Vec<String> {
    let (mut operations, mut owner, mut may_wait) = (Vec::new(), None, false);
    for line in text.lines() {
        let code = line.trim_start();
        if code.starts_with("///") {
            may_wait |= code == "/// # Suspends";
            continue;
        }
        if line.starts_with('}') {
            owner = None;
        } else if let Some(name) = implemented(line) {
            owner = Some(name);
        }
        if code.starts_with('#') {
            continue;
        }
        if may_wait && let Some(name) = code.strip_prefix("macro_rules! ") {
            operations.push(format!("{}!", identifier(name)));
        } else if may_wait && let Some(function) = code.strip_prefix("pub fn ") {
            let owner = owner.map_or(String::new(), |owner| format!("{owner}::"));
            operations.push(format!("{owner}{}", identifier(function)));
        }
        may_wait = false;
    }
    operations
}

fn operations_of_the_crate() -> BTreeSet<String> {
    let of_file = |path: PathBuf| {
        let module = public_module(&path);
        let operations = waiting_operations(&fs::read_to_string(src().join(path)).unwrap());
        operations.into_iter().map(move |name| match name.strip_suffix('!') {
            // A macro is known by its name alone.
            Some(_) => name,
            None => format!("{module}{name}"),
        })
    };
    files().into_iter().flat_map(of_file).collect()
}

/// What stands in backquotes in the first column of the table's rows.
fn operations_in_the_table() -> BTreeSet<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/cancellation.md");
    let page = fs::read_to_string(page).unwrap();
    let table = page.split("## The table").nth(1).unwrap().split("\n## ").next().unwrap();
    let cells = table.lines().filter(|line| line.starts_with("| ")).filter_map(|row| row.split('|').nth(1));
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

#[test]
fn every_operation_that_may_wait_is_in_the_table() {
    let (crate_has, table_has) = (operations_of_the_crate(), operations_in_the_table());
    assert!(crate_has.len() > 60, "the sources were not understood: {crate_has:?}");
    let missing: Vec<_> = crate_has.difference(&table_has).collect();
    assert!(missing.is_empty(), "not in docs/cancellation.md: {missing:?}");
    let stale: Vec<_> = table_has.difference(&crate_has).collect();
    assert!(stale.is_empty(), "in docs/cancellation.md, but no public function that suspends: {stale:?}");
}

#[test]
fn operations_are_found_in_sources() {
    let text = "impl<T: Into<u8>, F: Fn() -> T> Deck<'_, T> {\n    /// Waits.\n    /// # Suspends\n    /// Always.\n    \
                #[must_use]\n    pub fn wait(&self) {\n    }\n    /// Quick.\n    pub fn try_wait() {}\n}\n\
                /// # Suspends\npub fn nap() {}\n/// # Suspends\nmacro_rules! any {\n/// # Suspends\nfn own() {}";
    assert_eq!(waiting_operations(text), ["Deck::wait", "nap", "any!"]);
    assert_eq!(public_module(Path::new("channel/oneshot.rs")), "oneshot::");
    assert_eq!(public_module(Path::new("channel/broadcast/mod.rs")), "broadcast::");
    assert_eq!(public_module(Path::new("channel/receiver.rs")), "channel::");
    assert_eq!(public_module(Path::new("join.rs")), "");
}

// ── what the table says of beginnings ───────────────────────────────────────────────────────────────────

/// Runs `body` in a task, where every cancellation point unwinds from the beginning. Whether it did unwind.
fn unwinds<T>(body: impl FnOnce() -> T) -> bool {
    time::deadline(Instant::now(), body).is_err()
}

fn in_a_task(body: impl FnOnce() + Send) {
    Runtime::builder().workers(1).build().unwrap().block_on(body);
}

fn full<T>(message: T) -> (Sender<T>, Receiver<T>) {
    let (tx, rx) = channel::bounded(1);
    tx.send(message).unwrap();
    (tx, rx)
}

#[test]
fn points_unwind_at_their_beginning_even_if_they_would_not_wait() {
    in_a_task(|| {
        let (tx, rx) = channel::unbounded();
        assert!(unwinds(|| tx.send(1)));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty), "the message was dropped, not sent");
        tx.send(2).unwrap();
        assert!(unwinds(|| rx.recv()));
        assert!(unwinds(|| rx.recv_many(&mut Vec::new(), 9)));
        assert!(unwinds(|| rx.iter().next()));
        assert!(unwinds(|| moonfleet::select! { recv(rx) -> _ => (), default => () }));
        assert!(unwinds(|| select(&mut [], Wait::Poll)));
        assert_eq!(rx.try_recv(), Ok(2), "and that one stays");

        let (tx, mut rx) = channel::broadcast(1);
        tx.send(3).unwrap();
        assert!(unwinds(|| rx.recv()));
        assert_eq!(rx.try_recv(), Ok(3));
        let (tx, mut rx) = channel::watch(0);
        tx.send(4);
        assert!(unwinds(|| rx.changed()));
        assert_eq!((rx.changed(), rx.get()), (Ok(()), 4));

        let event = Event::new();
        event.set();
        assert!(unwinds(|| event.wait()));
        let notify = Notify::new();
        notify.notify_one();
        assert!(unwinds(|| notify.wait()));
        assert!(notify.wait_timeout(Duration::ZERO).is_ok(), "the signal is kept");
        assert!(unwinds(|| WaitGroup::new().wait()));
        assert!(unwinds(|| Barrier::new(1).wait()));
        let semaphore = Semaphore::new(1);
        assert!(unwinds(|| drop(semaphore.acquire())));
        assert_eq!(semaphore.available_permits(), 1);
        let mutex = Mutex::new(());
        assert!(unwinds(|| Condvar::new().wait(mutex.lock())));
        assert!(mutex.try_lock().is_some());

        assert!(unwinds(|| time::sleep(Duration::ZERO)));
        let mut ticks = time::interval(Duration::from_secs(9));
        let due = ticks.due();
        assert!(unwinds(|| ticks.tick()));
        assert_eq!(ticks.due(), due);
        assert!(unwinds(moonfleet::yield_now));
        assert!(unwinds(moonfleet::cancel::check));
        let token = moonfleet::cancel::CancelToken::new();
        token.cancel();
        assert!(unwinds(|| token.wait()));
        assert!(unwinds(|| moonfleet::blocking(|| unreachable!())));
    });
}

#[test]
fn initializers_do_not_begin() {
    in_a_task(|| {
        assert!(unwinds(|| Once::new().call_once(|| unreachable!())));
        let cell = OnceCell::new();
        assert!(unwinds(|| cell.get_or_init(|| -> u8 { unreachable!() }).to_owned()));
        assert!(unwinds(|| cell.set(1)));
        assert_eq!(cell.get(), None);
        let lazy = LazyLock::new(|| 1);
        assert!(unwinds(|| *lazy));
        assert_eq!(*lazy, 1, "the next one makes it");
    });
}

#[test]
fn what_is_there_is_returned() {
    in_a_task(|| {
        let (tx, rx) = channel::oneshot();
        tx.send(1).unwrap();
        assert!(!unwinds(|| assert_eq!(rx.recv(), Ok(1))));
        let task = moonfleet::spawn_local(|| 2);
        moonfleet::yield_now();
        assert!(!unwinds(|| assert_eq!(task.join().unwrap(), 2)));
        assert!(!unwinds(|| assert_eq!(moonfleet::block_on(ready(3)), 3)));

        assert!(!unwinds(|| drop(Mutex::new(()).lock())));
        assert!(!unwinds(|| drop(RwLock::new(()).write())));
        assert!(!unwinds(|| drop(RwLock::new(()).read_timeout(Duration::MAX))));
        assert!(!unwinds(|| assert_eq!(OnceCell::from(4).get_or_init(|| 5), &4)));
        assert!(!unwinds(|| drop(Condvar::new().wait_while(Mutex::new(()).lock(), |()| false))));
        assert!(!unwinds(|| moonfleet::scope(|_| 6)));
        assert!(!unwinds(|| moonfleet::fork_join(|| 7, || 8)));
        assert!(!unwinds(|| time::timeout(Duration::ZERO, || 9)));
    });
}

#[test]
fn who_has_to_wait_for_a_lock_or_a_future_unwinds() {
    in_a_task(|| {
        let (mutex, rwlock) = (Mutex::new(()), RwLock::new(()));
        let (locked, read) = (mutex.lock(), rwlock.read());
        assert!(unwinds(|| drop(mutex.lock())));
        assert!(unwinds(|| drop(mutex.lock_timeout(Duration::MAX))));
        assert!(unwinds(|| drop(rwlock.write())));
        assert!(unwinds(|| drop(rwlock.write_timeout(Duration::MAX))));
        drop((locked, read));
        assert!(mutex.try_lock().is_some() && rwlock.try_write().is_some());
        let (_tx, rx) = channel::oneshot::<()>();
        assert!(unwinds(|| moonfleet::block_on(rx)));
    });
}

#[test]
fn files_processes_signals_and_streams_begin_nothing() {
    in_a_task(|| {
        let folder = moonfleet::fs::tempdir().unwrap();
        let path = folder.path().join("never");
        assert!(unwinds(|| moonfleet::fs::write(&path, "x")) && unwinds(|| moonfleet::fs::exists(&path)));
        assert!(unwinds(|| moonfleet::fs::File::create(&path)) && !path.exists());
        let mut file = moonfleet::fs::tempfile().unwrap();
        assert!(unwinds(|| file.write(b"x")) && unwinds(|| file.sync_all()));
        assert_eq!(file.metadata().unwrap().len(), 0);
        file.write_all(b"abc").unwrap();
        file.rewind().unwrap();
        // What is in the cache need not be waited for; even so.
        assert!(unwinds(|| file.read(&mut [0; 3])) && unwinds(|| file.read_at(&mut [0; 3], 0)));
        let mut text = String::new();
        assert_eq!((file.read_to_string(&mut text).unwrap(), text.as_str()), (3, "abc"));

        let mut ended = moonfleet::process::Command::new("true").spawn().unwrap();
        ended.wait().unwrap();
        assert!(unwinds(|| ended.wait()) && unwinds(|| moonfleet::process::Command::new("true").spawn()));
        let signals = Signals::new([Signal::USER1]).unwrap();
        assert!(unwinds(|| signals.recv()) && unwinds(|| moonfleet::signal::wait(Signal::USER2)));
        assert!(unwinds(|| moonfleet::io::stderr().write(b"never")));
        assert!(!unwinds(|| drop(moonfleet::io::stdout().lock())), "it is free");
        let kept = folder.path().to_owned();
        assert!(!unwinds(|| drop(folder)) && !kept.exists(), "a destructor does its work");
    });
}

#[test]
fn foreign_waits_return_what_they_own() {
    in_a_task(|| {
        let (tx, rx) = full(1);
        assert!(!unwinds(|| {
            assert_eq!(foreign::recv(&rx, None), Err(foreign::RecvFailure::Cancelled));
            assert_eq!(foreign::send(&tx, 2, None), Err(foreign::SendFailure::Cancelled(2)));
            assert!(foreign::select(&mut [], Wait::Poll).is_err());
            assert!(foreign::sleep_until(Instant::now()).is_err() && foreign::yield_now().is_err());
            assert!(foreign::end_long_turn().is_err());
            assert!(neighbour::wait(None).is_err());
        }));
        assert_eq!(rx.try_recv(), Ok(1));
    });
}

#[test]
fn foreign_operations_on_sockets_return_and_take_nothing() {
    in_a_task(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let near = foreign::connect(address, None).unwrap();
        let past = Some(Instant::now());
        let (far, _) = foreign::accept(&listener, past).unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let udp_address = udp.local_addr().unwrap();
        let (reader, writer) = std::io::pipe().unwrap();
        let (reader, writer) = (Pollable::new(reader).unwrap(), Pollable::new(writer).unwrap());
        assert_eq!(foreign::write(&near, b"ahoy", past).unwrap(), 4, "what need not wait has the time");
        assert!(!unwinds(|| {
            for cancelled in [
                foreign::connect(address, None).map(drop),
                foreign::connect_unix("/nowhere", None).map(drop),
                foreign::accept(&listener, None).map(drop),
                foreign::read(&far, &mut [0], None).map(drop),
                foreign::read(&far, &mut [], None).map(drop),
                foreign::write(&near, b"never", None).map(drop),
                foreign::send_to(&udp, b"never", &udp_address, None).map(drop),
                foreign::send_datagram(&udp, b"never", None).map(drop),
                foreign::recv_from(&udp, &mut [0], None).map(drop),
                foreign::recv_datagram(&udp, &mut [0], None).map(drop),
                foreign::lookup_host("localhost", 80, None).map(drop),
                foreign::wait_readable(&reader, None),
                foreign::wait_writable(&writer, None),
            ] {
                assert!(matches!(cancelled, Err(IoFailure::Cancelled)), "{cancelled:?}");
            }
        }));
        assert_eq!(foreign::read(&far, &mut [0; 9], None).unwrap(), 4);
        let is_late =
            |failure| matches!(failure, IoFailure::Io(error) if error.kind() == ErrorKind::TimedOut);
        assert!(is_late(foreign::read(&far, &mut [0], past).unwrap_err()));
        assert!(is_late(foreign::recv_from(&udp, &mut [0], past).unwrap_err()));
        assert!(is_late(foreign::accept(&listener, past).unwrap_err()));
        assert!(is_late(foreign::wait_readable(&reader, past).unwrap_err()));
        foreign::wait_writable(&writer, past).unwrap();
    });
}

#[test]
fn what_may_hold_borrows_is_no_point() {
    in_a_task(|| {
        let inner = Runtime::builder().workers(1).build().unwrap();
        assert!(!unwinds(|| assert_eq!(inner.block_on(|| 1), 1)));
        assert!(!unwinds(|| assert!(inner.shutdown(Duration::from_secs(5)).is_complete())));
    });
}

#[test]
fn a_swallowed_unwind_comes_again() {
    in_a_task(|| {
        let mut times = 0;
        assert!(unwinds(|| {
            while times < 3 {
                times += 1;
                assert!(catch_unwind(AssertUnwindSafe(moonfleet::yield_now)).is_err());
            }
            moonfleet::yield_now();
        }));
        assert_eq!(times, 3);
    });
}
