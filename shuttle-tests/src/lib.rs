//! The whole runtime under [shuttle](https://docs.rs/shuttle): its very sources, with real coroutines on real
//! stacks, whose workers are threads that shuttle switches between at every step that another could see.
//!
//! - `moonfleet`: the runtime's sources, as `build.rs` copies them.
//! - `stand_ins`: what they stand on instead of threads, locks, atomics, the clock and epoll.
//! - `model`: explores a model under many schedules, and shows that it fails when a fault is planted.
//!
//! The models are in `tests`; README.md says what is checked and what is not.

#![allow(unsafe_code, reason = "the copied runtime and its stand-ins")]

#[macro_use]
mod stand_ins;
mod faults;
mod model;

include!(concat!(env!("OUT_DIR"), "/runtime/declaration.rs"));

pub(crate) use crate::model::is_planted;
pub use crate::model::{explore, fails_by, hangs_by, join_thread, run, spin_until, thread};
