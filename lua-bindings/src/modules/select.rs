//! `moonfleet.select`: waits for the first of several sends, receives and joins.
//!
//! The arms live on the native stack of the task; up to eight of them need no allocation. Their channels and tasks
//! stay on the Lua stack meanwhile, which keeps them alive even if the script changes its tables.

use std::ffi::{CStr, c_int};
use std::time::Instant;

use moonfleet::foreign;
use moonfleet::select::{Arm, RecvArm, Selected, SendArm, Wait};
use smallvec::SmallVec;

use crate::modules::task::refuse_self;
use crate::modules::time::duration;
use crate::raw::{Frame, Kind, Outcome, Raise, Reply};
use crate::state::Local;
use crate::state::local::cancelled;
use crate::task::TaskHandle;
use crate::task::handle::JoinGuard;
use crate::value::{Handle, Message, Names};

/// The field names, as upvalues of the callback: looking one up needs no string.
pub(super) const FIELDS: &[&CStr] = &[c"receive", c"send", c"join", c"timeout", c"default"];
const RECEIVE: c_int = 1;
const SEND: c_int = 2;
const JOIN: c_int = 3;
const TIMEOUT: c_int = 4;
const DEFAULT: c_int = 5;

/// How many arms fit on the native stack.
const FEW: usize = 8;

/// A choice in the making.
#[derive(Default)]
struct Choice<'a> {
    arms: SmallVec<[Offer<'a>; FEW]>,
    /// Which arms are joins, and of what.
    joins: SmallVec<[(usize, &'a TaskHandle, JoinGuard<'a>); 2]>,
}

/// An arm; a join receives from a channel that closes when the task ends.
enum Offer<'a> {
    Receive(RecvArm<'a, Message>),
    Send(SendArm<'a, Message>),
}

/// `moonfleet.select{ {receive=ch}, {send=ch, …}, {join=task}, timeout=s, default=true }`: the index of the arm
/// that fired, then its values; or `nil` and `"timeout"` or `"default"`. Among ready arms chance decides.
pub(super) fn select(frame: Frame<'_>) -> Outcome {
    if frame.kind(1) != Kind::Table {
        return Err(Raise::expected(1, c"table"));
    }
    let count = frame.raw_length(1);
    // Each arm leaves its table and its channel on the stack.
    if count > FEW / 2 && !frame.reserve(c_int::try_from(count).unwrap_or(c_int::MAX / 4) * 2 + 16) {
        return Err(Raise::argument(1, "too many arms"));
    }
    let wait = wait(frame)?;
    let mut choice = Choice::default();
    for n in 1..=count {
        choice.add(frame, n)?;
    }
    if choice.arms.is_empty() && matches!(wait, Wait::Forever) {
        return Err(Raise::argument(1, "no arm, no timeout and no default: this would wait for ever"));
    }
    match choice.make(frame, wait)? {
        Selected::Arm(index) => choice.conclude(frame, index),
        Selected::TimedOut => Ok(Reply::Failure(c"timeout")),
        Selected::WouldBlock => Ok(Reply::Failure(c"default")),
    }
}

/// How long to wait, from the fields `default` and `timeout`. `[-0, +0, -]`
fn wait(frame: Frame<'_>) -> Result<Wait, Raise> {
    frame.field(1, DEFAULT);
    frame.field(1, TIMEOUT);
    let wait = if frame.boolean(-2) {
        Ok(Wait::Poll)
    } else if !frame.kind(-1).is_some() {
        Ok(Wait::Forever)
    } else {
        let length = frame.number(-1).and_then(duration);
        length
            .map(|length| Wait::Until(Instant::now() + length))
            .ok_or_else(|| Raise::argument(1, "'timeout' must be a number of seconds"))
    };
    frame.pop(2);
    wait
}

impl<'a> Choice<'a> {
    /// Adds arm `n`. Leaves two values on the stack. `[-0, +2, -]`
    #[inline]
    fn add(&mut self, frame: Frame<'a>, n: usize) -> Result<(), Raise> {
        if frame.raw_get_index(1, n as i64) != Kind::Table {
            return Err(Raise::argument(1, format!("arm {n} must be a table")));
        }
        let table = frame.top();
        if frame.field(table, RECEIVE).is_some() {
            let channel = frame.userdata::<Handle>(-1).ok_or_else(|| wrong_field(n, "receive", "channel"))?;
            self.arms.push(Offer::Receive(RecvArm::new(channel.receiver())));
            return Ok(());
        }
        frame.pop(1);
        self.add_other(frame, n, table)
    }

    #[inline(never)]
    fn add_other(&mut self, frame: Frame<'a>, n: usize, table: c_int) -> Result<(), Raise> {
        if frame.field(table, SEND).is_some() {
            let channel = frame.userdata::<Handle>(-1).ok_or_else(|| wrong_field(n, "send", "channel"))?;
            self.arms.push(Offer::Send(SendArm::new(channel.sender(), values(frame, table)?)));
            return Ok(());
        }
        frame.pop(1);
        if frame.field(table, JOIN).is_some() {
            let task = frame.userdata::<TaskHandle>(-1).ok_or_else(|| wrong_field(n, "join", "task"))?;
            refuse_self(task)?;
            self.joins.push((self.arms.len(), task, task.join_guard()));
            self.arms.push(Offer::Receive(RecvArm::new(task.latch().receiver())));
            return Ok(());
        }
        Err(Raise::argument(1, format!("arm {n} has none of 'receive', 'send' and 'join'")))
    }

    fn make(&mut self, frame: Frame<'_>, wait: Wait) -> Result<Selected, Raise> {
        let mut arms = SmallVec::<[&mut dyn Arm; FEW]>::new();
        for offer in &mut self.arms {
            arms.push(match offer {
                Offer::Receive(arm) => arm,
                Offer::Send(arm) => arm,
            });
        }
        if matches!(wait, Wait::Poll) {
            return foreign::select(&mut arms, wait).map_err(cancelled);
        }
        Local::of(frame).wait(frame, || foreign::select(&mut arms, wait))?.map_err(cancelled)
    }

    /// Pushes the index and the values of the arm that fired. `[-0, +n, -]`
    fn conclude(mut self, frame: Frame<'_>, index: usize) -> Outcome {
        frame.push_integer(index as i64 + 1);
        if let Some((_, task, _)) = self.joins.iter().find(|join| join.0 == index) {
            return Ok(Reply::Values(1 + task.push_results(frame)?));
        }
        let pushed = match &mut self.arms[index] {
            Offer::Receive(arm) => match arm.take() {
                Some(Ok(message)) => message.push(frame)?,
                _ => push_closed(frame)?,
            },
            Offer::Send(arm) => match arm.take() {
                Some(Ok(())) => {
                    frame.push_boolean(true);
                    1
                }
                _ => push_closed(frame)?,
            },
        };
        Ok(Reply::Values(1 + pushed))
    }
}

#[cold]
fn wrong_field(n: usize, field: &str, expected: &str) -> Raise {
    Raise::argument(1, format!("arm {n}: '{field}' must be a {expected}"))
}

/// The values to send: the elements of the arm's table. `[-0, +0, -]`
fn values(frame: Frame<'_>, table: c_int) -> Result<Message, Raise> {
    let count = c_int::try_from(frame.raw_length(table)).unwrap_or(c_int::MAX);
    if !frame.reserve(count.saturating_add(8)) {
        return Err(Raise::argument(1, "too many values to send"));
    }
    let first = frame.top() + 1;
    for n in 1..=count {
        frame.raw_get_index(table, i64::from(n));
    }
    let message = Message::read_range(frame, first, count, Names::Arguments)?;
    frame.pop(count);
    Ok(message)
}

/// Pushes `nil, "closed"`.
#[cold]
fn push_closed(frame: Frame<'_>) -> Result<c_int, Raise> {
    frame.protect(0, &mut (), |scope, ()| {
        scope.push_nil();
        scope.push_bytes(b"closed");
        2
    })
}
