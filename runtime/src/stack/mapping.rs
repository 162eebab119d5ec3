//! `Mapping`: raw pages from the kernel, their guards, and the way back. The only file that maps and unmaps.
//!
//! Nothing here writes to the memory it hands out, so it costs address space until somebody touches it.
//! Guards are advice to the kernel (`MADV_GUARD_INSTALL`, Linux 6.13), which keeps a mapping in one piece.
//! Where the kernel does not know it, a guard is a mapping of its own and splits the one around it. Guards
//! then stop short of `vm.max_map_count`: at the limit itself neither a thread nor a large allocation
//! could start any more, and the process would die of that instead of reporting an error.
//!
//! No model: these counts publish nothing.
#![allow(unsafe_code, reason = "maps, guards and unmaps memory")]

use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rustix::io::Errno;
use rustix::mm::{Advice, MapFlags, MprotectFlags, ProtFlags};

/// Makes pages fault without a mapping of their own; from `linux/mman.h`, too new for libc and rustix.
const MADV_GUARD_INSTALL: libc::c_int = 102;

/// Whether guards are installed by advice. Starts hopeful; one EINVAL settles it for the process.
// ORDER: every access is Relaxed. It guards no data: with either value a guard gets installed, a stale `true`
// only asks the kernel once more.
static GUARDS_BY_ADVICE: AtomicBool = AtomicBool::new(true);

/// How many guards of this process are mappings of their own, and how many there may be.
// ORDER: every access is Relaxed. They are counts, and publish nothing.
static SPLITTING_GUARDS: AtomicUsize = AtomicUsize::new(0);
static SPLITTING_GUARDS_MOST: AtomicUsize = AtomicUsize::new(0);

/// Whether each guard splits a mapping, so that `vm.max_map_count` bounds the number of stacks.
pub(super) fn guards_cost_mappings() -> bool {
    // ORDER: Relaxed; see `GUARDS_BY_ADVICE`.
    !GUARDS_BY_ADVICE.load(Ordering::Relaxed)
}

/// `vm.max_map_count`: how many mappings a process may have, where it can be read.
pub(super) fn map_limit() -> Option<usize> {
    fs::read_to_string("/proc/sys/vm/max_map_count").ok()?.trim().parse().ok()
}

/// Guards that may split mappings under `map_limit`. Each makes two of one, and an eighth of the limit stays
/// free for threads, the heap and libraries.
fn most_splitting_guards(map_limit: usize) -> usize {
    (map_limit - map_limit / 8) / 2
}

/// Counts one more guard that splits its mapping; refuses if there are too many.
fn count_splitting_guard() -> Result<(), Errno> {
    // ORDER: Relaxed throughout; see `SPLITTING_GUARDS`.
    let before = SPLITTING_GUARDS.fetch_add(1, Ordering::Relaxed);
    if before >= SPLITTING_GUARDS_MOST.load(Ordering::Relaxed) {
        // The first guard, or the limit is reached: it may have been raised since it was read.
        let most = map_limit().map_or(usize::MAX, most_splitting_guards);
        // ORDER: Relaxed, here and below; as above.
        SPLITTING_GUARDS_MOST.store(most, Ordering::Relaxed);
        if before >= most {
            SPLITTING_GUARDS.fetch_sub(1, Ordering::Relaxed);
            return Err(Errno::NOMEM);
        }
    }
    Ok(())
}

/// Bytes in a page, asked from the kernel once.
pub(super) fn page_size() -> usize {
    static PAGE_SIZE: OnceLock<usize> = OnceLock::new();
    *PAGE_SIZE.get_or_init(|| {
        // SAFETY: reads a constant of the system; no memory is passed.
        let answer = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        usize::try_from(answer).expect("the kernel tells its page size")
    })
}

/// Gives the pages of `range` back to the kernel; they read as zero when touched again. Guards survive.
///
/// # Safety
///
/// `range` is page-aligned memory from a live [`Mapping`], and nobody needs what is in it.
pub(super) unsafe fn discard(range: Range<usize>) {
    let start = ptr::with_exposed_provenance_mut(range.start);
    // SAFETY: the caller owns the range and gave up its contents. Failing only keeps the memory resident.
    let _ = unsafe { rustix::mm::madvise(start, range.len(), Advice::LinuxDontNeed) };
}

/// The address of the lowest page of `range`, whole pages, that has memory; `None` if none has. A page that was
/// swapped out may count as without.
pub(super) fn lowest_resident(range: Range<usize>) -> Option<usize> {
    /// Pages asked for at once.
    const PAGES: usize = 1024;
    let page = page_size();
    range.clone().step_by(PAGES * page).find_map(|start| {
        let len = (range.end - start).min(PAGES * page);
        let mut resident = [0_u8; PAGES];
        // SAFETY: the kernel reads no memory at `start`, and writes a byte a page, at most PAGES.
        let answer =
            unsafe { libc::mincore(ptr::with_exposed_provenance_mut(start), len, resident.as_mut_ptr()) };
        let lowest = resident.iter().position(|&page| page & 1 != 0).filter(|_| answer == 0)?;
        Some(start + lowest * page)
    })
}

/// Private zero pages, unmapped on drop.
#[derive(Debug)]
pub(super) struct Mapping {
    base: NonZeroUsize,
    len: usize,
    /// Its share of [`SPLITTING_GUARDS`].
    splitting_guards: usize,
}

impl Mapping {
    /// Reserves `len` bytes, whole pages: memory is only taken, page by page, when touched.
    pub(super) fn reserve(len: usize) -> Result<Mapping, Errno> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::STACK;
        // SAFETY: a null hint lets the kernel choose: no existing mapping is touched.
        let start = unsafe { rustix::mm::mmap_anonymous(ptr::null_mut(), len, access, flags) }?;
        // One touched byte of a huge page would make 2 MiB resident under every idle task. A kernel built
        // without huge pages refuses the advice, and has no need of it.
        // SAFETY: exactly the mapping made above.
        let _ = unsafe { rustix::mm::madvise(start, len, Advice::LinuxNoHugepage) };
        let base = NonZeroUsize::new(start.expose_provenance()).ok_or(Errno::NOMEM)?;
        Ok(Mapping { base, len, splitting_guards: 0 })
    }

    /// The address of the first byte.
    pub(super) fn base(&self) -> NonZeroUsize {
        self.base
    }

    /// Every address in it.
    pub(super) fn range(&self) -> Range<usize> {
        self.base.get()..self.base.get() + self.len
    }

    /// Makes `len` bytes from `offset`, whole pages inside the mapping, fault when touched.
    ///
    /// # Safety
    ///
    /// Nobody uses those bytes.
    pub(super) unsafe fn guard(&mut self, offset: usize, len: usize) -> Result<(), Errno> {
        // ORDER: Relaxed; see `GUARDS_BY_ADVICE`.
        if GUARDS_BY_ADVICE.load(Ordering::Relaxed) {
            // SAFETY: the caller's promise, passed on.
            match unsafe { self.guard_by_advice(offset, len) } {
                // An old kernel; or memory locked by mlockall, which kernels before 6.15 do not guard so.
                // ORDER: Relaxed; see `GUARDS_BY_ADVICE`.
                Err(Errno::INVAL) => GUARDS_BY_ADVICE.store(false, Ordering::Relaxed),
                answer => return answer,
            }
        }
        count_splitting_guard()?;
        self.splitting_guards += 1;
        // SAFETY: the caller's promise, passed on.
        let answer = unsafe { self.guard_by_protection(offset, len) };
        if answer.is_err() {
            self.splitting_guards -= 1;
            // ORDER: Relaxed; see `SPLITTING_GUARDS`.
            SPLITTING_GUARDS.fetch_sub(1, Ordering::Relaxed);
        }
        answer
    }

    /// # Safety
    ///
    /// As [`Mapping::guard`].
    unsafe fn guard_by_advice(&self, offset: usize, len: usize) -> Result<(), Errno> {
        let start = self.pages(offset, len);
        // SAFETY: the range is inside this mapping and unused, says the caller.
        let answer = unsafe { libc::madvise(start, len, MADV_GUARD_INSTALL) };
        if answer == 0 {
            return Ok(());
        }
        Err(Errno::from_io_error(&io::Error::last_os_error()).unwrap_or(Errno::INVAL))
    }

    /// # Safety
    ///
    /// As [`Mapping::guard`].
    unsafe fn guard_by_protection(&self, offset: usize, len: usize) -> Result<(), Errno> {
        let start = self.pages(offset, len);
        // SAFETY: the range is inside this mapping and unused, says the caller.
        unsafe { rustix::mm::mprotect(start, len, MprotectFlags::empty()) }
    }

    /// The address of `len` bytes at `offset`, which must lie inside the mapping.
    fn pages(&self, offset: usize, len: usize) -> *mut libc::c_void {
        assert!(offset + len <= self.len, "pages {offset}+{len} lie outside a mapping of {} bytes", self.len);
        ptr::with_exposed_provenance_mut(self.base.get() + offset)
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        let start = ptr::with_exposed_provenance_mut(self.base.get());
        // SAFETY: this value owns the mapping; whoever hands out addresses of it keeps it from being dropped
        // (mapped-until-home for slabs, altstack-mapped for signal stacks). Failing only leaks.
        let _ = unsafe { rustix::mm::munmap(start, self.len) };
        // ORDER: Relaxed; see `SPLITTING_GUARDS`.
        SPLITTING_GUARDS.fetch_sub(self.splitting_guards, Ordering::Relaxed);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::os::fd::AsRawFd;

    use super::*;

    #[test]
    fn both_kinds_of_guard_take_exactly_their_pages() {
        let page = page_size();
        let mapping = Mapping::reserve(8 * page).unwrap();
        // SAFETY: the mapping is this test's own, and unused.
        unsafe { mapping.guard_by_protection(0, page) }.unwrap();
        // SAFETY: as above.
        let by_advice = unsafe { mapping.guard_by_advice(4 * page, 2 * page) };
        assert!(matches!(by_advice, Ok(()) | Err(Errno::INVAL)), "{by_advice:?}");
        for (index, guarded) in
            [true, false, false, false, by_advice.is_ok(), by_advice.is_ok(), false, false]
                .into_iter()
                .enumerate()
        {
            assert_eq!(!is_readable(mapping.base().get() + index * page), guarded, "page {index}");
        }
    }

    /// Lets the kernel try the page, so that a guard answers EFAULT instead of ending the test.
    pub(in crate::stack) fn is_readable(address: usize) -> bool {
        let (_reader, writer) = io::pipe().unwrap();
        // SAFETY: write only reads the byte, and reports a page it cannot read.
        let answer = unsafe { libc::write(writer.as_raw_fd(), ptr::with_exposed_provenance(address), 1) };
        answer == 1
    }

    #[test]
    fn splitting_guards_leave_mappings_to_the_rest_of_the_process() {
        let most = most_splitting_guards(65_530);
        assert!((28_000..30_000).contains(&most), "{most}");
        assert!(65_530 - 2 * most > 8_000);
    }

    #[test]
    fn map_limit_of_this_machine_can_be_read() {
        assert!(map_limit().is_some_and(|limit| limit > 0));
    }
}
