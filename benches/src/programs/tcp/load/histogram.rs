//! Millions of times in little memory: buckets that are three per cent wide, as HdrHistogram has them.
//!
//! Source: Gil Tene, <https://hdrhistogram.org>. A bucket is the leading six bits of a time and their place.

use std::time::Duration;

/// Bits kept below the leading one.
const FINE_BITS: u32 = 5;

/// One for each value of the six leading bits in each place.
const BUCKETS: usize = ((64 - FINE_BITS as usize) + 1) << FINE_BITS;

#[derive(Debug)]
pub(super) struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Histogram {
    pub(super) fn new() -> Histogram {
        Histogram { counts: vec![0; BUCKETS], total: 0 }
    }

    pub(super) fn record(&mut self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.counts[bucket(nanoseconds)] += 1;
        self.total += 1;
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// The time that this share of all did not exceed, in microseconds.
    pub(super) fn percentile_us(&self, share: f64) -> f64 {
        let rank = (self.total as f64 * share).ceil() as u64;
        let mut seen = 0;
        let reaches = |&count: &u64| {
            seen += count;
            seen >= rank
        };
        self.counts.iter().position(reaches).map_or(0.0, |index| greatest(index) as f64 / 1e3)
    }
}

fn bucket(nanoseconds: u64) -> usize {
    let bits = u64::BITS - nanoseconds.leading_zeros();
    let shift = bits.saturating_sub(FINE_BITS + 1);
    ((shift as usize) << FINE_BITS) + (nanoseconds >> shift) as usize
}

/// The greatest time of a bucket.
fn greatest(index: usize) -> u64 {
    let shift = (index >> FINE_BITS).saturating_sub(1);
    let leading = (index - (shift << FINE_BITS)) as u64;
    (leading << shift) | ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_has_a_bucket_that_is_close() {
        for time in (0..64).flat_map(|place| [1u64 << place, (1 << place) - 1, (1 << place) | 1, u64::MAX]) {
            let index = bucket(time);
            assert!(index < BUCKETS, "{time}");
            assert!(greatest(index) >= time, "{time}");
            assert!(greatest(index) - time <= time >> FINE_BITS, "{time}: {}", greatest(index));
            assert!(index == 0 || greatest(index - 1) < time, "{time}");
        }
    }

    #[test]
    fn percentiles_are_those_of_the_times() {
        let mut times = Histogram::new();
        (1..=1000).for_each(|us| times.record(Duration::from_micros(us)));
        assert_eq!(times.total(), 1000);
        assert!((500.0..=516.0).contains(&times.percentile_us(0.5)), "{}", times.percentile_us(0.5));
        assert!((990.0..=1021.0).contains(&times.percentile_us(0.99)), "{}", times.percentile_us(0.99));
    }

    #[test]
    fn nothing_recorded_is_no_time() {
        assert_eq!(Histogram::new().percentile_us(0.99), 0.0);
    }
}
