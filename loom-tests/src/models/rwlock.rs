//! Models of `sync/raw_rwlock.rs`.

use std::sync::Arc;

use loom::cell::UnsafeCell;
use loom::thread::{self, JoinHandle};

use crate::model::model;
use crate::park::Refused;
use crate::sync::raw_rwlock::{Access, RawRwLock};

/// A value that is read and written inside the lock. Loom fails the model if a write may overlap.
#[derive(Default)]
struct Log {
    raw: RawRwLock,
    value: UnsafeCell<usize>,
}

impl Log {
    fn read(&self) -> usize {
        // SAFETY: loom checks that no write overlaps.
        self.value.with(|value| unsafe { *value })
    }

    fn add(&self) {
        // SAFETY: loom checks that no other access overlaps.
        self.value.with_mut(|value| unsafe { *value += 1 });
    }

    fn enter_and_read(&self) -> usize {
        self.raw.enter(Access::Read);
        let seen = self.read();
        self.raw.leave(Access::Read);
        seen
    }

    fn enter_and_add(&self) {
        self.raw.enter(Access::Write);
        self.add();
        self.raw.leave(Access::Write);
    }

    /// Whether nobody is inside, and nobody seems to wait.
    fn is_empty(&self) -> bool {
        self.raw.try_enter(Access::Write)
    }
}

fn beside<T: 'static>(log: &Arc<Log>, body: impl FnOnce(&Log) -> T + 'static) -> JoinHandle<T> {
    let log = Arc::clone(log);
    thread::spawn(move || body(&log))
}

/// A writer is alone, and a reader sees what every writer before it wrote.
#[test]
fn a_writer_is_alone() {
    model(3, || {
        let log = Arc::new(Log::default());
        let reader = beside(&log, Log::enter_and_read);
        log.enter_and_add();
        log.enter_and_add();
        assert!(reader.join().unwrap() <= 2);
        assert_eq!(log.enter_and_read(), 2);
        assert!(log.is_empty());
    });
}

/// A writer comes after all readers before it, not only after the last of them, which lets it in.
#[test]
fn a_writer_comes_after_every_reader() {
    model(2, || {
        let log = Arc::new(Log::default());
        log.raw.enter(Access::Read);
        let reader = beside(&log, |log| {
            log.raw.enter(Access::Read);
            thread::yield_now();
            let seen = log.read();
            log.raw.leave(Access::Read);
            seen
        });
        let writer = beside(&log, Log::enter_and_add);
        thread::yield_now();
        log.raw.leave(Access::Read);
        writer.join().unwrap();
        assert!(reader.join().unwrap() <= 1);
        assert!(log.is_empty());
    });
}

/// Nobody slips in while a writer is being let in.
#[test]
fn whoever_is_let_in_is_let_in_alone() {
    model(2, || {
        let log = Arc::new(Log::default());
        log.raw.enter(Access::Write);
        let writer = beside(&log, Log::enter_and_add);
        let hasty = beside(&log, |log| {
            let entered = log.raw.try_enter(Access::Write);
            if entered {
                log.add();
                log.raw.leave(Access::Write);
            }
            usize::from(entered)
        });
        thread::yield_now();
        log.add();
        log.raw.leave(Access::Write);
        writer.join().unwrap();
        let added = hasty.join().unwrap();
        assert_eq!(log.enter_and_read(), 2 + added);
        assert!(log.is_empty());
    });
}

/// A writer that gives up lets in the readers that stood behind it, while another reader stays inside.
#[test]
fn a_writer_that_gives_up_lets_readers_pass() {
    model(3, || {
        let log = Arc::new(Log::default());
        log.raw.enter(Access::Read);
        let writer = beside(&log, |log| log.raw.enter_until(Access::Write, || Some(0)));
        let reader = beside(&log, Log::enter_and_read);
        assert_eq!(reader.join().unwrap(), 0);
        assert_eq!(writer.join().unwrap(), Err(Refused::TimedOut));
        log.raw.leave(Access::Read);
        assert!(log.is_empty());
    });
}

/// A writer that becomes a reader lets the readers in that wait, and they see what it wrote.
#[test]
fn a_downgrade_lets_readers_in() {
    model(3, || {
        let log = Arc::new(Log::default());
        log.raw.enter(Access::Write);
        let reader = beside(&log, Log::enter_and_read);
        log.add();
        log.raw.downgrade();
        assert_eq!(reader.join().unwrap(), 1);
        log.raw.leave(Access::Read);
        assert!(log.is_empty());
    });
}
