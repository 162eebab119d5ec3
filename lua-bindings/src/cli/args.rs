//! The words of the command line, and what they ask for.

use std::ffi::{CString, OsString};
use std::os::unix::ffi::OsStringExt;

use lexopt::prelude::*;

use crate::state::Arguments;

/// The text of `--help`.
pub(super) const USAGE: &str = "\
usage: moonfleet [options] [script [args]]

Runs a Lua script as the first task of the first Lua state, and ends when every
task of every state has ended.

options:
  -w, --workers N  run on N workers (default: MOONFLEET_WORKERS, or one per core)
  -e CODE          run CODE before the script; may be repeated
  -v, --version    print the versions of moonfleet and Lua
  -h, --help       print this
  --               stop handling options
  -                stop handling options, and run standard input
";

/// What to run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Script {
    /// Nothing but the `-e` chunks.
    None,
    /// Standard input.
    Input,
    /// The file at this path.
    File(CString),
}

/// What the command line asks for.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) help: bool,
    pub(super) version: bool,
    /// `None`: as many as the environment or the machine says.
    pub(super) workers: Option<usize>,
    pub(super) chunks: Vec<CString>,
    pub(super) script: Script,
    pub(super) arguments: Arguments,
}

/// Reads the words; `words[0]` is the name of the program. The error says what is wrong with them.
pub(super) fn parse(words: Vec<OsString>) -> Result<Plan, String> {
    let mut plan = Plan {
        help: false,
        version: false,
        workers: None,
        chunks: Vec::new(),
        script: Script::None,
        arguments: Arguments::default(),
    };
    let total = words.len();
    let mut rest = 0;
    let mut parser = lexopt::Parser::from_iter(words.iter().cloned());
    while let Some(word) = parser.next().map_err(|error| error.to_string())? {
        match word {
            Short('h') | Long("help") => plan.help = true,
            Short('v') | Long("version") => plan.version = true,
            Short('w') | Long("workers") => plan.workers = Some(workers(&value(&mut parser)?, "--workers")?),
            Short('e') => plan.chunks.push(c_string(value(&mut parser)?)?),
            Value(path) => {
                plan.script = if path == "-" { Script::Input } else { Script::File(c_string(path)?) };
                rest = parser.raw_args().map_err(|error| error.to_string())?.count();
                break;
            }
            unknown => return Err(unknown.unexpected().to_string()),
        }
    }
    let script = if plan.script == Script::None { 0 } else { total - rest - 1 };
    let words = words.into_iter().map(c_string).collect::<Result<_, _>>()?;
    plan.arguments = Arguments { words, script };
    Ok(plan)
}

/// A number of workers, from an option or a variable called `name`.
pub(super) fn workers(value: &OsString, name: &str) -> Result<usize, String> {
    match value.to_str().and_then(|text| text.parse().ok()) {
        Some(0) => Err(format!("{name} is 0, but there must be at least one worker")),
        Some(count) => Ok(count),
        None => Err(format!("{name} must be a number, not '{}'", value.to_string_lossy())),
    }
}

fn value(parser: &mut lexopt::Parser) -> Result<OsString, String> {
    parser.value().map_err(|error| error.to_string())
}

fn c_string(word: OsString) -> Result<CString, String> {
    CString::new(word.into_vec()).map_err(|_| "a word of the command line contains a zero byte".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(words: &[&str]) -> Result<Plan, String> {
        parse(std::iter::once("moonfleet").chain(words.iter().copied()).map(OsString::from).collect())
    }

    #[test]
    fn words_after_the_script_belong_to_the_script() {
        let plan = plan(&["-w", "3", "-e", "x = 1", "script.lua", "-w", "--help"]).unwrap();
        assert_eq!((plan.workers, plan.help, plan.chunks.len()), (Some(3), false, 1));
        assert_eq!(plan.script, Script::File(c"script.lua".to_owned()));
        assert_eq!(plan.arguments.script, 5);
        assert_eq!(plan.arguments.of_script(), [c"-w".to_owned(), c"--help".to_owned()]);
    }

    #[test]
    fn a_dash_is_standard_input() {
        assert_eq!(plan(&["-", "a"]).unwrap().script, Script::Input);
        assert_eq!(plan(&["--", "-x"]).unwrap().script, Script::File(c"-x".to_owned()));
    }

    #[test]
    fn wrong_words_are_named() {
        assert!(plan(&["--frobnicate"]).unwrap_err().contains("--frobnicate"));
        assert!(plan(&["-w", "0"]).unwrap_err().contains("at least one worker"));
        assert!(plan(&["-w", "many"]).unwrap_err().contains("'many'"));
        assert!(plan(&["-w"]).is_err());
    }
}
