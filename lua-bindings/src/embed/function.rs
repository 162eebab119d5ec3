//! [`Function`]: a Lua function held by Rust code. It stays in its state, filed in the registry.

use std::fmt;
use std::sync::Arc;

use crate::embed::host::{Request, Shared};
use crate::embed::{Error, FromLuaMany, LuaState, ToLuaMany};

/// A function of a Lua state. It keeps the state open.
///
/// A state that holds such a handle of its own, in a Rust function that it was given, is never closed by itself.
///
/// # Examples
/// ```
/// use moonfleet_lua::{Function, LuaState};
///
/// moonfleet::run(|| {
///     let lua = LuaState::builder().spawn_here().unwrap();
///     let add: Function = lua.eval("function(a, b) return a + b end").unwrap();
///     drop(lua);
///     assert_eq!(add.call::<i64>((20, 22)).unwrap(), 42);
/// });
/// ```
#[derive(Clone)]
pub struct Function(Arc<Anchor>);

/// INVARIANT(anchor): the registry of the state has the function under this number until the anchor is dropped.
struct Anchor {
    state: Arc<Shared>,
    number: i64,
}

impl Function {
    /// The function that the state of `state` has filed under `number`.
    pub(super) fn new(state: Arc<Shared>, number: i64) -> Self {
        Self(Arc::new(Anchor { state, number }))
    }

    /// Calls the function, in a task of its own.
    ///
    /// **Shape** arguments to results
    /// # Suspends
    /// Until the function has returned.
    /// # Errors
    /// As [`LuaState::call`].
    /// # Cancellation
    /// As [`LuaState::with`].
    ///
    /// # Examples
    /// See [`Function`].
    pub fn call<R>(&self, arguments: impl ToLuaMany) -> Result<R, Error>
    where
        R: FromLuaMany + Send + 'static,
    {
        let (function, arguments) = (self.clone(), arguments.to_lua_many());
        LuaState::of(Arc::clone(&self.0.state)).with(move |lua| lua.invoke(&function, arguments))
    }

    /// The number under which the state of `shared` has it, if it is that one's.
    pub(super) fn number_in(&self, shared: &std::sync::Weak<Shared>) -> Option<i64> {
        std::ptr::eq(Arc::as_ptr(&self.0.state), shared.as_ptr()).then_some(self.0.number)
    }

    /// What tells this function from others.
    pub(super) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

impl Drop for Anchor {
    fn drop(&mut self) {
        // A state that is closed has nothing to release.
        let _ = self.state.request(Request::Release(self.number));
    }
}

impl PartialEq for Function {
    /// Whether it is the same handle, or a clone of it.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Function").field(&self.0.number).finish()
    }
}
