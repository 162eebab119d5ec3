//! `moonfleet-benches`: the same work done by Moonfleet and by its peers, measured side by side.
//!
//! Every figure comes from a child process, so that CPU time and peak memory are the kernel's own
//! account of that peer and nothing else. Read bottom to top: `stats`, `child`, `handover` and `machine` measure;
//! `peers` finds who can run; `works` says what is measured and how it is reported; `programs` holds
//! the Rust programs, which this binary runs by starting itself again.

mod child;
mod cli;
mod handover;
mod machine;
mod peers;
mod programs;
mod report;
mod stats;
mod works;

use std::process::ExitCode;

use cli::Request;

fn main() -> ExitCode {
    let request = match cli::parse(lexopt::Parser::from_env()) {
        Ok(request) => request,
        Err(error) => {
            eprintln!("moonfleet-benches: {error}\n\n{}", cli::usage());
            return ExitCode::from(2);
        }
    };
    let done = match request {
        Request::Help => {
            print!("{}", cli::usage());
            Ok(())
        }
        Request::Work { work, options } => (work.run)(&options),
        Request::Child { peer, work, options } => programs::run(&peer, &work, &options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("moonfleet-benches: {error}");
            ExitCode::FAILURE
        }
    }
}
