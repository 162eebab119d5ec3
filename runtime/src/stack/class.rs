//! `StackClass`: the size of a stack and the width of its guard, the key under which stacks are pooled.
//!
//! Sizes are whole pages, so equal requests always meet in the same class.

use std::error::Error;
use std::fmt;

use super::mapping::page_size;

/// Below this a panic with a backtrace, or one call into libc, would overflow.
pub(crate) const MIN_USABLE_BYTES: usize = 16 << 10;

/// Beyond this a task wants a data structure, not a stack. Keeps a class in eight bytes.
pub(crate) const MAX_USABLE_BYTES: usize = 1 << 30;

/// Rust touches every page of a large frame in order, so one guard page stops it. C does not: a frame of up
/// to this many bytes still lands in the guard.
const WIDE_GUARD_BYTES: usize = 64 << 10;

/// The shape of a stack: total size and guard, in bytes, whole pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct StackClass {
    size: u32,
    guard: u32,
}

impl StackClass {
    /// The class of stacks with at least `usable_bytes` for frames.
    ///
    /// The guard comes on top: one page, or 64 KiB when `wide_guard` is set, for stacks that run C code.
    ///
    /// # Errors
    ///
    /// `StackSizeError` below 16 KiB and above 1 GiB.
    pub(crate) fn new(usable_bytes: usize, wide_guard: bool) -> Result<StackClass, StackSizeError> {
        if !(MIN_USABLE_BYTES..=MAX_USABLE_BYTES).contains(&usable_bytes) {
            return Err(StackSizeError { asked_bytes: usable_bytes });
        }
        let page = page_size();
        let guard = if wide_guard { WIDE_GUARD_BYTES.next_multiple_of(page) } else { page };
        let size = usable_bytes.next_multiple_of(page) + guard;
        // Both fit: the size is at most 1 GiB and a guard.
        Ok(StackClass { size: size as u32, guard: guard as u32 })
    }

    /// Bytes from one slot to the next: the usable part and the guard.
    #[inline]
    pub(crate) fn size(self) -> usize {
        self.size as usize
    }

    /// Bytes of the guard at the low end.
    #[inline]
    pub(crate) fn guard(self) -> usize {
        self.guard as usize
    }

    /// Bytes a task can fill with frames.
    #[inline]
    pub(crate) fn usable(self) -> usize {
        self.size() - self.guard()
    }
}

/// A stack size outside what the runtime offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StackSizeError {
    asked_bytes: usize,
}

impl fmt::Display for StackSizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked = self.asked_bytes;
        write!(f, "a stack of {asked} bytes was asked for, but ")?;
        if asked < MIN_USABLE_BYTES {
            write!(f, "the smallest is {MIN_USABLE_BYTES} bytes: ask for that much or more")
        } else {
            write!(
                f,
                "the largest is {MAX_USABLE_BYTES} bytes: ask for less, and keep large data on the heap"
            )
        }
    }
}

impl Error for StackSizeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_whole_pages_and_the_guard_comes_on_top() {
        let page = page_size();
        let narrow = StackClass::new(256 << 10, false).unwrap();
        assert_eq!((narrow.usable(), narrow.guard(), narrow.size()), (256 << 10, page, (256 << 10) + page));
        let odd = StackClass::new((256 << 10) - 1, false).unwrap();
        assert_eq!(odd, narrow, "a request one byte short rounds up to the same class");
    }

    #[test]
    fn wide_guard_is_sixty_four_kib_at_least() {
        let wide = StackClass::new(1 << 20, true).unwrap();
        assert!(wide.guard() >= 64 << 10 && wide.guard() == wide.guard().next_multiple_of(page_size()));
        assert_eq!(wide.usable(), 1 << 20);
        assert_ne!(wide, StackClass::new(1 << 20, false).unwrap());
    }

    #[test]
    fn sizes_out_of_range_say_what_to_ask_for() {
        let small = StackClass::new(4096, false).unwrap_err().to_string();
        assert!(small.contains("4096") && small.contains("smallest is 16384"), "{small}");
        let large = StackClass::new(usize::MAX, true).unwrap_err().to_string();
        assert!(large.contains("largest is 1073741824") && large.contains("heap"), "{large}");
        assert!(StackClass::new(MAX_USABLE_BYTES, true).is_ok());
    }
}
