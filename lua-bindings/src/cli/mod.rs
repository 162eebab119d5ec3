//! The command line: `moonfleet [options] [script [args]]`.
//!
//! | file | holds |
//! |---|---|
//! | `args` | words → `Plan`, or what is wrong with them |
//! | `process` | C's streams, and what happens at exit |
//! | `stats` | `--stats` |
//! | `lines` | where the prompt gets its lines from |
//! | `prompt` | `-i`: reads, runs, prints |
//! | `run` | a plan → a runtime, a first state, an exit code |

mod args;
mod process;
mod stats;
mod lines;
mod prompt;
mod run;

pub use run::main;
