//! The command line: `moonfleet [options] [script [args]]`.
//!
//! | file | holds |
//! |---|---|
//! | `args` | words → `Plan`, or what is wrong with them |
//! | `run` | a plan → a runtime, a first state, an exit code |

mod args;
mod run;

pub use run::main;
