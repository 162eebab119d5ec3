//! The bytes of one direction: who moves them, what came of it, and what that must add up to.

use std::fmt;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use fastrand::Rng;
use moonfleet::{time, yield_now};

use crate::contents::Contents;
use crate::socket::{Did, End, moment};

/// Bytes that one operation is asked to move, at most.
const MOST: usize = 1 << 16;

/// One direction of a connection.
pub(crate) struct Leg {
    contents: Contents,
    /// How many bytes are to go.
    total: u64,
    pub(crate) writer: Job,
    pub(crate) reader: Job,
}

/// What one side of a direction has to do. One party at a time works on it.
pub(crate) struct Job {
    /// The bytes that have gone. ORDER: Relaxed throughout; who works next has joined who worked before.
    moved: AtomicU64,
    over: OnceLock<Over>,
    doing: Mutex<Doing>,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Over {
    /// All was written, and the other side told so; or all was read, to the end.
    Done,
    /// An operation failed.
    Failed(ErrorKind),
    /// It was given up.
    Dropped,
    /// A byte was wrong, or an operation did what it never may.
    Wrong(String),
}

/// What the party that works on it is at, and since when.
struct Doing {
    what: &'static str,
    place: &'static str,
    since: Instant,
}

/// The two jobs of a direction.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Role {
    Write,
    Read,
}

impl Job {
    fn new() -> Self {
        let doing = Doing { what: "waits for its connection", place: "nobody yet", since: Instant::now() };
        Self { moved: AtomicU64::new(0), over: OnceLock::new(), doing: Mutex::new(doing) }
    }

    pub(crate) fn moved(&self) -> u64 {
        self.moved.load(Ordering::Relaxed)
    }

    fn advance(&self, by: usize) {
        self.moved.fetch_add(by as u64, Ordering::Relaxed);
    }

    pub(crate) fn over(&self) -> Option<&Over> {
        self.over.get()
    }

    pub(crate) fn end(&self, over: Over) {
        // The first word counts.
        let _ = self.over.set(over);
    }

    fn doing(&self) -> MutexGuard<'_, Doing> {
        self.doing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes who works on it from now on.
    pub(crate) fn is_taken_by(&self, place: &'static str) {
        let mut doing = self.doing();
        (doing.place, doing.since) = (place, Instant::now());
    }

    fn is_at(&self, what: &'static str) {
        let mut doing = self.doing();
        (doing.what, doing.since) = (what, Instant::now());
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (moved, doing) = (self.moved(), self.doing());
        match self.over() {
            Some(over) => write!(f, "{over:?} after {moved} bytes"),
            None => {
                let age = doing.since.elapsed();
                write!(f, "{} {} for {age:?}, after {moved} bytes", doing.place, doing.what)
            }
        }
    }
}

impl Leg {
    pub(crate) fn new(random: &mut Rng) -> Self {
        let most = [1, 100, 10_000, 400_000][random.usize(..4)];
        let contents = Contents(random.u64(..));
        Self { contents, total: random.u64(..most), writer: Job::new(), reader: Job::new() }
    }

    pub(crate) fn job(&self, role: Role) -> &Job {
        match role {
            Role::Write => &self.writer,
            Role::Read => &self.reader,
        }
    }

    /// Works on a job for a while; `end` is the end of the connection that it is about.
    pub(crate) fn work(&self, role: Role, end: &End, random: &mut Rng) {
        // Small steps and large ones, in turns: those that fit leave nothing to wait for.
        let most = 1 << random.u32(..=MOST.ilog2());
        let mut buffer = vec![0; most];
        for _ in 0..random.u32(1..40) {
            let job = self.job(role);
            if job.over().is_some() {
                return;
            }
            let len = random.usize(1..=most);
            match role {
                Role::Write => self.write(end, &mut buffer[..len], random),
                Role::Read => self.read(end, &mut buffer[..len], random),
            }
            job.is_at("rests");
            match random.u32(..24) {
                0 => time::sleep(moment(random)),
                1 | 2 => yield_now(),
                _ => {}
            }
        }
    }

    fn write(&self, end: &End, buffer: &mut [u8], random: &mut Rng) {
        let at = self.writer.moved();
        let len = buffer.len().min(usize::try_from(self.total - at).unwrap_or(usize::MAX));
        if len == 0 {
            self.writer.is_at("finishes");
            return self.writer.end(end.finish().map_or_else(Over::Failed, |()| Over::Done));
        }
        let bytes = &mut buffer[..len];
        self.contents.fill(at, bytes);
        self.writer.is_at("writes");
        match end.write(bytes, random) {
            Did::Moved(0) => self.writer.end(Over::Wrong("a write of some bytes wrote none".to_owned())),
            Did::Moved(written) => self.writer.advance(written),
            Did::Nothing => {}
            Did::Failed(kind) => self.writer.end(Over::Failed(kind)),
        }
    }

    fn read(&self, end: &End, buffer: &mut [u8], random: &mut Rng) {
        let at = self.reader.moved();
        self.reader.is_at("reads");
        match end.read(buffer, random) {
            Did::Moved(0) => self.reader.end(Over::Done),
            Did::Moved(read) => {
                self.reader.advance(read);
                if let Some(wrong) = self.contents.wrong(at, &buffer[..read]) {
                    let how = format!("byte {wrong} is wrong, of {read} that were read at {at}");
                    self.reader.end(Over::Wrong(how));
                }
            }
            Did::Nothing => {}
            Did::Failed(kind) => self.reader.end(Over::Failed(kind)),
        }
    }

    /// Whether the two jobs, both over, add up. `is_calm` if nobody broke the connection off; `is_deaf` if the reader's
    /// end may have been told of a reset as it wrote, so that its reader was told of an end.
    pub(crate) fn check(&self, is_calm: bool, is_deaf: bool) -> Result<(), String> {
        let (sent, received) = (self.writer.moved(), self.reader.moved());
        let claims = [
            (received <= sent, "more was read than written"),
            (!is_calm || self.writer.over() == Some(&Over::Done), "the writer was disturbed in a calm"),
            (!is_calm || self.reader.over() == Some(&Over::Done), "the reader was disturbed in a calm"),
            (!is_calm || sent == self.total, "not all was written"),
            (
                is_deaf || self.reader.over() != Some(&Over::Done) || received == sent,
                "the end came too early",
            ),
            (self.is_excused(), "an error that has no reason"),
        ];
        let broken = claims.iter().find(|(holds, _)| !holds);
        broken.map_or(Ok(()), |(_, claim)| Err((*claim).to_owned()))
    }

    /// Whether all errors are what a broken connection gives.
    fn is_excused(&self) -> bool {
        use ErrorKind::{BrokenPipe, ConnectionReset, NotConnected};
        [&self.writer, &self.reader].iter().all(|job| match job.over() {
            Some(Over::Failed(kind)) => matches!(kind, BrokenPipe | ConnectionReset | NotConnected),
            Some(Over::Done | Over::Dropped) => true,
            Some(Over::Wrong(_)) | None => false,
        })
    }

    /// Whether anybody was told of a broken connection.
    pub(crate) fn is_broken(&self) -> bool {
        [&self.writer, &self.reader].iter().any(|job| matches!(job.over(), Some(Over::Failed(_))))
    }

    /// Whether a job at the writing end was told of a broken connection.
    pub(crate) fn writer_failed(&self) -> bool {
        matches!(self.writer.over(), Some(Over::Failed(_)))
    }
}

impl fmt::Display for Leg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "of {} bytes: writer {}; reader {}", self.total, self.writer, self.reader)
    }
}
