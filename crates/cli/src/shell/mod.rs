//! The shell of `gowhy pprof`: commands are read line by line and answered from a profile that is
//! read once.
//!
//! Mirrors pprof's `internal/driver/interactive.go`: reports go to standard output, everything else
//! to standard error, and no mistake ends the shell. Beyond it, lines are edited with history and
//! completion, reports can be piped to a command, and ^C ends a report, not the shell.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command as Process, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use anstyle::AnsiColor;
use profile::Profile;
use report::options::Options;
use report::pipeline::prepare;
use report::view::View;
use target::signals::{self, Signals};

use crate::exit::{CliError, Exit};
use crate::flags::ReportChoice;
use crate::output::{LocalZone, Place, Syntax, render_in, say};

mod command;
mod complete;
mod help;
mod input;
mod settings;

use command::Command;
use complete::Completer;
use input::{Input, Lines};
use settings::Settings;

/// Reads and does commands until there are no more.
pub fn run(profile: Profile, choice: &ReportChoice) -> Result<Exit, CliError> {
    say(&choice.notices);
    let profile = Arc::new(profile);
    greet(&profile, &choice.options);
    let mut lines = Lines::new(|| Completer::new(&profile));
    let mut shell = Shell {
        settings: Settings::new(&profile, &choice.options, choice.output.as_deref()),
        syntax: choice.syntax,
        events: Events::new(lines.is_terminal()),
        colors: lines.is_terminal(),
        profile,
    };
    loop {
        let line = match lines.next()? {
            Input::Line(line) => line,
            Input::Abandoned => continue,
            Input::End => break,
        };
        if !shell.line(&line) {
            break;
        }
    }
    Ok(Exit::Ok)
}

/// Says which profile it is, and how to go on.
fn greet(profile: &Profile, options: &Options) {
    let options = Options {
        sample_index: options.sample_index.clone(),
        mean: options.mean,
        divide_by: options.divide_by,
        unit: options.unit.clone(),
        ..Default::default()
    };
    if let Ok(prepared) = prepare(profile.clone(), &options, &View::Proto, &LocalZone) {
        say(&prepared.notices);
        let report = prepared.report;
        say(&report.description().lines(&report.format()));
        if report.total == 0 && profile.sample_types.len() > 1 {
            anstream::eprintln!("No samples were found with the default sample value type.");
            anstream::eprintln!("Try \"sample_index\" command to analyze different sample values.");
        }
    }
    anstream::eprintln!(
        "Entering interactive mode (type \"help\" for commands, \"o\" for options)"
    );
}

struct Shell {
    profile: Arc<Profile>,
    settings: Settings,
    syntax: Syntax,
    events: Events,
    colors: bool,
}

impl Shell {
    /// Does what a line says. Gives whether to go on.
    fn line(&mut self, line: &str) -> bool {
        let line = line.trim();
        match self.shortcut(line) {
            Some(lines) => lines.iter().all(|line| self.simple(line)),
            None => self.simple(line),
        }
    }

    /// The lines that a line stands for.
    fn shortcut(&self, line: &str) -> Option<Vec<String>> {
        if line == ":" {
            let cleared = ["focus", "ignore", "hide", "tagfocus", "tagignore"];
            return Some(cleared.iter().map(|name| format!("{name}=")).collect());
        }
        let (mean, name) = match line.strip_prefix("total_").map(|name| (Some(0), name)) {
            Some(total) => total,
            None => line
                .strip_prefix("mean_")
                .map_or((None, line), |name| (Some(1), name)),
        };
        let types = &self.settings.types;
        // The whole line may be the name of a value itself.
        let whole = types.iter().any(|t| t == line);
        let (mean, name) = if whole { (None, line) } else { (mean, name) };
        types.iter().find(|t| *t == name)?;
        let mean = mean.map(|mean| format!("mean={mean}"));
        let chosen = format!("sample_index={name}");
        Some(mean.into_iter().chain([chosen]).collect())
    }

    /// Does a line that is no shortcut. Gives whether to go on.
    fn simple(&mut self, line: &str) -> bool {
        let done = match self.settings.assign(line, &self.profile) {
            Some(assigned) => assigned,
            None => match line.split_whitespace().next() {
                None => Ok(()),
                Some("exit" | "quit" | "q") => return false,
                Some("o" | "options") => {
                    anstream::eprintln!("{}", self.settings.listing(&self.profile));
                    Ok(())
                }
                Some("help") => {
                    let topic: Vec<_> = line.split_whitespace().skip(1).collect();
                    let help = help::help(&topic.join(" "), &self.settings);
                    help.map(|text| anstream::eprint!("{text}"))
                }
                Some(_) => command::parse(line, &self.settings).and_then(|c| self.report(c)),
            },
        };
        if let Err(message) = done {
            let style = match self.colors {
                true => AnsiColor::Red.on_default(),
                false => anstyle::Style::new(),
            };
            anstream::eprintln!("{style}{message}{style:#}");
        }
        true
    }

    /// Makes a report, unless ^C ends it. It is made in a thread of its own, so that whatever goes on
    /// in there, the shell stays.
    fn report(&mut self, command: Command) -> Result<(), String> {
        let choice = ReportChoice {
            view: Some(command.view),
            options: command.options,
            syntax: self.syntax,
            output: Some(command.output).filter(|output| !output.is_empty()),
            notices: Vec::new(),
        };
        let mut reader = match &command.pipe {
            None => None,
            Some(line) => {
                let mut reader = Process::new("sh");
                reader.args(["-c", line]).stdin(Stdio::piped());
                let started = reader.spawn();
                Some(started.map_err(|e| format!("cannot run {line}: {e}"))?)
            }
        };
        let place = Place {
            shell: true,
            pipe: reader.as_mut().and_then(|reader| reader.stdin.take()),
            ..Default::default()
        };
        let stop = Arc::clone(&place.stop);
        let profile = Arc::clone(&self.profile);
        let made = self.events.wait_for(move || {
            let profile = Profile::clone(&profile);
            match render_in(place, profile, &choice) {
                Err(e) if e.is_broken_pipe() => Ok(()),
                Err(e) => Err(format!("{:#}", e.error)),
                Ok(()) => Ok(()),
            }
        });
        // What still comes out of a report that is given up goes nowhere.
        stop.store(true, Ordering::Relaxed);
        if let Some(mut reader) = reader {
            let _ = reader.wait();
        }
        let _ = std::io::stdout().flush();
        made
    }
}

/// What the shell waits for while a report is made.
enum Event {
    /// The report of this number is done.
    Done(u64, Result<(), String>),
    /// ^C was pressed.
    Interrupt,
}

struct Events {
    send: Sender<Event>,
    receive: Receiver<Event>,
    /// How many reports there were.
    count: u64,
}

/// Reports recurse into call trees, deeper than threads usually have room for.
const STACK: usize = 64 << 20;

impl Events {
    /// With a person at a terminal, ^C is theirs to give reports up; else it ends the program, as it
    /// ends any.
    fn new(terminal: bool) -> Events {
        let (send, receive) = channel();
        if terminal {
            let signals = Signals::hold(false);
            let send = send.clone();
            thread::spawn(move || {
                while let Some(signal) = signals.wait_long() {
                    if !signal.is_interrupt() {
                        signals::send(std::process::id(), signal);
                        signals.release();
                    }
                    if send.send(Event::Interrupt).is_err() {
                        break;
                    }
                }
            });
        }
        Events {
            send,
            receive,
            count: 0,
        }
    }

    /// Waits until `work` is done or given up.
    fn wait_for(
        &mut self,
        work: impl FnOnce() -> Result<(), String> + Send + 'static,
    ) -> Result<(), String> {
        // ^C from before has nothing to give up any more.
        while self.receive.try_recv().is_ok() {}
        self.count += 1;
        let (number, done) = (self.count, self.send.clone());
        let worker = thread::Builder::new().stack_size(STACK).spawn(move || {
            let result = catch_unwind(AssertUnwindSafe(work));
            let defect = || Err("this is a defect of gowhy; please report it".to_owned());
            // The shell may have ended.
            let _ = done.send(Event::Done(number, result.unwrap_or_else(|_| defect())));
        });
        worker.map_err(|e| format!("cannot start a thread: {e}"))?;
        loop {
            match self.receive.recv() {
                Ok(Event::Done(of, result)) if of == number => return result,
                // A report that was given up earlier is done.
                Ok(Event::Done(..)) => {}
                Ok(Event::Interrupt) | Err(_) => return Err("interrupted".to_owned()),
            }
        }
    }
}
