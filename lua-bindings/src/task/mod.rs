//! Lua tasks: each one a Lua thread on a native stack of its own, in the state and on the worker of its birth.
//!
//! | file | holds |
//! |---|---|
//! | `record` | [`Task`]: what is known of a task of this state |
//! | `flight` | [`Flight`]: what is known of a launched state |
//! | `handle` | [`TaskHandle`]: either of them, as Lua sees it |
//! | `spawn` | from a Lua function to a queued task |
//! | `run` | the life of a task on its native stack |
//! | `launch` | the life of a launched state |
//! | `report` | errors that nobody joins, on stderr |

pub(crate) mod record;
pub(crate) mod flight;
pub(crate) mod handle;
pub(crate) mod report;
mod run;
pub(crate) mod spawn;
pub(crate) mod launch;

pub(crate) use handle::TaskHandle;
