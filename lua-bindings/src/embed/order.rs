//! The keys of a [`Table`](super::Table): the form in which Lua keeps them, and an order, which is the same each time.

use std::cmp::Ordering;

use crate::embed::Value;

/// Compares two keys of a table. Equal keys are those that Lua holds for the same.
pub(super) fn compare(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Boolean(one), Value::Boolean(other)) => one.cmp(other),
        (Value::Integer(one), Value::Integer(other)) => one.cmp(other),
        (Value::Number(one), Value::Number(other)) => one.total_cmp(other),
        (Value::String(one), Value::String(other)) => one.cmp(other),
        (Value::Table(one), Value::Table(other)) => one.address().cmp(&other.address()),
        (Value::Channel(one), Value::Channel(other)) => one.number().cmp(&other.number()),
        (Value::Function(one), Value::Function(other)) => one.address().cmp(&other.address()),
        _ => rank(one).cmp(&rank(other)),
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Nil => 0,
        Value::Boolean(_) => 1,
        Value::Integer(_) => 2,
        Value::Number(_) => 3,
        Value::String(_) => 4,
        Value::Table(_) => 5,
        Value::Channel(_) => 6,
        Value::Function(_) => 7,
    }
}

/// A key in the form in which Lua keeps it: a float without a fraction is an integer.
pub(super) fn normalise(key: Value) -> Value {
    match key {
        Value::Number(number) => whole(number).map_or(Value::Number(number), Value::Integer),
        key => key,
    }
}

/// A number as it comes out of Lua. LuaJIT has floats only; those that are whole are taken for integers.
pub(super) fn from_lua(number: f64) -> Value {
    if cfg!(feature = "luajit") { normalise(Value::Number(number)) } else { Value::Number(number) }
}

/// The integer that is the same number, if there is one.
pub(super) fn whole(number: f64) -> Option<i64> {
    // The bounds are powers of two, which floats hold exactly.
    let is_whole = number.fract() == 0.0
        && (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&number);
    is_whole.then_some(number as i64)
}
