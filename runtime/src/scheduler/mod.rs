//! The scheduler: workers that run tasks, steal unstarted ones from each other, and sleep when there are none.
//!
//! - [`shared`]: what the workers of one runtime share: homes, injector, idle state, gate, limits.
//! - [`worker`]: a worker as its tasks see it. [`rounds`]: its loop: how tasks are picked, run, searched for.
//! - [`deques`]: the queues that thieves take from. [`fork`]: calls that become tasks only when taken.
//! - [`migratables`]: tasks that may move after they have started.
//! - [`names`]: names of running tasks, for reports.
//! - [`lookout`]: how a monitor watches over turns, by the [`sampler`], and sleeps while the workers do.
//! - [`idle`], [`gate`], [`watch`]: the protocols, as leaf files that loom checks.
//!
//! # A worker's queues
//! ```text
//!              local wakes ─▶ next (one slot) ─┐
//!   local wakes, yields ───▶ ring  (started) ──┼─▶ run ──▶ suspends: leaves the queues
//!        remote wakes ─▶ inbox ─▶ ring         │          finishes: its stack goes to the cache
//!              spawns ─▶ fresh (unstarted) ────┘
//!                          ▲ stolen by idle workers          injector ◀─ spawns from other threads
//! ```
//! Only unstarted tasks are stolen, because only they are plain data (docs/decisions/0001). So a wake never
//! moves a task: it is a push on the home's ring, or one exchange on the home's inbox.

pub(crate) mod fork;
pub(crate) mod deques;
pub(crate) mod gate;
pub(crate) mod idle;
pub(crate) mod lookout;
pub(crate) mod migratables;
pub(crate) mod names;
pub(crate) mod rounds;
pub(crate) mod sampler;
pub(crate) mod shared;
pub(crate) mod watch;
pub(crate) mod worker;
