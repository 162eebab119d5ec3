//! Reading two pipes at once, whichever has something: whoever waits for the one alone waits for ever, once the child
//! waits for the other to be emptied.
//!
//! Both are put into an epoll instance, which is a descriptor like others: it can be waited for, and is readable when
//! one of the pipes is.

use std::io::{self, ErrorKind};
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;

use crate::reactor::source::{Source, settle};

/// Room for one read: what a pipe holds.
const PIECE: usize = 64 << 10;

/// Reads each pipe to its end.
///
/// # Suspends
/// Until both have ended.
pub(super) fn read_to_ends(mut pipes: [(&Source, &mut Vec<u8>); 2]) -> io::Result<()> {
    let both = Source::new(epoll::create(epoll::CreateFlags::CLOEXEC)?);
    for (index, (pipe, _)) in (0..).zip(&pipes) {
        epoll::add(&both, pipe, epoll::EventData::new_u64(index), epoll::EventFlags::IN)?;
    }
    let mut open = pipes.len();
    while open > 0 {
        let index = settle(both.read_with(first_ready))?;
        let (pipe, ref mut bytes) = pipes[index];
        bytes.reserve(PIECE);
        match rustix::io::read(pipe, spare_capacity(bytes)) {
            Ok(0) => {
                epoll::delete(&both, pipe)?;
                open -= 1;
            }
            Ok(_) | Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// A pipe that has something to read, or has ended.
fn first_ready(epoll: BorrowedFd<'_>) -> io::Result<usize> {
    const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
    let mut room = [MaybeUninit::uninit()];
    let (events, _) = epoll::wait(epoll, &mut room, Some(&AT_ONCE))?;
    let event = events.first().ok_or(ErrorKind::WouldBlock)?;
    Ok(usize::try_from(event.data.u64()).expect("one of two"))
}
