//! `moonfleet.select`: waits for the first of several sends, receives and joins.
//!
//! This file reads the script's table. Where only this state knows the channels, `meet` does the rest, and `choice`
//! otherwise. The arms live on the native stack of the task; up to eight of them need no allocation. Their channels
//! and tasks stay on the Lua stack meanwhile, which keeps them alive even if the script changes its tables.

use std::ffi::{CStr, c_int};
use std::time::Instant;

use moonfleet::select::Wait;
use smallvec::SmallVec;

use crate::modules::arm::{FEW, Wish};
use crate::modules::choice;
use crate::modules::meet::{self, Place};
use crate::modules::task::refuse_self;
use crate::modules::time::duration;
use crate::raw::{Frame, Kind, Outcome, Raise};
use crate::task::TaskHandle;
use crate::value::Channel;
use crate::value::meeting::Values;

/// The field names, as upvalues of the callback: looking one up needs no string.
pub(super) const FIELDS: &[&CStr] = &[c"receive", c"send", c"join", c"timeout", c"default"];
const RECEIVE: c_int = 1;
const SEND: c_int = 2;
const JOIN: c_int = 3;
const TIMEOUT: c_int = 4;
const DEFAULT: c_int = 5;

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
    let mut wishes = SmallVec::<[Wish<'_>; FEW]>::new();
    for n in 1..=count {
        wishes.push(wish(frame, n)?);
    }
    if wishes.is_empty() && matches!(wait, Wait::Forever) {
        return Err(Raise::argument(1, "no arm, no timeout and no default: this would wait for ever"));
    }
    // Filled in place: a vector that is returned or collected is copied, and this is the hottest call of many a
    // program.
    let mut places = SmallVec::<[Place<'_>; FEW]>::new();
    places.extend(wishes.iter().map_while(|wish| Place::of(wish, frame)));
    if places.len() == wishes.len()
        && let Some(reply) = meet::select(frame, &places, wait)?
    {
        return Ok(reply);
    }
    choice::select(frame, &wishes, wait)
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

/// Arm `n`. Leaves its table, its channel or task, and the values to send on the stack. `[-0, +n, -]`
#[inline]
fn wish<'a>(frame: Frame<'a>, n: usize) -> Result<Wish<'a>, Raise> {
    if frame.raw_get_index(1, n as i64) != Kind::Table {
        return Err(Raise::argument(1, format!("arm {n} must be a table")));
    }
    let table = frame.top();
    if frame.field(table, RECEIVE).is_some() {
        let channel = frame.userdata::<Channel>(-1).ok_or_else(|| wrong_field(n, "receive", "channel"))?;
        return Ok(Wish::Receive(channel, table + 1));
    }
    frame.pop(1);
    other_wish(frame, n, table)
}

#[inline(never)]
fn other_wish<'a>(frame: Frame<'a>, n: usize, table: c_int) -> Result<Wish<'a>, Raise> {
    if frame.field(table, SEND).is_some() {
        let channel = frame.userdata::<Channel>(-1).ok_or_else(|| wrong_field(n, "send", "channel"))?;
        return Ok(Wish::Send(channel, table + 1, values(frame, table)?));
    }
    frame.pop(1);
    if frame.field(table, JOIN).is_some() {
        let task = frame.userdata::<TaskHandle>(-1).ok_or_else(|| wrong_field(n, "join", "task"))?;
        refuse_self(frame, task)?;
        return Ok(Wish::Join(task));
    }
    Err(Raise::argument(1, format!("arm {n} has none of 'receive', 'send' and 'join'")))
}

#[cold]
fn wrong_field(n: usize, field: &str, expected: &str) -> Raise {
    Raise::argument(1, format!("arm {n}: '{field}' must be a {expected}"))
}

/// Pushes the values to send: the elements of the arm's table. `[-0, +n, -]`
fn values(frame: Frame<'_>, table: c_int) -> Result<Values, Raise> {
    let count = c_int::try_from(frame.raw_length(table)).unwrap_or(c_int::MAX);
    if !frame.reserve(count.saturating_add(8)) {
        return Err(Raise::argument(1, "too many values to send"));
    }
    let first = frame.top() + 1;
    for n in 1..=count {
        frame.raw_get_index(table, i64::from(n));
    }
    Ok(Values { first, count })
}
