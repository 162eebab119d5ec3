//! Values ⇄ messages: what crosses to and from any state, over a channel or as part of a call.

use std::collections::HashMap;

use crate::embed::{Mismatch, Table, Value, Values, order};
use crate::value::Message;
use crate::value::parts::{MAX_DEPTH, Part, Parts};
use crate::value::scalar::Scalar;

/// The values as a message, which any state can take.
pub(super) fn pack(values: &[Value]) -> Result<Message, Mismatch> {
    let mut packer = Packer::default();
    for value in values {
        packer.parts.begin_value();
        packer.value(value, 0)?;
    }
    Ok(packer.parts.finish())
}

#[derive(Default)]
struct Packer {
    parts: Parts,
    /// Tables that have begun, by their addresses.
    begun: HashMap<usize, u32>,
}

impl Packer {
    fn value(&mut self, value: &Value, depth: u32) -> Result<(), Mismatch> {
        let scalar = match value {
            Value::Nil => Scalar::Nil,
            Value::Boolean(value) => Scalar::Boolean(*value),
            Value::Integer(value) => Scalar::Integer(*value),
            Value::Number(value) => Scalar::Number(*value),
            Value::Channel(channel) => Scalar::Channel(channel.handle().clone()),
            Value::String(text) => {
                self.parts.bytes(text);
                return Ok(());
            }
            Value::Table(table) => return self.table(table, depth),
            Value::Function(_) => return Err(Mismatch::because("a function stays in its own state")),
        };
        self.parts.scalar(scalar);
        Ok(())
    }

    fn table(&mut self, table: &Table, depth: u32) -> Result<(), Mismatch> {
        if let Some(&number) = self.begun.get(&table.address()) {
            self.parts.again(number);
            return Ok(());
        }
        if depth >= MAX_DEPTH {
            return Err(Mismatch::because(format!("a table nested deeper than {MAX_DEPTH} levels")));
        }
        let (elements, fields) = table.sizes();
        self.begun.insert(table.address(), self.parts.begin_table(elements, fields));
        for (value, n) in table.list().iter().zip(1..) {
            self.value(&Value::Integer(n), depth + 1)?;
            self.value(value, depth + 1)?;
        }
        for (key, value) in table.fields() {
            self.value(key, depth + 1)?;
            self.value(value, depth + 1)?;
        }
        self.parts.end_table();
        Ok(())
    }
}

/// The values in a message.
pub(super) fn unpack(message: &Message) -> Result<Values, Mismatch> {
    let mut unpacker = Unpacker::default();
    message.visit(|part| unpacker.take(part))?;
    Ok(unpacker.values)
}

#[derive(Default)]
struct Unpacker {
    values: Values,
    /// Tables that have begun and not ended: their numbers, and their keys and values in turn.
    open: Vec<(usize, Vec<Value>)>,
    /// Every table that has begun; `None` until it has ended.
    tables: Vec<Option<Table>>,
}

impl Unpacker {
    fn take(&mut self, part: Part<'_>) -> Result<(), Mismatch> {
        let value = match part {
            Part::Scalar(scalar) => from_scalar(scalar),
            Part::Bytes(bytes) => Value::String(bytes.into()),
            Part::Table => {
                self.open.push((self.tables.len(), Vec::new()));
                self.tables.push(None);
                return Ok(());
            }
            Part::End => match self.open.pop() {
                Some((number, parts)) => {
                    let table = Table::new(pairs(parts));
                    self.tables[number] = Some(table.clone());
                    Value::Table(table)
                }
                None => return Ok(()),
            },
            Part::Again(number) => match self.tables.get(number as usize).cloned().flatten() {
                Some(table) => Value::Table(table),
                None => return Err(Mismatch::because("a table that contains itself cannot leave Lua")),
            },
            Part::Foreign(what) => {
                return Err(Mismatch::because(format!("a {what} cannot leave Lua inside a table")));
            }
        };
        match self.open.last_mut() {
            Some((_, parts)) => parts.push(value),
            None => self.values.push(value),
        }
        Ok(())
    }
}

fn pairs(parts: Vec<Value>) -> impl Iterator<Item = (Value, Value)> {
    let mut parts = parts.into_iter();
    std::iter::from_fn(move || Some((parts.next()?, parts.next()?)))
}

fn from_scalar(scalar: &Scalar) -> Value {
    match scalar {
        Scalar::Nil => Value::Nil,
        Scalar::Boolean(value) => Value::Boolean(*value),
        Scalar::Integer(value) => Value::Integer(*value),
        Scalar::Number(value) => order::from_lua(*value),
        Scalar::Short(text) => Value::String(text.as_bytes().into()),
        Scalar::Channel(handle) => Value::Channel(handle.clone().into()),
    }
}
