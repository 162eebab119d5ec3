//! Lua states: opened, used and closed on one worker.
//!
//! | file | holds |
//! |---|---|
//! | `fleet` | [`Fleet`]: what all states of a process share, and the wait for the last of them |
//! | `local` | [`Local`]: what belongs to one state, and the one door to every wait |
//! | `open` | libraries, `arg`, `package.preload`, error handlers |
//! | `lua_state` | [`LuaState`]: the owner |

pub(crate) mod fleet;
pub(crate) mod local;
pub(crate) mod open;
mod lua_state;

pub(crate) use fleet::{Arguments, Fleet, Module};
pub(crate) use local::{Local, Phase};
pub(crate) use lua_state::LuaState;

/// Native stack of a task that runs Lua. C code does not probe its stack, so the guard below it is wide.
pub(crate) const STACK_SIZE: usize = 1 << 20;
