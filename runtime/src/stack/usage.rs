//! `UsageTable`: how deep the tasks of each name went, for a runtime that measures that.
//!
//! A finished task's stack is measured by asking the kernel which of its pages have memory, and gives that memory
//! back, so that the next measure is its own. So a measure is in whole pages, and costs two system calls a task.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::slot::Stack;

/// Names that have an entry of their own: a program that gives every task another name must not fill the memory.
const MOST_NAMES: usize = 4096;

/// How deep the tasks of one name went, of those that have ended.
///
/// A task is counted when its stack has come home, a little after its result. Pages that the kernel has swapped out
/// may be missed.
///
/// # Examples
/// ```
/// use moonfleet::{Runtime, TaskBuilder};
///
/// let runtime = Runtime::builder().workers(1).measure_stacks(true).build().unwrap();
/// runtime.block_on(|| TaskBuilder::new().name("diver").spawn(|| ()).unwrap().join().unwrap());
/// let usage = runtime.stack_usage();
/// let diver = usage.iter().find(|usage| usage.name.as_deref() == Some("diver")).unwrap();
/// assert_eq!((diver.tasks, diver.stack_size), (1, 256 << 10));
/// assert!(diver.high_water > 0 && diver.high_water <= diver.stack_size);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StackUsage {
    /// The name; `None` for the tasks without one.
    pub name: Option<Arc<str>>,
    /// The size, in bytes, of the stack of the task that went deepest.
    pub stack_size: usize,
    /// How many tasks of this name have ended.
    pub tasks: u64,
    /// How deep the deepest of them went, in bytes: whole pages.
    pub high_water: usize,
}

impl fmt::Display for StackUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, stack_size, tasks, high_water } = self;
        match name {
            Some(name) => write!(f, "'{name}'")?,
            None => write!(f, "(unnamed)")?,
        }
        write!(f, ": {high_water} of {stack_size} bytes, {tasks} tasks")
    }
}

/// What a runtime knows of the depth of its tasks.
#[derive(Debug, Default)]
pub(crate) struct UsageTable(Mutex<HashMap<Option<Arc<str>>, Depth>>);

/// Of the tasks of one name.
#[derive(Debug, Default)]
struct Depth {
    tasks: u64,
    high_water: usize,
    stack_size: usize,
}

impl UsageTable {
    /// Measures the stack of a task that has finished, and makes it ready for the next measure.
    #[cold]
    pub(crate) fn measure(&self, name: Option<&Arc<str>>, stack: &mut Stack) {
        let touched = stack.touched_bytes();
        stack.release();
        self.note(name, stack.class().usable(), touched);
    }

    fn note(&self, name: Option<&Arc<str>>, stack_size: usize, touched: usize) {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let has_room = table.len() < MOST_NAMES;
        let name = name.filter(|&name| has_room || table.contains_key(&Some(Arc::clone(name))));
        let depth = table.entry(name.cloned()).or_default();
        depth.tasks += 1;
        if touched >= depth.high_water {
            depth.high_water = touched;
            depth.stack_size = stack_size;
        }
    }

    /// Everything that was measured, the deepest first.
    pub(crate) fn read(&self) -> Vec<StackUsage> {
        let table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = |(name, depth): (&Option<Arc<str>>, &Depth)| StackUsage {
            name: name.clone(),
            stack_size: depth.stack_size,
            tasks: depth.tasks,
            high_water: depth.high_water,
        };
        let mut usage: Vec<_> = table.iter().map(entry).collect();
        usage.sort_by(|one, other| (other.high_water, &one.name).cmp(&(one.high_water, &other.name)));
        usage
    }
}

#[cfg(test)]
mod tests {
    use super::super::{StackCache, StackClass, StackPool};
    use super::*;

    #[test]
    fn the_deepest_task_of_a_name_sets_its_mark() {
        let table = UsageTable::default();
        let (net, disk): (Arc<str>, Arc<str>) = ("net".into(), "disk".into());
        for (name, stack_size, touched) in [
            (Some(&net), 100, 10),
            (Some(&disk), 100, 60),
            (Some(&net), 200, 40),
            (Some(&net), 100, 30),
            (None, 9, 3),
        ] {
            table.note(name, stack_size, touched);
        }
        let lines: Vec<String> = table.read().iter().map(StackUsage::to_string).collect();
        assert_eq!(
            lines,
            [
                "'disk': 60 of 100 bytes, 1 tasks",
                "'net': 40 of 200 bytes, 3 tasks",
                "(unnamed): 3 of 9 bytes, 1 tasks"
            ]
        );
    }

    #[test]
    fn names_beyond_the_limit_count_as_unnamed() {
        let table = UsageTable::default();
        for n in 0..MOST_NAMES + 10 {
            table.note(Some(&format!("task {n}").into()), 100, 10);
        }
        table.note(Some(&"task 5".into()), 100, 20);
        let usage = table.read();
        assert_eq!(
            (usage.len(), usage[0].name.as_deref(), usage[0].tasks),
            (MOST_NAMES + 1, Some("task 5"), 2)
        );
        assert_eq!(usage.iter().find(|usage| usage.name.is_none()).map(|usage| usage.tasks), Some(10));
    }

    #[test]
    fn a_stack_is_measured_in_pages_from_its_base_and_then_untouched() {
        let mut cache = StackCache::new(StackPool::new(None));
        // Large enough to be asked for in several pieces.
        let mut stack = cache.take(StackClass::new(16 << 20, true).unwrap()).unwrap();
        assert_eq!(stack.touched_bytes(), 0);
        let table = UsageTable::default();
        for depth in [1, 5 << 12, 3 << 12, 9 << 20, 16 << 20] {
            let place = std::ptr::with_exposed_provenance_mut::<u8>(stack.usable().end - depth);
            place_byte(place);
            assert_eq!(stack.touched_bytes(), depth.next_multiple_of(4096));
            table.measure(None, &mut stack);
            assert_eq!(stack.touched_bytes(), 0);
        }
        assert_eq!((table.read()[0].tasks, table.read()[0].high_water), (5, 16 << 20));
        cache.give(stack);
    }

    #[allow(unsafe_code, reason = "stands for a frame")]
    fn place_byte(place: *mut u8) {
        // SAFETY: slot-owner: the test holds the stack, and no frame lives on it.
        unsafe { place.write_volatile(7) };
    }
}
