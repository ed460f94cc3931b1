//! Shows a file with another program: a web browser, or one that is named.
//!
//! Mirrors `invokeVisualizer` and `browsers` of pprof's `internal/driver`: the first program that
//! starts is given a temporary file, and is waited for.

use std::fs::{self, File};
use std::io;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use report::view::Viewer;

use crate::exit::CliError;
use crate::output::unused;

/// A program that ends sooner has only told another one, such as a browser that runs already, what
/// to open.
const HANDED_OVER: Duration = Duration::from_secs(2);

/// Writes a temporary file and opens it.
pub fn show(
    viewer: Viewer,
    ending: &str,
    write: impl FnOnce(File) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let (path, file) = unused(&std::env::temp_dir(), "pprof", ending)?;
    let written = write(file);
    let shown = written.and_then(|()| {
        for program in programs(viewer) {
            let mut words = program.split(' ').filter(|word| !word.is_empty());
            let Some(name) = words.next() else { continue };
            let mut command = Command::new(name);
            command.args(words).arg(&path);
            // What it prints is not our data.
            command.stdin(Stdio::null()).stdout(Stdio::null());
            let started = Instant::now();
            match command.status() {
                Ok(status) if status.success() => return Ok(started.elapsed()),
                Ok(status) => return Err(CliError::usage(format!("{name} failed: {status}"))),
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => {
                    anstream::eprintln!("cannot run {name}: {e}");
                }
            }
        }
        Err(missing(viewer, ending))
    });
    match shown {
        Ok(elapsed) if elapsed < HANDED_OVER => {
            anstream::eprintln!("Report is in {}", path.display());
            Ok(())
        }
        other => {
            let removed = fs::remove_file(&path);
            other.map(|_| drop(removed))
        }
    }
}

fn missing(viewer: Viewer, ending: &str) -> CliError {
    let (what, hint) = match viewer {
        Viewer::Browser => (
            "web browser".to_owned(),
            "set BROWSER to the browser to use",
        ),
        Viewer::Program(command) => {
            let name = command.split(' ').next().unwrap_or(command);
            (
                name.to_owned(),
                "run with -web to use a web browser instead",
            )
        }
    };
    let flag = match ending {
        "grind" => "callgrind",
        "html" => return CliError::usage(format!("no {what} is found")).hint(hint),
        ending => ending,
    };
    CliError::usage(format!("no {what} is found"))
        .hint(format!("run with -{flag} -output FILE to keep the report"))
        .hint(hint)
}

/// The programs to try, best first.
fn programs(viewer: Viewer) -> Vec<String> {
    let browsers = match viewer {
        Viewer::Program(command) => return vec![command.to_owned()],
        Viewer::Browser => [
            "chrome",
            "google-chrome",
            "chromium",
            "firefox",
            "sensible-browser",
        ],
    };
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let chosen = set("BROWSER").into_iter();
    let known = browsers.map(str::to_owned);
    // It works in a desktop session only, and may prefer an editor to a browser.
    let desktop = set("DISPLAY").or(set("WAYLAND_DISPLAY"));
    let desktop = desktop.map(|_| "xdg-open".to_owned());
    chosen.chain(known).chain(desktop).collect()
}
