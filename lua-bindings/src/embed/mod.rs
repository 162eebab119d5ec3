//! Lua states inside a Rust program.
//!
//! A [`LuaState`] is a handle to a state that lives on one worker of the runtime. Any number of tasks and threads may
//! hold it and call into the state; each call runs as a task of the state, so calls take turns whenever one waits. Code
//! that runs inside the state sees it as [`Lua`].
//!
//! ```text
//!  any task or thread                          the worker of the state
//!  ┌──────────┐   a closure    ┌───────┐ spawns a task for it ┌──────────────────────────┐
//!  │ LuaState │ ─────────────▶ │ inbox │ ───────────────────▶ │ closure(&Lua) ─▶ scripts │
//!  └──────────┘                └───────┘                      │    Rust functions ◀──┘   │
//!       ▲            the result                               └────────────┬─────────────┘
//!       └──────────────────────────────────────────────────────────────────┘
//! ```
//! Values are copied between Rust and Lua: [`Value`] is plain data, and so is everything that converts from it and to it.
//!
//! | file | holds |
//! |---|---|
//! | `text` | [`LuaString`]: bytes |
//! | `value` | [`Value`]: a Lua value in Rust |
//! | `table` | [`Table`]: a copy of a Lua table |
//! | `order` | the order of keys in such a table |
//! | `error` | [`Error`]: why a call failed, with its traceback |
//! | `convert` | [`ToLua`] and [`FromLua`]: Rust types as Lua values |
//! | `convert_many` | [`ToLuaMany`] and [`FromLuaMany`]: arguments and results |
//! | `parcel` | values ⇄ messages |
//! | `channel` | [`Channel`]: Lua's channels in Rust |
//! | `host` | what a state knows of its handles |
//! | `function` | [`Function`]: a Lua function held by Rust code |
//! | `stack` | values ⇄ Lua stacks |
//! | `chunk` | [`Chunk`]: Lua code |
//! | `lua` | [`Lua`]: the state from inside |
//! | `inside` | how it goes back into Lua |
//! | `callback` | Rust functions that Lua calls |
//! | `state` | [`LuaState`]: the state from outside |
//! | `serve` | the main task of a state: calls come in, tasks go out |
//! | `preempt` | [`interrupt_long_turns`]: scripts that compute for long let others run |
//! | `builder` | [`Builder`]: how a state is made |

mod text;
mod value;
mod table;
mod order;
mod error;
mod convert;
mod convert_many;
mod parcel;
mod channel;
mod host;
mod function;
mod stack;
mod chunk;
mod lua;
mod inside;
mod callback;
mod state;
mod serve;
mod preempt;
mod builder;

pub use builder::Builder;
pub use channel::Channel;
pub use chunk::Chunk;
pub use convert::{FromLua, Mismatch, ToLua};
pub use convert_many::{FromLuaMany, ToLuaMany, Values};
pub use error::{Error, Failure};
pub use function::Function;
pub use lua::Lua;
pub use preempt::interrupt_long_turns;
pub use state::{Call, LuaState};
pub use table::Table;
pub use text::LuaString;
pub use value::Value;
