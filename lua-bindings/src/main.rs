//! `moonfleet`: a Lua interpreter with the runtime inside.

use std::process::ExitCode;

fn main() -> ExitCode {
    moonfleet_lua::cli::main(std::env::args_os().collect())
}
