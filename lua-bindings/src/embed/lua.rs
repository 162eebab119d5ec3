//! [`Lua`]: a state as the code sees it that runs inside.
//!
//! Such code has left Lua: it may wait in any way, and other tasks of the state run meanwhile. Each method goes back
//! into Lua for as long as it takes ([`inside`](super::inside)), under a protected call, and leaves the stack as it was.
//! So no error of Lua ever jumps over a frame of Rust.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Weak;

use crate::embed::host::{Host, Shared};
use crate::embed::{
    Chunk, Error, FromLuaMany, Function, Mismatch, ToLua, ToLuaMany, Values, callback, stack,
};
use crate::raw::{Frame, Raise};
use crate::state::Local;
use crate::state::local::Ashore;

/// A Lua state, for code that runs as one of its tasks: the body of [`LuaState::with`], a Rust function that Lua has
/// called, the setup of a state.
///
/// [`LuaState::with`]: crate::LuaState::with
///
/// # Examples
/// ```
/// use moonfleet_lua::LuaState;
///
/// moonfleet::run(|| {
///     let lua = LuaState::builder().spawn_here().unwrap();
///     let sum = lua.with(|lua| {
///         lua.set("limits.most", 10)?;
///         lua.exec("function sum() local s = 0 for i = 1, limits.most do s = s + i end return s end")?;
///         lua.call::<i64>("sum", ())
///     });
///     assert_eq!(sum.unwrap(), 55);
/// });
/// ```
pub struct Lua<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) local: &'a Local,
    pub(super) state: Weak<Shared>,
    pub(super) ashore: Cell<Ashore>,
}

/// What became of code that ran ashore: its result, or what it panicked with.
pub(super) type Outcome<R> = Result<R, Box<dyn Any + Send>>;

impl<'a> Lua<'a> {
    /// Runs `body` outside of Lua, as part of the task whose stack `frame` is. Fails where nothing may wait.
    pub(super) fn leave<R>(
        frame: Frame<'a>,
        local: &'a Local,
        body: impl FnOnce(&Self) -> R,
    ) -> Result<Outcome<R>, Raise> {
        local.nest(frame, || {
            let lua = Self { frame, local, state: Host::state_of(local), ashore: Cell::new(local.leave()) };
            let outcome = catch_unwind(AssertUnwindSafe(|| body(&lua)));
            local.land(lua.ashore.get());
            outcome
        })
    }

    /// Runs code.
    ///
    /// # Suspends
    /// As the code does.
    /// # Errors
    /// [`Error::Syntax`], [`Error::Raised`], [`Error::Memory`], [`Error::Budget`].
    /// # Cancellation
    /// A wait in the code raises an error of Lua.
    ///
    /// # Examples
    /// See [`Lua`].
    pub fn exec(&self, code: impl Into<Chunk>) -> Result<(), Error> {
        let chunk = code.into();
        let (name, text) = (chunk.name(), chunk.read()?);
        self.run(|lua, frame| {
            frame.load_text(&text, &name).map_err(|raise| lua.not_loaded(raise))?;
            lua.call_pushed(0)
        })?;
        Ok(())
    }

    /// Runs code that is an expression, or returns something.
    ///
    /// **Shape** code to results
    /// # Suspends
    /// As the code does.
    /// # Errors
    /// As [`exec`](Self::exec), and [`Error::Mismatch`]: the results are something else, or cannot leave Lua.
    /// # Cancellation
    /// As [`exec`](Self::exec).
    ///
    /// # Examples
    /// ```
    /// # moonfleet::run(|| {
    /// # let lua = moonfleet_lua::LuaState::builder().spawn_here().unwrap();
    /// lua.with(|lua| {
    ///     assert_eq!(lua.eval::<f64>("1 / 4")?, 0.25);
    ///     assert_eq!(lua.eval::<(i64, String)>("local x = 1; return x, 'y'")?, (1, "y".to_owned()));
    ///     Ok(())
    /// }).unwrap();
    /// # });
    /// ```
    pub fn eval<R: FromLuaMany>(&self, code: impl Into<Chunk>) -> Result<R, Error> {
        let chunk = code.into();
        let (name, text) = (chunk.name(), chunk.read()?);
        let expression = [b"return ".as_slice(), &text].concat();
        let values = self.run(|lua, frame| {
            if frame.load_text(&expression, &name).is_err() {
                frame.pop(1);
                frame.load_text(&text, &name).map_err(|raise| lua.not_loaded(raise))?;
            }
            lua.call_pushed(0)
        })?;
        results(values)
    }

    /// Calls the function in the global variable `name`; `a.b.c` is a field of a field.
    ///
    /// **Shape** `(name, arguments)` to results
    /// # Suspends
    /// As the function does.
    /// # Errors
    /// As [`eval`](Self::eval).
    /// # Cancellation
    /// As [`exec`](Self::exec).
    ///
    /// # Examples
    /// ```
    /// # moonfleet::run(|| {
    /// # let lua = moonfleet_lua::LuaState::builder().spawn_here().unwrap();
    /// lua.with(|lua| {
    ///     assert_eq!(lua.call::<String>("string.rep", ("ab", 3))?, "ababab");
    ///     assert!(lua.call::<()>("no.such.function", ()).is_err());
    ///     Ok(())
    /// }).unwrap();
    /// # });
    /// ```
    pub fn call<R: FromLuaMany>(&self, name: &str, arguments: impl ToLuaMany) -> Result<R, Error> {
        let arguments = arguments.to_lua_many();
        results(self.run(|lua, frame| {
            lua.push_path(frame, name)?;
            let count = stack::push(frame, &arguments, &lua.state)?;
            lua.call_pushed(count)
        })?)
    }

    /// Calls a function of this state, in this very task.
    ///
    /// **Shape** `(function, arguments)` to results
    /// # Suspends
    /// As the function does.
    /// # Errors
    /// As [`eval`](Self::eval), and [`Error::Mismatch`] if the function is another state's.
    /// # Cancellation
    /// As [`exec`](Self::exec).
    ///
    /// # Examples
    /// ```
    /// # moonfleet::run(|| {
    /// # let lua = moonfleet_lua::LuaState::builder().spawn_here().unwrap();
    /// lua.register("twice", |lua, function: moonfleet_lua::Function| {
    ///     let once: i64 = lua.invoke(&function, 1)?;
    ///     lua.invoke::<i64>(&function, once)
    /// }).unwrap();
    /// assert_eq!(lua.eval::<i64>("twice(function(x) return x + 10 end)").unwrap(), 21);
    /// # });
    /// ```
    pub fn invoke<R: FromLuaMany>(&self, function: &Function, arguments: impl ToLuaMany) -> Result<R, Error> {
        let (function, arguments) = (function.clone().to_lua_many(), arguments.to_lua_many());
        results(self.run(|lua, frame| {
            stack::push(frame, &function, &lua.state)?;
            let count = stack::push(frame, &arguments, &lua.state)?;
            lua.call_pushed(count)
        })?)
    }

    /// The value of a global variable; `a.b.c` is a field of a field.
    ///
    /// # Suspends
    /// As metamethods that are called do.
    /// # Errors
    /// As [`eval`](Self::eval).
    /// # Cancellation
    /// As [`exec`](Self::exec).
    ///
    /// # Examples
    /// ```
    /// # moonfleet::run(|| {
    /// # let lua = moonfleet_lua::LuaState::builder().spawn_here().unwrap();
    /// lua.with(|lua| {
    ///     assert!(lua.get::<f64>("math.pi")? > 3.14);
    ///     assert_eq!(lua.get::<Option<String>>("no_such_variable")?, None);
    ///     Ok(())
    /// }).unwrap();
    /// # });
    /// ```
    pub fn get<R: FromLuaMany>(&self, name: &str) -> Result<R, Error> {
        results(self.run(|lua, frame| {
            lua.push_path(frame, name)?;
            Ok(1)
        })?)
    }

    /// Sets a global variable; `a.b.c` is a field of a field, and tables are made as needed.
    ///
    /// # Suspends
    /// As metamethods that are called do.
    /// # Errors
    /// As [`exec`](Self::exec), and [`Error::Mismatch`] for a function of another state.
    /// # Cancellation
    /// As [`exec`](Self::exec).
    ///
    /// # Examples
    /// See [`Lua`].
    pub fn set(&self, name: &str, value: impl ToLua) -> Result<(), Error> {
        let value = value.to_lua().to_lua_many();
        self.run(|lua, frame| {
            stack::push(frame, &value, &lua.state)?;
            lua.set_path(frame, name)
        })?;
        Ok(())
    }

    /// Makes a Rust function the value of a global variable; `a.b.c` is a field of a field.
    ///
    /// The function gets the state that called it, and its arguments. It may wait in any way: that suspends the Lua
    /// task that called it. An error is raised in Lua with its text, and so is a panic. Inside a `__gc` it cannot be
    /// called.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// # moonfleet::run(|| {
    /// # let lua = moonfleet_lua::LuaState::builder().spawn_here().unwrap();
    /// lua.with(|lua| {
    ///     lua.register("app.nap", |_, milliseconds: u64| {
    ///         moonfleet::time::sleep(Duration::from_millis(milliseconds));
    ///         if milliseconds > 100 { Err("that is no nap") } else { Ok("rested") }
    ///     })?;
    ///     assert_eq!(lua.eval::<String>("app.nap(1)")?, "rested");
    ///     let message: String = lua.eval("select(2, pcall(app.nap, 'long'))")?;
    ///     assert_eq!(message, "bad argument #1 to '?' (integer expected, got string)");
    ///     Ok(())
    /// }).unwrap();
    /// # });
    /// ```
    pub fn register<F, A, R, E>(&self, name: &str, function: F) -> Result<(), Error>
    where
        F: Fn(&Lua<'_>, A) -> Result<R, E> + 'static,
        A: FromLuaMany,
        R: ToLuaMany,
        E: std::fmt::Display,
    {
        let mut function = Some(callback::erase(function));
        self.run(|lua, frame| {
            let pushed = frame.protect(0, &mut function, callback::push);
            pushed.map_err(|raise| lua.raised(raise))?;
            lua.set_path(frame, name)
        })?;
        Ok(())
    }

    /// How many bytes of memory the state uses.
    ///
    /// # Examples
    /// ```
    /// # moonfleet::run(|| {
    /// # let lua = moonfleet_lua::LuaState::builder().spawn_here().unwrap();
    /// assert!(lua.with(|lua| Ok(lua.memory_used())).unwrap() > 1000);
    /// # });
    /// ```
    #[must_use]
    pub fn memory_used(&self) -> usize {
        self.inside(|frame| frame.memory_used())
    }

    /// How many instructions the tasks of the state may still execute; `None` without a limit.
    ///
    /// # Examples
    /// ```
    /// # moonfleet::run(|| {
    /// # let lua = moonfleet_lua::LuaState::builder().spawn_here().unwrap();
    /// assert_eq!(lua.with(|lua| Ok(lua.budget_left())).unwrap(), None);
    /// # });
    /// ```
    #[must_use]
    pub fn budget_left(&self) -> Option<u64> {
        self.local.budget().left()
    }

    /// Sets how many instructions the tasks of the state may execute from now on, if there is a limit.
    ///
    /// # Examples
    /// See [`LuaState::refill`](crate::LuaState::refill).
    pub fn refill(&self, instructions: u64) {
        self.local.budget().refill(instructions);
    }
}

fn results<R: FromLuaMany>(values: Values) -> Result<R, Error> {
    R::from_lua_many(values)
        .map_err(|(index, mismatch): (usize, Mismatch)| mismatch.at(&format!("result {}", index + 1)).into())
}
