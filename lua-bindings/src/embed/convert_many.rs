//! [`ToLuaMany`] and [`FromLuaMany`]: the arguments and the results of a call.

use smallvec::SmallVec;

use crate::embed::{FromLua, Mismatch, ToLua, Value};

/// Any number of Lua values: arguments, results, a message.
///
/// # Examples
/// ```
/// use moonfleet_lua::{ToLua, Values};
///
/// let values: Values = [1, 2].map(ToLua::to_lua).into_iter().collect();
/// assert_eq!(values.len(), 2);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values(SmallVec<[Value; 4]>);

impl Values {
    /// Adds a value.
    ///
    /// # Examples
    /// ```
    /// let mut values = moonfleet_lua::Values::default();
    /// values.push("x");
    /// assert_eq!(values.len(), 1);
    /// ```
    pub fn push(&mut self, value: impl ToLua) {
        self.0.push(value.to_lua());
    }

    /// As a mismatch of the argument or result number `index`, from 0.
    pub(super) fn blame<T>(result: Result<T, Mismatch>, index: usize) -> Result<T, (usize, Mismatch)> {
        result.map_err(|mismatch| (index, mismatch))
    }
}

impl std::ops::Deref for Values {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        &self.0
    }
}

impl FromIterator<Value> for Values {
    fn from_iter<I: IntoIterator<Item = Value>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

impl IntoIterator for Values {
    type Item = Value;
    type IntoIter = smallvec::IntoIter<[Value; 4]>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// What can be the arguments of a call into Lua, or the results of a Rust function: one value, a tuple, or [`Values`].
///
/// # Examples
/// ```
/// use moonfleet_lua::ToLuaMany;
///
/// assert_eq!((1, "two", 3.0).to_lua_many().len(), 3);
/// assert_eq!(().to_lua_many().len(), 0);
/// ```
pub trait ToLuaMany {
    /// The values in Lua's terms.
    ///
    /// # Examples
    /// See [`ToLuaMany`].
    fn to_lua_many(self) -> Values;
}

/// What the results of a call into Lua can be, or the arguments of a Rust function: one value, a tuple, or [`Values`].
///
/// As in Lua, values that are missing are nil, and those too many are dropped.
///
/// # Examples
/// ```
/// use moonfleet_lua::{FromLuaMany, ToLuaMany};
///
/// let (number, text) = <(i64, Option<String>)>::from_lua_many(7.to_lua_many()).unwrap();
/// assert_eq!((number, text), (7, None));
/// ```
pub trait FromLuaMany: Sized {
    /// Makes them from Lua's.
    ///
    /// # Errors
    /// Which of the values does not fit, from 0, and why.
    ///
    /// # Examples
    /// See [`FromLuaMany`].
    fn from_lua_many(values: Values) -> Result<Self, (usize, Mismatch)>;
}

impl<T: ToLua> ToLuaMany for T {
    fn to_lua_many(self) -> Values {
        std::iter::once(self.to_lua()).collect()
    }
}

impl<T: FromLua> FromLuaMany for T {
    fn from_lua_many(values: Values) -> Result<Self, (usize, Mismatch)> {
        Values::blame(T::from_lua(values.into_iter().next().unwrap_or_default()), 0)
    }
}

impl ToLuaMany for Values {
    fn to_lua_many(self) -> Values {
        self
    }
}

impl FromLuaMany for Values {
    fn from_lua_many(values: Values) -> Result<Self, (usize, Mismatch)> {
        Ok(values)
    }
}

impl ToLuaMany for () {
    fn to_lua_many(self) -> Values {
        Values::default()
    }
}

impl FromLuaMany for () {
    fn from_lua_many(_: Values) -> Result<Self, (usize, Mismatch)> {
        Ok(())
    }
}

macro_rules! tuples {
    ($($($name:ident $index:tt),+;)*) => {$(
        impl<$($name: ToLua),+> ToLuaMany for ($($name,)+) {
            fn to_lua_many(self) -> Values {
                Values(smallvec::smallvec![$(self.$index.to_lua()),+])
            }
        }

        impl<$($name: FromLua),+> FromLuaMany for ($($name,)+) {
            fn from_lua_many(values: Values) -> Result<Self, (usize, Mismatch)> {
                let mut values = values.into_iter();
                Ok(($(Values::blame($name::from_lua(values.next().unwrap_or_default()), $index)?,)+))
            }
        }
    )*};
}

tuples! {
    A 0;
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
    A 0, B 1, C 2, D 3, E 4;
    A 0, B 1, C 2, D 3, E 4, F 5;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
}
