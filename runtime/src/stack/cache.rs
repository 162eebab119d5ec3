//! `StackCache`: the stacks one worker keeps at hand.
//!
//! A task takes its stack here and gives it back here: last in, first out, so the top page is still warm; no
//! lock, no atomic, no system call. Only an empty or a full cache goes to the pool, for a batch, or makes new
//! stacks in the slab that the pool gave it for that.

use std::sync::Arc;

use super::class::StackClass;
use super::error::StackError;
use super::pool::StackPool;
use super::slab::Slab;
use super::slot::Stack;

/// The stacks one worker keeps at hand.
#[derive(Debug)]
pub(crate) struct StackCache {
    /// By class, in order of first use: a worker has one or two.
    classes: Vec<CachedClass>,
    pool: Arc<StackPool>,
}

#[derive(Debug)]
struct CachedClass {
    class: StackClass,
    /// How many may be idle here.
    most: usize,
    /// The warmest last.
    idle: Vec<Stack>,
    /// Where new stacks are made, by this cache alone.
    slab: Option<Slab>,
}

impl StackCache {
    /// An empty cache in front of `pool`.
    pub(crate) fn new(pool: Arc<StackPool>) -> StackCache {
        StackCache { classes: Vec::new(), pool }
    }

    /// A stack of `class`: the one given back last, if there is one.
    ///
    /// # Errors
    ///
    /// `StackError` when the pool's limit is reached or the kernel refuses the memory.
    #[inline]
    pub(crate) fn take(&mut self, class: StackClass) -> Result<Stack, StackError> {
        if let Some(cached) = self.classes.iter_mut().find(|cached| cached.class == class)
            && let Some(stack) = cached.idle.pop()
        {
            return Ok(stack);
        }
        self.take_from_pool(class)
    }

    /// Keeps `stack` for the next task; the coldest of its class go to the pool when there are too many.
    #[inline]
    pub(crate) fn give(&mut self, stack: Stack) {
        if let Some(cached) = self.classes.iter_mut().find(|cached| cached.class == stack.class())
            && cached.idle.len() < cached.most
        {
            cached.idle.push(stack);
        } else {
            self.give_to_pool(stack);
        }
    }

    /// Gives all stacks to the pool, and their memory back to the kernel.
    #[cold]
    pub(crate) fn trim(&mut self) {
        for cached in &mut self.classes {
            self.pool.take_back_cold(cached.class, std::mem::take(&mut cached.idle));
        }
    }

    #[cold]
    #[inline(never)]
    fn take_from_pool(&mut self, class: StackClass) -> Result<Stack, StackError> {
        let index = self.index_of(class);
        let CachedClass { idle, slab, .. } = &mut self.classes[index];
        self.pool.lend(class, idle, slab)?;
        Ok(idle.pop().expect("a pool that lends nothing gives the reason as an error"))
    }

    #[cold]
    #[inline(never)]
    fn give_to_pool(&mut self, stack: Stack) {
        let class = stack.class();
        let index = self.index_of(class);
        let CachedClass { most, idle, .. } = &mut self.classes[index];
        idle.push(stack);
        if idle.len() > *most {
            // Half of them at once: neighbours among them give their memory back in one call.
            let coldest = idle.len() - *most / 2;
            self.pool.take_back(class, idle.drain(..coldest).collect());
        }
    }

    /// Where the stacks of `class` are, with a place made for them on first use.
    fn index_of(&mut self, class: StackClass) -> usize {
        let found = self.classes.iter().position(|cached| cached.class == class);
        found.unwrap_or_else(|| {
            self.classes.push(CachedClass {
                class,
                most: self.pool.cached(class),
                idle: Vec::new(),
                slab: None,
            });
            self.classes.len() - 1
        })
    }
}

impl Drop for StackCache {
    fn drop(&mut self) {
        for cached in self.classes.drain(..) {
            self.pool.take_back(cached.class, cached.idle);
            if let Some(slab) = cached.slab {
                self.pool.take_slab(cached.class, slab);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use corosensei::{Coroutine, CoroutineResult, Yielder};

    use super::*;

    fn class() -> StackClass {
        StackClass::new(64 << 10, false).unwrap()
    }

    #[test]
    fn reuse_is_last_in_first_out() {
        let mut cache = StackCache::new(StackPool::new(None));
        let (first, second) = (cache.take(class()).unwrap(), cache.take(class()).unwrap());
        let (first_at, second_at) = (first.usable(), second.usable());
        cache.give(first);
        cache.give(second);
        assert_eq!(cache.take(class()).unwrap().usable(), second_at);
        assert_eq!(cache.take(class()).unwrap().usable(), first_at);
    }

    #[test]
    fn classes_do_not_mix() {
        let mut cache = StackCache::new(StackPool::new(None));
        let wide = StackClass::new(1 << 20, true).unwrap();
        let stack = cache.take(class()).unwrap();
        cache.give(stack);
        let stack = cache.take(wide).unwrap();
        assert_eq!(
            (stack.class(), stack.usable().len(), stack.guard_range().len()),
            (wide, 1 << 20, wide.guard())
        );
    }

    #[test]
    fn stacks_that_are_out_never_overlap() {
        let mut cache = StackCache::new(StackPool::new(None));
        let mut stacks: Vec<Stack> = (0..5000).map(|_| cache.take(class()).unwrap()).collect();
        stacks.sort_unstable_by_key(|stack| stack.usable().start);
        for pair in stacks.windows(2) {
            assert!(pair[0].usable().end <= pair[1].guard_range().start);
        }
    }

    #[test]
    fn a_coroutine_runs_on_a_stack_and_returns_it() {
        let mut cache = StackCache::new(StackPool::new(None));
        let stack = cache.take(class()).unwrap();
        let usable = stack.usable();
        let mut coroutine = Coroutine::with_stack(stack, |yielder: &Yielder<u32, usize>, input| {
            let local = input;
            let input = yielder.suspend(&raw const local as usize);
            local + input
        });
        let CoroutineResult::Yield(address) = coroutine.resume(40) else { panic!("it suspends once") };
        assert!(usable.contains(&address), "{address:#x} is not in {usable:x?}");
        let CoroutineResult::Return(sum) = coroutine.resume(2) else { panic!("then it returns") };
        assert_eq!(sum, 42);
        cache.give(coroutine.into_stack());
        assert_eq!(cache.take(class()).unwrap().usable(), usable);
    }
}
