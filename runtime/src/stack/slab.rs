//! `Slab`: one mapping cut into stacks of one class.
//!
//! A slot costs address space only until a task runs on its stack: it is not written to, and its guard is
//! installed when it is issued. What is known about slots is kept here, outside of them.
#![allow(unsafe_code, reason = "vouches for the memory of the stacks it issues")]

use std::mem::ManuallyDrop;

use rustix::io::Errno;

use super::class::StackClass;
use super::mapping::{Mapping, discard};
use super::slot::Stack;

/// A mapping cut into stacks of one class, issued from the low end.
#[derive(Debug)]
pub(super) struct Slab {
    /// Unmapped by [`Slab::retire`] alone: dropping a slab leaks it, since its stacks may be in use.
    mapping: ManuallyDrop<Mapping>,
    class: StackClass,
    slots: usize,
    /// Slots below this one have their `Stack`; the others have never been touched.
    issued: usize,
}

impl Slab {
    /// Reserves address space for `slots` stacks.
    pub(super) fn reserve(class: StackClass, slots: usize) -> Result<Slab, Errno> {
        let len = class.size().checked_mul(slots).ok_or(Errno::NOMEM)?;
        let mapping = ManuallyDrop::new(Mapping::reserve(len)?);
        Ok(Slab { mapping, class, slots, issued: 0 })
    }

    /// How many slots have no stack yet.
    pub(super) fn slots_left(&self) -> usize {
        self.slots - self.issued
    }

    /// Makes the stack of the next slot and installs its guard; `None` when every slot has its stack.
    pub(super) fn issue(&mut self) -> Result<Option<Stack>, Errno> {
        if self.slots_left() == 0 {
            return Ok(None);
        }
        let offset = self.issued * self.class.size();
        // SAFETY: slots from `issued` up have no `Stack` yet, so nobody uses them.
        unsafe { self.mapping.guard(offset, self.class.guard()) }?;
        self.issued += 1;
        let limit = self.mapping.base().saturating_add(offset);
        // SAFETY: the slot is inside the mapping and guarded; slot-owner, because `issued` just passed it;
        // mapped-until-home, because only `retire` unmaps.
        Ok(Some(unsafe { Stack::from_slot(limit, self.class) }))
    }

    /// The address of the first slot; slabs are sorted by it.
    pub(super) fn base(&self) -> usize {
        self.mapping.base().get()
    }

    /// Whether `stack` is one of this slab's.
    pub(super) fn owns(&self, stack: &Stack) -> bool {
        self.mapping.range().contains(&stack.guard_range().start)
    }

    /// Ends the slab with the stacks that came home. It is unmapped, and the answer `true`, if those are all
    /// it issued; otherwise some task still has one, and the mapping is kept for ever.
    pub(super) fn retire(self, home: Vec<Stack>) -> bool {
        let complete = home.len() == self.issued && home.iter().all(|stack| self.owns(stack));
        if complete {
            // slot-owner makes the stacks in `home` distinct, so as many as were issued are all of them;
            // they are consumed here, as mapped-until-home demands.
            drop(ManuallyDrop::into_inner(self.mapping));
            return true;
        }
        for stack in home {
            // SAFETY: slot-owner: the stack is consumed here, and no frame lives on it.
            unsafe { discard(stack.usable()) };
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use super::*;

    fn class() -> StackClass {
        StackClass::new(64 << 10, false).unwrap()
    }

    #[test]
    fn slots_lie_side_by_side_and_run_out() {
        let mut slab = Slab::reserve(class(), 3).unwrap();
        let stacks: Vec<Stack> = std::iter::from_fn(|| slab.issue().unwrap()).collect();
        assert_eq!(stacks.len(), 3);
        for pair in stacks.windows(2) {
            assert_eq!(pair[0].usable().end, pair[1].guard_range().start);
        }
        assert!(stacks.iter().all(|stack| slab.owns(stack)));
        assert!(slab.retire(stacks), "every stack is home, so the slab goes");
    }

    #[test]
    fn slab_with_a_stack_abroad_stays_mapped() {
        let mut slab = Slab::reserve(class(), 2).unwrap();
        let (abroad, home) = (slab.issue().unwrap().unwrap(), slab.issue().unwrap().unwrap());
        assert!(!slab.retire(vec![home]));
        let top = ptr::with_exposed_provenance_mut::<u8>(abroad.usable().end - 1);
        // SAFETY: mapped-until-home: `abroad` exists, so its memory does.
        unsafe { top.write_volatile(7) };
    }

    #[test]
    fn stack_of_another_slab_does_not_count_as_home() {
        let mut one = Slab::reserve(class(), 1).unwrap();
        let mut other = Slab::reserve(class(), 1).unwrap();
        let (mine, foreign) = (one.issue().unwrap().unwrap(), other.issue().unwrap().unwrap());
        assert!(!one.retire(vec![foreign]));
        assert!(!other.retire(vec![mine]));
    }
}
