//! Channels: `moonfleet.channel` and the methods of what it returns.
//!
//! Success is `true` or the values; failure is `nil` and `"closed"`, `"timeout"`, `"full"` or `"empty"`.

use std::time::Instant;

use moonfleet::channel::{TryRecvError, TrySendError};
use moonfleet::foreign::{self, Cancelled, RecvFailure, SendFailure};

use crate::modules::meet;
use crate::modules::time::deadline;
use crate::raw::callback::function;
use crate::raw::{Frame, Outcome, Raise, Reply};
use crate::state::local::cancelled;
use crate::state::{Local, Wait};
use crate::value::meeting::{Met, Values};
use crate::value::{Channel, Handle, Message, Names};

/// The most messages a bounded channel may hold; more is a slip of the pen, or meant `math.huge`.
const MAX_CAPACITY: i64 = 1 << 32;

/// `moonfleet.channel([capacity])`: 0 is a rendezvous, `math.huge` has no bound.
pub(super) fn new(frame: Frame<'_>) -> Result<Channel, Raise> {
    // The userdata for the result is on top already.
    if frame.top() == 1 || !frame.kind(1).is_some() {
        return Ok(Channel::meeting());
    }
    let handle = match (frame.integer(1), frame.number(1)) {
        (Some(0), _) => return Ok(Channel::meeting()),
        (Some(1), _) => return Ok(Channel::meeting_with_shelf()),
        (Some(capacity @ 1..=MAX_CAPACITY), _) => Handle::bounded(capacity as usize),
        (_, Some(f64::INFINITY)) => Handle::unbounded(),
        (_, Some(_)) => {
            return Err(Raise::argument(1, "capacity must be a whole number from 0 to 2^32, or math.huge"));
        }
        (_, None) => return Err(Raise::expected(1, c"number")),
    };
    frame.weigh(Handle::WEIGHT);
    Ok(Channel::from(handle))
}

/// `channel:send(...)`.
pub(super) fn send(frame: Frame<'_>) -> Outcome {
    let channel = frame.argument::<Channel>(1)?;
    let values = Values { first: 2, count: frame.top() - 1 };
    if let Some(meeting) = channel.as_meeting()
        && meet::cross_by_reference(frame, values)
        && let Some(reply) = meet::send(frame, meeting, values)?
    {
        return Ok(reply);
    }
    let message = Message::read(frame, 2, Names::Arguments)?;
    let handle = channel.share(frame, 1)?;
    match Local::of(frame)
        .wait(frame, Wait::inside(&"send", None), || foreign::send(handle.sender(), message, None))?
    {
        Ok(()) => Ok(frame.reply_true()),
        Err(SendFailure::Closed(_)) => Ok(Reply::Failure(c"closed")),
        Err(SendFailure::TimedOut(_)) => Ok(Reply::Failure(c"timeout")),
        Err(SendFailure::Cancelled(_)) => Err(cancelled(Cancelled)),
    }
}

/// `channel:receive([timeout])`.
pub(super) fn receive(frame: Frame<'_>) -> Outcome {
    let channel = frame.argument::<Channel>(1)?;
    let deadline = deadline(frame, 2)?;
    receive_until(frame, channel, deadline)
}

#[inline]
fn receive_until(frame: Frame<'_>, channel: &Channel, deadline: Option<Instant>) -> Outcome {
    if let Some(meeting) = channel.as_meeting()
        && let Some(reply) = meet::receive(frame, meeting, deadline)?
    {
        return Ok(reply);
    }
    let handle = channel.share(frame, 1)?;
    match Local::of(frame)
        .wait(frame, Wait::inside(&"receive", deadline), || foreign::recv(handle.receiver(), deadline))?
    {
        Ok(message) => Ok(Reply::Values(message.push(frame)?)),
        Err(RecvFailure::Closed) => Ok(Reply::Failure(c"closed")),
        Err(RecvFailure::TimedOut) => Ok(Reply::Failure(c"timeout")),
        Err(RecvFailure::Cancelled) => Err(cancelled(Cancelled)),
    }
}

/// `channel:try_send(...)`.
pub(super) fn try_send(frame: Frame<'_>) -> Outcome {
    let channel = frame.argument::<Channel>(1)?;
    let values = Values { first: 2, count: frame.top() - 1 };
    if let Some(meeting) = channel.as_meeting()
        && meet::cross_by_reference(frame, values)
    {
        return Ok(match meeting.send(frame, values) {
            Met::Yes(_) => frame.reply_true(),
            Met::NotYet => Reply::Failure(c"full"),
            Met::TooMuch => return try_send_shared(frame, channel),
            Met::Closed => Reply::Failure(c"closed"),
        });
    }
    try_send_shared(frame, channel)
}

fn try_send_shared(frame: Frame<'_>, channel: &Channel) -> Outcome {
    let message = Message::read(frame, 2, Names::Arguments)?;
    match channel.share(frame, 1)?.sender().try_send(message) {
        Ok(()) => Ok(frame.reply_true()),
        Err(TrySendError::Full(_)) => Ok(Reply::Failure(c"full")),
        Err(TrySendError::Closed(_)) => Ok(Reply::Failure(c"closed")),
    }
}

/// `channel:try_receive()`.
pub(super) fn try_receive(frame: Frame<'_>) -> Outcome {
    let channel = frame.argument::<Channel>(1)?;
    if let Some(meeting) = channel.as_meeting() {
        return Ok(match meeting.receive(frame, None) {
            Met::Yes(count) => Reply::Values(count),
            Met::NotYet => Reply::Failure(c"empty"),
            Met::TooMuch => return Err(meet::too_much()),
            Met::Closed => Reply::Failure(c"closed"),
        });
    }
    match channel.share(frame, 1)?.receiver().try_recv() {
        Ok(message) => Ok(Reply::Values(message.push(frame)?)),
        Err(TryRecvError::Empty) => Ok(Reply::Failure(c"empty")),
        Err(TryRecvError::Closed) => Ok(Reply::Failure(c"closed")),
    }
}

/// `channel:close()`: true the first time.
pub(super) fn close(frame: Frame<'_>) -> Outcome {
    let channel = frame.argument::<Channel>(1)?;
    let first = match (channel.as_meeting(), channel.as_handle()) {
        (Some(meeting), _) => meeting.close(),
        (None, handle) => handle.is_some_and(|handle| handle.sender().close()),
    };
    Ok(if first { frame.reply_true() } else { Reply::Failure(c"closed") })
}

/// `channel:len()` and `#channel`: how many messages wait in the buffer.
pub(super) fn len(frame: Frame<'_>) -> Outcome {
    let channel = frame.argument::<Channel>(1)?;
    let resting = match (channel.as_meeting(), channel.as_handle()) {
        (Some(meeting), _) => usize::from(meeting.resting().is_some()),
        (None, handle) => handle.map_or(0, |handle| handle.receiver().len()),
    };
    frame.push_integer(resting as i64);
    Ok(Reply::Values(1))
}

/// `channel:iter()`: for the generic `for`, until the channel is closed and empty. A message whose first value is
/// nil ends the loop too, as everywhere in Lua.
pub(super) fn iter(frame: Frame<'_>) -> Outcome {
    frame.argument::<Channel>(1)?;
    Ok(Reply::Iterate(function(next)))
}

fn next(frame: Frame<'_>) -> Outcome {
    let channel = frame.argument::<Channel>(1)?;
    match receive_until(frame, channel, None)? {
        Reply::Failure(_) => {
            frame.push_nil();
            Ok(Reply::Values(1))
        }
        reply => Ok(reply),
    }
}
