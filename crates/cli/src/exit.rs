//! How the command ends: exit codes, and errors as people read them.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | fine; also when the reader of our output went away |
//! | 1 | findings at or above `--fail-on`, or a difference over its threshold |
//! | 2 | the command line makes no sense, or nothing fits it |
//! | 3 | the target is missing or gone |
//! | 4 | not permitted |
//! | 5 | the input cannot be read, or is of an unsupported kind |
//! | 70 | a defect of gowhy itself |
//! | 130 | interrupted |

use std::fmt::Write as _;
use std::io;

use anstyle::{AnsiColor, Style};

/// An exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Fine.
    Ok,
    /// Findings at or above `--fail-on`, or a difference over its threshold.
    Findings,
    /// The command line makes no sense, or nothing fits it.
    Usage,
    /// The target is missing or gone.
    Gone,
    /// Not permitted.
    Permission,
    /// The input cannot be read.
    Input,
    /// A defect of gowhy.
    Internal,
    /// Interrupted.
    #[allow(
        dead_code,
        reason = "a second ^C ends gowhy by the signal, which shells show as this"
    )]
    Interrupted,
    /// What a launched program ended with.
    Passed(u8),
}

impl Exit {
    /// The number for the system.
    pub fn code(self) -> u8 {
        match self {
            Exit::Ok => 0,
            Exit::Findings => 1,
            Exit::Usage => 2,
            Exit::Gone => 3,
            Exit::Permission => 4,
            Exit::Input => 5,
            Exit::Internal => 70,
            Exit::Interrupted => 130,
            Exit::Passed(code) => code,
        }
    }
}

/// An error that ends the command.
#[derive(Debug)]
pub struct CliError {
    /// How the command ends.
    pub exit: Exit,
    /// What is wrong, with its causes.
    pub error: anyhow::Error,
    /// What would help: commands to run.
    pub hints: Vec<String>,
}

impl CliError {
    /// An error without hints.
    pub fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        CliError {
            exit,
            error: error.into(),
            hints: Vec::new(),
        }
    }

    /// A wrong command line.
    pub fn usage(message: impl Into<String>) -> Self {
        CliError::new(Exit::Usage, anyhow::Error::msg(message.into()))
    }

    /// The same error with one more hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The same error as the cause of another.
    pub fn context(mut self, message: impl Into<String>) -> Self {
        self.error = self.error.context(message.into());
        self
    }

    /// Whether all there is to say is that nobody reads our output any more.
    pub fn is_broken_pipe(&self) -> bool {
        let pipe = |e: &io::Error| e.kind() == io::ErrorKind::BrokenPipe;
        let cause = |e: &(dyn std::error::Error + 'static)| e.downcast_ref().is_some_and(pipe);
        self.error.chain().any(cause)
    }

    /// Prints the error and gives the code to end with.
    pub fn report(&self) -> Exit {
        if self.is_broken_pipe() {
            return Exit::Ok;
        }
        anstream::eprint!("{}", self.text());
        self.exit
    }

    /// The error as people read it, with colours.
    fn text(&self) -> String {
        let bold = |color: AnsiColor| Style::new().bold().fg_color(Some(color.into()));
        let (red, cyan) = (bold(AnsiColor::Red), bold(AnsiColor::Cyan));
        let mut text = format!("{red}error{red:#}: {}\n", self.error);
        let mut said = self.error.to_string();
        for cause in self.error.chain().skip(1).map(ToString::to_string) {
            // Transparent errors repeat what they stand for.
            if cause != said {
                let _ = writeln!(text, "  caused by: {cause}");
            }
            said = cause;
        }
        if !self.hints.is_empty() {
            text.push('\n');
        }
        for hint in &self.hints {
            let _ = writeln!(text, "{cyan}hint{cyan:#}: {hint}");
        }
        text
    }
}

impl From<io::Error> for CliError {
    fn from(e: io::Error) -> Self {
        CliError::new(exit_of(&e), e)
    }
}

impl From<profile::Error> for CliError {
    fn from(e: profile::Error) -> Self {
        let exit = match &e {
            profile::Error::Io(e) => exit_of(e),
            profile::Error::Argument(_) => Exit::Usage,
            _ => Exit::Input,
        };
        CliError::new(exit, e)
    }
}

impl From<report::Error> for CliError {
    fn from(e: report::Error) -> Self {
        let hints = e.hints();
        let exit = match e {
            report::Error::Profile(e) => return e.into(),
            report::Error::Io(e) => return e.into(),
            report::Error::NoSampleTypes => Exit::Input,
            report::Error::Paint(_) => Exit::Internal,
            _ => Exit::Usage,
        };
        CliError {
            exit,
            error: e.into(),
            hints,
        }
    }
}

impl From<session::Error> for CliError {
    fn from(e: session::Error) -> Self {
        let exit = match e.class() {
            session::Class::Missing => Exit::Gone,
            session::Class::Permission => Exit::Permission,
            session::Class::Input => Exit::Input,
            session::Class::Usage => Exit::Usage,
        };
        CliError {
            exit,
            hints: e.hint().into_iter().collect(),
            error: e.into(),
        }
    }
}

fn exit_of(e: &io::Error) -> Exit {
    match e.kind() {
        io::ErrorKind::NotFound => Exit::Gone,
        io::ErrorKind::PermissionDenied => Exit::Permission,
        _ => Exit::Input,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_tell_clause_causes_and_hints() {
        let inner = io::Error::new(io::ErrorKind::NotFound, "no such file");
        let error = CliError::from(inner)
            .context("cannot open x.pb.gz")
            .hint("gowhy ps");
        let plain = anstream::adapter::strip_str(&error.text()).to_string();
        assert_eq!(
            plain,
            "error: cannot open x.pb.gz\n  caused by: no such file\n\nhint: gowhy ps\n"
        );
        assert_eq!(error.exit, Exit::Gone);
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        let gone = io::Error::from(io::ErrorKind::BrokenPipe);
        let error = CliError::from(report::Error::Io(gone)).context("cannot write");
        assert_eq!(error.report(), Exit::Ok);
    }
}
