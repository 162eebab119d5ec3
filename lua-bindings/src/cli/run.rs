//! Runs what the command line asks for: a runtime, a first Lua state on worker 0, and an exit code.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

use moonfleet::Runtime;

use crate::cli::args::{self, Plan, Script, Step, USAGE};
use crate::cli::{prompt, stats};
use crate::modules::MODULES;
use crate::raw::chunk::Source;
use crate::raw::compat;
use crate::state::{Fleet, LuaState, Phase, slices};
use crate::task::deadlock;
use crate::task::failure::report;

/// The environment variable with the default number of workers.
const WORKERS: &str = "MOONFLEET_WORKERS";

/// The exit code when the script failed.
const FAILED: u8 = 1;
/// The exit code when the command line makes no sense.
const MISUSED: u8 = 2;

/// The `moonfleet` program, given its words.
///
/// # Examples
/// ```
/// let words = ["moonfleet", "-e", "assert(require 'moonfleet'.workers() >= 1)"];
/// moonfleet_lua::cli::main(words.into_iter().map(Into::into).collect());
/// ```
pub fn main(words: Vec<OsString>) -> ExitCode {
    match args::parse(words) {
        Ok(plan) if plan.help => print(USAGE),
        Ok(plan) => run(plan),
        Err(text) => misused(&text),
    }
}

fn run(mut plan: Plan) -> ExitCode {
    let is_idle = plan.script == Script::None && !plan.steps.iter().any(|step| matches!(step, Step::Run(_)));
    if is_idle && !plan.version && !plan.interactive {
        if std::io::stdin().is_terminal() {
            plan.interactive = true;
        } else {
            plan.script = Script::Input;
        }
    }
    if plan.version || plan.interactive {
        print(&format!("moonfleet {} ({})\n", env!("CARGO_PKG_VERSION"), compat::VERSION));
    }
    if is_idle && plan.version && !plan.interactive && plan.steps.is_empty() {
        return ExitCode::SUCCESS;
    }
    let builder = match worker_count(&plan) {
        Ok(Some(count)) => Runtime::builder().workers(count),
        Ok(None) => Runtime::builder(),
        Err(text) => return misused(&text),
    };
    let fleet = Fleet::new(std::mem::take(&mut plan.arguments), MODULES, plan.settings.clone());
    match deadlock::watch(slices::interrupt_long_turns(builder), &fleet).build() {
        Ok(runtime) if plan.stats => sail(stats::print_at_exit(runtime), &fleet, plan),
        Ok(runtime) => sail(&runtime, &fleet, plan),
        Err(error) => failed(&format!("cannot start: {error}")),
    }
}

fn worker_count(plan: &Plan) -> Result<Option<usize>, String> {
    match (plan.workers, std::env::var_os(WORKERS)) {
        (Some(count), _) => Ok(Some(count)),
        (None, Some(value)) => args::workers(&value, WORKERS).map(Some),
        (None, None) => Ok(None),
    }
}

/// Runs the first state, and waits for all others.
fn sail(runtime: &Runtime, fleet: &Arc<Fleet>, plan: Plan) -> ExitCode {
    let outcome = runtime.block_on(|| {
        deadlock::stand_by(fleet, || std::process::exit(FAILED.into()));
        let berth = fleet.board();
        let main = moonfleet::TaskBuilder::new()
            .name("main")
            .stack_size(plan.settings.stack_size)
            .wide_guard(true)
            .spawn_on(0, move || LuaState::open(berth, "main").map(|state| run_main(state, &plan)));
        let outcome = match main.map(|task| task.join()) {
            Ok(Ok(Ok(code))) => Ok(code),
            Ok(Ok(Err(text))) => Err(text),
            Ok(Err(error)) => Err(error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        fleet.wait();
        outcome
    });
    outcome.unwrap_or_else(|text| failed(&text))
}

/// The main task: the steps, then the script, then the prompt, then the wait for the state's other tasks.
fn run_main(state: LuaState, plan: &Plan) -> ExitCode {
    let outcome =
        plan.steps.iter().try_for_each(|step| take(&state, step)).and_then(|()| match &plan.script {
            Script::None => Ok(()),
            Script::Input => state.run_script(Source::File(None)),
            Script::File(path) => state.run_script(Source::File(Some(path))),
        });
    let code = match &outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => failed(text),
    };
    if outcome.is_ok() && plan.interactive {
        prompt::run(&state);
    }
    if (outcome.is_err() || plan.interactive) && !state.is_alone() {
        // Nobody is left who would want the others. After an error, they may wait for what main will never send. The
        // process ends as by `os.exit`, and nothing is closed.
        std::process::exit(if outcome.is_ok() { 0 } else { FAILED.into() });
    }
    state.close(if code == ExitCode::SUCCESS { Phase::Done } else { Phase::Failed });
    code
}

fn take(state: &LuaState, step: &Step) -> Result<(), String> {
    match step {
        Step::Run(code) => state.run(Source::Text(code.to_bytes(), c"=(command line)")),
        Step::Require { global, module } => state.require(global, module),
        Step::Warn => {
            state.turn_warnings_on();
            Ok(())
        }
    }
}

fn failed(text: &str) -> ExitCode {
    report(text);
    ExitCode::from(FAILED)
}

fn misused(text: &str) -> ExitCode {
    report(text);
    // Nowhere is left to report a failure to.
    let _ = std::io::stderr().write_all(USAGE.as_bytes());
    ExitCode::from(MISUSED)
}

fn print(text: &str) -> ExitCode {
    let written = std::io::stdout().write_all(text.as_bytes()).and_then(|()| std::io::stdout().flush());
    if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
}
