//! `Interval`: ticks at a fixed period, which neither drift nor pile up unnoticed.
//!
//! Every tick is computed from the one before, never from the moment the caller was woken: a sleep that ends
//! late delays one tick and no other. What happens to ticks that could not be delivered in time is a choice,
//! [`MissedTicks`], and the arithmetic of all of it is one pure function, `following`.

use std::time::{Duration, Instant};

use crate::suspend::{self, Cancelled, Party, unwind_cancelled};
use crate::sys::clock;

/// What becomes of ticks that were missed.
///
/// A tick is *missed* if the one after it is due, too, before it is delivered: the caller was busy for a whole
/// period or more, or its worker was. While nothing is missed, all three are the same: a tick comes one period
/// after the last one was due, however late that was delivered.
///
/// With a period of 10 and a caller that asks for the tick of 10 at 35:
///
/// | policy | ticks delivered (at) |
/// |---|---|
/// | `Burst` | 10 (35), 20 (35), 30 (35), 40 (40), 50 (50) |
/// | `Delay` | 10 (35), 45 (45), 55 (55) |
/// | `Skip`  | 10 (35), 40 (40), 50 (50) |
///
/// # Examples
/// ```
/// use moonfleet::time::{MissedTicks, interval};
/// use std::time::Duration;
///
/// let heartbeat = interval(Duration::from_secs(1)).missed_ticks(MissedTicks::Skip);
/// # drop(heartbeat);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissedTicks {
    /// Each is delivered, at once, until the caller has caught up: the count of ticks stays right.
    #[default]
    Burst,
    /// They are dropped, and the next is due one period from now: two ticks are never closer than a period
    /// because of a delay, and the phase moves.
    Delay,
    /// They are dropped, and the next is due at the next multiple of the period: the phase stays right.
    Skip,
}

/// Ticks at a fixed period. Made by [`interval`] and [`interval_at`].
///
/// # Examples
/// ```
/// use moonfleet::time::interval;
/// use std::time::{Duration, Instant};
///
/// moonfleet::run(|| {
///     let start = Instant::now();
///     let mut ticks = interval(Duration::from_millis(2));
///     let (first, second) = (ticks.tick(), ticks.tick());
///     assert_eq!(second - first, Duration::from_millis(2));
///     assert!(start.elapsed() >= Duration::from_millis(2));
/// });
/// ```
#[derive(Debug)]
pub struct Interval {
    due: Instant,
    period: Duration,
    missed: MissedTicks,
}

/// An interval whose first tick is due now, and each further one a `period` later.
///
/// **Shape** `Duration → Interval`
/// # Panics
/// If `period` is zero.
///
/// # Examples
/// ```
/// use moonfleet::time::interval;
/// use std::time::Duration;
///
/// moonfleet::run(|| {
///     let mut ticks = interval(Duration::MAX);
///     ticks.tick();
///     assert_eq!(ticks.try_tick(), None, "the second is too far away for any clock");
/// });
/// ```
#[track_caller]
#[must_use = "an interval ticks only when it is asked to"]
pub fn interval(period: Duration) -> Interval {
    interval_at(Instant::now(), period)
}

/// An interval whose first tick is due at `start`, and each further one a `period` later.
///
/// **Shape** `(Instant, Duration) → Interval`
/// # Panics
/// If `period` is zero.
///
/// # Examples
/// ```
/// use moonfleet::time::interval_at;
/// use std::time::{Duration, Instant};
///
/// moonfleet::run(|| {
///     let start = Instant::now() + Duration::from_millis(1);
///     assert_eq!(interval_at(start, Duration::from_secs(1)).tick(), start);
///     assert!(Instant::now() >= start);
/// });
/// ```
#[track_caller]
#[must_use = "an interval ticks only when it is asked to"]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    assert!(
        !period.is_zero(),
        "an interval with a period of zero was asked for, which would tick without end at one moment; \
         give it a nanosecond or more, or use `yield_now` in a plain loop"
    );
    Interval { due: start, period, missed: MissedTicks::default() }
}

impl Interval {
    /// The same interval, with another policy for missed ticks; [`MissedTicks::Burst`] if none is set.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::time::{MissedTicks, interval_at};
    /// use std::time::{Duration, Instant};
    ///
    /// let (start, period) = (Instant::now(), Duration::from_nanos(1));
    /// let mut ticks = interval_at(start, period).missed_ticks(MissedTicks::Skip);
    /// assert_eq!(ticks.tick(), start);
    /// assert!(ticks.due() > start + period, "those between are dropped");
    /// ```
    #[must_use = "the interval with the new policy is what is returned"]
    pub fn missed_ticks(mut self, policy: MissedTicks) -> Self {
        self.missed = policy;
        self
    }

    /// Waits for the next tick, and returns the moment it was due.
    ///
    /// **Shape** `&mut self → Instant`; O(1).
    /// # Suspends
    /// Until the tick is due; not if it is already.
    /// # Cancellation
    /// Unwinds silently; the tick is not consumed, and the next call returns it.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::time::interval;
    /// use std::time::Duration;
    ///
    /// moonfleet::run(|| {
    ///     let mut ticks = interval(Duration::from_micros(100));
    ///     let start = ticks.tick();
    ///     assert_eq!(ticks.tick(), start + Duration::from_micros(100));
    /// });
    /// ```
    pub fn tick(&mut self) -> Instant {
        if self.wait().is_err() {
            unwind_cancelled();
            // Unwinding already: there is no tick, and no later moment that would be truer.
            return self.due;
        }
        self.advance(Instant::now())
    }

    /// The next tick, as the moment it was due, if that has come.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::time::interval;
    /// use std::time::Duration;
    ///
    /// let mut ticks = interval(Duration::from_secs(3_600));
    /// assert!(ticks.try_tick().is_some(), "the first is due at once");
    /// assert!(ticks.try_tick().is_none());
    /// ```
    pub fn try_tick(&mut self) -> Option<Instant> {
        let now = Instant::now();
        (self.due <= now).then(|| self.advance(now))
    }

    /// When the next tick is due. One that no clock can reach counts as due at the far end of time.
    ///
    /// This is what a `select!` waits for beside its channels:
    ///
    /// # Examples
    /// ```
    /// use moonfleet::{channel, select, time::interval};
    /// use std::time::Duration;
    ///
    /// moonfleet::run(|| {
    ///     let (_tx, orders) = channel::bounded::<u8>(1);
    ///     let mut ticks = interval(Duration::from_micros(200));
    ///     let mut beats = 0;
    ///     while beats < 3 {
    ///         select! {
    ///             recv(orders) -> order => drop(order),
    ///             deadline(ticks.due()) => beats += u32::from(ticks.try_tick().is_some()),
    ///         }
    ///     }
    /// });
    /// ```
    #[must_use]
    pub fn due(&self) -> Instant {
        self.due
    }

    /// The time between two ticks.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// assert_eq!(moonfleet::time::interval(Duration::from_secs(2)).period(), Duration::from_secs(2));
    /// ```
    #[must_use]
    pub fn period(&self) -> Duration {
        self.period
    }

    /// Starts over: the next tick is due one period from now, and nothing before it counts as missed.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::time::interval;
    /// use std::time::{Duration, Instant};
    ///
    /// let mut ticks = interval(Duration::from_secs(60));
    /// ticks.reset();
    /// assert!(ticks.due() > Instant::now() + Duration::from_secs(50));
    /// ```
    pub fn reset(&mut self) {
        self.due = saturating_add(Instant::now(), self.period);
    }

    /// Starts over: the next tick is due at `start`.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::time::interval;
    /// use std::time::{Duration, Instant};
    ///
    /// let mut ticks = interval(Duration::from_secs(60));
    /// let start = Instant::now();
    /// ticks.reset_at(start);
    /// assert_eq!(ticks.tick(), start);
    /// ```
    pub fn reset_at(&mut self, start: Instant) {
        self.due = start;
    }

    /// Waits until the tick is due. A caller that never has to wait still gives its neighbours a turn.
    fn wait(&self) -> Result<(), Cancelled> {
        let party = Party::enter()?;
        if Instant::now() < self.due {
            return suspend::sleep_until(clock::at(self.due));
        }
        party.has_not_waited();
        Ok(())
    }

    /// Delivers the tick that is due, at `now`.
    fn advance(&mut self, now: Instant) -> Instant {
        let tick = self.due;
        self.due = following(tick, self.period, now, self.missed);
        tick
    }
}

/// When the tick after `tick` is due, if that is delivered at `now`.
fn following(tick: Instant, period: Duration, now: Instant, missed: MissedTicks) -> Instant {
    let regular = saturating_add(tick, period);
    if now < regular {
        return regular;
    }
    match missed {
        MissedTicks::Burst => regular,
        MissedTicks::Delay => saturating_add(now, period),
        MissedTicks::Skip => {
            let into_period = remainder(now.saturating_duration_since(tick), period);
            saturating_add(now, period - into_period)
        }
    }
}

/// What is left of `whole` after as many of `part`, which is not zero, as it holds; less than `part`.
fn remainder(whole: Duration, part: Duration) -> Duration {
    const PER_SECOND: u128 = 1_000_000_000;
    let ns = whole.as_nanos() % part.as_nanos();
    // Both fit: the remainder is a part of a duration.
    Duration::new((ns / PER_SECOND) as u64, (ns % PER_SECOND) as u32)
}

/// The moment `by` after `at`, or, where no clock counts that far, one hundreds of years later at least.
fn saturating_add(at: Instant, mut by: Duration) -> Instant {
    loop {
        if let Some(sum) = at.checked_add(by) {
            return sum;
        }
        by /= 2;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The ticks of a caller that asks for each at the moments given, in units of the period's tenth.
    fn delivered(policy: MissedTicks, asked_at: &[u64]) -> Vec<u64> {
        let origin = Instant::now();
        let unit = Duration::from_millis(1);
        let (mut due, mut ticks) = (origin + 10 * unit, Vec::new());
        for &at in asked_at {
            // A tick is delivered when it is asked for, or when it is due.
            let now = due.max(origin + unit * at as u32);
            ticks.push((due - origin).as_millis() as u64);
            due = following(due, 10 * unit, now, policy);
        }
        ticks
    }

    #[test]
    fn the_table_in_the_documentation_is_right() {
        let late_once = [35, 35, 35, 35, 35];
        assert_eq!(delivered(MissedTicks::Burst, &late_once), [10, 20, 30, 40, 50]);
        assert_eq!(delivered(MissedTicks::Delay, &late_once), [10, 45, 55, 65, 75]);
        assert_eq!(delivered(MissedTicks::Skip, &late_once), [10, 40, 50, 60, 70]);
    }

    #[test]
    fn a_delay_of_less_than_a_period_misses_nothing_and_leaves_no_trace() {
        for policy in [MissedTicks::Burst, MissedTicks::Delay, MissedTicks::Skip] {
            assert_eq!(delivered(policy, &[19, 21, 39, 0]), [10, 20, 30, 40]);
        }
    }

    #[test]
    fn a_delay_of_exactly_a_period_misses_one_tick() {
        assert_eq!(delivered(MissedTicks::Burst, &[20, 20, 0]), [10, 20, 30]);
        assert_eq!(delivered(MissedTicks::Delay, &[20, 20, 0]), [10, 30, 40]);
        assert_eq!(delivered(MissedTicks::Skip, &[20, 20, 0]), [10, 30, 40]);
    }

    #[test]
    fn the_far_end_of_time_is_reached_without_overflow() {
        let now = Instant::now();
        let century = Duration::from_secs(100 * 365 * 24 * 60 * 60);
        let far = saturating_add(now, Duration::MAX);
        assert!(far > now + century);
        assert!(saturating_add(far, Duration::MAX) >= far);
        for policy in [MissedTicks::Burst, MissedTicks::Delay, MissedTicks::Skip] {
            assert!(following(now, Duration::MAX, now, policy) > now + century);
            assert!(following(now, Duration::from_nanos(1), far, policy) > now);
            assert!(following(far, Duration::MAX, far, policy) >= far);
        }
    }

    proptest! {
        #[test]
        fn ticks_follow_the_policy(
            period_ns in prop_oneof![1..1_000_u64, 1..u64::MAX / 4],
            late_ns in prop_oneof![0..10_000_u64, 0..u64::MAX / 4],
        ) {
            let tick = Instant::now();
            let (period, late) = (Duration::from_nanos(period_ns), Duration::from_nanos(late_ns));
            let now = tick + late;
            let after = |policy| following(tick, period, now, policy) - tick;

            prop_assert_eq!(after(MissedTicks::Burst), period);
            let missed = late_ns >= period_ns;
            prop_assert_eq!(after(MissedTicks::Delay), if missed { late + period } else { period });
            // The first multiple of the period that is later than `now`.
            let multiples = u128::from(late_ns / period_ns) + 1;
            prop_assert_eq!(after(MissedTicks::Skip).as_nanos(), multiples * u128::from(period_ns));
        }

        #[test]
        fn a_sequence_never_goes_back_and_never_drifts(
            period_ns in 1..100_000_u64,
            delays_ns in prop::collection::vec(0..1_000_000_u64, 1..50),
        ) {
            let (origin, period) = (Instant::now(), Duration::from_nanos(period_ns));
            for policy in [MissedTicks::Burst, MissedTicks::Delay, MissedTicks::Skip] {
                let (mut due, mut now) = (origin, origin);
                for (count, &delay_ns) in delays_ns.iter().enumerate() {
                    now = due.max(now + Duration::from_nanos(delay_ns));
                    let next = following(due, period, now, policy);
                    prop_assert!(next >= due + period);
                    match policy {
                        MissedTicks::Burst => prop_assert_eq!(next, origin + period * (count as u32 + 1)),
                        MissedTicks::Delay => prop_assert!(next > now || now < due + period),
                        MissedTicks::Skip => {
                            prop_assert!(next > now && next <= now + period);
                            prop_assert_eq!((next - origin).as_nanos() % period.as_nanos(), 0);
                        }
                    }
                    due = next;
                }
            }
        }
    }
}
