//! `Stack`: the owner of one slot of a slab, and what a coroutine runs on.
//!
//! Sixteen bytes, no destructor, free to move between threads. It stays valid for as long as it exists
//! (INVARIANT(mapped-until-home), `mod.rs`); dropped instead of given back, it leaks its slot.
#![allow(unsafe_code, reason = "promises corosensei that the memory is a stack, and gives pages back")]

use std::num::NonZeroUsize;
use std::ops::Range;

use super::class::StackClass;
use super::mapping::{discard, lowest_resident};

/// One stack: `class.size()` bytes from `limit` up, the first of them a guard.
#[derive(Debug)]
pub(crate) struct Stack {
    /// The low end, where the guard is.
    limit: NonZeroUsize,
    class: StackClass,
}

impl Stack {
    /// Owns the slot of `class` whose low end is `limit`.
    ///
    /// # Safety
    ///
    /// The `class.size()` bytes from `limit` are page-aligned and mapped: first the guard, which faults, then
    /// writable memory. No other `Stack` describes them (slot-owner), and they stay mapped until this value
    /// has come home, or for ever (mapped-until-home).
    pub(super) unsafe fn from_slot(limit: NonZeroUsize, class: StackClass) -> Stack {
        Stack { limit, class }
    }

    /// The class it was made for.
    #[inline]
    pub(crate) fn class(&self) -> StackClass {
        self.class
    }

    /// The addresses frames can use.
    #[inline]
    pub(crate) fn usable(&self) -> Range<usize> {
        self.guard_range().end..self.limit.get() + self.class.size()
    }

    /// How deep frames have reached, in bytes: whole pages, from the base to the lowest page that has memory.
    pub(crate) fn touched_bytes(&self) -> usize {
        let usable = self.usable();
        lowest_resident(usable.clone()).map_or(0, |lowest| usable.end - lowest)
    }

    /// Gives the memory back to the kernel: nothing is touched any more.
    pub(crate) fn release(&mut self) {
        release_pages(std::slice::from_mut(self));
    }

    /// The addresses that fault: a task that touches one has overflowed its stack.
    #[inline]
    pub(crate) fn guard_range(&self) -> Range<usize> {
        self.limit.get()..self.limit.get() + self.class.guard()
    }
}

/// Gives the memory of `stacks` back to the kernel. The guards stay, and the next task finds zeroed pages.
///
/// Neighbours go in one call: each call interrupts the other cores of the process.
pub(super) fn release_pages(stacks: &mut [Stack]) {
    stacks.sort_unstable_by_key(|stack| stack.limit);
    for run in stacks.chunk_by(|low, high| low.usable().end == high.guard_range().start) {
        let (lowest, highest) = (&run[0], &run[run.len() - 1]);
        // SAFETY: slot-owner: the borrow of all these stacks is exclusive, no frame lives on a stack held as a
        // plain value, and between them there is nothing but their own guards.
        unsafe { discard(lowest.usable().start..highest.usable().end) };
    }
}

// SAFETY: `from_slot` was promised mapped memory with a faulting guard at the low end; a class has at least
// 16 KiB above it, both ends are page-aligned, and slot-owner keeps everybody else out.
unsafe impl corosensei::stack::Stack for Stack {
    #[inline]
    fn base(&self) -> NonZeroUsize {
        self.limit.saturating_add(self.class.size())
    }

    #[inline]
    fn limit(&self) -> NonZeroUsize {
        self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::super::mapping::tests::is_readable;
    use super::super::{StackCache, StackPool};
    use super::*;

    #[test]
    fn neighbours_released_together_keep_their_guards_and_lose_their_contents() {
        let class = StackClass::new(64 << 10, false).unwrap();
        let mut cache = StackCache::new(StackPool::new(None));
        let mut stacks: Vec<Stack> = (0..8).map(|_| cache.take(class).unwrap()).collect();
        for stack in &stacks {
            let top = std::ptr::with_exposed_provenance_mut::<u8>(stack.usable().end - 1);
            // SAFETY: slot-owner: the stack is ours, and no frame lives on it.
            unsafe { top.write(7) };
        }
        // One in the middle is in use: it is no part of a run.
        let busy = stacks.remove(3);
        release_pages(&mut stacks);
        for stack in &stacks {
            let top = std::ptr::with_exposed_provenance::<u8>(stack.usable().end - 1);
            // SAFETY: as above.
            assert_eq!(unsafe { top.read() }, 0);
            assert!(!is_readable(stack.guard_range().start), "a guard is gone");
        }
        let top = std::ptr::with_exposed_provenance::<u8>(busy.usable().end - 1);
        // SAFETY: as above.
        assert_eq!(unsafe { top.read() }, 7);
    }
}
