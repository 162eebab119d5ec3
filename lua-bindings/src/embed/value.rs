//! [`Value`]: a Lua value as plain Rust data, which any thread may hold.

use crate::embed::{Channel, Function, LuaString, Table};

/// A Lua value outside of Lua.
///
/// Scalars, strings and tables are copies. Channels and functions are handles: a channel is the one that Lua has, and a
/// function can be called in the state it came from.
///
/// # Examples
/// ```
/// use moonfleet_lua::{LuaState, ToLua, Value};
///
/// moonfleet::run(|| {
///     let lua = LuaState::builder().spawn_here().unwrap();
///     let value: Value = lua.eval("{ 10, 20, name = 'x' }").unwrap();
///     let Value::Table(table) = value else { panic!("{value:?}") };
///     assert_eq!(table.list(), [Value::Integer(10), Value::Integer(20)]);
///     assert_eq!(table.get("name"), &"x".to_lua());
/// });
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// `nil`, and no value at all.
    #[default]
    Nil,
    /// `true` or `false`.
    Boolean(bool),
    /// A number without a fraction. With LuaJIT numbers that are whole come as this, too.
    Integer(i64),
    /// Any other number.
    Number(f64),
    /// A string.
    String(LuaString),
    /// A copy of a table.
    Table(Table),
    /// A channel.
    Channel(Channel),
    /// A function of one state.
    Function(Function),
}

impl Value {
    /// The name of the value's type, as Lua's error messages give it.
    ///
    /// # Examples
    /// ```
    /// use moonfleet_lua::Value;
    ///
    /// assert_eq!(Value::Integer(1).type_name(), "integer");
    /// assert_eq!(Value::Nil.type_name(), "nil");
    /// ```
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Nil => "nil",
            Self::Boolean(_) => "boolean",
            Self::Integer(_) => "integer",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Table(_) => "table",
            Self::Channel(_) => "channel",
            Self::Function(_) => "function",
        }
    }

    /// Whether the value is nil.
    ///
    /// # Examples
    /// ```
    /// assert!(moonfleet_lua::Value::default().is_nil());
    /// ```
    #[must_use]
    pub fn is_nil(&self) -> bool {
        matches!(self, Self::Nil)
    }
}
