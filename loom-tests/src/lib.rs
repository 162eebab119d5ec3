//! Exhaustive models of the runtime's concurrent protocols, over the very files that it ships.
//!
//! The runtime's protocol files name `crate::primitive` and nothing of `std::sync`. This crate offers a
//! `primitive` made of [loom](https://docs.rs/loom) types, includes those files unchanged, and lets loom run
//! every interleaving of small programs that use them. `cargo test` is all it takes: no flag, no `cfg(loom)`.
//!
//! - `primitive`, `quiet`, `sys`, `context`, `suspend`: stand-ins of the same names for what lies below the protocol
//!   files. `bell` is what they sleep on.
//! - `wait`, `home`, `task`, `scheduler`, `park`, `epoch`, `channel`, `select`, `sync`, `cancel`, `block_on`: the
//!   runtime's files.
//! - `models`: one file per protocol file; each test is one model, whose doc sentence is the invariant.
//! - `twins`: this crate again, once per entry of `mutations.rs`, with one line of the runtime made wrong.
//!   The model named there must fail on it; a model that cannot fail proves nothing.
//!
//! The README has the table of protocols, and what loom cannot see.

#![cfg(test)]
#![allow(dead_code, unreachable_pub, reason = "the runtime's files are whole; the models use parts of them")]
#![allow(clippy::arc_with_non_send_sync, reason = "the loom threads of a model share one OS thread")]
#![allow(unsafe_code, reason = "the models keep the contracts that the runtime keeps around these files")]

mod primitive;
mod quiet;
mod bell;
mod sys;
#[path = "../../runtime/src/wait/mod.rs"]
mod wait;
#[path = "../../runtime/src/home/mod.rs"]
mod home;
mod coroutine;
mod stack;
#[path = "../../runtime/src/config.rs"]
mod config;
#[path = "../../runtime/src/timer/mod.rs"]
mod timer;
#[path = "../../runtime/src/task/mod.rs"]
mod task;
mod context;
mod suspend;
#[path = "../../runtime/src/park.rs"]
mod park;
#[path = "../../runtime/src/epoch.rs"]
mod epoch;
mod blocking;
mod reactor;
mod signal;
mod scheduler;
mod channel;
#[path = "../../runtime/src/select/mod.rs"]
mod select;
mod sync;
mod cancel;
mod scope;
#[path = "../../runtime/src/block_on.rs"]
mod block_on;
mod model;
mod models;

mod coverage;
mod twins {
    //! The mutated twins, as `build.rs` made them.
    include!(concat!(env!("OUT_DIR"), "/twins.rs"));
}
