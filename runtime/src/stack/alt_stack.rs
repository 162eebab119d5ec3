//! `AltStack`: the stack signal handlers of one thread run on.
//!
//! INVARIANT(altstack-mapped): the mapping goes away only once the kernel has been told to use another one;
//! if it cannot be told, the mapping is leaked.
#![allow(unsafe_code, reason = "tells the kernel where signal handlers run")]

use std::io;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ptr;

use super::mapping::{Mapping, page_size};

/// The stack signal handlers of this thread run on, from creation to drop.
///
/// Without it an overflow ends the process in silence: the handler would need the very stack that ran out.
#[derive(Debug)]
pub(crate) struct AltStack {
    mapping: ManuallyDrop<Mapping>,
    previous: libc::stack_t,
    /// An alternate stack belongs to a thread, so it must be dropped where it was made.
    of_this_thread: PhantomData<*mut ()>,
}

impl AltStack {
    /// Enough for a handler that takes a backtrace; only touched pages take memory.
    const USABLE_BYTES: usize = 64 << 10;

    /// Gives the calling thread an alternate stack of its own, and remembers the one it had.
    ///
    /// # Errors
    ///
    /// The kernel's refusal to map the memory, or to change the stack while a handler runs on it.
    pub(crate) fn install() -> io::Result<AltStack> {
        let guard = page_size();
        let mut mapping = Mapping::reserve(guard + AltStack::USABLE_BYTES)?;
        // SAFETY: the mapping is new, nobody uses it.
        unsafe { mapping.guard(0, guard) }?;
        let ss_sp = ptr::with_exposed_provenance_mut(mapping.range().start + guard);
        let new = libc::stack_t { ss_sp, ss_flags: 0, ss_size: AltStack::USABLE_BYTES };
        let mut previous = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
        // SAFETY: altstack-mapped: the memory above the guard is writable and outlives its use.
        if unsafe { libc::sigaltstack(&new, &mut previous) } != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(AltStack { mapping: ManuallyDrop::new(mapping), previous, of_this_thread: PhantomData })
    }

    /// Whether the kernel still uses this stack, and not one that somebody put in its place.
    fn is_current(&self) -> bool {
        let mut current = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: 0, ss_size: 0 };
        // SAFETY: a null new stack only asks.
        let answer = unsafe { libc::sigaltstack(ptr::null(), &mut current) };
        answer == 0 && self.mapping.range().contains(&current.ss_sp.addr())
    }
}

impl Drop for AltStack {
    fn drop(&mut self) {
        if !self.is_current() {
            // Whoever replaced it may put it back: altstack-mapped has us leak it.
            return;
        }
        // SAFETY: the previous stack was in use before ours, so it is valid or marked disabled.
        if unsafe { libc::sigaltstack(&self.previous, ptr::null_mut()) } == 0 {
            // SAFETY: altstack-mapped: the kernel has just let go of it, and drop runs once.
            unsafe { ManuallyDrop::drop(&mut self.mapping) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternate_stack_is_put_back() {
        let asked = || {
            let mut current = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: 0, ss_size: 0 };
            // SAFETY: a null new stack only asks.
            unsafe { libc::sigaltstack(ptr::null(), &mut current) };
            current.ss_sp
        };
        let before = asked();
        let alt_stack = AltStack::install().unwrap();
        assert!(alt_stack.is_current());
        assert_ne!(asked(), before);
        drop(alt_stack);
        assert_eq!(asked(), before);
    }
}
