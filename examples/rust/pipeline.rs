//! A pipeline: stages joined by bounded channels. The slow stage divides its work among the workers.

use std::ops::Range;

use moonfleet::{channel, fork_join, spawn};

/// How many primes there are in `range`. Pieces that are worth it may be taken by other workers.
fn primes(range: Range<u32>) -> usize {
    if range.len() <= 1_000 {
        return range.filter(|&n| is_prime(n)).count();
    }
    let middle = range.start + (range.end - range.start) / 2;
    let (low, high) = fork_join(|| primes(range.start..middle), || primes(middle..range.end));
    low + high
}

fn is_prime(n: u32) -> bool {
    n >= 2 && (2..).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d))
}

fn main() {
    moonfleet::run(|| {
        // A bound of two: whoever is ahead waits for whoever is behind.
        let (ranges, to_count) = channel::bounded(2);
        let (counts, to_print) = channel::bounded(2);

        spawn(move || {
            for start in (0..100_000).step_by(20_000) {
                ranges.send(start..start + 20_000).unwrap();
            }
            // The channel closes when its sender is dropped, and the next stage ends.
        });
        spawn(move || {
            for range in to_count.iter() {
                counts.send((range.clone(), primes(range))).unwrap();
            }
        });

        let mut total = 0;
        for (range, count) in to_print.iter() {
            total += count;
            println!("{:>6} to {:>6}: {count}", range.start, range.end);
        }
        println!("below 100000: {total} primes");
    });
}
