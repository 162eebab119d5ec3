//! [`LuaState`]: a handle to a state, for any task and thread.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use moonfleet::channel::{self, RecvTimeoutError, oneshot};

use crate::embed::callback::panic_message;
use crate::embed::host::{Job, Request, Shared};
use crate::embed::{Builder, Chunk, Error, FromLuaMany, Lua, ToLua, ToLuaMany};

/// A handle to a Lua state. Clones are handles to the same state.
///
/// Every call runs as a task of the state, on the state's worker; the caller waits. Calls may come from everywhere at
/// once: when one of them waits, in a Lua function or in a Rust function, the others go on.
///
/// Once the last handle is gone the state closes, as soon as its tasks have ended.
///
/// # Examples
/// ```
/// use moonfleet_lua::LuaState;
///
/// moonfleet::run(|| {
///     let lua = LuaState::builder().spawn_here().unwrap();
///     lua.exec("function greet(name) return 'ahoy, ' .. name end").unwrap();
///     let theirs = lua.clone();
///     let task = moonfleet::spawn(move || theirs.call::<String>("greet", "moon"));
///     assert_eq!(task.join().unwrap().unwrap(), "ahoy, moon");
///     assert_eq!(lua.call::<String>("greet", "fleet").unwrap(), "ahoy, fleet");
/// });
/// ```
#[derive(Clone)]
pub struct LuaState(Arc<Shared>);

impl LuaState {
    /// How a state is made.
    ///
    /// # Examples
    /// See [`Builder`].
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(super) fn of(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// Runs `body` inside the state.
    ///
    /// `body` runs as a task of the state, on its worker; when it calls Rust code that waits, other tasks go on.
    ///
    /// **Shape** `FnOnce(&Lua) → Result<R, Error>` to `Result<R, Error>`
    /// # Suspends
    /// Until `body` has returned.
    /// # Errors
    /// Those of `body`. [`Error::Panicked`]: it panicked. [`Error::Closed`]: the state is closed.
    /// # Cancellation
    /// Unwinds silently. `body` goes on, and its result is dropped.
    ///
    /// # Examples
    /// See [`Lua`].
    pub fn with<R>(
        &self,
        body: impl FnOnce(&Lua<'_>) -> Result<R, Error> + Send + 'static,
    ) -> Result<R, Error>
    where
        R: Send + 'static,
    {
        self.start(body)?.join()
    }

    /// Starts `body` inside the state, as [`with`](Self::with) does, and does not wait for it.
    ///
    /// **Shape** `FnOnce(&Lua) → Result<R, Error>` to `Call<R>`
    /// # Errors
    /// [`Error::Closed`]: the state is closed.
    ///
    /// # Examples
    /// ```
    /// use moonfleet_lua::LuaState;
    /// use std::time::Duration;
    ///
    /// moonfleet::run(|| {
    ///     let lua = LuaState::builder().spawn_here().unwrap();
    ///     let mut slow = lua.start(|lua| lua.eval::<i64>("require('moonfleet').sleep(0.05) or 1")).unwrap();
    ///     assert_eq!(lua.eval::<i64>("2").unwrap(), 2);
    ///     assert!(slow.join_timeout(Duration::ZERO).is_none());
    ///     assert_eq!(slow.join().unwrap(), 1);
    /// });
    /// ```
    pub fn start<R>(
        &self,
        body: impl FnOnce(&Lua<'_>) -> Result<R, Error> + Send + 'static,
    ) -> Result<Call<R>, Error>
    where
        R: Send + 'static,
    {
        let (reply, answer) = channel::oneshot();
        let job = Job::new(move |lua| {
            let result = lua.and_then(|lua| {
                let outcome = catch_unwind(AssertUnwindSafe(|| body(lua)));
                outcome.unwrap_or_else(|payload| {
                    let message = panic_message(&*payload);
                    Err(Error::Panicked(message.unwrap_or_else(|| "the task was cancelled".to_owned())))
                })
            });
            // Nobody may wait for it any more.
            let _ = reply.send(result);
        });
        self.0.request(Request::Job(job))?;
        Ok(Call(answer))
    }

    /// Runs code; see [`Lua::exec`].
    ///
    /// # Suspends
    /// Until the code has ended.
    /// # Errors
    /// As [`Lua::exec`] and [`with`](Self::with).
    /// # Cancellation
    /// As [`with`](Self::with).
    ///
    /// # Examples
    /// See [`LuaState`].
    pub fn exec(&self, code: impl Into<Chunk>) -> Result<(), Error> {
        let chunk = code.into();
        self.with(move |lua| lua.exec(chunk))
    }

    /// Runs code that is an expression, or returns something; see [`Lua::eval`].
    ///
    /// # Suspends
    /// Until the code has ended.
    /// # Errors
    /// As [`Lua::eval`] and [`with`](Self::with).
    /// # Cancellation
    /// As [`with`](Self::with).
    ///
    /// # Examples
    /// ```
    /// # moonfleet::run(|| {
    /// let lua = moonfleet_lua::LuaState::builder().spawn_here().unwrap();
    /// assert_eq!(lua.eval::<Vec<i64>>("{ 1, 2, 3 }").unwrap(), [1, 2, 3]);
    /// # });
    /// ```
    pub fn eval<R: FromLuaMany + Send + 'static>(&self, code: impl Into<Chunk>) -> Result<R, Error> {
        let chunk = code.into();
        self.with(move |lua| lua.eval(chunk))
    }

    /// Calls the function in a global variable; see [`Lua::call`].
    ///
    /// # Suspends
    /// Until the function has returned.
    /// # Errors
    /// As [`Lua::call`] and [`with`](Self::with).
    /// # Cancellation
    /// As [`with`](Self::with).
    ///
    /// # Examples
    /// See [`LuaState`].
    pub fn call<R>(&self, name: &str, arguments: impl ToLuaMany) -> Result<R, Error>
    where
        R: FromLuaMany + Send + 'static,
    {
        let (name, arguments) = (name.to_owned(), arguments.to_lua_many());
        self.with(move |lua| lua.call(&name, arguments))
    }

    /// The value of a global variable; see [`Lua::get`].
    ///
    /// # Suspends
    /// Until the state has answered.
    /// # Errors
    /// As [`Lua::get`] and [`with`](Self::with).
    /// # Cancellation
    /// As [`with`](Self::with).
    ///
    /// # Examples
    /// ```
    /// # moonfleet::run(|| {
    /// let lua = moonfleet_lua::LuaState::builder().spawn_here().unwrap();
    /// lua.set("config.port", 80).unwrap();
    /// assert_eq!(lua.get::<u16>("config.port").unwrap(), 80);
    /// # });
    /// ```
    pub fn get<R: FromLuaMany + Send + 'static>(&self, name: &str) -> Result<R, Error> {
        let name = name.to_owned();
        self.with(move |lua| lua.get(&name))
    }

    /// Sets a global variable; see [`Lua::set`].
    ///
    /// # Suspends
    /// Until the state has done so.
    /// # Errors
    /// As [`Lua::set`] and [`with`](Self::with).
    /// # Cancellation
    /// As [`with`](Self::with).
    ///
    /// # Examples
    /// See [`get`](Self::get).
    pub fn set(&self, name: &str, value: impl ToLua) -> Result<(), Error> {
        let (name, value) = (name.to_owned(), value.to_lua());
        self.with(move |lua| lua.set(&name, value))
    }

    /// Makes a Rust function the value of a global variable; see [`Lua::register`].
    ///
    /// # Suspends
    /// Until the state has done so.
    /// # Errors
    /// As [`Lua::register`] and [`with`](Self::with).
    /// # Cancellation
    /// As [`with`](Self::with).
    ///
    /// # Examples
    /// ```
    /// # moonfleet::run(|| {
    /// let lua = moonfleet_lua::LuaState::builder().spawn_here().unwrap();
    /// lua.register("add", |_, (a, b): (i64, i64)| a.checked_add(b).ok_or("too much")).unwrap();
    /// assert_eq!(lua.eval::<i64>("add(1, 2)").unwrap(), 3);
    /// assert!(lua.eval::<i64>("add(math.maxinteger or 2^63-1024, 1024)").unwrap_err().to_string().contains("too much"));
    /// # });
    /// ```
    pub fn register<F, A, R, E>(&self, name: &str, function: F) -> Result<(), Error>
    where
        F: Fn(&Lua<'_>, A) -> Result<R, E> + Send + 'static,
        A: FromLuaMany + 'static,
        R: ToLuaMany + 'static,
        E: fmt::Display + 'static,
    {
        let name = name.to_owned();
        self.with(move |lua| lua.register(&name, function))
    }

    /// Sets how many instructions the tasks of the state may execute from now on, all together, if it was made with a
    /// limit. A state whose budget is spent goes on working after this.
    ///
    /// # Suspends
    /// Until the state has done so.
    /// # Errors
    /// [`Error::Closed`].
    /// # Cancellation
    /// As [`with`](Self::with).
    ///
    /// # Examples
    /// ```
    /// use moonfleet_lua::{Error, LuaState};
    ///
    /// # #[cfg(not(feature = "luajit"))]
    /// moonfleet::run(|| {
    ///     let lua = LuaState::builder().instruction_budget(1_000_000).spawn_here().unwrap();
    ///     assert!(matches!(lua.exec("while true do end"), Err(Error::Budget(_))));
    ///     assert!(matches!(lua.eval::<i64>("1 + 1"), Err(Error::Budget(_))));
    ///     lua.refill(1_000_000).unwrap();
    ///     assert_eq!(lua.eval::<i64>("1 + 1").unwrap(), 2);
    /// });
    /// ```
    pub fn refill(&self, instructions: u64) -> Result<(), Error> {
        self.with(move |lua| {
            lua.refill(instructions);
            Ok(())
        })
    }

    /// How many bytes of memory the state uses.
    ///
    /// # Suspends
    /// Until the state has answered.
    /// # Errors
    /// [`Error::Closed`].
    /// # Cancellation
    /// As [`with`](Self::with).
    ///
    /// # Examples
    /// ```
    /// # moonfleet::run(|| {
    /// let lua = moonfleet_lua::LuaState::builder().spawn_here().unwrap();
    /// let before = lua.memory_used().unwrap();
    /// lua.exec("x = ('x'):rep(100000)").unwrap();
    /// assert!(lua.memory_used().unwrap() > before + 90_000);
    /// # });
    /// ```
    pub fn memory_used(&self) -> Result<usize, Error> {
        self.with(|lua| Ok(lua.memory_used()))
    }

    /// Closes the state: calls that come later fail, those that run end, then its tasks, then it and the states that it
    /// has launched.
    ///
    /// # Suspends
    /// Until all that is over. A call from one of the state's own tasks would wait for itself.
    /// # Cancellation
    /// Unwinds silently; the state closes all the same.
    ///
    /// # Examples
    /// ```
    /// use moonfleet_lua::{Error, LuaState};
    ///
    /// moonfleet::run(|| {
    ///     let lua = LuaState::builder().spawn_here().unwrap();
    ///     lua.close();
    ///     assert!(matches!(lua.exec("x = 1"), Err(Error::Closed)));
    /// });
    /// ```
    pub fn close(&self) {
        self.0.requests.close();
        self.0.fleet.wait();
    }
}

impl fmt::Debug for LuaState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LuaState").field("closed", &self.0.requests.is_closed()).finish_non_exhaustive()
    }
}

/// A call that was started; see [`LuaState::start`]. Dropped, it goes on by itself.
#[derive(Debug)]
pub struct Call<R>(oneshot::Receiver<Result<R, Error>>);

impl<R> Call<R> {
    /// Waits for the end of the call.
    ///
    /// **Shape** `Call<R>` to `Result<R, Error>`
    /// # Suspends
    /// Until then.
    /// # Errors
    /// As [`LuaState::with`].
    /// # Cancellation
    /// As [`LuaState::with`].
    ///
    /// # Examples
    /// See [`LuaState::start`].
    pub fn join(self) -> Result<R, Error> {
        self.0.recv().unwrap_or(Err(Error::Closed))
    }

    /// Waits for the end of the call up to `timeout`; `None` if it takes longer. The result comes once.
    ///
    /// **Shape** `Duration` to `Option<Result<R, Error>>`
    /// # Suspends
    /// Up to `timeout`.
    /// # Errors
    /// As [`LuaState::with`].
    /// # Cancellation
    /// Unwinds silently. The call can be joined later.
    ///
    /// # Examples
    /// See [`LuaState::start`].
    pub fn join_timeout(&mut self, timeout: Duration) -> Option<Result<R, Error>> {
        match self.0.recv_timeout(timeout) {
            Ok(result) => Some(result),
            Err(RecvTimeoutError::Timeout) => None,
            Err(_) => Some(Err(Error::Closed)),
        }
    }
}
