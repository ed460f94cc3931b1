//! Shows a profile as the user asked: to standard output or a file, binary formats never to a
//! terminal.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ChildStdin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use profile::Profile;
use report::pipeline::prepare_telling;
use report::source::{Finder, LocalFiles};
use report::time::Zone;
use report::view::View;
use report::{Shown, json};
use session::programs::LocalPrograms;

use crate::exit::{CliError, Exit};
use crate::flags::ReportChoice;
use crate::roots::roots;
use crate::viewer;

/// Whom the output is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// People, or whoever reads the view's own format.
    Text,
    /// Programs.
    Json,
}

/// Where a report is made: from the command line, unless the shell says otherwise.
#[derive(Debug, Default)]
pub struct Place {
    /// In the shell, whose terminal takes no binary formats and is not to be kept waiting.
    pub shell: bool,
    /// Set when nobody wants the report any more.
    pub stop: Arc<AtomicBool>,
    /// The command that takes the report instead of standard output.
    pub pipe: Option<ChildStdin>,
}

/// Shows the profile. Without a choice of the user it is `-top`.
pub fn render(profile: Profile, choice: &ReportChoice) -> Result<(), CliError> {
    render_in(Place::default(), profile, choice)
}

/// The same, elsewhere than from the command line.
pub fn render_in(place: Place, profile: Profile, choice: &ReportChoice) -> Result<(), CliError> {
    let view = choice.view.clone().unwrap_or(View::Top);
    say(&choice.notices);
    let mut notices = Vec::new();
    let report = prepare_telling(profile, &choice.options, &view, &LocalZone, &mut notices);
    say(&notices);
    let report = report?;

    let search = match choice.options.source_path.as_str() {
        "" => current_dir()?,
        path => path.to_owned(),
    };
    let programs = LocalPrograms::default();
    let finder = Finder::new(&LocalFiles, &search, &choice.options.trim_path);
    let mut finder = finder.with_binaries(&programs);
    let shows_source = matches!(view, View::List(_) | View::Weblist(_) | View::Html);
    if shows_source && !choice.options.exact {
        let main = report.profile.mappings.first();
        let version = main.and_then(|m| programs.go_version(report.profile.str(m.file)));
        finder = finder.with_roots(roots(&search, version.as_deref()));
    }
    // The view is made before the file is opened, so that a failure leaves no empty file.
    let shown = Shown::new(&report, &view, &mut finder)?;
    say(shown.notices());
    let stop = Arc::clone(&place.stop);
    let write = |to: Box<dyn Write>| -> Result<(), CliError> {
        let mut out = BufWriter::with_capacity(64 << 10, Stoppable { to, stop });
        match choice.syntax {
            Syntax::Text => shown.write(&mut out)?,
            Syntax::Json => json::write(&report, &shown, &mut out)?,
        }
        Ok(out.flush()?)
    };
    let kind = view.kind().filter(|_| choice.syntax == Syntax::Text);
    let ending = kind.and_then(|kind| kind.file);
    match (kind.and_then(|kind| kind.viewer), ending) {
        (Some(viewer), Some(ending)) if choice.output.is_none() => {
            viewer::show(viewer, ending, place.shell, |file| write(Box::new(file)))
        }
        _ => write(open(place, choice, ending)?),
    }
}

pub fn say(notices: &[String]) {
    for notice in notices {
        anstream::eprintln!("{notice}");
    }
}

/// Where source files are looked for if nobody says.
pub fn current_dir() -> Result<String, CliError> {
    let dir = std::env::current_dir()?;
    Ok(dir.to_string_lossy().into_owned())
}

/// Where the view is to go if no viewer shows it.
fn open(
    place: Place,
    choice: &ReportChoice,
    ending: Option<&str>,
) -> Result<Box<dyn Write>, CliError> {
    let to_file = |path: &str, file: io::Result<File>| {
        anstream::eprintln!("Generating report in {path}");
        let failed = |e| unwritable(path, e);
        file.map(|f| Box::new(f) as Box<dyn Write>).map_err(failed)
    };
    match (place.pipe, choice.output.as_deref(), ending) {
        (Some(pipe), _, _) => Ok(Box::new(pipe)),
        (None, None, Some(ending)) if place.shell || io::stdout().is_terminal() => {
            let (path, file) = unused(Path::new(""), "profile", ending)?;
            to_file(&path.to_string_lossy(), Ok(file))
        }
        (None, None | Some("-"), _) => Ok(Box::new(io::stdout())),
        (None, Some(path), _) => to_file(path, File::create(path)),
    }
}

/// Takes nothing any more once it is stopped.
struct Stoppable {
    to: Box<dyn Write>,
    stop: Arc<AtomicBool>,
}

impl Write for Stoppable {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.stop.load(Ordering::Relaxed) {
            true => Err(io::Error::other("interrupted")),
            false => self.to.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Where text is to go: the user's file, or standard output.
pub fn to(path: Option<&str>) -> Result<BufWriter<Box<dyn Write>>, CliError> {
    let target: Box<dyn Write> = match path {
        None | Some("-") => Box::new(io::stdout().lock()),
        Some(path) => Box::new(File::create(path).map_err(|e| unwritable(path, e))?),
    };
    Ok(BufWriter::with_capacity(64 << 10, target))
}

/// A file of the user's choice that cannot be written. That a folder is missing says nothing about
/// the target.
fn unwritable(path: &str, e: io::Error) -> CliError {
    let mut error = CliError::from(e).context(format!("cannot write {path}"));
    if error.exit == Exit::Gone {
        error.exit = Exit::Usage;
    }
    error
}

/// The first of `PREFIX001.ENDING`, `PREFIX002.ENDING` … that is not there yet.
pub fn unused(dir: &Path, prefix: &str, ending: &str) -> Result<(PathBuf, File), CliError> {
    for number in 1..10_000 {
        let path = dir.join(format!("{prefix}{number:03}.{ending}"));
        if fs::exists(&path).unwrap_or(true) {
            continue;
        }
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(unwritable(&path.to_string_lossy(), e)),
            Ok(file) => return Ok((path, file)),
        }
    }
    Err(
        CliError::usage(format!("no name is left for {prefix}NNN.{ending}"))
            .hint("give one with -output"),
    )
}

/// The time zone of the user.
pub struct LocalZone;

impl Zone for LocalZone {
    fn at(&self, unix_seconds: i64) -> (i32, String) {
        let moment = jiff::Timestamp::from_second(unix_seconds).unwrap_or_default();
        let zone = jiff::tz::TimeZone::system();
        if zone.is_unknown() {
            return (0, "UTC".to_owned());
        }
        let info = zone.to_offset_info(moment);
        (info.offset().seconds(), info.abbreviation().to_owned())
    }
}
