//! How many connections each thread of a server took on. It tells whether a storm spreads over the workers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// The count of each thread that served at least one.
static THREADS: Mutex<Vec<&'static AtomicU64>> = Mutex::new(Vec::new());

thread_local! {
    static MINE: &'static AtomicU64 = register();
}

/// A count for this thread. A server has few threads and they live as long as it does, so nothing is given back.
fn register() -> &'static AtomicU64 {
    let count: &AtomicU64 = Box::leak(Box::new(AtomicU64::new(0)));
    THREADS.lock().unwrap_or_else(PoisonError::into_inner).push(count);
    count
}

/// Counts a connection for the thread its task begins on. Nothing in here suspends, so the thread stays the same.
pub(super) fn count() {
    // ORDER: Relaxed; a count publishes nothing but itself.
    MINE.with(|mine| mine.fetch_add(1, Ordering::Relaxed));
}

/// Prints how many connections there were and the share of the busiest thread.
pub(super) fn report() {
    let threads = THREADS.lock().unwrap_or_else(PoisonError::into_inner);
    // ORDER: Relaxed; the clients have had their replies, which no thread sends before it has counted.
    let counts = threads.iter().map(|count| count.load(Ordering::Relaxed));
    let (total, most) = counts.fold((0, 0), |(total, most), count| (total + count, count.max(most)));
    let share = if total > 0 { 100.0 * most as f64 / total as f64 } else { 0.0 };
    println!("connections: {total}\nbusiest_percent: {share:.1}");
}
