//! Channels: `moonfleet.channel` and the methods of what it returns.
//!
//! Success is `true` or the values; failure is `nil` and `"closed"`, `"timeout"`, `"full"` or `"empty"`.

use moonfleet::channel::{TryRecvError, TrySendError};
use moonfleet::foreign::{self, Cancelled, RecvFailure, SendFailure};

use crate::modules::time::deadline;
use crate::raw::callback::function;
use crate::raw::{Frame, Outcome, Raise, Reply};
use crate::state::Local;
use crate::state::local::cancelled;
use crate::value::{Handle, Message, Names};

/// The most messages a bounded channel may hold; more is a slip of the pen, or meant `math.huge`.
const MAX_CAPACITY: i64 = 1 << 32;

/// `moonfleet.channel([capacity])`: 0 is a rendezvous, `math.huge` has no bound.
pub(super) fn new(frame: Frame<'_>) -> Result<Handle, Raise> {
    Local::of(frame).weigh(frame, Handle::WEIGHT);
    // The userdata for the result is on top already.
    if frame.top() == 1 || !frame.kind(1).is_some() {
        return Ok(Handle::rendezvous());
    }
    match (frame.integer(1), frame.number(1)) {
        (Some(0), _) => Ok(Handle::rendezvous()),
        (Some(capacity @ 1..=MAX_CAPACITY), _) => Ok(Handle::bounded(capacity as usize)),
        (_, Some(f64::INFINITY)) => Ok(Handle::unbounded()),
        (_, Some(_)) => {
            Err(Raise::argument(1, "capacity must be a whole number from 0 to 2^32, or math.huge"))
        }
        (_, None) => Err(Raise::expected(1, c"number")),
    }
}

/// `channel:send(...)`.
pub(super) fn send(frame: Frame<'_>) -> Outcome {
    let channel = frame.argument::<Handle>(1)?;
    let message = Message::read(frame, 2, Names::Arguments)?;
    match Local::of(frame).wait(frame, || foreign::send(channel.sender(), message, None))? {
        Ok(()) => Ok(frame.reply_true()),
        Err(SendFailure::Closed(_)) => Ok(Reply::Failure(c"closed")),
        Err(SendFailure::TimedOut(_)) => Ok(Reply::Failure(c"timeout")),
        Err(SendFailure::Cancelled(_)) => Err(cancelled(Cancelled)),
    }
}

/// `channel:receive([timeout])`.
pub(super) fn receive(frame: Frame<'_>) -> Outcome {
    let channel = frame.argument::<Handle>(1)?;
    let deadline = deadline(frame, 2)?;
    match Local::of(frame).wait(frame, || foreign::recv(channel.receiver(), deadline))? {
        Ok(message) => Ok(Reply::Values(message.push(frame)?)),
        Err(RecvFailure::Closed) => Ok(Reply::Failure(c"closed")),
        Err(RecvFailure::TimedOut) => Ok(Reply::Failure(c"timeout")),
        Err(RecvFailure::Cancelled) => Err(cancelled(Cancelled)),
    }
}

/// `channel:try_send(...)`.
pub(super) fn try_send(frame: Frame<'_>) -> Outcome {
    let channel = frame.argument::<Handle>(1)?;
    match channel.sender().try_send(Message::read(frame, 2, Names::Arguments)?) {
        Ok(()) => Ok(frame.reply_true()),
        Err(TrySendError::Full(_)) => Ok(Reply::Failure(c"full")),
        Err(TrySendError::Closed(_)) => Ok(Reply::Failure(c"closed")),
    }
}

/// `channel:try_receive()`.
pub(super) fn try_receive(frame: Frame<'_>) -> Outcome {
    match frame.argument::<Handle>(1)?.receiver().try_recv() {
        Ok(message) => Ok(Reply::Values(message.push(frame)?)),
        Err(TryRecvError::Empty) => Ok(Reply::Failure(c"empty")),
        Err(TryRecvError::Closed) => Ok(Reply::Failure(c"closed")),
    }
}

/// `channel:close()`: true the first time.
pub(super) fn close(frame: Frame<'_>) -> Outcome {
    if frame.argument::<Handle>(1)?.sender().close() {
        return Ok(frame.reply_true());
    }
    Ok(Reply::Failure(c"closed"))
}

/// `channel:len()` and `#channel`: how many messages wait in the buffer.
pub(super) fn len(frame: Frame<'_>) -> Outcome {
    frame.push_integer(frame.argument::<Handle>(1)?.receiver().len() as i64);
    Ok(Reply::Values(1))
}

/// `channel:iter()`: for the generic `for`, until the channel is closed and empty. A message whose first value is
/// nil ends the loop too, as everywhere in Lua.
pub(super) fn iter(frame: Frame<'_>) -> Outcome {
    frame.argument::<Handle>(1)?;
    Ok(Reply::Iterate(function(next)))
}

fn next(frame: Frame<'_>) -> Outcome {
    let channel = frame.argument::<Handle>(1)?;
    match Local::of(frame).wait(frame, || foreign::recv(channel.receiver(), None))? {
        Ok(message) => Ok(Reply::Values(message.push(frame)?)),
        Err(RecvFailure::Closed | RecvFailure::TimedOut) => {
            frame.push_nil();
            Ok(Reply::Values(1))
        }
        Err(RecvFailure::Cancelled) => Err(cancelled(Cancelled)),
    }
}
