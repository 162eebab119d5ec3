//! Moonfleet: a multi-threaded, work-stealing, *stackful* coroutine runtime for Linux.
//!
//! Tasks are functions with stacks of their own. They block the way people think (`rx.recv()`,
//! `sleep(..)`, `task.join()`), and thousands to a million of them share a few OS threads: a task that
//! waits gives its worker to another. There is no `async`, and no function that only works in it.
//!
//! ```
//! use moonfleet::{channel, select, spawn};
//!
//! // "Stateful tasks": one task owns the state, the others ask it by messages.
//! let answer = moonfleet::run(|| {
//!     let (reads, read_ops) = channel::rendezvous::<(u32, channel::oneshot::Sender<u32>)>();
//!     let (writes, write_ops) = channel::rendezvous::<(u32, u32)>();
//!     spawn(move || {
//!         let mut state = std::collections::HashMap::new();
//!         loop {
//!             select! {
//!                 recv(read_ops) -> op => match op {
//!                     Ok((key, reply)) => drop(reply.send(state.get(&key).copied().unwrap_or(0))),
//!                     Err(_) => break,
//!                 },
//!                 recv(write_ops) -> op => if let Ok((key, value)) = op { state.insert(key, value); },
//!             }
//!         }
//!     });
//!     writes.send((1, 42)).unwrap();
//!     let (reply, answer) = channel::oneshot();
//!     reads.send((1, reply)).unwrap();
//!     answer.recv().unwrap()
//! });
//! assert_eq!(answer, 42);
//! ```
//!
//! # The contract
//! - [`spawn`] is safe: an unstarted task is plain `Send` data that any worker may steal. **Once started it
//!   stays on its worker until it ends**, so thread-locals, `Rc` and guards are as sound as in an OS thread.
//! - A panic ends its task alone and comes out of [`JoinHandle::join`]. Shutdown unwinds suspended tasks.
//! - Whatever blocks works in tasks and on plain OS threads alike.
//! - Hold no std lock, and no other guard that blocks an OS thread, over a call that suspends.
//!
//! # How the code is laid out
//! The modules below are declared bottom to top, and each names only modules above it in this list; a test
//! holds that. What users block on (`channel`, `select`, `time`, `join`) and the scheduler meet in
//! `context` and `suspend`. Protocols whose correctness hangs on atomics are leaf files that name only
//! [`primitive`](self) and each other: `loom-tests` checks those very files.

#![deny(unsafe_code)]

// ── ground: knows nothing of tasks ──────────────────────────────────────────────────────────────────────
mod primitive;
mod quiet;
mod config;
mod sys;
mod stack;
mod coroutine;
// ── waiting and waking ──────────────────────────────────────────────────────────────────────────────────
mod wait;
mod home;
mod task;
mod timer;
// ── where blocking code meets the scheduler ─────────────────────────────────────────────────────────────
mod context;
mod suspend;
mod park;
mod blocking;
mod epoch;
mod reactor;
// ── the scheduler ───────────────────────────────────────────────────────────────────────────────────────
mod scheduler;
// ── what users block on ─────────────────────────────────────────────────────────────────────────────────
pub mod channel;
pub mod select;
pub mod sync;
pub mod cancel;
mod join;
mod block_on;
mod spawn;
mod offload;
mod scope;
mod current;
mod device;
pub mod io;
pub mod fs;
pub mod process;
pub mod signal;
pub mod net;
pub mod time;
pub mod foreign;
pub mod neighbour;
mod task_local;
// ── whole programs ──────────────────────────────────────────────────────────────────────────────────────
mod metrics;
mod monitor;
mod shutdown;
mod runtime;
mod builder;
mod run;

pub use crate::block_on::block_on;
pub use crate::builder::{BuildError, Builder};
pub use crate::current::{CurrentTask, current_task, panicking, worker_count, worker_index};
pub use crate::join::JoinHandle;
pub use crate::metrics::{BlockingMetrics, Metrics, WorkerMetrics};
pub use crate::monitor::{Hog, Stillness};
pub use crate::offload::{NoThread, blocking, try_blocking};
pub use crate::run::run;
pub use crate::runtime::{Handle, Runtime};
pub use crate::scope::{Scope, ScopedJoinHandle, fork_join, scope, try_scope};
pub use crate::shutdown::{ShutdownReport, StuckWorker};
pub use crate::spawn::{SpawnError, TaskBuilder, spawn, spawn_local, spawn_migratable, spawn_on, yield_now};
pub use crate::stack::{StackError, StackSizeError, StackUsage};
pub use crate::task::error::{JoinError, TaskPanic};
pub use crate::task_local::{AccessError, LocalKey};

/// The program in README.md is compiled and run like every other example.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
