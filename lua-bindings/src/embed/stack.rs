//! Values ⇄ Lua stacks. Functions are filed; everything else crosses as a message does.

use std::ffi::c_int;
use std::sync::Weak;

use crate::embed::host::Shared;
use crate::embed::parcel::{pack, unpack};
use crate::embed::{Error, Function, Mismatch, Value, Values, order};
use crate::raw::{Entry, Frame, Kind, Raise};
use crate::value::scalar::Plain;
use crate::value::{Message, Names};

/// Pushes the values, and returns how many. On failure nothing is pushed. `[-0, +(n|0), -]`
pub(super) fn push(frame: Frame<'_>, values: &Values, state: &Weak<Shared>) -> Result<c_int, Error> {
    let top = frame.top();
    let count = c_int::try_from(values.len()).ok().filter(|&count| frame.reserve(count.saturating_add(8)));
    let Some(count) = count else { return Err(Mismatch::because("too many values").into()) };
    for value in values.iter() {
        let pushed = push_value(frame, value, state);
        if pushed.is_err() {
            frame.pop(frame.top() - top);
            pushed?;
        }
    }
    Ok(count)
}

fn push_value(frame: Frame<'_>, value: &Value, state: &Weak<Shared>) -> Result<(), Error> {
    match value {
        Value::Nil => frame.push_nil(),
        Value::Boolean(value) => frame.push_boolean(*value),
        Value::Integer(value) => frame.push_integer(*value),
        Value::Number(value) => frame.push_number(*value),
        Value::String(text) => {
            let pushed = frame.protect(0, &mut &**text, |scope, text| {
                scope.push_bytes(text);
                1
            });
            pushed.map_err(|_| Error::Memory)?;
        }
        Value::Function(function) => {
            let number = function.number_in(state);
            let number = number.ok_or_else(|| Mismatch::because("a function of another state"))?;
            frame.push_registry(Entry::Anchors);
            frame.raw_get_index(-1, number);
            frame.remove(frame.top() - 1);
        }
        Value::Table(_) | Value::Channel(_) => {
            let message = pack(std::slice::from_ref(value))?;
            message.push(frame).map_err(|_| Error::Memory)?;
        }
    }
    Ok(())
}

/// The `count` values from index `first` on. `[-0, +0, -]`
pub(super) fn read(
    frame: Frame<'_>,
    first: c_int,
    count: c_int,
    state: &Weak<Shared>,
) -> Result<Values, (usize, Mismatch)> {
    let read = |n| Values::blame(read_value(frame, first + n, state), n as usize);
    (0..count).map(read).collect()
}

/// The value at `index`.
pub(super) fn read_value(frame: Frame<'_>, index: c_int, state: &Weak<Shared>) -> Result<Value, Mismatch> {
    if let Some(plain) = Plain::read(frame, index) {
        return Ok(match plain {
            Plain::Nil => Value::Nil,
            Plain::Boolean(value) => Value::Boolean(value),
            Plain::Integer(value) => Value::Integer(value),
            Plain::Number(value) => order::from_lua(value),
        });
    }
    match frame.kind(index) {
        Kind::None => Ok(Value::Nil),
        Kind::String => Ok(Value::String(frame.with_bytes(index, |bytes| bytes.into()).unwrap_or_default())),
        Kind::Function => anchor(frame, index, state).map(Value::Function),
        _ => {
            let message = Message::read_range(frame, index, 1, Names::Arguments)
                .map_err(|raise| refused(frame, raise))?;
            Ok(unpack(&message)?.into_iter().next().unwrap_or_default())
        }
    }
}

/// Files the function at `index`.
fn anchor(frame: Frame<'_>, index: c_int, state: &Weak<Shared>) -> Result<Function, Mismatch> {
    let shared =
        state.upgrade().ok_or_else(|| Mismatch::because("no function leaves a state that closes"))?;
    let number = shared.new_anchor();
    frame.push_copy(index);
    let filed = frame.protect(1, &mut { number }, |scope, number| {
        scope.push_registry(Entry::Anchors);
        scope.insert(1);
        scope.raw_set_index(1, *number);
        0
    });
    if filed.is_err() {
        frame.pop(1);
        return Err(Mismatch::because("not enough memory to hold a function"));
    }
    Ok(Function::new(shared, number))
}

/// Why a value cannot leave Lua, with the path to it.
fn refused(frame: Frame<'_>, raise: Raise) -> Mismatch {
    match raise {
        Raise::Error(text) => Mismatch::because(text.replacen("cannot send ", "cannot take out of Lua: ", 1)),
        Raise::Top => {
            frame.pop(1);
            Mismatch::because("not enough memory")
        }
        Raise::Argument { text, .. } => Mismatch::because(text),
        Raise::Expected { expected, .. } => {
            Mismatch::because(format!("{} expected", expected.to_string_lossy()))
        }
    }
}
