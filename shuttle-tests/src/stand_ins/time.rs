//! `std::time`, by the clock of the model.

use std::ops::{Add, Sub};
pub(crate) use std::time::*;

use crate::stand_ins::clock;

/// A moment of the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    pub fn now() -> Self {
        Self(clock::now_ns())
    }

    pub(crate) fn ns(self) -> u64 {
        self.0
    }

    pub fn checked_add(self, timeout: Duration) -> Option<Self> {
        self.0.checked_add(u64::try_from(timeout.as_nanos()).ok()?).map(Self)
    }

    pub fn elapsed(self) -> Duration {
        Self::now().saturating_duration_since(self)
    }

    pub fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, timeout: Duration) -> Self {
        self.checked_add(timeout).expect("a moment that fits")
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.saturating_duration_since(earlier)
    }
}
