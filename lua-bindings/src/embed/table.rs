//! [`Table`]: a copy of a Lua table. Clones share it; nobody can change it.

use std::fmt;
use std::sync::Arc;

use crate::embed::order::{compare, normalise};
use crate::embed::{FromLua, Mismatch, ToLua, Value};

/// The contents of a Lua table, without its metatable.
///
/// The elements 1, 2, … up to the first nil are its list; the rest are fields, in an order that is always the same.
///
/// # Examples
/// ```
/// use moonfleet_lua::{Table, ToLua, Value};
///
/// let point: Table = [("x", 3), ("y", 4)].into_iter().collect();
/// assert_eq!(point.field::<i64>("y").unwrap(), 4);
/// assert!(point.field::<i64>("z").unwrap_err().to_string().contains("field z"));
/// assert_eq!(Table::from_list(["a", "b"]).list().len(), 2);
/// ```
#[derive(Clone)]
pub struct Table(Arc<Contents>);

struct Contents {
    list: Vec<Value>,
    /// Sorted by [`compare`].
    fields: Vec<(Value, Value)>,
}

const NIL: &Value = &Value::Nil;

impl Table {
    /// A table with these elements.
    ///
    /// # Examples
    /// See [`Table`].
    pub fn from_list<T: ToLua>(elements: impl IntoIterator<Item = T>) -> Self {
        Self::new(
            elements.into_iter().enumerate().map(|(n, value)| (Value::Integer(n as i64 + 1), value.to_lua())),
        )
    }

    /// A table of these fields: a later one with the same key replaces an earlier one, and nil is no value.
    pub(super) fn new(pairs: impl Iterator<Item = (Value, Value)>) -> Self {
        let mut fields: Vec<_> = pairs.map(|(key, value)| (normalise(key), value)).collect();
        fields.sort_by(|(one, _), (other, _)| compare(one, other));
        fields.dedup_by(|later, earlier| {
            let same = compare(&later.0, &earlier.0).is_eq();
            if same {
                std::mem::swap(later, earlier);
            }
            same
        });
        fields.retain(|(_, value)| !value.is_nil());
        let start = fields.partition_point(|(key, _)| compare(key, &Value::Integer(1)).is_lt());
        let length =
            fields[start..].iter().zip(1..).take_while(|((key, _), n)| *key == Value::Integer(*n)).count();
        let list = fields.drain(start..start + length).map(|(_, value)| value).collect();
        Self(Arc::new(Contents { list, fields }))
    }

    /// The elements 1, 2, … up to the first nil.
    ///
    /// # Examples
    /// ```
    /// use moonfleet_lua::{Table, Value};
    ///
    /// assert_eq!(Table::from_list([5, 6]).list(), [Value::Integer(5), Value::Integer(6)]);
    /// ```
    #[must_use]
    pub fn list(&self) -> &[Value] {
        &self.0.list
    }

    /// The fields that are not in the list.
    ///
    /// # Examples
    /// ```
    /// use moonfleet_lua::{Table, ToLua};
    ///
    /// let table: Table = [("b", 2), ("a", 1)].into_iter().collect();
    /// let keys: Vec<_> = table.fields().map(|(key, _)| key.clone()).collect();
    /// assert_eq!(keys, ["a".to_lua(), "b".to_lua()]);
    /// ```
    pub fn fields(&self) -> impl Iterator<Item = (&Value, &Value)> {
        self.0.fields.iter().map(|(key, value)| (key, value))
    }

    /// The value at a key; nil if there is none.
    ///
    /// # Examples
    /// ```
    /// use moonfleet_lua::{Table, Value};
    ///
    /// let table = Table::from_list([true]);
    /// assert_eq!(table.get(1), &Value::Boolean(true));
    /// assert_eq!(table.get("name"), &Value::Nil);
    /// ```
    pub fn get(&self, key: impl ToLua) -> &Value {
        let key = normalise(key.to_lua());
        if let Value::Integer(n) = key
            && let Some(element) = usize::try_from(n).ok().and_then(|n| self.0.list.get(n.checked_sub(1)?))
        {
            return element;
        }
        let found = self.0.fields.binary_search_by(|(other, _)| compare(other, &key));
        found.map_or(NIL, |at| &self.0.fields[at].1)
    }

    /// The value at the key `name`, as a Rust type.
    ///
    /// # Errors
    /// [`Mismatch`]: it is something else.
    ///
    /// # Examples
    /// See [`Table`].
    pub fn field<T: FromLua>(&self, name: &str) -> Result<T, Mismatch> {
        T::from_lua(self.get(name).clone()).map_err(|mismatch| mismatch.at(&format!("field {name}")))
    }

    /// How many elements and fields there are.
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.0.list.len(), self.0.fields.len())
    }

    /// What tells this copy from others.
    pub(super) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

impl Default for Table {
    /// An empty table.
    fn default() -> Self {
        Self::new(std::iter::empty())
    }
}

impl PartialEq for Table {
    /// Whether the contents are the same.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || (self.0.list == other.0.list && self.0.fields == other.0.fields)
    }
}

impl<K: ToLua, V: ToLua> FromIterator<(K, V)> for Table {
    /// # Panics
    /// If a key is nil or NaN, which no table can have.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self::new(pairs.into_iter().map(|(key, value)| {
            let key = key.to_lua();
            let is_possible = match &key {
                Value::Nil => false,
                Value::Number(number) => !number.is_nan(),
                _ => true,
            };
            assert!(is_possible, "a table cannot have the key {key:?}");
            (key, value.to_lua())
        }))
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let elements = self.0.list.iter().zip(1..).map(|(value, n)| (Value::Integer(n), value));
        f.debug_map().entries(elements).entries(self.fields()).finish()
    }
}
