//! Sleeping, stepping aside and the clock; and how Lua's seconds become deadlines.

use std::ffi::c_int;
use std::time::{Duration, Instant};

use moonfleet::foreign;

use crate::raw::{Frame, Outcome, Raise, Reply};
use crate::state::local::cancelled;
use crate::state::{Local, Wait};

/// A wait longer than this never ends in practice. It keeps `math.huge` inside what an `Instant` can hold.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// `moonfleet.sleep(seconds)`: nothing that is not positive sleeps, but the others run first.
pub(super) fn sleep(frame: Frame<'_>) -> Outcome {
    let length = seconds(frame, 1)?;
    let local = Local::of(frame);
    if length.is_zero() {
        local.step_aside(frame)?;
    } else {
        let deadline = Instant::now() + length;
        local.wait(frame, Wait::outside(&"sleep"), || foreign::sleep_until(deadline))?.map_err(cancelled)?;
    }
    Ok(Reply::Values(0))
}

/// `moonfleet.yield()`.
pub(super) fn step_aside(frame: Frame<'_>) -> Outcome {
    Local::of(frame).step_aside(frame)?;
    Ok(Reply::Values(0))
}

/// `moonfleet.now()`: seconds on a clock that never goes back.
pub(super) fn now(frame: Frame<'_>) -> Outcome {
    frame.push_number(Local::of(frame).fleet().born.elapsed().as_secs_f64());
    Ok(Reply::Values(1))
}

/// The deadline that the optional seconds at `index` set; none without them.
pub(super) fn deadline(frame: Frame<'_>, index: c_int) -> Result<Option<Instant>, Raise> {
    if !frame.kind(index).is_some() {
        return Ok(None);
    }
    Ok(Some(Instant::now() + seconds(frame, index)?))
}

pub(super) fn seconds(frame: Frame<'_>, index: c_int) -> Result<Duration, Raise> {
    let Some(seconds) = frame.number(index) else { return Err(Raise::expected(index, c"number")) };
    duration(seconds).ok_or_else(|| Raise::argument(index, "seconds must be a number, not NaN"))
}

/// Seconds as a duration between nothing and [`FOREVER`]; `None` for NaN.
pub(super) fn duration(seconds: f64) -> Option<Duration> {
    if seconds.is_nan() {
        return None;
    }
    Some(Duration::try_from_secs_f64(seconds.max(0.0)).map_or(FOREVER, |duration| duration.min(FOREVER)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_seconds_is_a_duration() {
        assert_eq!(duration(0.5), Some(Duration::from_millis(500)));
        assert_eq!(duration(-1.0), Some(Duration::ZERO));
        assert_eq!(duration(f64::INFINITY), Some(FOREVER));
        assert_eq!(duration(f64::NAN), None);
    }
}
