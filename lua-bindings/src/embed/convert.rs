//! [`ToLua`] and [`FromLua`]: which Rust types are Lua values, and which of them Lua values are.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::Hash;

use crate::embed::order::whole;
use crate::embed::{Channel, Function, LuaString, Table, Value};

/// A type whose values Lua can have.
///
/// # Examples
/// ```
/// use moonfleet_lua::{Table, ToLua, Value};
///
/// struct Point { x: f64, y: f64 }
///
/// impl ToLua for Point {
///     fn to_lua(self) -> Value {
///         [("x", self.x), ("y", self.y)].into_iter().collect::<Table>().to_lua()
///     }
/// }
/// assert_eq!(Point { x: 0.5, y: 1.5 }.to_lua().type_name(), "table");
/// ```
pub trait ToLua {
    /// The value in Lua's terms.
    ///
    /// # Examples
    /// See [`ToLua`].
    fn to_lua(self) -> Value;
}

/// A type whose values can be made from Lua's.
///
/// Nothing is guessed: a string is no number, and a number with a fraction is no integer.
///
/// # Examples
/// ```
/// use moonfleet_lua::{FromLua, Mismatch, Table, Value};
///
/// struct Point { x: f64, y: f64 }
///
/// impl FromLua for Point {
///     fn from_lua(value: Value) -> Result<Self, Mismatch> {
///         let table = Table::from_lua(value)?;
///         Ok(Self { x: table.field("x")?, y: table.field("y")? })
///     }
/// }
/// let error = Point::from_lua(Value::Integer(1)).err().unwrap();
/// assert_eq!(error.to_string(), "table expected, got integer");
/// ```
pub trait FromLua: Sized {
    /// Makes one from a Lua value.
    ///
    /// # Errors
    /// [`Mismatch`]: the value is something else.
    ///
    /// # Examples
    /// See [`FromLua`].
    fn from_lua(value: Value) -> Result<Self, Mismatch>;
}

/// A Lua value is not what it should be.
///
/// # Examples
/// ```
/// use moonfleet_lua::{FromLua, Value};
///
/// let error = Vec::<bool>::from_lua(moonfleet_lua::ToLua::to_lua(vec![1])).unwrap_err();
/// assert_eq!(error.to_string(), "element 1: boolean expected, got integer");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    text: String,
}

impl Mismatch {
    /// Something of the name `expected` was needed, and `found` is something else.
    ///
    /// # Examples
    /// ```
    /// use moonfleet_lua::{Mismatch, Value};
    ///
    /// assert_eq!(Mismatch::new("colour", &Value::Nil).to_string(), "colour expected, got nil");
    /// ```
    #[must_use]
    pub fn new(expected: &str, found: &Value) -> Self {
        Self::because(format!("{expected} expected, got {}", found.type_name()))
    }

    pub(super) fn because(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }

    /// The value was found at `place` inside another one.
    pub(super) fn at(self, place: &str) -> Self {
        Self { text: format!("{place}: {}", self.text) }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Mismatch {}

/// Types that are the contents of one variant.
macro_rules! variants {
    ($($type:ty, $variant:ident, $name:literal;)*) => {$(
        impl ToLua for $type {
            fn to_lua(self) -> Value {
                Value::$variant(self)
            }
        }

        impl FromLua for $type {
            fn from_lua(value: Value) -> Result<Self, Mismatch> {
                match value {
                    Value::$variant(value) => Ok(value),
                    other => Err(Mismatch::new($name, &other)),
                }
            }
        }
    )*};
}

variants! {
    bool, Boolean, "boolean";
    LuaString, String, "string";
    Table, Table, "table";
    Channel, Channel, "channel";
    Function, Function, "function";
}

/// Integers: those that an `i64` cannot hold become floats, as they do in Lua's own code.
macro_rules! integers {
    ($($type:ty)*) => {$(
        impl ToLua for $type {
            #[allow(clippy::cast_lossless, reason = "one body for all widths")]
            fn to_lua(self) -> Value {
                i64::try_from(self).map_or(Value::Number(self as f64), Value::Integer)
            }
        }

        impl FromLua for $type {
            fn from_lua(value: Value) -> Result<Self, Mismatch> {
                let integer = match value {
                    Value::Integer(integer) => Some(integer),
                    Value::Number(number) => whole(number),
                    _ => None,
                };
                let integer = integer.ok_or_else(|| Mismatch::new("integer", &value))?;
                Self::try_from(integer).map_err(|_| {
                    let (type_name, least, most) = (stringify!($type), Self::MIN, Self::MAX);
                    Mismatch::because(format!("{integer} is no {type_name}, which is from {least} to {most}"))
                })
            }
        }
    )*};
}

integers! { i8 i16 i32 i64 isize u8 u16 u32 u64 usize }

/// Floats take integers, too.
macro_rules! floats {
    ($($type:ty)*) => {$(
        impl ToLua for $type {
            fn to_lua(self) -> Value {
                Value::Number(self.into())
            }
        }

        impl FromLua for $type {
            fn from_lua(value: Value) -> Result<Self, Mismatch> {
                match value {
                    Value::Number(number) => Ok(number as Self),
                    Value::Integer(integer) => Ok(integer as Self),
                    other => Err(Mismatch::new("number", &other)),
                }
            }
        }
    )*};
}

floats! { f32 f64 }

impl ToLua for Value {
    fn to_lua(self) -> Value {
        self
    }
}

impl FromLua for Value {
    fn from_lua(value: Value) -> Result<Self, Mismatch> {
        Ok(value)
    }
}

impl ToLua for &str {
    fn to_lua(self) -> Value {
        Value::String(self.into())
    }
}

impl ToLua for String {
    fn to_lua(self) -> Value {
        Value::String(self.into())
    }
}

impl FromLua for String {
    fn from_lua(value: Value) -> Result<Self, Mismatch> {
        let text = LuaString::from_lua(value)?;
        Self::from_utf8(text.into_bytes())
            .map_err(|_| Mismatch::because("string in UTF-8 expected, got other bytes"))
    }
}

impl<T: ToLua> ToLua for Option<T> {
    fn to_lua(self) -> Value {
        self.map_or(Value::Nil, T::to_lua)
    }
}

impl<T: FromLua> FromLua for Option<T> {
    fn from_lua(value: Value) -> Result<Self, Mismatch> {
        if value.is_nil() { Ok(None) } else { T::from_lua(value).map(Some) }
    }
}

impl<T: ToLua> ToLua for Vec<T> {
    fn to_lua(self) -> Value {
        Value::Table(Table::from_list(self))
    }
}

impl<T: ToLua, const N: usize> ToLua for [T; N] {
    fn to_lua(self) -> Value {
        Value::Table(Table::from_list(self))
    }
}

impl<T: FromLua> FromLua for Vec<T> {
    fn from_lua(value: Value) -> Result<Self, Mismatch> {
        let table = Table::from_lua(value)?;
        let elements = table.list().iter().zip(1..);
        elements
            .map(|(value, n)| T::from_lua(value.clone()).map_err(|error| error.at(&format!("element {n}"))))
            .collect()
    }
}

impl<K: ToLua, V: ToLua> ToLua for BTreeMap<K, V> {
    fn to_lua(self) -> Value {
        Value::Table(self.into_iter().collect())
    }
}

impl<K: ToLua, V: ToLua, S> ToLua for HashMap<K, V, S> {
    fn to_lua(self) -> Value {
        Value::Table(self.into_iter().collect())
    }
}

impl<K: FromLua + Ord, V: FromLua> FromLua for BTreeMap<K, V> {
    fn from_lua(value: Value) -> Result<Self, Mismatch> {
        pairs(&Table::from_lua(value)?).collect()
    }
}

impl<K: FromLua + Eq + Hash, V: FromLua> FromLua for HashMap<K, V> {
    fn from_lua(value: Value) -> Result<Self, Mismatch> {
        pairs(&Table::from_lua(value)?).collect()
    }
}

/// Every pair of a table, converted.
fn pairs<K: FromLua, V: FromLua>(table: &Table) -> impl Iterator<Item = Result<(K, V), Mismatch>> {
    let elements = table.list().iter().zip(1..).map(|(value, n)| (Value::Integer(n), value.clone()));
    let fields = table.fields().map(|(key, value)| (key.clone(), value.clone()));
    elements.chain(fields).map(|(key, value)| {
        let place = format!("field {key:?}");
        let key = K::from_lua(key).map_err(|mismatch| mismatch.at("key"))?;
        Ok((key, V::from_lua(value).map_err(|mismatch| mismatch.at(&place))?))
    })
}
