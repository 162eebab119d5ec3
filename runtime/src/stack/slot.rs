//! `Stack`: the owner of one slot of a slab, and what a coroutine runs on.
//!
//! Sixteen bytes, no destructor, free to move between threads. It stays valid for as long as it exists
//! (INVARIANT(mapped-until-home), `mod.rs`); dropped instead of given back, it leaks its slot.
#![allow(unsafe_code, reason = "promises corosensei that the memory is a stack, and gives pages back")]

use std::num::NonZeroUsize;
use std::ops::Range;

use super::class::StackClass;
use super::mapping::discard;

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

    /// The addresses that fault: a task that touches one has overflowed its stack.
    #[inline]
    pub(crate) fn guard_range(&self) -> Range<usize> {
        self.limit.get()..self.limit.get() + self.class.guard()
    }

    /// Gives the memory back to the kernel. The guard stays, and the next task finds zeroed pages.
    pub(super) fn release_pages(&mut self) {
        let usable = self.usable();
        // SAFETY: slot-owner: this borrow is exclusive and no frame lives on a stack held as a plain value.
        unsafe { discard(usable.start..usable.end) };
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
