//! [`Lines`]: where the prompt gets its lines from: a terminal, with editing and history, or anything else.

use std::fs::DirBuilder;
use std::io::{BufRead, IsTerminal, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Config, Editor};

use crate::cli::process;

/// The environment variable with the path of the history; empty for none.
const HISTORY: &str = "MOONFLEET_HISTORY";

/// How many entries the history keeps.
const KEPT: usize = 1000;

/// A source of lines.
pub(super) enum Lines {
    /// A terminal.
    Terminal(Box<Terminal>),
    /// Anything else: there the prompt is only printed.
    Plain,
}

/// An editor, and the file of its history.
pub(super) struct Terminal {
    editor: Editor<(), FileHistory>,
    history: Option<PathBuf>,
}

impl Lines {
    /// Standard input.
    pub(super) fn open() -> Self {
        if !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
            return Self::Plain;
        }
        // While the editor waits for a key, a task may end the process.
        process::restore_terminal_at_exit();
        Terminal::open().map_or(Self::Plain, |terminal| Self::Terminal(Box::new(terminal)))
    }

    /// Blocks the thread until there is a line; `None` at the end of the input.
    pub(super) fn read(&mut self, prompt: &str) -> Option<String> {
        // What tasks have written so far belongs above the prompt.
        process::flush_output();
        match self {
            Self::Terminal(terminal) => terminal.read(prompt),
            Self::Plain => read_plain(prompt),
        }
    }

    /// Adds a chunk to the history.
    pub(super) fn remember(&mut self, chunk: &str) {
        if let Self::Terminal(terminal) = self {
            terminal.remember(chunk);
        }
    }
}

impl Terminal {
    fn open() -> Option<Self> {
        let config = Config::builder().auto_add_history(false).max_history_size(KEPT).ok()?.build();
        let mut editor = Editor::with_config(config).ok()?;
        let history = history_path();
        if let Some(path) = &history {
            // There is none the first time.
            let _ = editor.load_history(path);
        }
        Some(Self { editor, history })
    }

    fn read(&mut self, prompt: &str) -> Option<String> {
        loop {
            match self.editor.readline(prompt) {
                Ok(line) => return Some(line),
                // Ctrl-C drops the line, as in a shell.
                Err(ReadlineError::Interrupted) => {}
                Err(_) => return None,
            }
        }
    }

    fn remember(&mut self, chunk: &str) {
        let added = self.editor.add_history_entry(chunk);
        if let (Ok(true), Some(path)) = (added, &self.history) {
            // A prompt whose history cannot be written works all the same.
            let _ = self.editor.append_history(path);
        }
    }
}

/// `MOONFLEET_HISTORY`, or a file among the user's state; its folder is made.
fn history_path() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os(HISTORY) {
        return Some(PathBuf::from(path)).filter(|path| !path.as_os_str().is_empty());
    }
    let variable = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = variable("XDG_STATE_HOME").or_else(|| Some(variable("HOME")?.join(".local/state")))?;
    let folder = folder.join("moonfleet");
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).ok()?;
    Some(folder.join("history"))
}

fn read_plain(prompt: &str) -> Option<String> {
    let mut output = std::io::stdout().lock();
    // A prompt that cannot be shown is no reason not to read.
    let _ = output.write_all(prompt.as_bytes()).and_then(|()| output.flush());
    drop(output);
    let mut line = Vec::new();
    match std::io::stdin().lock().read_until(b'\n', &mut line) {
        Ok(1..) => {
            let line = line.strip_suffix(b"\n").unwrap_or(&line);
            Some(String::from_utf8_lossy(line).into_owned())
        }
        _ => None,
    }
}
