//! Lua tasks: each one a Lua thread on a native stack of its own, in the state and on the worker of its birth.
//!
//! | file | holds |
//! |---|---|
//! | `flight` | [`Flight`]: what is known of a launched state |
//! | `handle` | [`TaskHandle`]: either of them, as Lua sees it |
//! | `spawn` | from a Lua function to a queued task |
//! | `run` | the life of a task on its native stack |
//! | `launch` | the life of a launched state |
//! | `census` | the tasks that have not ended, and where they are |
//! | `deadlock` | the report when all of them wait for each other |
//! | `failure` | errors that end tasks, and those that nobody joins |

pub(crate) mod flight;
pub(crate) mod handle;
pub(crate) mod failure;
mod run;
pub(crate) mod spawn;
pub(crate) mod launch;
pub(crate) mod census;
pub(crate) mod deadlock;

pub(crate) use handle::TaskHandle;
