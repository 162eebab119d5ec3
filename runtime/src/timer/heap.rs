//! `TimerHeap`: an indexed 4-ary min-heap of deadlines.
//!
//! Insert, remove and pop are O(log₄ n); inserting a deadline later than all others is O(1). Timers with
//! equal deadlines fire in the order they were inserted. A [`TimerKey`] of a timer that fired or was removed
//! is recognised, so removing twice is harmless.
//!
//! Sifting touches only `entries`, where the four children of a node fill one cache line, and the positions
//! of the slots it moves; payloads stay where they are:
//!
//! ```text
//!   entries    [deadline seq slot] [deadline seq slot] …   heap order; children of i: 4i+1 ..= 4i+4
//!   positions  [index of slot 0's entry] [of slot 1's] …   or, for a free slot, the next free one
//!   cold       [generation, payload]     [generation, …    by slot
//! ```

use std::hint;
use std::num::NonZeroU32;

const ARITY: usize = 4;

/// Ends the list of free slots.
const NO_SLOT: u32 = u32::MAX;

/// Names one inserted timer, until it fires or is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TimerKey {
    slot: u32,
    generation: NonZeroU32,
}

/// Deadlines with a payload each, soonest first.
#[derive(Debug)]
pub(crate) struct TimerHeap<P> {
    entries: Vec<Entry>,
    positions: Vec<u32>,
    cold: Vec<Cold<P>>,
    free_slot: u32,
    next_seq: u32,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    deadline_ns: u64,
    seq: u32,
    slot: u32,
}

#[derive(Debug)]
struct Cold<P> {
    /// Changes when the timer ends, which makes its keys stale.
    generation: NonZeroU32,
    payload: P,
}

impl Entry {
    /// Deadline first, then age: one wide comparison instead of two with a branch between.
    #[inline]
    fn rank(self) -> u128 {
        u128::from(self.deadline_ns) << 32 | u128::from(self.seq)
    }
}

impl<P: Copy> TimerHeap<P> {
    /// A heap without timers; it allocates on the first insert.
    pub(crate) const fn new() -> TimerHeap<P> {
        TimerHeap {
            entries: Vec::new(),
            positions: Vec::new(),
            cold: Vec::new(),
            free_slot: NO_SLOT,
            next_seq: 0,
        }
    }

    /// How many timers wait.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.entries.len()
    }

    /// The soonest deadline.
    #[inline]
    pub(crate) fn next_deadline(&self) -> Option<u64> {
        self.entries.first().map(|entry| entry.deadline_ns)
    }

    /// Adds a timer that is due at `deadline_ns`.
    pub(crate) fn insert(&mut self, deadline_ns: u64, payload: P) -> TimerKey {
        if self.next_seq == u32::MAX {
            self.renumber();
        }
        let slot = self.occupy_slot(payload);
        let entry = Entry { deadline_ns, seq: self.next_seq, slot };
        self.next_seq += 1;
        self.entries.push(entry);
        self.sift_up(self.entries.len() - 1, entry);
        TimerKey { slot, generation: self.cold[slot as usize].generation }
    }

    /// Removes a timer and returns its payload; `None` if it fired or was removed before.
    pub(crate) fn remove(&mut self, key: TimerKey) -> Option<P> {
        let cold = self.cold.get(key.slot as usize)?;
        if cold.generation != key.generation {
            return None;
        }
        let position = self.positions[key.slot as usize] as usize;
        Some(self.take_at(position))
    }

    /// Removes the soonest timer if it is due at `now_ns`; call it until it returns `None`.
    #[inline]
    pub(crate) fn pop_due(&mut self, now_ns: u64) -> Option<P> {
        (self.next_deadline()? <= now_ns).then(|| self.take_at(0))
    }

    /// Takes the entry at `position` out and closes the gap with the last one.
    fn take_at(&mut self, position: usize) -> P {
        let taken = self.entries.swap_remove(position);
        if let Some(&moved) = self.entries.get(position) {
            if position > 0 && moved.rank() < self.entries[parent_of(position)].rank() {
                self.sift_up(position, moved);
            } else {
                self.sift_down(position, moved);
            }
        }
        self.vacate_slot(taken.slot)
    }

    /// Moves the hole at `hole` up until `entry` fits in.
    fn sift_up(&mut self, mut hole: usize, entry: Entry) {
        while hole > 0 {
            let parent = parent_of(hole);
            if self.entries[parent].rank() <= entry.rank() {
                break;
            }
            self.place(hole, self.entries[parent]);
            hole = parent;
        }
        self.place(hole, entry);
    }

    /// Moves the hole at `hole` down until `entry` fits in.
    fn sift_down(&mut self, mut hole: usize, entry: Entry) {
        while let Some((child, rank)) = self.soonest_child(hole) {
            if entry.rank() < rank {
                break;
            }
            self.place(hole, self.entries[child]);
            hole = child;
        }
        self.place(hole, entry);
    }

    /// The child of `parent` that fires first.
    #[inline]
    fn soonest_child(&self, parent: usize) -> Option<(usize, u128)> {
        let first = ARITY * parent + 1;
        let children = self.entries.get(first..)?;
        if let Some(&[a, b, c, d]) = children.first_chunk::<ARITY>() {
            // A tournament of selects: which child wins is random, so branches would mispredict.
            let left = sooner((first, a.rank()), (first + 1, b.rank()));
            let right = sooner((first + 2, c.rank()), (first + 3, d.rank()));
            return Some(sooner(left, right));
        }
        children.iter().enumerate().map(|(offset, child)| (first + offset, child.rank())).reduce(sooner)
    }

    /// Writes `entry` to `position` and remembers where it is.
    #[inline]
    fn place(&mut self, position: usize, entry: Entry) {
        self.entries[position] = entry;
        // Fits: there are fewer entries than slots, and slots are u32.
        self.positions[entry.slot as usize] = position as u32;
    }

    /// Puts `payload` into a free slot; its position is set when its entry is placed.
    fn occupy_slot(&mut self, payload: P) -> u32 {
        if let Some(cold) = self.cold.get_mut(self.free_slot as usize) {
            cold.payload = payload;
            let slot = self.free_slot;
            self.free_slot = self.positions[slot as usize];
            return slot;
        }
        let slot = u32::try_from(self.cold.len()).unwrap_or(NO_SLOT);
        assert_ne!(slot, NO_SLOT, "a worker can have {NO_SLOT} timers, and all of them wait");
        self.cold.push(Cold { generation: NonZeroU32::MIN, payload });
        self.positions.push(NO_SLOT);
        slot
    }

    /// Frees `slot`, makes its keys stale and returns its payload.
    fn vacate_slot(&mut self, slot: u32) -> P {
        let cold = &mut self.cold[slot as usize];
        // After four thousand million timers in one slot a key of the first would match again.
        cold.generation = cold.generation.checked_add(1).unwrap_or(NonZeroU32::MIN);
        self.positions[slot as usize] = self.free_slot;
        self.free_slot = slot;
        cold.payload
    }

    /// Counts the waiting timers from zero again, in firing order: once every four thousand million inserts.
    /// A sorted array is a heap, so nothing else has to move.
    #[cold]
    fn renumber(&mut self) {
        self.entries.sort_unstable_by_key(|entry| entry.rank());
        self.next_seq = 0;
        for position in 0..self.entries.len() {
            let entry = Entry { seq: self.next_seq, ..self.entries[position] };
            self.place(position, entry);
            self.next_seq += 1;
        }
    }
}

/// The one that fires first of two entries, given as position and rank.
#[inline]
fn sooner(one: (usize, u128), other: (usize, u128)) -> (usize, u128) {
    let wins = other.1 < one.1;
    (hint::select_unpredictable(wins, other.0, one.0), hint::select_unpredictable(wins, other.1, one.1))
}

/// The parent of a node other than the root.
#[inline]
fn parent_of(position: usize) -> usize {
    (position - 1) / ARITY
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn drain(heap: &mut TimerHeap<u32>) -> Vec<u32> {
        std::iter::from_fn(|| heap.pop_due(u64::MAX)).collect()
    }

    #[test]
    fn timers_fire_by_deadline_and_not_early() {
        let mut heap = TimerHeap::new();
        for deadline in [50, 10, 40, 20, 30] {
            heap.insert(deadline, deadline as u32);
        }
        assert_eq!(heap.next_deadline(), Some(10));
        assert_eq!(heap.pop_due(9), None);
        assert_eq!(heap.pop_due(10), Some(10));
        assert_eq!((heap.pop_due(10), heap.len()), (None, 4));
        assert_eq!(drain(&mut heap), [20, 30, 40, 50]);
        assert_eq!(heap.next_deadline(), None);
    }

    #[test]
    fn equal_deadlines_fire_in_insertion_order() {
        let mut heap = TimerHeap::new();
        for payload in 0..100 {
            heap.insert(7, payload);
        }
        assert_eq!(drain(&mut heap), (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn a_key_works_once() {
        let mut heap = TimerHeap::new();
        let (fired, removed) = (heap.insert(1, 'a'), heap.insert(2, 'b'));
        assert_eq!(heap.pop_due(1), Some('a'));
        assert_eq!((heap.remove(fired), heap.remove(removed), heap.remove(removed)), (None, Some('b'), None));
        let reused = heap.insert(3, 'c');
        assert_eq!(
            (heap.remove(removed), heap.remove(fired)),
            (None, None),
            "slots are reused, keys are not"
        );
        assert_eq!(heap.remove(reused), Some('c'));
    }

    #[test]
    fn order_survives_the_end_of_the_sequence_numbers() {
        let mut heap = TimerHeap::new();
        heap.next_seq = u32::MAX - 50;
        let keys: Vec<TimerKey> =
            (0..100).map(|payload| heap.insert(u64::from(payload % 3), payload)).collect();
        assert!(heap.next_seq < 200, "it has been renumbered");
        assert_eq!(heap.remove(keys[4]), Some(4), "keys stay good");
        let mut expected: Vec<u32> = (0..100).filter(|&payload| payload != 4).collect();
        expected.sort_by_key(|payload| payload % 3);
        assert_eq!(drain(&mut heap), expected);
    }

    #[test]
    fn random_operations_agree_with_a_sorted_map() {
        let seed = fastrand::u64(..);
        let mut rng = fastrand::Rng::with_seed(seed);
        let (mut heap, mut model) = (TimerHeap::new(), BTreeMap::new());
        let mut keys: Vec<(TimerKey, (u64, u32))> = Vec::new();
        for step in 0..100_000u32 {
            match rng.u32(..10) {
                // Growing and shrinking phases take turns, so that the heap is deep at times and empty at others.
                0..=3 => grow(&mut heap, &mut model, &mut keys, rng.u64(..200), step),
                4 | 5 if step / 10_000 % 2 == 0 => {
                    grow(&mut heap, &mut model, &mut keys, rng.u64(..200), step)
                }
                4..=7 if !keys.is_empty() => {
                    let (key, rank) = keys.swap_remove(rng.usize(..keys.len()));
                    assert_eq!(heap.remove(key), model.remove(&rank), "seed {seed}, step {step}");
                }
                _ => {
                    let now = rng.u64(..200);
                    let due = model.first_key_value().map(|(&rank, _)| rank).filter(|rank| rank.0 <= now);
                    let expected = due.and_then(|rank| model.remove(&rank));
                    assert_eq!(heap.pop_due(now), expected, "seed {seed}, step {step}");
                }
            }
            let soonest = model.keys().next().map(|rank| rank.0);
            assert_eq!(
                (heap.len(), heap.next_deadline()),
                (model.len(), soonest),
                "seed {seed}, step {step}"
            );
        }
    }

    fn grow(
        heap: &mut TimerHeap<u32>,
        model: &mut BTreeMap<(u64, u32), u32>,
        keys: &mut Vec<(TimerKey, (u64, u32))>,
        deadline_ns: u64,
        step: u32,
    ) {
        keys.push((heap.insert(deadline_ns, step), (deadline_ns, step)));
        model.insert((deadline_ns, step), step);
    }
}
