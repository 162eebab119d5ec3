//! A file of which epoll knows nothing: reading and writing it may block the thread.
//!
//! What the kernel has in its page cache is read at once, on the worker, by a call that fails where it would have to
//! wait (`RWF_NOWAIT`): several times cheaper than to have another thread do it
//! (`docs/decisions/0011-cached-reads-at-once.md`).
//!
//! No model: the flag is a hint.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::{Errno, ReadWriteFlags, preadv2};

use super::retry;
use crate::offload::blocking_io;
use crate::suspend::Party;

/// The most that is copied on the worker: some twenty microseconds' worth.
const LARGEST_AT_ONCE: usize = 256 << 10;

/// A file of which epoll knows nothing.
#[derive(Debug)]
pub(crate) struct Disk {
    file: File,
    /// Whether the file system knows of reads that must not wait; until it has said no.
    answers_at_once: AtomicBool,
}

impl Disk {
    pub(super) fn new(file: File) -> Self {
        Self { file, answers_at_once: AtomicBool::new(true) }
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    pub(super) fn into_file(self) -> File {
        self.file
    }

    /// Reads at `offset`, or from where the file is at.
    ///
    /// # Suspends
    /// While the kernel fetches it, if it has to.
    pub(crate) fn read(&self, buffer: &mut [u8], offset: Option<u64>) -> io::Result<usize> {
        if let Some(read) = self.read_at_once(buffer, offset) {
            return Ok(read);
        }
        blocking_io(|| {
            retry(|| match offset {
                None => (&self.file).read(buffer),
                Some(offset) => self.file.read_at(buffer, offset),
            })
        })
    }

    /// Reads into several buffers from where the file is at.
    ///
    /// # Suspends
    /// As [`Disk::read`].
    pub(crate) fn read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        blocking_io(|| retry(|| (&self.file).read_vectored(buffers)))
    }

    /// Writes at `offset`, or to where the file is at.
    ///
    /// # Suspends
    /// Until the kernel has taken it.
    pub(crate) fn write(&self, bytes: &[u8], offset: Option<u64>) -> io::Result<usize> {
        blocking_io(|| {
            retry(|| match offset {
                None => (&self.file).write(bytes),
                Some(offset) => self.file.write_at(bytes, offset),
            })
        })
    }

    /// Writes from several buffers to where the file is at.
    ///
    /// # Suspends
    /// As [`Disk::write`].
    pub(crate) fn write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        blocking_io(|| retry(|| (&self.file).write_vectored(buffers)))
    }

    /// Reads what needs no waiting for, if the caller is a task: a thread may as well wait.
    #[inline]
    fn read_at_once(&self, buffer: &mut [u8], offset: Option<u64>) -> Option<usize> {
        // The longest offset stands for "where the file is at"; the kernel refuses it and its like elsewhere.
        let is_possible = buffer.len() <= LARGEST_AT_ONCE
            && offset.is_none_or(|offset| offset <= i64::MAX as u64)
            // ORDER: Relaxed; a hint, which orders nothing.
            && self.answers_at_once.load(Ordering::Relaxed);
        let Ok(party @ Party::Task(_)) = Party::enter() else { return None };
        if !is_possible {
            return None;
        }
        let buffers = &mut [IoSliceMut::new(buffer)];
        match preadv2(&self.file, buffers, offset.unwrap_or(u64::MAX), ReadWriteFlags::NOWAIT) {
            Ok(read) => {
                party.has_not_waited();
                Some(read)
            }
            Err(Errno::OPNOTSUPP) => {
                // ORDER: Relaxed; as above.
                self.answers_at_once.store(false, Ordering::Relaxed);
                None
            }
            Err(_) => None,
        }
    }
}
