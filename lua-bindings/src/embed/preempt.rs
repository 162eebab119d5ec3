//! Preemption for the runtimes of programs that embed states. The interpreter's own runtime always has it.

use crate::state::slices;

/// Has the runtime that `builder` builds interrupt Lua code that computes for longer than 10 ms: other tasks of the worker
/// then get a turn. It costs nothing until a turn lasts that long.
///
/// Without it, a script that loops keeps its worker. Code in C is not interrupted, nor are Rust functions, finalizers, or
/// compiled loops of LuaJIT.
///
/// # Examples
/// ```
/// use moonfleet_lua::LuaState;
///
/// let builder = moonfleet::Runtime::builder().workers(1);
/// let runtime = moonfleet_lua::interrupt_long_turns(builder).build().unwrap();
/// # #[cfg(not(feature = "luajit"))] {
/// let lua = LuaState::builder().spawn(&runtime).unwrap();
/// let busy = lua.start(|lua| lua.exec("while not done do end")).unwrap();
/// lua.set("done", true).unwrap();
/// busy.join().unwrap();
/// # }
/// ```
pub fn interrupt_long_turns(builder: moonfleet::Builder) -> moonfleet::Builder {
    slices::interrupt_long_turns(builder)
}
