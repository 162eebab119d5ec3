//! The prompt: reads a statement or an expression, runs it, prints its values; again, until there is no more input.
//!
//! It works as in the stock interpreter: `_PROMPT` and `_PROMPT2`, `=expression`, lines that go on, errors with a
//! traceback. But while it waits for a line, the tasks of the state run.

use crate::cli::lines::Lines;
use crate::raw::chunk::Source;
use crate::raw::{Entry, Frame, Kind, Raise};
use crate::state::{LuaState, Wait};

/// What error messages call a line.
const NAME: &std::ffi::CStr = c"=stdin";

/// How Lua's message about a chunk ends that might go on; LuaJIT's in quotes.
const GOES_ON: [&str; 2] = ["<eof>", "'<eof>'"];

/// Reads and runs lines until the input ends.
pub(super) fn run(state: &LuaState) {
    let mut lines = Lines::open();
    let frame = state.frame();
    while let Some(loaded) = load(state, &mut lines) {
        let outcome = loaded.and_then(|()| frame.call(0, Entry::Explain));
        match outcome {
            Ok(count) if count > 0 => print(state, count),
            Ok(_) => {}
            Err(raise) => eprintln!("{}", state.error_text(raise)),
        }
        frame.pop(frame.top());
    }
    println!();
}

/// Reads one chunk, of as many lines as it takes, and pushes it as a function. `None` at the end of the input.
fn load(state: &LuaState, lines: &mut Lines) -> Option<Result<(), Raise>> {
    let frame = state.frame();
    let first = next(state, lines, "_PROMPT", "> ")?;
    let expression = first.strip_prefix('=').unwrap_or(&first);
    if frame.load(Source::Text(format!("return {expression}").as_bytes(), NAME)).is_ok() {
        lines.remember(&first);
        return Some(Ok(()));
    }
    frame.pop(1);
    let mut chunk = if first.starts_with('=') { format!("return {expression}") } else { first.clone() };
    loop {
        let loaded = frame.load(Source::Text(chunk.as_bytes(), NAME));
        if !(loaded.is_err() && goes_on(frame)) {
            lines.remember(&chunk);
            return Some(loaded);
        }
        let Some(line) = next(state, lines, "_PROMPT2", ">> ") else {
            return Some(loaded);
        };
        frame.pop(1);
        chunk.push('\n');
        chunk.push_str(&line);
    }
}

/// Whether the error on top only says that the chunk is not complete.
fn goes_on(frame: Frame<'_>) -> bool {
    frame.text(-1).is_some_and(|message| GOES_ON.iter().any(|end| message.ends_with(end)))
}

/// Waits for the next line, at the prompt in the global variable `name`.
fn next(state: &LuaState, lines: &mut Lines, name: &str, default: &str) -> Option<String> {
    let prompt = prompt(state.frame(), name).unwrap_or_else(|| default.to_owned());
    state.wait(Wait::outside(&"input"), || moonfleet::blocking(|| lines.read(&prompt))).unwrap_or_default()
}

/// The text of a global variable; `None` if it is nil, or has no text.
fn prompt(frame: Frame<'_>, name: &str) -> Option<String> {
    let name = std::ffi::CString::new(name).unwrap_or_default();
    let pushed = frame.protect(0, &mut &*name, |scope, name| {
        scope.push_global(name);
        if scope.kind(-1) != Kind::Nil {
            scope.to_text();
        }
        1
    });
    let text = if pushed.is_ok() { frame.text(-1) } else { None };
    frame.pop(1);
    text
}

/// Prints the `count` values on top by the global `print`. `[-count, +0, -]`
fn print(state: &LuaState, count: i32) {
    let frame = state.frame();
    let printed = frame.protect(count, &mut (), |scope, ()| {
        scope.grow(20);
        let count = scope.top();
        scope.push_global(c"print");
        scope.insert(1);
        scope.call(count);
        0
    });
    if let Err(raise) = printed {
        eprintln!("error calling 'print' ({})", state.error_text(raise));
    }
}
