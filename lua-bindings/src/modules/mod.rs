//! What scripts `require`. A module is a table of callbacks; all that waits goes through [`Local::wait`].
//!
//! | file | holds |
//! |---|---|
//! | `core` | the table `moonfleet`: which function lives where |
//! | `task` | joining, awaiting and cancelling a task |
//! | `group` | several tasks at once, timeouts, `async` |
//! | `inspect` | asking about tasks |
//! | `channel` | channels and their methods |
//! | `arm` | the arms of a select, as the script wrote them |
//! | `meet` | sending, receiving and selecting within one state |
//! | `choice` | selecting among channels that other states may know |
//! | `select` | waiting for the first of several things |
//! | `time` | sleeping and the clock |
//! | `locks` | mutexes, semaphores, conditions and wait groups of one state |
//! | `parallel` | states on other workers |
//!
//! [`Local::wait`]: crate::state::Local::wait

use crate::raw::callback::function;
use crate::state::Module;

mod time;
mod arm;
mod meet;
mod choice;
mod channel;
mod task;
mod group;
mod inspect;
mod select;
mod locks;
mod parallel;
mod core;

/// What every state finds in `package.preload`.
pub(crate) static MODULES: &[Module] = &[Module { name: c"moonfleet", open: function(core::open) }];
