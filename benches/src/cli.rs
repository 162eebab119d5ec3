//! The command line: which work, and the options that work accepts.
//!
//! A work names its options in its `WORK` constant. An option it does not name is refused, so that
//! `--tasks` given to a benchmark without tasks is an error and not a silent no-op.

use std::fmt::Write as _;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};

use crate::works::{self, Work};

/// Whether each operation is followed by a pause of one millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A pause after each operation: measures timers and wake-ups.
    Paced,
    /// No pause: measures channels and switches.
    Saturated,
}

impl Mode {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Mode::Paced => "paced",
            Mode::Saturated => "saturated",
        }
    }
}

/// What was asked for on the command line, with the defaults filled in.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) runs: usize,
    /// Length of a run; every work has its own default.
    pub(crate) seconds: Option<f64>,
    pub(crate) workers: Vec<usize>,
    pub(crate) modes: Vec<Mode>,
    /// Forms of the work to run, or `None` for all.
    pub(crate) variants: Option<Vec<String>>,
    /// Peers to run, or `None` for all.
    pub(crate) only: Option<Vec<String>>,
    /// How many tasks; every work has its own default.
    pub(crate) tasks: Option<usize>,
    /// How many operations; every work has its own default.
    pub(crate) ops: Option<u64>,
    /// Whether to see that everything works rather than to measure.
    pub(crate) quick: bool,
    /// Where the server of a work listens: the benchmark tells its client.
    pub(crate) port: Option<u16>,
    pub(crate) json: Option<PathBuf>,
    pub(crate) save: bool,
}

impl Default for Options {
    fn default() -> Options {
        let mut workers = vec![1, 2, works::cores()];
        workers.sort_unstable();
        workers.dedup();
        Options {
            runs: 5,
            seconds: None,
            workers,
            modes: vec![Mode::Paced, Mode::Saturated],
            variants: None,
            only: None,
            tasks: None,
            ops: None,
            quick: false,
            port: None,
            json: None,
            save: false,
        }
    }
}

impl Options {
    /// Whether `peer` is to run.
    pub(crate) fn wants(&self, peer: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.iter().any(|name| name == peer))
    }

    /// Whether this form of the work is to run.
    pub(crate) fn wants_variant(&self, variant: &str) -> bool {
        self.variants.as_ref().is_none_or(|variants| variants.iter().any(|name| name == variant))
    }
}

/// The parsed command line.
#[derive(Debug)]
pub(crate) enum Request {
    Help,
    Work {
        work: &'static Work,
        options: Options,
    },
    /// One peer's program, run in this process: how the binary starts itself.
    Child {
        peer: String,
        work: String,
        options: Options,
    },
}

/// Reads the command line.
pub(crate) fn parse(mut parser: Parser) -> Result<Request, lexopt::Error> {
    let name = match parser.next()? {
        None | Some(Arg::Long("help") | Arg::Short('h')) => return Ok(Request::Help),
        Some(Arg::Value(name)) => name.string()?,
        Some(other) => return Err(other.unexpected()),
    };
    if name == "child" {
        let (peer, work) = (parser.value()?.string()?, parser.value()?.string()?);
        let options = parse_options(&mut parser, None)?;
        return Ok(options.map_or(Request::Help, |options| Request::Child { peer, work, options }));
    }
    let work = works::all().find(|work| work.name == name).ok_or_else(|| format!("unknown work '{name}'"))?;
    let options = parse_options(&mut parser, Some(work))?;
    Ok(options.map_or(Request::Help, |options| Request::Work { work, options }))
}

/// The options after the work's name; `None` when help was asked for. A child accepts all of them.
fn parse_options(parser: &mut Parser, work: Option<&Work>) -> Result<Option<Options>, lexopt::Error> {
    let mut options = Options::default();
    while let Some(argument) = parser.next()? {
        let name = match &argument {
            Arg::Long("help") | Arg::Short('h') => return Ok(None),
            Arg::Long(name) if work.is_none_or(|work| work.options.contains(name)) => (*name).to_owned(),
            _ => return Err(argument.unexpected()),
        };
        set(&mut options, &name, parser)?;
    }
    if let Some(work) = work {
        check_peers(&options, work)?;
    }
    Ok(Some(options))
}

fn set(options: &mut Options, name: &str, parser: &mut Parser) -> Result<(), lexopt::Error> {
    match name {
        "runs" => options.runs = parser.value()?.parse_with(at_least_one)?,
        "seconds" => options.seconds = Some(parser.value()?.parse_with(some_seconds)?),
        "workers" => options.workers = parser.value()?.parse_with(|list| each(list, at_least_one))?,
        "mode" => options.modes = parser.value()?.parse_with(modes)?,
        "variant" => options.variants = Some(parser.value()?.parse_with(names)?),
        "only" => options.only = Some(parser.value()?.parse_with(names)?),
        "tasks" => options.tasks = Some(parser.value()?.parse_with(at_least_one)?),
        "ops" => options.ops = Some(parser.value()?.parse()?),
        "quick" => options.quick = true,
        "port" => options.port = Some(parser.value()?.parse()?),
        "json" => options.json = Some(parser.value()?.into()),
        "save" => options.save = true,
        unknown => return Err(format!("unknown option '--{unknown}'").into()),
    }
    Ok(())
}

fn each<T>(list: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    list.split(',').map(str::trim).map(read).collect()
}

fn names(list: &str) -> Result<Vec<String>, String> {
    each(list, |name| Ok(name.to_owned()))
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&number| number > 0).ok_or_else(|| "wants a whole number of at least 1".into())
}

fn some_seconds(text: &str) -> Result<f64, String> {
    let in_range = |seconds: &f64| (0.01..=3600.0).contains(seconds);
    text.parse().ok().filter(in_range).ok_or_else(|| "wants seconds between 0.01 and 3600".into())
}

fn modes(text: &str) -> Result<Vec<Mode>, String> {
    match text {
        "paced" => Ok(vec![Mode::Paced]),
        "saturated" => Ok(vec![Mode::Saturated]),
        "both" => Ok(vec![Mode::Paced, Mode::Saturated]),
        _ => Err("wants paced, saturated or both".into()),
    }
}

/// A misspelt peer must not look like a peer that has no figures.
fn check_peers(options: &Options, work: &Work) -> Result<(), lexopt::Error> {
    let unknown = |name: &&String| !work.peers.contains(&name.as_str());
    match options.only.iter().flatten().find(unknown) {
        Some(name) => {
            Err(format!("unknown peer '{name}': {} is done by {}", work.name, work.peers.join(", ")).into())
        }
        None => Ok(()),
    }
}

/// What to print when help is asked for or the command line makes no sense.
pub(crate) fn usage() -> String {
    let mut text = String::from("usage: moonfleet-benches WORK [OPTION...]\n\nworks:\n");
    for work in works::all() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {:<10} {}", work.name, work.about);
        let _ = writeln!(text, "  {:<10} options: --{}", "", work.options.join(", --"));
    }
    text.push_str(
        "\noptions:
  --runs N            runs of each peer, taken in turns (5)
  --seconds S         length of a run
  --workers N,...     worker counts to measure (1, 2 and the number of cores)
  --mode MODE         paced, saturated or both (both)
  --variant NAME,...  only these forms of the work
  --only PEER,...     only these peers
  --tasks N           how many tasks, or connections
  --ops N             how many operations
  --quick             one short run: does everything work?
  --json PATH         also write the figures to PATH
  --save              also write benches/results/WORK.json and WORK.md
",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_line(line: &str) -> Result<Request, String> {
        parse(Parser::from_args(line.split_whitespace())).map_err(|error| error.to_string())
    }

    #[test]
    fn options_reach_the_work() {
        let Ok(Request::Work { work, options }) =
            parse_line("stateful --runs 3 --workers 1,4 --mode saturated --only go,moonfleet")
        else {
            panic!("a work was asked for");
        };
        assert_eq!((work.name, options.runs), ("stateful", 3));
        assert_eq!((&*options.workers, &*options.modes), (&[1, 4][..], &[Mode::Saturated][..]));
        assert!(options.wants("go") && !options.wants("tokio"));
    }

    #[test]
    fn variants_are_picked_by_name() {
        let Ok(Request::Work { work, options }) = parse_line("spawn --variant one,all --ops 5") else {
            panic!("a work was asked for");
        };
        assert_eq!((work.name, options.ops), ("spawn", Some(5)));
        assert!(options.wants_variant("one") && !options.wants_variant("some"));
    }

    #[test]
    fn what_a_work_does_not_know_is_refused() {
        for line in ["stateful --tasks 3", "parked --mode paced", "juggle", "--runs 3", "stateful extra"] {
            assert!(parse_line(line).is_err(), "{line}");
        }
    }

    #[test]
    fn nonsense_values_say_what_is_wanted() {
        for (line, wanted) in [
            ("stateful --runs 0", "at least 1"),
            ("stateful --seconds soon", "seconds between"),
            ("stateful --mode fast", "paced, saturated or both"),
            ("stateful --only golang", "moonfleet"),
        ] {
            let error = parse_line(line).unwrap_err();
            assert!(error.contains(wanted), "{line}: {error}");
        }
    }

    #[test]
    fn usage_names_every_work() {
        assert!(works::all().all(|work| usage().contains(work.name)));
        assert!(matches!(parse_line("--help"), Ok(Request::Help)));
        assert!(matches!(parse_line("check --help"), Ok(Request::Help)));
    }
}
