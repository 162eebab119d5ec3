//! Lua states on every core: the Lua side of Moonfleet, and the `moonfleet` interpreter.
//!
//! A Lua state belongs to one worker of the runtime for life. Each of its tasks is a Lua thread that runs on a
//! native stack of its own, so a call that has to wait suspends the native stack under it: from inside a sort
//! comparator, a `gsub` callback, a metamethod, an iterator, a `pcall` or a user's coroutine. Lua notices nothing,
//! and `coroutine.*` keeps its stock meaning. Channels connect tasks of one state or of several, on every core.
//!
//! A Rust program holds states by [`LuaState`]:
//!
//! ```
//! use moonfleet_lua::LuaState;
//!
//! moonfleet::run(|| {
//!     let lua = LuaState::builder().spawn_here().unwrap();
//!     lua.register("double", |_, n: i64| n.checked_mul(2).ok_or("too large")).unwrap();
//!     assert_eq!(lua.eval::<i64>("double(21)").unwrap(), 42);
//! });
//! ```
//!
//! The modules below are listed bottom to top; each names only those above it in the list. Unsafe code is in `raw`,
//! in `state` and `task`, which own Lua states and threads, in one file of `value`, which moves values between the stacks
//! of one state, and in one of `cli`, which calls C's `exit` and friends.

#![deny(unsafe_code)]

mod raw;
mod value;
mod state;
mod task;
mod modules;
mod embed;
pub mod cli;

pub use embed::{
    Builder, Call, Channel, Chunk, Error, Failure, FromLua, FromLuaMany, Function, Lua, LuaState, LuaString,
    Mismatch, Table, ToLua, ToLuaMany, Value, Values, interrupt_long_turns,
};

/// The programs in docs/embedding.md are compiled and run like every other example.
#[cfg(doctest)]
#[doc = include_str!("../../docs/embedding.md")]
struct Embedding;
