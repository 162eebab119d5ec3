//! [`Builder`]: how a state is made: where, with what, within which limits.

use std::ffi::CString;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use moonfleet::{Runtime, TaskBuilder, channel};

use crate::embed::host::Shared;
use crate::embed::serve::{Setup, serve};
use crate::embed::{Error, Lua, LuaState};
use crate::modules::MODULES;
use crate::state::{Arguments, Fleet, Libraries, Settings};

/// The memory limit of a sandbox, unless it is set: 16 MiB.
const SANDBOX_MEMORY: usize = 16 << 20;

/// The instruction budget of a sandbox, unless it is set: on the order of a second.
const SANDBOX_BUDGET: u64 = 100_000_000;

/// How a Lua state is made.
///
/// A state has the standard libraries and [`require "moonfleet"`](crate), but not what could break the memory safety of
/// the process: precompiled chunks, modules in C, `debug` beyond `traceback` and `getinfo`, LuaJIT's `ffi`.
///
/// # Examples
/// ```
/// use moonfleet_lua::LuaState;
///
/// let runtime = moonfleet::Runtime::builder().workers(2).build().unwrap();
/// let lua = LuaState::builder()
///     .worker(1)
///     .setup(|lua| {
///         lua.set("version", "1.0")?;
///         lua.register("log", |_, line: String| Ok::<_, String>(eprintln!("{line}")))
///     })
///     .spawn(&runtime)
///     .unwrap();
/// assert_eq!(lua.get::<String>("version").unwrap(), "1.0");
/// ```
#[must_use]
pub struct Builder {
    name: Option<String>,
    worker: Option<usize>,
    settings: Settings,
    setup: Vec<Setup>,
}

impl Builder {
    pub(super) fn new() -> Self {
        let settings = Settings { environment: false, libraries: Libraries::Safe, ..Settings::default() };
        Self { name: None, worker: None, settings, setup: Vec::new() }
    }

    /// Names the state's main task, for reports.
    ///
    /// # Examples
    /// ```
    /// let builder = moonfleet_lua::LuaState::builder().name("plugins");
    /// ```
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The worker that the state is to live on. By default each new state goes to the next one in turn.
    ///
    /// # Examples
    /// See [`Builder`].
    pub fn worker(mut self, worker: usize) -> Self {
        self.worker = Some(worker);
        self
    }

    /// How many bytes of memory the state may use. What goes beyond fails with "not enough memory", in this state alone.
    ///
    /// # Examples
    /// ```
    /// use moonfleet_lua::{Error, LuaState};
    ///
    /// # #[cfg(not(feature = "luajit"))]
    /// moonfleet::run(|| {
    ///     let lua = LuaState::builder().memory_limit(1 << 20).spawn_here().unwrap();
    ///     assert!(matches!(lua.exec("x = ('x'):rep(2^20)"), Err(Error::Memory)));
    ///     assert_eq!(lua.eval::<i64>("#('x'):rep(1000)").unwrap(), 1000);
    /// });
    /// ```
    pub fn memory_limit(mut self, bytes: usize) -> Self {
        self.settings.memory_limit = Some(bytes);
        self
    }

    /// How many instructions of Lua's virtual machine all tasks of the state together may execute, until it is given
    /// more by [`LuaState::refill`]. Code in such a state runs at about half the speed.
    ///
    /// A call of a library function is one instruction, however long it takes.
    ///
    /// # Examples
    /// See [`LuaState::refill`].
    pub fn instruction_budget(mut self, instructions: u64) -> Self {
        self.settings.instruction_budget = Some(instructions);
        self
    }

    /// The native stack of each task of the state, in bytes: address space, of which only the touched pages take memory.
    /// By default 1 MiB, which is enough for the deepest recursion that Lua allows in its C functions. Rust functions
    /// that Lua calls run on it, too.
    ///
    /// # Examples
    /// ```
    /// let builder = moonfleet_lua::LuaState::builder().stack_size(4 << 20);
    /// ```
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.settings.stack_size = bytes;
        self
    }

    /// Makes the state a sandbox for scripts that nobody trusts: 16 MiB of memory and 100 million instructions, unless
    /// other limits are set, and nothing but `assert`, `error`, `getmetatable`, `ipairs`, `load` of text, `next`, `pairs`,
    /// `pcall`, `raw*`, `select`, `setmetatable` without finalizers, `tonumber`, `tostring`, `type`, `xpcall`,
    /// `collectgarbage "count"`, `debug.traceback`, `os.clock`, `date`, `difftime` and `time`, and the libraries
    /// `coroutine`, `math`, `string`, `table` and `utf8`. There is no `print`, no `require` and no `moonfleet` module.
    ///
    /// What else a script may do, [`setup`](Self::setup) gives it.
    ///
    /// # Examples
    /// ```
    /// use moonfleet_lua::LuaState;
    ///
    /// # #[cfg(not(feature = "luajit"))]
    /// moonfleet::run(|| {
    ///     let lua = LuaState::builder().sandbox().spawn_here().unwrap();
    ///     assert!(lua.eval::<bool>("io == nil and os.execute == nil and require == nil").unwrap());
    ///     assert!(lua.exec("while true do end").is_err());
    /// });
    /// ```
    pub fn sandbox(mut self) -> Self {
        self.settings.libraries = Libraries::Sandbox;
        self.settings.memory_limit.get_or_insert(SANDBOX_MEMORY);
        self.settings.instruction_budget.get_or_insert(SANDBOX_BUDGET);
        self
    }

    /// Gives the state everything the interpreter has.
    ///
    /// # Safety
    /// The scripts are trusted with the memory of the process: with `debug`, precompiled chunks, modules in C or LuaJIT's
    /// `ffi` they can break it.
    ///
    /// # Examples
    /// ```
    /// moonfleet::run(|| {
    ///     // SAFETY: the only script is the one below.
    ///     let lua = unsafe { moonfleet_lua::LuaState::builder().all_libraries() }.spawn_here().unwrap();
    ///     assert!(lua.eval::<bool>("debug.getregistry() ~= nil").unwrap());
    /// });
    /// ```
    #[allow(unsafe_code, reason = "a promise of the caller's")]
    pub unsafe fn all_libraries(mut self) -> Self {
        self.settings.libraries = Libraries::All;
        self
    }

    /// Has `setup` run in the new state before anything else does; may be repeated. If it fails, there is no state.
    ///
    /// # Examples
    /// See [`Builder`].
    pub fn setup(mut self, setup: impl FnOnce(&Lua<'_>) -> Result<(), Error> + Send + 'static) -> Self {
        self.setup.push(Box::new(setup));
        self
    }

    /// Makes the state, on a worker of `runtime`.
    ///
    /// # Suspends
    /// Until it is set up.
    /// # Errors
    /// [`Error::NotStarted`]: no such worker, no memory, too many tasks; those of the setup.
    /// # Cancellation
    /// Unwinds silently. A state that was made is closed.
    ///
    /// # Examples
    /// See [`Builder`].
    pub fn spawn(self, runtime: &Runtime) -> Result<LuaState, Error> {
        let spawned = runtime.handle().try_spawn(move || self.spawn_here());
        let task = spawned.map_err(|error| Error::NotStarted(error.to_string()))?;
        task.join().unwrap_or_else(|error| Err(Error::NotStarted(error.to_string())))
    }

    /// Makes the state, on a worker of the runtime whose task calls this.
    ///
    /// # Suspends
    /// Until it is set up.
    /// # Errors
    /// As [`spawn`](Self::spawn), and [`Error::NotStarted`] on a thread that is no worker.
    /// # Cancellation
    /// As [`spawn`](Self::spawn).
    ///
    /// # Examples
    /// ```
    /// use moonfleet_lua::{Error, LuaState};
    ///
    /// assert!(matches!(LuaState::builder().spawn_here(), Err(Error::NotStarted(_))), "no runtime");
    /// assert!(moonfleet::run(|| LuaState::builder().spawn_here()).is_ok());
    /// ```
    pub fn spawn_here(self) -> Result<LuaState, Error> {
        self.check()?;
        let worker = self.worker.unwrap_or_else(next_worker);
        let name = self.name.unwrap_or_else(|| format!("state on worker {}", worker + 1));
        let arguments = Arguments { words: CString::new(name.as_str()).into_iter().collect(), script: 0 };
        let (stack_size, setup) = (self.settings.stack_size, self.setup);
        let setup: Setup = Box::new(|lua| setup.into_iter().try_for_each(|setup| setup(lua)));
        let fleet = Fleet::new(arguments, MODULES, self.settings);
        let (requests, inbox) = channel::unbounded();
        let (ready, opened) = channel::oneshot();
        let berth = fleet.board();
        let shared = Arc::new(Shared::new(requests, fleet));
        let weak = Arc::downgrade(&shared);
        let builder = TaskBuilder::new().name(name.as_str()).stack_size(stack_size).wide_guard(true);
        let spawned = builder.spawn_on(worker, move || serve(&name, berth, weak, inbox, setup, ready));
        spawned.map_err(|error| Error::NotStarted(error.to_string()))?;
        opened.recv().unwrap_or_else(|_| Err(Error::NotStarted("its runtime shuts down".to_owned())))?;
        Ok(LuaState::of(shared))
    }

    fn check(&self) -> Result<(), Error> {
        if moonfleet::worker_index().is_none() {
            return Err(Error::NotStarted(
                "this thread is no worker of a runtime; see Builder::spawn".to_owned(),
            ));
        }
        let is_limited = self.settings.memory_limit.is_some() || self.settings.instruction_budget.is_some();
        if cfg!(feature = "luajit") && is_limited {
            let text = "LuaJIT has its own memory, and counts no instructions: limits need Lua 5.4 or 5.5";
            return Err(Error::NotStarted(text.to_owned()));
        }
        Ok(())
    }
}

/// The workers in turn.
fn next_worker() -> usize {
    static TURN: AtomicUsize = AtomicUsize::new(0);
    // ORDER: Relaxed; a counter that publishes nothing.
    TURN.fetch_add(1, Ordering::Relaxed) % moonfleet::worker_count().max(1)
}
