//! Models of `reactor/readiness.rs`, as sources and slots use it: parties that try and wait, a kernel that tells of each
//! change once, and reactors that come and go.

use std::sync::Arc;

use loom::thread::{self, JoinHandle};

use crate::epoch::Passed;
use crate::model::{model, models, write};
use crate::primitive::UnsafeCell;
use crate::primitive::atomic::{AtomicUsize, Ordering};
use crate::reactor::readiness::Readiness;
use crate::suspend::Party;
use crate::wait::lock::Lock;

/// A deadline that passes when loom likes.
const SOON: Option<u64> = Some(0);
/// The generations of a slot's first two descriptors.
const FIRST: u32 = 0;
const SECOND: u32 = 1;

/// The end of a descriptor's stream, above the number of what can be read.
const END: usize = 1 << 8;

/// A descriptor: what can be read from it, and whether its stream has ended. Everything is Relaxed: what order there
/// is, the readiness has made.
struct Descriptor {
    readiness: Readiness,
    content: AtomicUsize,
}

/// What an operation came to.
#[derive(Debug, PartialEq, Eq)]
enum Read {
    Some(usize),
    End,
    Closed,
}

impl Descriptor {
    /// One that a reactor serves already.
    fn new() -> Arc<Self> {
        let readiness = Readiness::new();
        readiness.serve();
        Arc::new(Self { readiness, content: AtomicUsize::new(0) })
    }

    /// Something can be read, and the reactor tells of it.
    fn arrive(&self) {
        // ORDER: Relaxed; see the type.
        self.content.fetch_add(1, Ordering::Relaxed);
        self.readiness.tell(FIRST, false);
    }

    /// The last of what can be read, and the end of the stream: one event for both.
    fn arrive_and_end(&self) {
        // ORDER: Relaxed; see the type.
        self.content.fetch_add(1 + END, Ordering::Relaxed);
        self.readiness.tell(FIRST, true);
    }

    /// Takes up to `wanted`; nothing at the end, `None` if there may be more later.
    fn try_read(&self, wanted: usize) -> Option<usize> {
        // ORDER: Relaxed; see the type.
        let mut content = self.content.load(Ordering::Relaxed);
        while !content.is_multiple_of(END) {
            let taken = wanted.min(content % END);
            // ORDER: Relaxed; see the type.
            match self.content.compare_exchange(
                content,
                content - taken,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Some(taken),
                Err(found) => content = found,
            }
        }
        (content == END).then_some(0)
    }

    /// As `Source::read_stream`.
    fn read(&self, wanted: usize) -> Read {
        let mut observed = self.readiness.observe();
        loop {
            if observed.is_closed() {
                return Read::Closed;
            }
            if !self.readiness.is_drained(observed)
                && let Some(read) = self.try_read(wanted)
            {
                if 0 < read && read < wanted {
                    self.readiness.note_drained(observed);
                }
                return if read == 0 { Read::End } else { Read::Some(read) };
            }
            let waited = self.readiness.wait(&Party::current(), observed, None);
            assert!(matches!(waited, Passed::AtOnce(()) | Passed::Woken));
            observed = self.readiness.observe();
        }
    }
}

fn beside<R: 'static>(
    descriptor: &Arc<Descriptor>,
    act: impl FnOnce(&Descriptor) -> R + 'static,
) -> JoinHandle<R> {
    let descriptor = Arc::clone(descriptor);
    thread::spawn(move || act(&descriptor))
}

/// Who finds nothing to read and waits is woken by what arrives, or sees it before it waits; also what arrives next.
#[test]
fn no_event_is_slept_through() {
    model(4, || {
        let descriptor = Descriptor::new();
        let peer = beside(&descriptor, |descriptor| [(); 2].map(|()| descriptor.arrive()));
        assert_eq!([(); 2].map(|()| descriptor.read(1)), [Read::Some(1), Read::Some(1)]);
        peer.join().unwrap();
    });
}

/// A try that follows an event finds what the event tells of.
#[test]
fn an_event_brings_what_it_tells_of() {
    model(5, || {
        let readiness = Arc::new(Readiness::new());
        let cargo = Arc::new(UnsafeCell::new(0));
        let party = {
            let (readiness, cargo) = (Arc::clone(&readiness), Arc::clone(&cargo));
            thread::spawn(move || {
                let before = Readiness::new().observe();
                (readiness.observe() != before).then(|| write(&cargo, 0))
            })
        };
        write(&cargo, 1);
        readiness.tell(FIRST, false);
        assert!(matches!(party.join().unwrap(), None | Some(1)));
    });
}

/// Two that wait for one descriptor both hear of each event; neither clears it for the other.
#[test]
fn two_hear_of_every_event() {
    model(1, || {
        let descriptor = Descriptor::new();
        let other = beside(&descriptor, |descriptor| descriptor.read(1));
        let peer = beside(&descriptor, |descriptor| [(); 2].map(|()| descriptor.arrive()));
        assert_eq!(descriptor.read(1), Read::Some(1));
        assert_eq!(other.join().unwrap(), Read::Some(1));
        peer.join().unwrap();
    });
}

/// Who took all there was, and so waits without a try, misses nothing that arrives meanwhile; nor the end of the stream,
/// though it was told of together with the last of what can be read.
#[test]
fn who_has_drained_it_misses_nothing() {
    let arrivals: [fn(&Descriptor); 2] = [
        |descriptor| [(); 2].map(|()| descriptor.arrive()).into_iter().collect(),
        |descriptor| {
            descriptor.arrive();
            descriptor.arrive_and_end();
        },
    ];
    models(
        4,
        [0, 1].map(|way| {
            move || {
                let descriptor = Descriptor::new();
                let peer = beside(&descriptor, arrivals[way]);
                let mut read = 0;
                // More is wanted than there is: each of these takes all.
                while read < 2 {
                    let Read::Some(count) = descriptor.read(3) else { panic!("there is more") };
                    read += count;
                }
                if way == 1 {
                    assert_eq!(descriptor.read(3), Read::End);
                }
                peer.join().unwrap();
            }
        }),
    );
}

/// A descriptor that is closed ends every wait for it, and every later one.
#[test]
fn a_close_ends_every_wait() {
    model(3, || {
        let descriptor = Descriptor::new();
        let parties = [(); 2].map(|()| beside(&descriptor, |descriptor| descriptor.read(1)));
        descriptor.readiness.close();
        assert_eq!(parties.map(|party| party.join().unwrap()), [Read::Closed, Read::Closed]);
        assert_eq!(descriptor.read(1), Read::Closed);
    });
}

/// An event of the descriptor that had the slot before, however late it comes, tells nothing of the next; and what the
/// one before was drained of says nothing of the next.
#[test]
fn a_late_event_means_nothing_to_the_next_descriptor() {
    model(5, || {
        let readiness = Arc::new(Readiness::new());
        readiness.serve();
        readiness.note_drained(readiness.observe());
        let reactor = {
            let readiness = Arc::clone(&readiness);
            thread::spawn(move || readiness.tell(FIRST, true))
        };
        readiness.renew();
        let observed = readiness.observe();
        assert_eq!((observed.generation(), observed.is_served()), (SECOND, false));
        assert!(!readiness.is_drained(observed), "nobody has tried yet");
        let waited = readiness.wait(&Party::current(), observed, SOON);
        assert_eq!(waited, Passed::TimedOut(()), "nothing was said of this one");
        reactor.join().unwrap();
        assert_eq!(readiness.observe(), observed);
    });
}

/// A descriptor with a kernel that knows whether a reactor watches it: an event comes with what arrives while one does,
/// and at the begin of the watch, if something has arrived before.
struct Watched {
    readiness: Readiness,
    kernel: Lock<Kernel>,
}

#[derive(Default)]
struct Kernel {
    readable: usize,
    is_watched: bool,
}

impl Watched {
    /// As `Slot::serve`, of which one runs at a time.
    fn serve(&self) {
        self.readiness.serve();
        let is_readable = {
            let mut kernel = self.kernel.lock();
            kernel.is_watched = true;
            kernel.readable != 0
        };
        if is_readable {
            self.readiness.tell(FIRST, false);
        }
    }

    /// The worker ends: its poller is gone, then whoever waits is told so.
    fn abandon(&self) {
        self.kernel.lock().is_watched = false;
        self.readiness.abandon();
    }

    fn arrive(&self) {
        let is_watched = {
            let mut kernel = self.kernel.lock();
            kernel.readable += 1;
            kernel.is_watched
        };
        if is_watched {
            self.readiness.tell(FIRST, false);
        }
    }

    /// As `Source::read_with`.
    fn read(&self) {
        let mut observed = self.readiness.observe();
        loop {
            let mut kernel = self.kernel.lock();
            if kernel.readable != 0 {
                kernel.readable -= 1;
                return;
            }
            drop(kernel);
            if !observed.is_served() {
                self.serve();
            }
            let _ = self.readiness.wait(&Party::current(), observed.served(), None);
            observed = self.readiness.observe();
        }
    }
}

/// A party whose reactor ends while it waits, or is about to, finds another, and misses nothing of what arrives in
/// between.
#[test]
fn a_descriptor_moves_to_another_reactor() {
    model(2, || {
        let watched = Watched { readiness: Readiness::new(), kernel: Lock::new(Kernel::default()) };
        watched.serve();
        let watched = Arc::new(watched);
        let worker = {
            let watched = Arc::clone(&watched);
            thread::spawn(move || watched.abandon())
        };
        let peer = {
            let watched = Arc::clone(&watched);
            thread::spawn(move || watched.arrive())
        };
        watched.read();
        worker.join().unwrap();
        peer.join().unwrap();
    });
}
