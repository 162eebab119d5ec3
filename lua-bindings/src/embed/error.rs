//! [`Error`]: why a call into a state failed.

use std::fmt;

use crate::embed::{Mismatch, Value};

/// Why a call into a Lua state failed.
///
/// `{}` is the message in one line or few; `{:#}` has the traceback, if there is one, under it.
///
/// # Examples
/// ```
/// use moonfleet_lua::{Error, LuaState};
///
/// moonfleet::run(|| {
///     let lua = LuaState::builder().spawn_here().unwrap();
///     let error = lua.exec("local function f() error('oops') end f()").unwrap_err();
///     assert_eq!(error.to_string(), "rust:1: oops");
///     assert!(error.traceback().unwrap().contains("in main chunk"));
///     assert!(matches!(lua.exec("x = = 1"), Err(Error::Syntax(_))));
/// });
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error {
    /// The code does not compile, or cannot be read.
    Syntax(String),
    /// An error was raised, by Lua code or by a Rust function, and nobody caught it.
    Raised(Box<Failure>),
    /// The state has used up its memory. It lives on: what the call had made is garbage.
    Memory,
    /// The tasks of the state have executed as many instructions as they may; see [`LuaState::refill`].
    ///
    /// [`LuaState::refill`]: crate::LuaState::refill
    Budget(Box<Failure>),
    /// A value is not what was asked for, or cannot cross between Rust and Lua.
    Mismatch(Mismatch),
    /// Rust code that ran inside the state panicked, with this message.
    Panicked(String),
    /// The state is closed, or closing.
    Closed,
    /// The state could not be made.
    NotStarted(String),
}

/// An error of Lua: its value, its text, and where it was raised.
///
/// # Examples
/// ```
/// use moonfleet_lua::{Error, LuaState, ToLua};
///
/// moonfleet::run(|| {
///     let lua = LuaState::builder().spawn_here().unwrap();
///     let Err(Error::Raised(failure)) = lua.exec("error({ code = 7 })") else { panic!() };
///     let moonfleet_lua::Value::Table(table) = failure.value() else { panic!() };
///     assert_eq!(table.get("code"), &7.to_lua());
/// });
/// ```
#[derive(Clone, Debug)]
pub struct Failure {
    pub(super) value: Value,
    pub(super) message: String,
    pub(super) traceback: String,
}

impl Failure {
    pub(super) fn without_traceback(message: impl Into<String>) -> Self {
        Self { value: Value::Nil, message: message.into(), traceback: String::new() }
    }

    /// The error value; nil if it cannot leave the state.
    ///
    /// # Examples
    /// See [`Failure`].
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The error value as text.
    ///
    /// # Examples
    /// ```
    /// # moonfleet::run(|| {
    /// let lua = moonfleet_lua::LuaState::builder().spawn_here().unwrap();
    /// let Err(moonfleet_lua::Error::Raised(failure)) = lua.exec("error('no', 0)") else { panic!() };
    /// assert_eq!(failure.message(), "no");
    /// # });
    /// ```
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where it was raised: the calls, the innermost first.
    ///
    /// # Examples
    /// ```
    /// # moonfleet::run(|| {
    /// let lua = moonfleet_lua::LuaState::builder().spawn_here().unwrap();
    /// let Err(moonfleet_lua::Error::Raised(failure)) = lua.exec("error('no')") else { panic!() };
    /// assert!(failure.traceback().contains("in main chunk"));
    /// # });
    /// ```
    #[must_use]
    pub fn traceback(&self) -> &str {
        &self.traceback
    }
}

impl Error {
    pub(super) fn without_traceback(message: impl Into<String>) -> Self {
        Self::Raised(Box::new(Failure::without_traceback(message)))
    }

    /// Where the error was raised, if that is known.
    ///
    /// # Examples
    /// See [`Error`].
    #[must_use]
    pub fn traceback(&self) -> Option<&str> {
        match self {
            Self::Raised(failure) | Self::Budget(failure) if !failure.traceback.is_empty() => {
                Some(&failure.traceback)
            }
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(message) => f.write_str(message),
            Self::Raised(failure) | Self::Budget(failure) => f.write_str(&failure.message),
            Self::Memory => f.write_str("not enough memory"),
            Self::Mismatch(mismatch) => mismatch.fmt(f),
            Self::Panicked(message) => write!(f, "panic in Rust code called from Lua: {message}"),
            Self::Closed => f.write_str("the Lua state is closed"),
            Self::NotStarted(why) => write!(f, "cannot make a Lua state: {why}"),
        }?;
        match self.traceback() {
            Some(traceback) if f.alternate() => write!(f, "\n{traceback}"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

impl From<Mismatch> for Error {
    fn from(mismatch: Mismatch) -> Self {
        Self::Mismatch(mismatch)
    }
}
