//! Where lines come from: a terminal with editing, history and completion, or whatever standard input
//! is.

use std::fs;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;

use rustyline::Editor;
use rustyline::config::{ColorMode, CompletionType, Config};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;

use super::complete::Completer;

const PROMPT: &str = "(pprof) ";
/// How many lines are remembered.
const REMEMBERED: usize = 1000;

/// A line, or why there is none.
#[derive(Debug, PartialEq, Eq)]
pub enum Input {
    /// What was typed, without the line's end.
    Line(String),
    /// The line was given up (^C).
    Abandoned,
    /// There is no more.
    End,
}

/// The source of lines.
pub enum Lines {
    /// A person types.
    Terminal(Box<Terminal>),
    /// A file or a program is read.
    Plain,
}

/// A line editor and where it keeps what was typed.
pub struct Terminal {
    editor: Editor<Completer, FileHistory>,
    history: Option<PathBuf>,
}

impl Lines {
    /// A terminal with editing if standard input and output are one that can do it.
    pub fn new(completer: impl FnOnce() -> Completer) -> Lines {
        let dumb = match std::env::var("TERM") {
            Ok(term) => term.is_empty() || term.eq_ignore_ascii_case("dumb"),
            Err(_) => true,
        };
        if dumb || !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Lines::Plain;
        }
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .completion_show_all_if_ambiguous(true)
            .color_mode(ColorMode::Disabled)
            .max_history_size(REMEMBERED)
            .and_then(|config| config.history_ignore_dups(true))
            .map(rustyline::config::Builder::build);
        let editor = config.and_then(Editor::<Completer, FileHistory>::with_config);
        let Ok(mut editor) = editor else {
            return Lines::Plain;
        };
        editor.set_helper(Some(completer()));
        let history = history_file();
        if let Some(path) = &history {
            // There is none the first time.
            let _ = editor.load_history(path);
        }
        Lines::Terminal(Box::new(Terminal { editor, history }))
    }

    /// Whether a person types.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Lines::Terminal(_))
    }

    /// The next line.
    pub fn next(&mut self) -> io::Result<Input> {
        match self {
            Lines::Terminal(terminal) => terminal.next(),
            Lines::Plain => {
                let mut out = io::stdout().lock();
                out.write_all(PROMPT.as_bytes())?;
                out.flush()?;
                let mut line = Vec::new();
                let read = io::stdin().lock().read_until(b'\n', &mut line)?;
                let line = String::from_utf8_lossy(&line);
                Ok(match read {
                    0 => Input::End,
                    _ => Input::Line(line.trim_end_matches(['\n', '\r']).to_owned()),
                })
            }
        }
    }
}

impl Terminal {
    fn next(&mut self) -> io::Result<Input> {
        match self.editor.readline(PROMPT) {
            Ok(line) => {
                self.remember(&line);
                Ok(Input::Line(line))
            }
            Err(ReadlineError::Interrupted) => Ok(Input::Abandoned),
            Err(ReadlineError::Eof) => Ok(Input::End),
            Err(ReadlineError::Io(e)) => Err(e),
            Err(e) => Err(io::Error::other(e)),
        }
    }

    /// Keeps a line for this and later sessions. That it cannot be kept is no reason to complain at
    /// every line.
    fn remember(&mut self, line: &str) {
        if line.trim().is_empty() || !matches!(self.editor.add_history_entry(line), Ok(true)) {
            return;
        }
        if let Some(path) = &self.history {
            if let Some(dir) = path.parent() {
                let _ = fs::create_dir_all(dir);
            }
            let _ = self.editor.append_history(path);
        }
    }
}

/// Where lines are kept: `$GOWHY_HISTORY` (nowhere if that is empty or `off`), or the folder for what
/// programs remember.
fn history_file() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name);
    match set("GOWHY_HISTORY") {
        Some(path) if path.is_empty() || path == "off" => return None,
        Some(path) => return Some(path.into()),
        None => {}
    }
    let state = set("XDG_STATE_HOME").map(PathBuf::from);
    let state = state.filter(|path| path.is_absolute());
    let home = || Some(PathBuf::from(set("HOME")?).join(".local/state"));
    Some(state.or_else(home)?.join("gowhy/pprof_history"))
}
