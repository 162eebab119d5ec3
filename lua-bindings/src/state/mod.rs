//! Lua states: opened, used and closed on one worker.
//!
//! | file | holds |
//! |---|---|
//! | `settings` | [`Settings`]: what whoever opens a state may choose |
//! | `fleet` | [`Fleet`]: what all states of a process share, and the wait for the last of them |
//! | `local` | [`Local`]: what belongs to one state, and the one door to every wait |
//! | `open` | libraries, `arg`, `package.preload`, error handlers |
//! | `lua_state` | [`LuaState`]: the owner |

pub(crate) mod settings;
pub(crate) mod fleet;
pub(crate) mod local;
pub(crate) mod open;
mod lua_state;

pub(crate) use fleet::{Arguments, Fleet, Module};
pub(crate) use local::{Local, Phase};
pub(crate) use lua_state::LuaState;
pub(crate) use settings::Settings;

/// Native stack of a task that runs Lua: room for the 200 nested C calls that Lua allows, `gsub` within `gsub` being
/// the largest. Unoptimised C needs twice as much. C code does not probe its stack, so the guard below is wide.
pub(crate) const STACK_SIZE: usize = if cfg!(debug_assertions) { 2 << 20 } else { 1 << 20 };
