//! `gowhy cpu`: where a Go program spends its CPU time.

use std::io::IsTerminal;
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use clap::{ArgMatches, Args, Command, FromArgMatches, ValueEnum};
use session::cpu::{Capture, Options};
use session::{Method, Process, Program, Target};
use target::signals::{self, Signals};

use super::Verb;
use crate::access::AccessArgs;
use crate::exit::{CliError, Exit};
use crate::flags::ReportArgs;
use crate::progress::Meter;
use crate::show::show;
use crate::single::{Single, no_url, single};

/// The command.
pub const VERB: Verb = Verb { command, run };

fn command() -> Command {
    CpuArgs::augment_args(Command::new("cpu"))
}

/// Take a CPU profile of a running process, a program to launch or an endpoint; or report a saved
/// one.
///
/// Samples the process from outside: it is not stopped, restarted or changed. Reports with the flags
/// of `go tool pprof`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct CpuArgs {
    /// A pid, a process name, host:port or URL, a saved profile, or - for standard input
    #[arg(value_name = "TARGET", required_unless_present = "command")]
    target: Option<String>,
    /// A program to launch and profile until it ends or ^C
    #[arg(last = true, value_name = "COMMAND", conflicts_with = "target")]
    command: Vec<String>,
    /// How long to sample, e.g. 30s, 1m30s [default: 10s; a launched program: until it ends]
    #[arg(short, long, value_parser = parse_duration, value_name = "TIME")]
    duration: Option<Duration>,
    /// Samples for each second of CPU time
    #[arg(short, long, default_value_t = 99, value_parser = clap::value_parser!(u32).range(1..=10_000), value_name = "HERTZ")]
    rate: u32,
    /// How to sample [default: the best that is allowed]
    #[arg(long, value_enum, value_name = "WAY")]
    via: Option<Via>,
    /// Show no progress
    #[arg(long)]
    no_progress: bool,
    /// Say nothing but errors and the report
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    report: ReportArgs,
}

const EXAMPLES: &str = "\
Examples:
  gowhy cpu 4711                          top functions of process 4711 over 10 seconds
  gowhy cpu myserver -d 30s -flame -o f.svg
                                          flame graph of the process named myserver
  gowhy cpu 4711 -o cpu.pb.gz             keep the profile, and show the top functions
  gowhy cpu 4711 -peek 'json\\.Marshal'    callers and callees of a function
  gowhy cpu -- ./server -port 8080        launch a program and profile it until it ends
  gowhy cpu localhost:6060 -d 5s          a profile that net/http/pprof takes
  gowhy cpu cpu.pb.gz -tree               report a saved profile";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Via {
    /// Perf events on every CPU, read for this process (needs CAP_PERFMON or root)
    Cpus,
    /// Perf events on every thread of the process
    Threads,
    /// Stop running threads for some microseconds each (where perf events are refused)
    Stops,
}

impl From<Via> for Method {
    fn from(via: Via) -> Method {
        match via {
            Via::Cpus => Method::PerfCpus,
            Via::Threads => Method::PerfThreads,
            Via::Stops => Method::Stops,
        }
    }
}

const DEFAULT_DURATION: Duration = Duration::from_secs(10);

fn run(matches: &ArgMatches) -> Result<Exit, CliError> {
    let args = CpuArgs::from_arg_matches(matches).map_err(|e| CliError::usage(e.to_string()))?;
    let duration = args.duration.unwrap_or(DEFAULT_DURATION);
    if !args.command.is_empty() {
        return launch(&args);
    }
    let text = args.target.as_deref().unwrap_or_default();
    let mut meter = None;
    let from = match Target::parse(text) {
        Target::Pid(pid) => {
            return attach(&args, Process::find(pid).map_err(session::Error::from)?);
        }
        Target::Name(name) => return attach(&args, session::process_named(&name)?),
        Target::File(path) => Single::File(path),
        Target::Stdin => Single::Stdin,
        Target::Url(text) => {
            let url = session::cpu::url(&text, duration).ok_or_else(|| no_url(&text))?;
            let seconds = url.seconds().unwrap_or_default();
            let what = format!("waiting {seconds}s for the profile");
            let length = Some(Duration::from_secs(seconds));
            meter = Some(Meter::start(!args.quiet && !args.no_progress, what, length));
            Single::Url(url)
        }
    };
    let profile = single(from, &args.access, args.quiet);
    drop(meter);
    let profile = profile?;
    show(&args.report.0, profile)?;
    Ok(Exit::Ok)
}

fn attach(args: &CpuArgs, process: Process) -> Result<Exit, CliError> {
    let duration = args.duration.unwrap_or(DEFAULT_DURATION);
    let options = options(args, Some(duration));
    let signals = Signals::hold(false);
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    std::thread::spawn(move || {
        // The second signal ends us at once: the kernel takes back what we hold of the target.
        if signals.wait_long().is_some() {
            flag.store(true, Ordering::Relaxed);
            signals.release();
        }
    });
    let meter = Meter::start(
        !args.quiet && !args.no_progress,
        format!("sampling process {} ({})", process.pid(), process.name()),
        Some(duration),
    );
    let capture = session::cpu::of_process(process, &options, &stop, &mut |p| meter.tick(p));
    drop(meter);
    finish(args, capture?)
}

fn launch(args: &CpuArgs) -> Result<Exit, CliError> {
    let path = std::env::var("PATH").unwrap_or_default();
    let program = Program::find(&args.command, &path)?;
    let signals = Signals::hold(true);
    let stop = Arc::new(AtomicBool::new(false));
    let child_pid = Arc::new(AtomicU32::new(0));
    let (flag, pid) = (Arc::clone(&stop), Arc::clone(&child_pid));
    std::thread::spawn(move || {
        loop {
            let Some(signal) = signals.wait(Duration::from_secs(3600)) else {
                continue;
            };
            let child = pid.load(Ordering::Relaxed);
            if child != 0 && !signal.from_terminal {
                signals::send(child, signal);
            }
            if signal.is_interrupt() {
                flag.store(true, Ordering::Relaxed);
            }
        }
    });
    let name = &args.command[0];
    // The program may write to the same terminal: a moving line would mix with its own.
    let quiet = args.quiet || args.no_progress || std::io::stdout().is_terminal();
    let meter = Meter::start(!quiet, format!("sampling {name}"), args.duration);
    let started = session::cpu::of_program(
        &program,
        &options(args, args.duration),
        &stop,
        &mut |process| child_pid.store(process.pid(), Ordering::Relaxed),
        &mut |p| meter.tick(p),
    );
    drop(meter);
    let (mut child, capture) = started?;
    let ended = capture.as_ref().is_ok_and(|c| c.outcome.target_ended);
    let reported = match capture {
        Ok(capture) => finish(args, capture),
        // It was over before there was anything to read. Its exit code says more than we can.
        Err(e) if ends_now(&mut child) => {
            anstream::eprintln!("{name} ended before it could be profiled: {e}");
            Ok(Exit::Ok)
        }
        Err(e) => Err(e.into()),
    };
    if !ended && child.try_wait().is_ok_and(|status| status.is_none()) && !args.quiet {
        anstream::eprintln!("{name} runs on as process {}; ^C ends it", child.id());
    }
    let status = child.wait()?;
    child_pid.store(0, Ordering::Relaxed);
    reported?;
    passed_through(status)
}

/// Whether the child has ended, or is about to: its memory goes first, then its threads, then it is
/// there to be waited for.
fn ends_now(child: &mut Child) -> bool {
    (0..50).any(|_| {
        let ended = child.try_wait().is_ok_and(|status| status.is_some());
        if !ended {
            std::thread::sleep(Duration::from_millis(10));
        }
        ended
    })
}

/// The exit code of the launched program becomes ours; of one that a signal killed, 128 + signal.
fn passed_through(status: ExitStatus) -> Result<Exit, CliError> {
    use std::os::unix::process::ExitStatusExt;
    let code = status.code().or_else(|| status.signal().map(|s| 128 + s));
    match code {
        Some(0) | None => Ok(Exit::Ok),
        Some(code) => Ok(Exit::Passed(code as u8)),
    }
}

fn options(args: &CpuArgs, duration: Option<Duration>) -> Options {
    Options {
        rate: args.rate,
        duration,
        method: args.via.map(Method::from),
    }
}

fn finish(args: &CpuArgs, capture: Capture) -> Result<Exit, CliError> {
    let quality = &capture.outcome.quality;
    if !args.quiet {
        anstream::eprintln!(
            "{} samples in {:.1}s: {}",
            quality.samples,
            quality.elapsed.as_secs_f64(),
            quality.summary()
        );
        for warning in &capture.warnings {
            let yellow = anstyle::AnsiColor::Yellow.on_default();
            anstream::eprintln!("{yellow}warning{yellow:#}: {warning}");
        }
    }
    show(&args.report.0, capture.outcome.profile)?;
    Ok(Exit::Ok)
}

/// A duration as Go writes it: `300ms`, `10s`, `1m30s`; a bare number is seconds.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no duration; write e.g. 10s, 500ms or 1m30s");
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).map_err(|_| wrong());
    }
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(wrong)?;
        let value: f64 = rest[..digits].parse().map_err(|_| wrong())?;
        rest = &rest[digits..];
        let unit = rest
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(rest.len());
        total += value
            * match &rest[..unit] {
                "ns" => 1e-9,
                "us" | "µs" => 1e-6,
                "ms" => 1e-3,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                _ => return Err(wrong()),
            };
        rest = &rest[unit..];
    }
    Duration::try_from_secs_f64(total).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_go_writes_them() {
        let check = |text: &str, ms: u64| {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_millis(ms)),
                "{text}"
            );
        };
        check("10s", 10_000);
        check("1m30s", 90_000);
        check("1.5s", 1_500);
        check("250ms", 250);
        check("3", 3_000);
        for bad in ["", "x", "10 parsecs", "5q", "-3s", "s"] {
            if bad.is_empty() {
                continue;
            }
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }
}
