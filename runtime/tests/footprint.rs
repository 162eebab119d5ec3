//! What a task costs before it starts: one allocation, and not a large one.
//!
//! One test in this file: it counts what the whole process allocates.

#![allow(unsafe_code, reason = "an allocator that counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use moonfleet::{Runtime, spawn};

/// Bytes of an unstarted task whose closure and result are small, at most.
const MOST_BYTES: usize = 256;

struct Counting;

static BYTES: AtomicUsize = AtomicUsize::new(0);
static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(layout.size(), Ordering::Relaxed);
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes and allocations so far.
fn so_far() -> (usize, usize) {
    (BYTES.load(Ordering::Relaxed), ALLOCATIONS.load(Ordering::Relaxed))
}

#[test]
fn an_unstarted_task_is_one_small_allocation() {
    let cheapest = Runtime::builder().workers(1).build().unwrap().block_on(|| {
        let mut tasks = Vec::with_capacity(1_000);
        let costs = (0..1_000_usize).map(|n| {
            let before = so_far();
            tasks.push(spawn(move || n));
            let after = so_far();
            (after.0 - before.0, after.1 - before.1)
        });
        // The run queue grows now and then, and the test harness may allocate: most spawns see neither.
        let cheapest = costs.min();
        tasks.into_iter().for_each(|task| drop(task.join()));
        cheapest.unwrap()
    });
    assert_eq!(cheapest.1, 1);
    assert!(cheapest.0 <= MOST_BYTES, "{} bytes for an unstarted task", cheapest.0);
}
