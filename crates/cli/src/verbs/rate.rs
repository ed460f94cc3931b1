//! What `gowhy heap`, `allocs`, `block` and `mutex` do with `--rate` or `--fraction`: the profile is
//! switched on in the running process for some time, and what was recorded then is reported.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, value_parser};
use session::rate::{Capture, Options, PutBack};
use session::{Kept, Process};
use target::signals::Signals;

use super::cpu::parse_duration;
use super::guard;
use crate::exit::{CliError, Exit};
use crate::flags::ReportChoice;
use crate::output::say;
use crate::progress::Meter;
use crate::show::show;

const HEADING: &str = "Switching recording on";

/// The arguments of the verb.
pub fn args(kept: Kept) -> Vec<Arg> {
    let (name, value, help) = match kept {
        Kept::ThreadCreate => return Vec::new(),
        Kept::Heap | Kept::Allocs => (
            "rate",
            "BYTES",
            "Change the process to record one sample in so many bytes of allocation (runtime.MemProfileRate; 1 is every object), and report the time of -d; put back at the end, also when gowhy is killed",
        ),
        Kept::Block => (
            "rate",
            "NANOSECONDS",
            "Change the process to record one wait in so many nanoseconds of waiting (runtime.SetBlockProfileRate; 1 is every wait), and report the time of -d; put back at the end, also when gowhy is killed",
        ),
        Kept::Mutex => (
            "fraction",
            "N",
            "Change the process to record one in so many contentions (runtime.SetMutexProfileFraction; 1 is every one), and report the time of -d; put back at the end, also when gowhy is killed",
        ),
    };
    vec![
        Arg::new(name)
            .long(name)
            .value_name(value)
            .value_parser(value_parser!(u64).range(1..))
            .help(help)
            .help_heading(HEADING),
        Arg::new("duration")
            .short('d')
            .long("duration")
            .value_name("TIME")
            .value_parser(parse_duration)
            .default_value("10s")
            .help("How long")
            .help_heading(HEADING),
    ]
}

/// Reads the rate that the user asked for, if any.
pub fn asked(kept: Kept, matches: &ArgMatches) -> Result<Option<Options>, CliError> {
    let name = match kept {
        Kept::ThreadCreate => return Ok(None),
        Kept::Mutex => "fraction",
        _ => "rate",
    };
    let duration: Option<&Duration> = matches.get_one("duration");
    if let (Some(value), Some(duration)) = (matches.get_one(name), duration) {
        return Ok(Some(Options {
            kept,
            value: *value,
            duration: *duration,
        }));
    }
    if matches.value_source("duration") == Some(ValueSource::CommandLine) {
        let what = format!("-d is how long to record, and needs --{name}");
        return Err(CliError::usage(what));
    }
    Ok(None)
}

/// Records and reports.
pub fn run(
    process: Process,
    options: &Options,
    quiet: bool,
    report: &ReportChoice,
) -> Result<Exit, CliError> {
    let capture = record(process, options, quiet)?;
    tell(process, &capture, quiet);
    show(report, capture.profile)?;
    Ok(Exit::Ok)
}

fn record(process: Process, options: &Options, quiet: bool) -> Result<Capture, CliError> {
    let signals = Signals::hold(false);
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    std::thread::spawn(move || {
        // The second signal ends us at once: the guard puts back what we changed.
        if signals.wait_long().is_some() {
            flag.store(true, Ordering::Relaxed);
            signals.release();
        }
    });
    let (pid, name) = (process.pid(), process.name());
    // The program that runs, though its file may have been replaced.
    let mut guard = process::Command::new("/proc/self/exe");
    guard.arg(guard::NAME);
    let mut meter = None;
    let capture = session::rate::of_process(process, options, guard, &stop, &mut |change| {
        // This is said even to those who want to hear nothing.
        say(&[format!(
            "writing to process {pid} ({name}): runtime.{} at {:#x}, {} → {}; it is put back at the end",
            change.word, change.address, change.old, change.new
        )]);
        meter = Some(Meter::start(
            !quiet,
            format!("recording process {pid} ({name})"),
            Some(options.duration),
        ));
    });
    drop(meter);
    Ok(capture?)
}

/// Says what became of the change, and what else is to know.
fn tell(process: Process, capture: &Capture, quiet: bool) {
    let (pid, change) = (process.pid(), &capture.change);
    let seconds = capture.elapsed.as_secs_f64();
    let word = change.word;
    match capture.put_back {
        PutBack::Foreign { found } => say(&[format!(
            "warning: someone else has changed runtime.{word} of process {pid} to {found} meanwhile: it was left so"
        )]),
        _ if quiet => {}
        PutBack::Done => say(&[format!(
            "recorded for {seconds:.1}s; runtime.{word} of process {pid} is {} again",
            change.old
        )]),
        PutBack::Gone => say(&[format!("process {pid} ended after {seconds:.1}s")]),
    }
    if !quiet {
        for warning in &capture.warnings {
            say(&[format!("warning: {warning}")]);
        }
    }
}
