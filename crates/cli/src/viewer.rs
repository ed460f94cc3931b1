//! Shows a file with another program: a web browser, or one that is named.
//!
//! Mirrors `invokeVisualizer` and `browsers` of pprof's `internal/driver`: the first program that
//! starts is given a temporary file, and is waited for.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use report::view::Viewer;

use crate::exit::CliError;
use crate::output::unused;

/// A program that ends sooner has only told another one, such as a browser that runs already, what
/// to open.
const HANDED_OVER: Duration = Duration::from_secs(2);

/// Writes a temporary file and opens it. In the shell, which must not be kept waiting, the viewer is
/// waited for elsewhere.
pub fn show(
    viewer: Viewer,
    ending: &str,
    shell: bool,
    write: impl FnOnce(File) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let (path, file) = unused(&std::env::temp_dir(), "pprof", ending)?;
    let shown = write(file).and_then(|()| Shown::start(viewer, ending, path.clone()));
    let shown = shown.inspect_err(|_| {
        // It is of no use to anybody, and what is wrong is said already.
        let _ = fs::remove_file(&path);
    })?;
    if !shell {
        return shown.wait();
    }
    std::thread::spawn(move || {
        if let Err(e) = shown.wait() {
            anstream::eprintln!("{:#}", e.error);
        }
    });
    Ok(())
}

/// Opens an address in a web browser, which is not waited for. Gives whether there is one.
pub fn open_url(url: &str) -> bool {
    programs(Viewer::Browser).iter().any(|program| {
        let mut words = program.split(' ').filter(|word| !word.is_empty());
        let Some(name) = words.next() else {
            return false;
        };
        let mut command = Command::new(name);
        command.args(words).arg(url);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let Ok(mut child) = command.spawn() else {
            return false;
        };
        std::thread::spawn(move || child.wait());
        true
    })
}

/// A file and the program that shows it.
struct Shown {
    path: PathBuf,
    name: String,
    child: Child,
    started: Instant,
}

impl Shown {
    fn start(viewer: Viewer, ending: &str, path: PathBuf) -> Result<Shown, CliError> {
        for program in programs(viewer) {
            let mut words = program.split(' ').filter(|word| !word.is_empty());
            let Some(name) = words.next() else { continue };
            let mut command = Command::new(name);
            command.args(words).arg(&path);
            // What it prints is not our data.
            command.stdin(Stdio::null()).stdout(Stdio::null());
            match command.spawn() {
                Ok(child) => {
                    let (name, started) = (name.to_owned(), Instant::now());
                    return Ok(Shown {
                        path,
                        name,
                        child,
                        started,
                    });
                }
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => {
                    anstream::eprintln!("cannot run {name}: {e}");
                }
            }
        }
        Err(missing(viewer, ending))
    }

    fn wait(mut self) -> Result<(), CliError> {
        let status = self.child.wait()?;
        if status.success() && self.started.elapsed() < HANDED_OVER {
            anstream::eprintln!("Report is in {}", self.path.display());
            return Ok(());
        }
        // Whether it can be removed says nothing about the report.
        let _ = fs::remove_file(&self.path);
        match status.success() {
            true => Ok(()),
            false => Err(CliError::usage(format!("{} failed: {status}", self.name))),
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
