//! Lua states: opened, used and closed on one worker.
//!
//! | file | holds |
//! |---|---|
//! | `settings` | [`Settings`]: what whoever opens a state may choose |
//! | `phase` | [`Phase`]: where a task is in its life |
//! | `wait` | [`Wait`]: what a task waits for |
//! | `coarse` | a time that is cheap to take |
//! | `task` | [`Task`]: what is known of a task |
//! | `tally` | how many tasks wait for each other |
//! | `fleet` | [`Fleet`]: what all states of a process share, and the wait for the last of them |
//! | `local` | [`Local`]: what belongs to one state, and the one door to every wait |
//! | `line` | tasks that wait for something to be granted |
//! | `open` | libraries, `arg`, `package.preload`, error handlers |
//! | `slices` | tasks that compute for long let others run |
//! | `lua_state` | [`LuaState`]: the owner |

pub(crate) mod settings;
mod phase;
mod wait;
mod coarse;
pub(crate) mod task;
mod tally;
pub(crate) mod fleet;
pub(crate) mod local;
pub(crate) mod line;
pub(crate) mod open;
pub(crate) mod slices;
mod lua_state;

pub(crate) use fleet::{Arguments, Fleet, Module};
pub(crate) use local::Local;
pub(crate) use lua_state::LuaState;
pub(crate) use phase::Phase;
pub(crate) use settings::{Libraries, Settings};
pub(crate) use task::Task;
pub(crate) use wait::Wait;

/// Native stack of a task that runs Lua: room for the 200 nested C calls that Lua allows, `gsub` within `gsub` being
/// the largest. Unoptimised C needs twice as much. C code does not probe its stack, so the guard below is wide.
pub(crate) const STACK_SIZE: usize = if cfg!(debug_assertions) { 2 << 20 } else { 1 << 20 };
