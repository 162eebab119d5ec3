//! `StackPool`: the slabs and the idle stacks of a runtime, shared by its workers.
//!
//! Workers come here under a lock, for a batch, when their own `StackCache` is empty or full. When all stacks
//! are out, a cache gets a slab to itself and makes new ones there, outside of the lock, because each takes a
//! system call. And neighbours stay with one worker, which gives their memory back in one call. The slab comes
//! back when it is used up, or the cache ends; the pool's `Drop` keeps INVARIANT(mapped-until-home).
//!
//! An idle stack is *warm* while it keeps the memory that tasks have touched, and *cold* when it has given that
//! back to the kernel. Warm ones are lent first. How many may be warm is bounded in number and in bytes, so that
//! the memory of a burst of tasks returns to a level; [`StackPool::trim`] makes all of them cold.

use std::iter;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;

use super::class::StackClass;
use super::error::{StackError, Step};
use super::slab::Slab;
use super::slot::{Stack, release_pages};

/// Stacks that a cache takes at once, at most: enough to make the lock rare.
const BATCH: usize = 32;

/// Stacks of one class a cache holds, at most: this many, and this many bytes, though always one.
const CACHED: usize = 8 * BATCH;
const CACHED_BYTES: usize = 256 << 20;

/// A pool limited below this lends single stacks and its caches keep none: else a few workers' idle stacks
/// would be a large share of the limit, and a task be refused while stacks lie about.
const EXACT_BELOW: usize = 64 * CACHED;

/// With more warm stacks than this in the pool, or more bytes of them, those that come home are made cold.
const WARM: usize = 4096;
const WARM_BYTES: usize = 1 << 30;

/// Stacks that a trim makes cold between two looks at the lock.
const TRIMMED_AT_ONCE: usize = 256;

/// Slots of the first slab of a class; each further one doubles, up to the address space below. A million
/// stacks of 256 KiB come to about 260 slabs.
const FIRST_SLOTS: usize = 64;
const SLAB_BYTES: usize = 1 << 30;

/// The stacks of a runtime, by class. The runtime keeps it alive for as long as a worker lives.
#[derive(Debug)]
pub(crate) struct StackPool {
    shelves: Mutex<Shelves>,
    /// The most stacks that may be out: in tasks and in caches.
    limit: usize,
    /// Whether stacks are lent one by one, and caches keep none.
    is_exact: bool,
}

#[derive(Debug, Default)]
struct Shelves {
    /// Stacks lent and not back yet, of every class.
    out: usize,
    /// Warm stacks of every class, and their size.
    warm: usize,
    warm_bytes: usize,
    /// Few, so a search beats hashing.
    classes: Vec<Shelf>,
}

/// Everything the pool has of one class.
#[derive(Debug)]
struct Shelf {
    class: StackClass,
    warm: Vec<Stack>,
    cold: Vec<Stack>,
    /// Slabs that no cache has, and that have slots left.
    open: Vec<Slab>,
    /// Slabs whose slots all have their stacks.
    full: Vec<Slab>,
    next_slots: usize,
}

impl StackPool {
    /// A pool that lends at most `limit` stacks at a time; without a limit, as many as the kernel maps.
    pub(crate) fn new(limit: Option<usize>) -> Arc<StackPool> {
        let limit = limit.unwrap_or(usize::MAX);
        Arc::new(StackPool { shelves: Mutex::default(), limit, is_exact: limit < EXACT_BELOW })
    }

    /// How many stacks of `class` move between the pool and a cache at once.
    pub(super) fn batch(&self, class: StackClass) -> usize {
        (self.cached(class) / (CACHED / BATCH)).max(1)
    }

    /// How many stacks of `class` a cache may hold.
    pub(super) fn cached(&self, class: StackClass) -> usize {
        if self.is_exact { 0 } else { (CACHED_BYTES / class.usable()).clamp(1, CACHED) }
    }

    /// Lends a batch of stacks to a cache: idle ones if there are any, else new ones from its own `slab`, which
    /// is exchanged when it has none left. One at least, on `Ok`.
    pub(super) fn lend(
        &self,
        class: StackClass,
        cache: &mut Vec<Stack>,
        slab: &mut Option<Slab>,
    ) -> Result<(), StackError> {
        let mut shelves = self.lock();
        let out = shelves.out;
        let wanted = self.batch(class).min(self.limit.saturating_sub(out));
        if wanted == 0 {
            return Err(StackError::limit(class, self.limit));
        }
        let idle = shelves.take_idle(class, wanted, cache);
        if idle > 0 {
            shelves.out += idle;
            return Ok(());
        }
        let slab = shelves.shelf(class).provide(slab, out)?;
        let wanted = wanted.min(slab.slots_left());
        shelves.out += wanted;
        drop(shelves);
        let (made, refusal) = issue(slab, wanted, cache);
        if made < wanted {
            self.lock().out -= wanted - made;
        }
        match refusal {
            Some(errno) if made == 0 => Err(StackError::refused(class, Step::Guard, errno, out)),
            _ => Ok(()),
        }
    }

    /// Takes the slab of a cache that ends.
    pub(super) fn take_slab(&self, class: StackClass, slab: Slab) {
        self.lock().shelf(class).put_away(slab);
    }

    /// Takes stacks of one class back from a cache: warm, unless there are enough of those.
    pub(super) fn take_back(&self, class: StackClass, stacks: Vec<Stack>) {
        let mut shelves = self.lock();
        if shelves.has_warm_enough() {
            drop(shelves);
            return self.take_back_cold(class, stacks);
        }
        shelves.come_home(stacks.len());
        shelves.add_warm(class, stacks);
    }

    /// Takes stacks of one class back from a cache, and gives their memory back to the kernel.
    pub(super) fn take_back_cold(&self, class: StackClass, mut stacks: Vec<Stack>) {
        release_pages(&mut stacks);
        let mut shelves = self.lock();
        shelves.come_home(stacks.len());
        shelves.shelf(class).cold.append(&mut stacks);
    }

    /// Makes the warm stacks cold: as many as there are now, a few at a time, so that workers may come between.
    pub(crate) fn trim(&self) {
        let warm: Vec<_> = self.lock().classes.iter().map(|shelf| (shelf.class, shelf.warm.len())).collect();
        for (class, count) in warm {
            for _ in 0..count.div_ceil(TRIMMED_AT_ONCE) {
                let mut stacks = Vec::new();
                self.lock().take_warm(class, TRIMMED_AT_ONCE, &mut stacks);
                release_pages(&mut stacks);
                self.lock().shelf(class).cold.append(&mut stacks);
            }
        }
    }

    /// Nothing under the lock leaves the shelves half changed, so a panic elsewhere does no harm.
    fn lock(&self) -> MutexGuard<'_, Shelves> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for StackPool {
    fn drop(&mut self) {
        let shelves = self.shelves.get_mut().unwrap_or_else(PoisonError::into_inner);
        mem::take(&mut shelves.classes).into_iter().for_each(Shelf::retire);
    }
}

impl Shelves {
    /// Counts stacks that were out.
    fn come_home(&mut self, stacks: usize) {
        // A stack given to the wrong pool is never counted here, and its own pool leaks its slab.
        self.out = self.out.saturating_sub(stacks);
    }

    fn has_warm_enough(&self) -> bool {
        self.warm >= WARM || self.warm_bytes >= WARM_BYTES
    }

    fn add_warm(&mut self, class: StackClass, mut stacks: Vec<Stack>) {
        self.warm += stacks.len();
        self.warm_bytes += stacks.len() * class.usable();
        self.shelf(class).warm.append(&mut stacks);
    }

    /// Takes up to `wanted` warm stacks, and says how many.
    fn take_warm(&mut self, class: StackClass, wanted: usize, to: &mut Vec<Stack>) -> usize {
        let taken = move_last(&mut self.shelf(class).warm, wanted, to);
        self.warm -= taken;
        self.warm_bytes -= taken * class.usable();
        taken
    }

    /// Takes up to `wanted` idle stacks, and says how many. A cache lends its last one first: the warm ones.
    fn take_idle(&mut self, class: StackClass, wanted: usize, to: &mut Vec<Stack>) -> usize {
        let warm = self.shelf(class).warm.len().min(wanted);
        let cold = move_last(&mut self.shelf(class).cold, wanted - warm, to);
        cold + self.take_warm(class, warm, to)
    }

    /// The shelf of `class`, put up on first use.
    fn shelf(&mut self, class: StackClass) -> &mut Shelf {
        let found = self.classes.iter().position(|shelf| shelf.class == class);
        let index = found.unwrap_or_else(|| {
            let next_slots = FIRST_SLOTS.min(Shelf::most_slots(class));
            let (warm, cold, open, full) = Default::default();
            self.classes.push(Shelf { class, warm, cold, open, full, next_slots });
            self.classes.len() - 1
        });
        &mut self.classes[index]
    }
}

impl Shelf {
    /// Slots of the largest slab of `class`.
    fn most_slots(class: StackClass) -> usize {
        (SLAB_BYTES / class.size()).max(1)
    }

    /// Makes sure that a cache has a slab with slots left.
    fn provide<'a>(&mut self, slab: &'a mut Option<Slab>, out: usize) -> Result<&'a mut Slab, StackError> {
        if let Some(used_up) = slab.take_if(|slab| slab.slots_left() == 0) {
            self.put_away(used_up);
        }
        match slab {
            Some(slab) => Ok(slab),
            None => {
                let next = self.open.pop().map_or_else(|| self.reserve_slab(out), Ok)?;
                Ok(slab.insert(next))
            }
        }
    }

    fn put_away(&mut self, slab: Slab) {
        let shelf = if slab.slots_left() > 0 { &mut self.open } else { &mut self.full };
        shelf.push(slab);
    }

    /// Maps the next slab, twice the last one. Address space can be short (`ulimit -v`, strict overcommit),
    /// so a refusal halves the request until a single stack is refused too.
    fn reserve_slab(&mut self, out: usize) -> Result<Slab, StackError> {
        let mut slots = self.next_slots;
        loop {
            match Slab::reserve(self.class, slots) {
                Ok(slab) => {
                    self.next_slots = (2 * slots).min(Shelf::most_slots(self.class));
                    return Ok(slab);
                }
                Err(errno) if slots == 1 => {
                    return Err(StackError::refused(self.class, Step::Map(self.class.size()), errno, out));
                }
                Err(_) => slots /= 2,
            }
        }
    }

    /// Ends every slab together with those of its stacks that are home.
    fn retire(mut self) {
        let mut home = self.cold;
        home.append(&mut self.warm);
        home.sort_unstable_by_key(|stack| stack.guard_range().start);
        let mut slabs = self.full;
        slabs.append(&mut self.open);
        slabs.sort_unstable_by_key(Slab::base);
        let mut home = home.into_iter().peekable();
        for slab in slabs {
            // Stacks below the slab are strangers, given to the wrong pool; their own keeps them mapped.
            while home.next_if(|stack| stack.guard_range().start < slab.base()).is_some() {}
            let stacks = iter::from_fn(|| home.next_if(|stack| slab.owns(stack))).collect();
            slab.retire(stacks);
        }
    }
}

/// Makes up to `wanted` new stacks: how many, and what the kernel said if it refused one.
fn issue(slab: &mut Slab, wanted: usize, to: &mut Vec<Stack>) -> (usize, Option<Errno>) {
    for made in 0..wanted {
        match slab.issue() {
            Ok(Some(stack)) => to.push(stack),
            Ok(None) => return (made, None),
            Err(errno) => return (made, Some(errno)),
        }
    }
    (wanted, None)
}

/// Moves up to `wanted` of the last stacks, and says how many.
fn move_last(from: &mut Vec<Stack>, wanted: usize, to: &mut Vec<Stack>) -> usize {
    let moved = from.len().min(wanted);
    to.extend(from.drain(from.len() - moved..));
    moved
}

#[cfg(test)]
mod tests {
    use std::fs;

    use corosensei::{Coroutine, CoroutineResult, Yielder};

    use super::super::cache::StackCache;
    use super::super::mapping::guards_cost_mappings;
    use super::*;

    fn class() -> StackClass {
        StackClass::new(64 << 10, false).unwrap()
    }

    /// Stacks that are out, warm and cold.
    fn counts(pool: &StackPool) -> (usize, usize, usize) {
        let shelves = pool.lock();
        (shelves.out, shelves.warm, shelves.classes.iter().map(|shelf| shelf.cold.len()).sum())
    }

    fn mappings() -> usize {
        fs::read_to_string("/proc/self/maps").unwrap().lines().count()
    }

    #[test]
    fn ten_thousand_stacks_take_a_handful_of_mappings() {
        let mut cache = StackCache::new(StackPool::new(None));
        let before = mappings();
        let stacks: Vec<Stack> = (0..10_000).map(|_| cache.take(class()).unwrap()).collect();
        let added = mappings().saturating_sub(before);
        // Other tests map memory at the same time, hence the slack; an old kernel splits at every guard.
        let most = if guards_cost_mappings() { usize::MAX } else { 500 };
        assert!(added < most, "{} stacks added {added} mappings", stacks.len());
    }

    #[test]
    fn a_million_stacks_need_few_slabs() {
        let class = StackClass::new(256 << 10, false).unwrap();
        let most = Shelf::most_slots(class);
        let (mut slabs, mut slots, mut next) = (0, 0, FIRST_SLOTS);
        while slots < 1_000_000 {
            (slabs, slots, next) = (slabs + 1, slots + next, (2 * next).min(most));
        }
        assert!(slabs < 300, "{slabs} slabs");
    }

    #[test]
    fn limit_is_exact_across_caches_and_says_what_to_do() {
        let pool = StackPool::new(Some(3));
        let (mut one, mut other) = (StackCache::new(Arc::clone(&pool)), StackCache::new(pool));
        let kept: Vec<Stack> = (0..2).map(|_| one.take(class()).unwrap()).collect();
        let third = other.take(class()).unwrap();
        let text = one.take(class()).unwrap_err().to_string();
        assert!(
            text.contains("65536 bytes") && text.contains("all 3 stacks") && text.contains("raise the limit"),
            "{text}"
        );
        other.give(third);
        assert!(one.take(class()).is_ok(), "a stack given back is there for the other cache at once");
        assert_eq!(kept.len(), 2);
    }

    #[test]
    fn full_cache_overflows_to_the_pool_and_others_reuse_it() {
        let pool = StackPool::new(None);
        let (mut one, mut other) = (StackCache::new(Arc::clone(&pool)), StackCache::new(Arc::clone(&pool)));
        let stacks: Vec<Stack> = (0..CACHED + BATCH).map(|_| one.take(class()).unwrap()).collect();
        let addresses: Vec<_> = stacks.iter().map(Stack::usable).collect();
        stacks.into_iter().for_each(|stack| one.give(stack));
        assert!(pool.lock().warm >= BATCH);
        let reused: Vec<Stack> = (0..BATCH).map(|_| other.take(class()).unwrap()).collect();
        assert!(reused.iter().all(|stack| addresses.contains(&stack.usable())));
    }

    #[test]
    fn idle_stacks_beyond_the_warm_ones_stay_usable() {
        let pool = StackPool::new(None);
        let mut cache = StackCache::new(Arc::clone(&pool));
        let stacks: Vec<Stack> = (0..WARM + 3 * CACHED).map(|_| cache.take(class()).unwrap()).collect();
        stacks.into_iter().for_each(|stack| cache.give(stack));
        let (kept, warm, cold) = counts(&pool);
        assert_eq!(kept + warm + cold, (WARM + 3 * CACHED).next_multiple_of(BATCH));
        assert!(
            kept <= CACHED && (WARM..WARM + CACHED).contains(&warm),
            "{kept} kept, {warm} warm, {cold} cold"
        );
        let stacks: Vec<Stack> = (0..WARM + 2 * CACHED).map(|_| cache.take(class()).unwrap()).collect();
        for stack in stacks {
            let mut coroutine = Coroutine::with_stack(stack, |_: &Yielder<(), ()>, ()| 1 + 1);
            assert!(matches!(coroutine.resume(()), CoroutineResult::Return(2)));
            cache.give(coroutine.into_stack());
        }
    }

    #[test]
    fn caches_make_their_stacks_in_slabs_of_their_own_and_leave_them_to_others() {
        let pool = StackPool::new(None);
        let mut caches = [0, 1].map(|_| StackCache::new(Arc::clone(&pool)));
        let stacks = caches.each_mut().map(|cache| cache.take(class()).unwrap());
        let apart = stacks[0].usable().start.abs_diff(stacks[1].usable().start);
        assert!(apart >= FIRST_SLOTS * class().size(), "both in one slab: {apart} bytes apart");
        drop(caches);
        assert_eq!(pool.lock().classes[0].open.len(), 2);
        let mut third = StackCache::new(Arc::clone(&pool));
        // Idle ones first, then the rest of a slab that somebody left, before any new one.
        let more: Vec<Stack> = (0..2 * BATCH).map(|_| third.take(class()).unwrap()).collect();
        assert_eq!((more.len(), pool.lock().classes[0].open.len()), (2 * BATCH, 1));
        drop((third, stacks));
    }

    #[test]
    fn caches_come_home_when_dropped() {
        let pool = StackPool::new(None);
        let mut cache = StackCache::new(Arc::clone(&pool));
        let stack = cache.take(class()).unwrap();
        cache.give(stack);
        drop(cache);
        assert_eq!(counts(&pool), (0, BATCH, 0));
    }

    #[test]
    fn large_stacks_are_kept_by_their_bytes() {
        let pool = StackPool::new(None);
        let large = StackClass::new(64 << 20, false).unwrap();
        assert_eq!((pool.cached(class()), pool.batch(class())), (CACHED, BATCH));
        assert_eq!((pool.cached(large), pool.batch(large)), (4, 1));
        let huge = StackClass::new(1 << 30, false).unwrap();
        assert_eq!((pool.cached(huge), pool.batch(huge)), (1, 1));
        let mut cache = StackCache::new(Arc::clone(&pool));
        let stacks: Vec<Stack> = (0..40).map(|_| cache.take(large).unwrap()).collect();
        stacks.into_iter().for_each(|stack| cache.give(stack));
        let shelves = pool.lock();
        let (warm, cold) = (shelves.warm, shelves.classes[0].cold.len());
        assert_eq!(shelves.warm_bytes, warm << 26);
        assert!((16..20).contains(&warm) && (36..=40).contains(&(warm + cold)), "{warm} warm, {cold} cold");
    }

    #[test]
    fn trimmed_stacks_are_cold_and_usable() {
        let pool = StackPool::new(None);
        let mut cache = StackCache::new(Arc::clone(&pool));
        let stacks: Vec<Stack> = (0..3 * CACHED).map(|_| cache.take(class()).unwrap()).collect();
        stacks.into_iter().for_each(|stack| cache.give(stack));
        pool.trim();
        let (kept, warm, cold) = counts(&pool);
        assert!(
            kept <= CACHED && warm == 0 && kept + cold >= 3 * CACHED,
            "{kept} kept, {warm} warm, {cold} cold"
        );
        cache.trim();
        assert_eq!(counts(&pool), (0, 0, kept + cold));
        assert_eq!(pool.lock().warm_bytes, 0);
        let stacks: Vec<Stack> = (0..3 * CACHED).map(|_| cache.take(class()).unwrap()).collect();
        assert!(stacks.iter().all(|stack| stack.touched_bytes() == 0), "they have given their memory back");
        assert_eq!(counts(&pool), (stacks.len(), 0, 0));
    }
}
