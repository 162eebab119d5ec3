//! The words of the command line, and what they ask for.

use std::ffi::{CString, OsString};
use std::os::unix::ffi::OsStringExt;

use lexopt::prelude::*;

use crate::state::{Arguments, Settings};

/// The text of `--help`.
pub(super) const USAGE: &str = "\
usage: moonfleet [options] [script [args]]

Runs a Lua script as the first task of the first Lua state, and ends when every
task of every state has ended. Without a script, and with a terminal to read
from, it is a prompt, at which tasks run while you type.

options:
  -e CODE            run CODE before the script
  -l MOD             require MOD into a global MOD; -l G=MOD into a global G
  -i                 go on at a prompt after the script
  -v, --version      print the versions of moonfleet and Lua
  -E                 ignore the environment: LUA_INIT, LUA_PATH, LUA_CPATH
  -W                 turn warnings on
  -w, --workers N    run on N workers (default: MOONFLEET_WORKERS, or one per core)
      --memory-limit SIZE   of each Lua state, such as 64M
      --stack-size SIZE     of each Lua task (default: 1M), as address space
      --stats        print what the runtime has counted, at exit
  -h, --help         print this
  --                 stop handling options
  -                  stop handling options, and run standard input

-e, -l and -W are done in the order in which they stand.
";

/// The smallest native stack of a Lua task that makes sense: enough for plain code, not for deep recursion in C.
const SMALLEST_STACK: usize = 128 << 10;

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

/// What is done before the script.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Run(CString),
    Require { global: CString, module: CString },
    Warn,
}

/// What the command line asks for.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) help: bool,
    pub(super) version: bool,
    pub(super) interactive: bool,
    pub(super) stats: bool,
    /// `None`: as many as the environment or the machine says.
    pub(super) workers: Option<usize>,
    pub(super) settings: Settings,
    pub(super) steps: Vec<Step>,
    pub(super) script: Script,
    pub(super) arguments: Arguments,
}

/// Reads the words; `words[0]` is the name of the program. The error says what is wrong with them.
pub(super) fn parse(words: Vec<OsString>) -> Result<Plan, String> {
    let mut plan = Plan {
        help: false,
        version: false,
        interactive: false,
        stats: false,
        workers: None,
        settings: Settings::default(),
        steps: Vec::new(),
        script: Script::None,
        arguments: Arguments::default(),
    };
    let total = words.len();
    let mut parser = lexopt::Parser::from_iter(words.iter().cloned());
    while take_option(&mut plan, &mut parser)? {}
    let rest = parser.raw_args().map_err(|error| error.to_string())?.count();
    let script = if plan.script == Script::None { 0 } else { total - rest - 1 };
    let words = words.into_iter().map(c_string).collect::<Result<_, _>>()?;
    plan.arguments = Arguments { words, script };
    Ok(plan)
}

/// Takes note of one option, and of the value that belongs to it; false once there is none, or the script has come.
fn take_option(plan: &mut Plan, parser: &mut lexopt::Parser) -> Result<bool, String> {
    let Some(word) = parser.next().map_err(|error| error.to_string())? else { return Ok(false) };
    match word {
        Value(path) => {
            plan.script = if path == "-" { Script::Input } else { Script::File(c_string(path)?) };
            return Ok(false);
        }
        Short('h') | Long("help") => plan.help = true,
        Short('v') | Long("version") => plan.version = true,
        Short('i') => plan.interactive = true,
        Short('E') => plan.settings.environment = false,
        Short('W') => plan.steps.push(Step::Warn),
        Short('e') => plan.steps.push(Step::Run(c_string(value(parser)?)?)),
        Short('l') => plan.steps.push(library(value(parser)?)?),
        Short('w') | Long("workers") => plan.workers = Some(workers(&value(parser)?, "--workers")?),
        Long("stats") => plan.stats = true,
        Long("memory-limit") if cfg!(feature = "luajit") => {
            return Err("--memory-limit needs Lua 5.4 or 5.5: LuaJIT has its own memory".to_owned());
        }
        Long("memory-limit") => plan.settings.memory_limit = Some(size(&value(parser)?, "--memory-limit")?),
        Long("stack-size") => {
            let size = size(&value(parser)?, "--stack-size")?;
            if size < SMALLEST_STACK {
                return Err(format!("--stack-size is {size} bytes, but the smallest is {SMALLEST_STACK}"));
            }
            plan.settings.stack_size = size;
        }
        unknown => return Err(unknown.unexpected().to_string()),
    }
    Ok(true)
}

/// `MOD` or `GLOBAL=MOD`. What follows a hyphen in a name is a version, and no part of the global's name.
fn library(value: OsString) -> Result<Step, String> {
    let name = c_string(value)?;
    let bytes = name.to_bytes();
    let cut = |at: usize| CString::new(&bytes[..at]).unwrap_or_default();
    let place = |sign: u8| bytes.iter().position(|&byte| byte == sign);
    Ok(match (place(b'='), place(b'-')) {
        (Some(at), _) => {
            Step::Require { global: cut(at), module: CString::new(&bytes[at + 1..]).unwrap_or_default() }
        }
        (None, Some(at)) => Step::Require { global: cut(at), module: name },
        (None, None) => Step::Require { global: name.clone(), module: name },
    })
}

/// A number of bytes, perhaps with K, M or G after it, from an option called `name`.
fn size(value: &OsString, name: &str) -> Result<usize, String> {
    let text = value.to_str().unwrap_or_default();
    let digits = text.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
    let unit = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "" => Some(1),
        "K" => Some(1 << 10),
        "M" => Some(1 << 20),
        "G" => Some(1 << 30),
        _ => None,
    };
    let count = digits.parse::<usize>().ok();
    count.zip(unit).and_then(|(count, unit)| count.checked_mul(unit)).ok_or_else(|| {
        format!(
            "{name} must be a number of bytes, such as 500000, 64K, 64M or 1G, not '{}'",
            value.to_string_lossy()
        )
    })
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
        assert_eq!((plan.workers, plan.help), (Some(3), false));
        assert_eq!(plan.steps, [Step::Run(c"x = 1".to_owned())]);
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
    fn steps_keep_their_order_and_libraries_their_names() {
        let require = |global: &std::ffi::CStr, module: &std::ffi::CStr| Step::Require {
            global: global.to_owned(),
            module: module.to_owned(),
        };
        let steps = plan(&["-la.b", "-e", "f()", "-W", "-l", "g=some.mod-v2", "-l", "mod-v2"]).unwrap().steps;
        let expected = [
            require(c"a.b", c"a.b"),
            Step::Run(c"f()".to_owned()),
            Step::Warn,
            require(c"g", c"some.mod-v2"),
            require(c"mod", c"mod-v2"),
        ];
        assert_eq!(steps, expected);
    }

    #[test]
    fn sizes_have_units() {
        let limit = |text| plan(&["--memory-limit", text]).map(|plan| plan.settings.memory_limit);
        assert_eq!(limit("1000"), Ok(Some(1000)));
        assert_eq!(limit("64k"), Ok(Some(64 << 10)));
        assert_eq!(limit("3M"), Ok(Some(3 << 20)));
        assert_eq!(limit("1G"), Ok(Some(1 << 30)));
        for text in ["", "M", "-1", "1.5M", "1MB", "99999999999999999G"] {
            assert!(limit(text).unwrap_err().contains(&format!("'{text}'")), "{text}");
        }
        assert!(plan(&["--stack-size=1K"]).unwrap_err().contains("the smallest is 131072"));
    }

    #[test]
    fn wrong_words_are_named() {
        assert!(plan(&["--frobnicate"]).unwrap_err().contains("--frobnicate"));
        assert!(plan(&["-w", "0"]).unwrap_err().contains("at least one worker"));
        assert!(plan(&["-w", "many"]).unwrap_err().contains("'many'"));
        assert!(plan(&["-w"]).is_err());
    }
}
