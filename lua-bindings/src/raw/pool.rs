//! [`Pool`]: the memory of one Lua state.
//!
//! Lua asks for many small blocks, always tells their size when it gives them back, and asks from one thread. So
//! each size has a plain free list, and a block costs a handful of instructions:
//!
//! ```text
//! free[0] ─▶ block of 16 ─▶ block of 16 ─▶ ∅          chunk ┌──────┬───┬──────────┬──────────────┐
//! free[1] ─▶ block of 32 ─▶ ∅                               │ used │   │ used     │ not yet cut  │
//! …                                                         └──────┴───┴──────────┴──────────────┘
//! free[31]   up to 512 bytes; larger blocks come from the system                  next           end
//! ```
//! Chunks go back to the system when the state is closed.
//!
//! A pool may have a limit. Lua gets no more than that, byte for byte; when it is told so, it collects its garbage,
//! tries again, and raises "not enough memory". As blocks of one size never become blocks of another, what the pool
//! takes from the system may be more than what Lua has; it is at most [`SLACK`] times the limit.

#![allow(unsafe_code, reason = "an allocator")]

use std::alloc::{Layout, alloc, dealloc, realloc};
use std::ffi::c_void;
use std::ptr::{NonNull, null_mut};

/// Blocks are multiples of this, and so aligned.
const GRAIN: usize = 16;
/// The largest block that is cut from a chunk.
const LARGEST: usize = 512;
const CHUNK: Layout = match Layout::from_size_align(64 << 10, GRAIN) {
    Ok(layout) => layout,
    Err(_) => unreachable!(),
};

/// A block that waits to be used again.
struct Free {
    next: *mut Free,
}

/// INVARIANT(pool): a block in `free[class]` has `(class + 1) * GRAIN` bytes of a chunk, and nobody else knows it.
/// `next..end` is the rest of the newest chunk. Used by the state's worker only.
pub(crate) struct Pool {
    free: [*mut Free; LARGEST / GRAIN],
    next: *mut u8,
    end: *mut u8,
    chunks: Vec<NonNull<u8>>,
    /// Bytes that Lua has, and may have.
    used: usize,
    limit: usize,
    /// Bytes outside Lua that the collector has not been told of.
    weight: usize,
}

/// How many bytes outside Lua the collector is told of at a time.
const WEIGHT_STEP: usize = 8 << 10;

/// How many times the limit of a pool its chunks may take up.
const SLACK: usize = 2;

impl Pool {
    /// A pool for a state that may use `limit` bytes; without one, what the system has.
    pub(crate) fn new(limit: Option<usize>) -> Box<Self> {
        Box::new(Self {
            free: [null_mut(); _],
            next: null_mut(),
            end: null_mut(),
            chunks: Vec::new(),
            used: 0,
            limit: limit.unwrap_or(usize::MAX),
            weight: 0,
        })
    }

    /// How many bytes Lua has.
    #[cfg(test)]
    pub(crate) fn used(&self) -> usize {
        self.used
    }

    /// Counts bytes that a Lua object holds outside Lua, and returns how many the collector is to be told of now.
    #[cfg_attr(feature = "luajit", expect(dead_code, reason = "LuaJIT brings its own allocator"))]
    #[inline]
    pub(crate) fn weigh(&mut self, bytes: usize) -> usize {
        self.weight += bytes;
        if self.weight < WEIGHT_STEP { 0 } else { std::mem::take(&mut self.weight) }
    }

    /// The `lua_Alloc` of a state whose user data is a pool.
    ///
    /// # Safety
    /// `pool` is a [`Pool`]; `block` is null, or `old` bytes that this function returned.
    #[cfg_attr(feature = "luajit", expect(dead_code, reason = "LuaJIT brings its own allocator"))]
    pub(crate) unsafe extern "C" fn resize(
        pool: *mut c_void,
        block: *mut c_void,
        old: usize,
        new: usize,
    ) -> *mut c_void {
        // SAFETY: Lua passes back what the state was created with, and does not call this from within itself.
        let (pool, block) = (unsafe { &mut *pool.cast::<Self>() }, block.cast::<u8>());
        // SAFETY: the caller's. For a null block `old` is not a size but a type.
        let new_block = unsafe {
            match (block.is_null(), new) {
                (true, 0) => null_mut(),
                (true, _) => pool.account(0, new, |pool| pool.take(new, true)),
                (false, 0) => {
                    pool.give(block, old);
                    pool.used -= old;
                    null_mut()
                }
                (false, _) => pool.account(old, new, |pool| pool.change(block, old, new)),
            }
        };
        new_block.cast()
    }

    /// Counts what becomes of `old` bytes when `make` makes `new` of them; refuses what the limit does not allow.
    #[inline]
    fn account(&mut self, old: usize, new: usize, make: impl FnOnce(&mut Self) -> *mut u8) -> *mut u8 {
        let used = (self.used - old).saturating_add(new);
        // Lua relies on it that a block can always shrink.
        if used > self.limit && new > old {
            return null_mut();
        }
        let block = make(self);
        if !block.is_null() {
            self.used = used;
        }
        block
    }

    /// A block of at least `size` bytes, which is not 0; null if the system has no memory, or if it is `bounded` and
    /// there are as many chunks as there may be.
    unsafe fn take(&mut self, size: usize, bounded: bool) -> *mut u8 {
        if size > LARGEST {
            // SAFETY: the size is not 0.
            return system_layout(size).map_or(null_mut(), |layout| unsafe { alloc(layout) });
        }
        let free = &mut self.free[class(size)];
        if free.is_null() {
            return self.cut(size, bounded);
        }
        let block = *free;
        // SAFETY: INVARIANT(pool).
        *free = unsafe { (*block).next };
        block.cast()
    }

    /// Takes a block back.
    unsafe fn give(&mut self, block: *mut u8, size: usize) {
        if size > LARGEST {
            // SAFETY: the caller's; `take` found the layout good.
            unsafe { dealloc(block, Layout::from_size_align_unchecked(size, GRAIN)) };
            return;
        }
        let (block, free) = (block.cast::<Free>(), &mut self.free[class(size)]);
        // SAFETY: the block has at least GRAIN bytes, suitably aligned, and its owner has given it up.
        unsafe { block.write(Free { next: *free }) };
        *free = block;
    }

    /// Moves a block to another size.
    unsafe fn change(&mut self, block: *mut u8, old: usize, new: usize) -> *mut u8 {
        // SAFETY: the caller's. Blocks of one class are interchangeable; a copy is as long as both blocks are.
        unsafe {
            if old > LARGEST && new > LARGEST {
                let fits = system_layout(new).is_some();
                return if fits {
                    realloc(block, Layout::from_size_align_unchecked(old, GRAIN), new)
                } else {
                    null_mut()
                };
            }
            if old <= LARGEST && new <= LARGEST && class(old) == class(new) {
                return block;
            }
            let moved = self.take(new, new > old);
            if !moved.is_null() {
                block.copy_to_nonoverlapping(moved, old.min(new));
                self.give(block, old);
            }
            moved
        }
    }

    /// Cuts a block off the newest chunk, or off a new one.
    #[cold]
    fn cut(&mut self, size: usize, bounded: bool) -> *mut u8 {
        let size = (class(size) + 1) * GRAIN;
        if self.end.addr() - self.next.addr() < size {
            self.spend_rest();
            if bounded && self.chunks.len() >= self.most_chunks() {
                return null_mut();
            }
            // SAFETY: the layout is not empty.
            let Some(chunk) = NonNull::new(unsafe { alloc(CHUNK) }) else { return null_mut() };
            self.chunks.push(chunk);
            self.next = chunk.as_ptr();
            self.end = chunk.as_ptr().wrapping_add(CHUNK.size());
        }
        let block = self.next;
        self.next = block.wrapping_add(size);
        block
    }

    /// How many chunks the limit allows.
    fn most_chunks(&self) -> usize {
        self.limit.saturating_mul(SLACK) / CHUNK.size() + 1
    }

    /// Files what is left of the newest chunk as one free block.
    fn spend_rest(&mut self) {
        let rest = self.end.addr() - self.next.addr();
        if rest >= GRAIN {
            // SAFETY: the rest is a multiple of GRAIN below LARGEST, and unused.
            unsafe { self.give(self.next, rest) };
        }
        self.next = self.end;
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // SAFETY: the state is closed, and every chunk came from `cut`.
        self.chunks.drain(..).for_each(|chunk| unsafe { dealloc(chunk.as_ptr(), CHUNK) });
    }
}

/// The free list for blocks of `size` bytes.
fn class(size: usize) -> usize {
    size.saturating_sub(1) / GRAIN
}

fn system_layout(size: usize) -> Option<Layout> {
    Layout::from_size_align(size, GRAIN).ok()
}

#[cfg(all(test, not(feature = "luajit")))]
mod tests {
    use super::*;

    fn resize(pool: &mut Pool, block: *mut c_void, old: usize, new: usize) -> *mut c_void {
        // SAFETY: the tests pass on what they got.
        unsafe { Pool::resize(std::ptr::from_mut(pool).cast(), block, old, new) }
    }

    #[test]
    fn a_freed_block_is_used_again() {
        let mut pool = Pool::new(None);
        let first = resize(&mut pool, null_mut(), 0, 40);
        assert_eq!(resize(&mut pool, first, 40, 0), null_mut());
        assert_eq!(resize(&mut pool, null_mut(), 0, 48), first);
    }

    #[test]
    fn contents_survive_every_change_of_size() {
        let mut pool = Pool::new(None);
        let (mut block, mut size) = (null_mut(), 0);
        for (step, new) in [1, 16, 17, 512, 513, 70_000, 300, 2].into_iter().enumerate() {
            block = resize(&mut pool, block, size, new);
            let byte = block.cast::<u8>();
            // SAFETY: the block has `new` bytes, at least one.
            unsafe {
                assert!(step == 0 || byte.read() == 7);
                byte.write(7);
            }
            size = new;
        }
        resize(&mut pool, block, size, 0);
    }

    #[test]
    fn a_limit_is_held_to_the_byte_and_never_in_the_way_of_shrinking() {
        let mut pool = Pool::new(Some(1000));
        let large = resize(&mut pool, null_mut(), 0, 900);
        assert_eq!(resize(&mut pool, null_mut(), 0, 101), null_mut());
        let small = resize(&mut pool, null_mut(), 0, 100);
        assert!(!small.is_null() && pool.used() == 1000);
        assert_eq!(resize(&mut pool, large, 900, 901), null_mut());
        let shrunk = resize(&mut pool, large, 900, 300);
        assert!(!shrunk.is_null() && pool.used() == 400);
        let grown = resize(&mut pool, small, 100, 700);
        assert!(!grown.is_null() && pool.used() == 1000);
        assert_eq!(resize(&mut pool, grown, 700, usize::MAX), null_mut());
        resize(&mut pool, grown, 700, 0);
        resize(&mut pool, shrunk, 300, 0);
        assert_eq!(pool.used(), 0);
    }

    #[test]
    fn blocks_of_many_sizes_take_no_more_from_the_system_than_twice_the_limit() {
        let mut pool = Pool::new(Some(1 << 20));
        for size in [16, 48, 128, 256, 512] {
            let mut blocks = Vec::new();
            loop {
                let block = resize(&mut pool, null_mut(), 0, size);
                if block.is_null() {
                    break;
                }
                blocks.push(block);
            }
            blocks.into_iter().for_each(|block| assert!(resize(&mut pool, block, size, 0).is_null()));
        }
        assert_eq!(pool.used(), 0);
        assert!(pool.chunks.len() * CHUNK.size() <= SLACK * (1 << 20) + CHUNK.size());
    }

    #[test]
    fn blocks_do_not_overlap() {
        let mut pool = Pool::new(None);
        let mut blocks: Vec<_> =
            (0..5_000).map(|n| (resize(&mut pool, null_mut(), 0, 1 + n % 512).addr(), 1 + n % 512)).collect();
        blocks.sort_unstable();
        assert!(blocks.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0));
    }
}
